"""Kafka is killed and comes back while events flow: every service goes on by itself, and nothing is lost."""

from __future__ import annotations

import asyncio

import pytest

from meekoppel_hub.hub import running_hub
from meekoppel_hub.platform.kafka import start_kafka
from meekoppel_hub.platform.settings import HubSettings
from tests.faults.flow import assert_whole, prepare, publish
from tests.passing import passing_folder

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(120)]

AWAY_SECONDS = 4.0


async def test_kafka_killed_and_started_again_while_events_flow(tmp_path):
    stalls: list[str] = []
    with passing_folder() as folder, start_kafka(folder) as kafka:
        settings = HubSettings(data_folder=tmp_path, kafka_bootstrap=kafka.bootstrap, database_url="", api_port=0)
        # Less patience than Kafka is away: what waits for Kafka has not stalled.
        settings = settings.model_copy(update={"stall_seconds": 30.0})
        async with running_hub(settings, on_stall=stalls.append) as hub:
            await prepare(hub)
            publishing = asyncio.create_task(publish(kafka.bootstrap))
            await asyncio.sleep(2)
            await asyncio.to_thread(kafka.kill_broker, 1)
            await asyncio.sleep(AWAY_SECONDS)
            await asyncio.to_thread(kafka.start_broker, 1)
            await asyncio.wait_for(publishing, 60)
            await hub.settle(60)
            await assert_whole(hub)
    assert stalls == []
