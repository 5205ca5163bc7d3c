"""Each service as a process of its own, on a Kafka and a PostgreSQL that they share: as in production."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess

import httpx
import pytest

from meekoppel_hub.platform.kafka import start_kafka
from tests.e2e.hub_process import BIN, Connector, HubProcess, row, until
from tests.passing import new_database, passing_folder

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

PORT_LINE = "the API answers at "


class Apart:
    """The services, each in its own process, with its output in a file."""

    def __init__(self, folder, bootstrap: str, url: str) -> None:
        self.folder = folder
        self.environment = os.environ | {
            "MEEKOPPEL_KAFKA_BOOTSTRAP": bootstrap,
            "MEEKOPPEL_DATABASE_URL": url,
            "MEEKOPPEL_API_PORT": "0",
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, instance: str = "1") -> None:
        command = [BIN / "meekoppel", "run", name.split("-")[0]]
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                command, env=self.environment | {"MEEKOPPEL_INSTANCE": instance}, stdout=log, stderr=log
            )

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def end(self) -> dict[str, int]:
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        return {name: process.wait(40) for name, process in self.processes.items()}


async def test_every_service_in_its_own_process_and_two_workers_of_one(postgis_url):
    with passing_folder() as folder, start_kafka(folder) as kafka, new_database(postgis_url, "apart") as url:
        hub = HubProcess(folder / "unused", url)
        hub.register("waternet", may_publish_for=["gemeente"])
        apart = Apart(folder, kafka.bootstrap, url)
        try:
            for name in ("intake", "coordination", "consultation", "notifications", "api"):
                apart.start(name)
            apart.start("coordination-2", instance="2")
            await asyncio.to_thread(until, lambda: PORT_LINE in apart.log("api"), 60, "the API answers")
            await asyncio.to_thread(until, lambda: "running: intake" in apart.log("intake"), 60, "intake runs")

            connector = Connector(folder / "files", "waternet")
            owners = ("waternet", "gemeente")
            connector.write([row(number, owners[number % 2], 155_000 + 20 * number, 463_000) for number in range(60)])
            await asyncio.to_thread(connector.run, kafka.bootstrap)
            await hub.settle(kafka.bootstrap)

            plans, pairs = hub.view()
            assert len(plans) == 60
            assert len(pairs) == 59  # each meets its neighbours through their buffers, and no other
            address = apart.log("api").split(PORT_LINE)[1].split()[0]
            async with httpx.AsyncClient(base_url=address) as api:
                found = (await api.get("/plans", params={"limit": 100})).json()
                health = await api.get("/health")
            assert len(found["features"]) == 60
            assert health.status_code == 200, health.text
        finally:
            codes = await asyncio.to_thread(apart.end)
            hub.close()
        assert set(codes.values()) == {0}, codes


def test_a_service_alone_without_kafka_or_database_is_refused():
    environment = os.environ | {"MEEKOPPEL_KAFKA_BOOTSTRAP": "", "MEEKOPPEL_DATABASE_URL": ""}
    done = subprocess.run(
        [BIN / "meekoppel", "run", "intake"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "set MEEKOPPEL_KAFKA_BOOTSTRAP and MEEKOPPEL_DATABASE_URL" in done.stderr
    assert "Traceback" not in done.stderr
