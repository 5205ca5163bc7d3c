"""PostgreSQL goes away and comes back while events flow: every service goes on by itself, and nothing is lost."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import make_url, select

from meekoppel_hub.hub import running_hub
from meekoppel_hub.platform.database.tables.stream import parked
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.postgres import find_postgres, start_postgres
from meekoppel_hub.platform.settings import HubSettings
from tests.faults.flow import assert_whole, prepare, publish
from tests.parts import give_up
from tests.passing import passing_folder

pytestmark = [pytest.mark.kafka, pytest.mark.postgis, pytest.mark.slow, pytest.mark.timeout(120)]

AWAY_SECONDS = 3.0


async def test_postgresql_stopped_and_started_again_while_events_flow(tmp_path):
    try:
        find_postgres()
    except SettingsError as error:
        give_up("PostGIS", str(error))
    stalls: list[str] = []
    with passing_folder() as folder:
        server = start_postgres(folder, durable=False)
        try:
            settings = HubSettings(
                data_folder=tmp_path, kafka_bootstrap="", database_url=server.url, api_port=0, stall_seconds=30.0
            )
            async with running_hub(settings, on_stall=stalls.append) as hub:
                await prepare(hub)
                publishing = asyncio.create_task(publish(hub.bootstrap))
                await asyncio.sleep(2)
                await asyncio.to_thread(server.stop)
                await asyncio.sleep(AWAY_SECONDS)
                port = make_url(server.url).port
                server = await asyncio.to_thread(start_postgres, folder, durable=False, port=port)
                await asyncio.wait_for(publishing, 60)
                await hub.settle(60)
                await assert_whole(hub)
                with hub.database.read() as connection:
                    assert connection.execute(select(parked.c.id)).all() == []  # nothing good was set aside
        finally:
            server.stop()
    assert stalls == []
