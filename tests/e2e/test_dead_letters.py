"""An operator's way with a record that cannot be handled: see it, drop it, and what waited behind it is handled."""

from __future__ import annotations

import asyncio
import json
import subprocess
from datetime import UTC, datetime

import pytest
from aiokafka import AIOKafkaProducer

from meekoppel_contracts import topics
from meekoppel_contracts.codec import encode_plan_event
from meekoppel_contracts.testing import example_event
from tests.e2e.hub_process import BIN, HubProcess, until

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


def dead_letters(hub: HubProcess, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [BIN / "meekoppel", "dead-letters", *arguments]
    return subprocess.run(command, env=hub.environment, capture_output=True, text=True, check=False)


def listed(hub: HubProcess, service: str) -> list[dict]:
    return json.loads(dead_letters(hub, "list", "--service", service, "--json").stdout)


async def test_list_show_and_drop_with_the_hub_running(hub_folder):
    hub = HubProcess(hub_folder / "hub")
    try:
        running = await asyncio.to_thread(hub.start)
        event = example_event(version=1, recorded_at=datetime(2026, 11, 23, tzinfo=UTC))
        plan = event.plan.plan_id
        async with AIOKafkaProducer(bootstrap_servers=running.bootstrap) as producer:
            await producer.send_and_wait(topics.PLANS, b"\x00not a plan", key=plan.encode())
            await producer.send_and_wait(topics.PLANS, encode_plan_event(event), key=plan.encode())
        await hub.settle(running.bootstrap)

        (parked,) = await asyncio.to_thread(listed, hub, "coordination")
        assert (parked["key"], parked["reason"], parked["waiting"]) == (plan, "undecodable", 1)
        shown = await asyncio.to_thread(dead_letters, hub, "show", "coordination", plan)
        assert b"\x00not a plan".hex() in shown.stdout
        assert hub.view()[0] == {}

        told = await asyncio.to_thread(dead_letters, hub, "drop", "coordination", plan)
        assert "Nothing was done" in told.stdout
        await asyncio.to_thread(dead_letters, hub, "drop", "coordination", plan, "--yes")
        await asyncio.to_thread(until, lambda: plan in hub.view()[0], 20, "what waited is handled")
        await asyncio.to_thread(until, lambda: listed(hub, "coordination") == [], 20, "nothing is parked any more")

        unknown = await asyncio.to_thread(dead_letters, hub, "release", "coordination", "NL.nobody.1")
        assert unknown.returncode == 1
        assert "nothing of coordination is parked" in unknown.stderr
    finally:
        hub.close()
