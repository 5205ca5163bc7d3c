"""A whole hub as its own process, and connectors as theirs: what an operator and an organisation run."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from meekoppel_contracts import topics
from meekoppel_contracts.codec import decode_plan_event
from meekoppel_contracts.codes import OrganisationKind
from meekoppel_contracts.headers import EventHeaders
from meekoppel_contracts.ids import OrgCode
from meekoppel_hub.consultation.consume import PATTERN as CONSULTATION_TOPICS
from meekoppel_hub.platform.database import Database, open_database
from meekoppel_hub.platform.database.create import create_tables
from meekoppel_hub.platform.database.tables.view import NEWEST, overlaps, plan_versions, plans
from meekoppel_hub.platform.deliveries import DeliveryState, count_deliveries
from meekoppel_hub.platform.organisations import register_organisation
from meekoppel_hub.platform.running import RunningHub, find_running
from meekoppel_hub.platform.stream.progress import LogProgress
from meekoppel_hub.platform.stream.read import read_log

BIN = Path(sys.executable).parent
CONSUMED = {
    "intake": ((), r"plan-inbox\..+"),
    "coordination": ((topics.PLANS, topics.PLANS_RESTRICTED), None),
    "consultation": ((), CONSULTATION_TOPICS),
    "notifications": (
        (topics.PLANS, topics.PLANS_RESTRICTED, topics.COORDINATION, topics.COORDINATION_RESTRICTED),
        None,
    ),
}
# What is known of a pair, but for what tells of the way there: revisions and times.
PAIR = ("overlap_id", "kind", "severity", "first_plan", "first_version", "second_plan", "second_version", "area_m2",
        "distance_m", "overlap_days", "gap_days", "score", "explanation")  # fmt: skip


class HubProcess:
    """`meekoppel up` on a data folder; start it, kill it, start it again."""

    def __init__(self, folder: Path, database_url: str = "", **environment: str) -> None:
        self.folder = folder
        self.url = database_url or f"sqlite:///{folder / 'view.db'}"
        self.log = folder.with_suffix(".log")
        self.environment = os.environ | {
            "MEEKOPPEL_DATA_FOLDER": str(folder),
            "MEEKOPPEL_DATABASE_URL": database_url,
            "MEEKOPPEL_KAFKA_BOOTSTRAP": "",
            "MEEKOPPEL_KAFKA_PORT": "0",
            "MEEKOPPEL_API_PORT": "0",
            "MEEKOPPEL_ALLOW_PRIVATE_WEBHOOKS": "true",
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.database: Database = open_database(self.url)
        create_tables(self.database, 28992)

    def start(self) -> RunningHub:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [BIN / "meekoppel", "up"], env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + 90
        while True:
            running = find_running(self.folder)
            if running is not None and running.pid == self.process.pid:
                return running
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the hub did not start:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End it as a power cut would; its Kafka goes with it."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.stop()
        self.database.close()

    def register(self, code: str, **options: Any) -> str:
        return register_organisation(self.database, code, f"Organisation {code}", OrganisationKind.OTHER, **options)

    def handled(self) -> int:
        with self.database.read() as connection:
            return len(connection.execute(select(plan_versions.c.plan_id)).all())

    async def settle(self, bootstrap: str, seconds: float = 120) -> None:
        """Wait, from outside, until everything is handled and delivered."""
        async with asyncio.timeout(seconds), LogProgress.open(bootstrap, self.database) as progress:
            while await self._unfinished(progress):
                await asyncio.sleep(0.1)

    async def _unfinished(self, progress: LogProgress) -> bool:
        for service, (names, pattern) in CONSUMED.items():
            if await progress.unfinished(service, names, pattern) is not None:
                return True
        counts = await asyncio.to_thread(count_deliveries, self.database)
        return bool(counts[DeliveryState.DUE] + counts[DeliveryState.LEASED])

    def view(self) -> tuple[dict[str, Any], set[tuple[Any, ...]]]:
        """What the view says: each plan's version, kind of last event and content; and the open pairs."""
        with self.database.read() as connection:
            query = select(plans.c.plan_id, plan_versions.c.event).select_from(NEWEST)
            newest = {row.plan_id: row.event for row in connection.execute(query)}
            pairs = connection.execute(select(*(overlaps.c[name] for name in PAIR)).where(overlaps.c.state == "open"))
            open_pairs = {tuple(row) for row in pairs}
        events = {plan: decode_plan_event(bytes(event)) for plan, event in newest.items()}
        return {plan: (event.version, event.type, event.plan) for plan, event in events.items()}, open_pairs


async def log_ids(bootstrap: str, *names: str) -> list[str]:
    """The CloudEvents ids in these topics, in order."""
    return [EventHeaders.parse(record.headers).id async for record in read_log(bootstrap, list(names))]


class Connector:
    """A connector on a CSV file, run as its own process."""

    def __init__(self, folder: Path, organisation: str) -> None:
        self.folder = folder
        self.organisation = OrgCode(organisation)
        self.file = folder / f"{organisation}.csv"
        self.config = folder / f"{organisation}.yaml"
        folder.mkdir(parents=True, exist_ok=True)
        self.config.write_text(yaml.safe_dump(self._settings()))

    def write(self, rows: list[dict[str, Any]]) -> None:
        columns = ["nummer", "omschrijving", "opdrachtgever", "begin", "eind", "zekerheid", "x", "y"]
        lines = [";".join(columns), *(";".join(str(row[name]) for name in columns) for row in rows)]
        self.file.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def command(self, *options: str) -> list[str | Path]:
        return [BIN / "meekoppel-connector", "run", self.config, "--once", "--json", *options]

    def run(self, bootstrap: str, *options: str) -> dict[str, Any]:
        environment = os.environ | {"MEEKOPPEL_KAFKA_BOOTSTRAP": bootstrap}
        done = subprocess.run(
            self.command(*options), env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def start(self, bootstrap: str, *options: str) -> subprocess.Popen[bytes]:
        environment = os.environ | {"MEEKOPPEL_KAFKA_BOOTSTRAP": bootstrap}
        return subprocess.Popen(
            self.command(*options), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def _settings(self) -> dict[str, Any]:
        return {
            "organisation": str(self.organisation),
            "namespace": "NL",
            "hub_crs": 28992,
            "time_zone": "Europe/Amsterdam",
            "state": f"{self.organisation}.db",
            "source": {
                "format": "csv",
                "path": self.file.name,
                "delimiter": ";",
                "crs": 28992,
                "geometry": {"x": "x", "y": "y"},
            },
            "plan": {
                "id": {"field": "nummer"},
                "title": {"field": "omschrijving"},
                "initiator": {
                    "organisation": {"field": "opdrachtgever"},
                    "name": {"field": "opdrachtgever"},
                    "kind": "other",
                },
                "status": "planned",
                "certainty": {"field": "zekerheid", "codes": {"zeker": "firm", "misschien": "possible"}},
                "period": {
                    "earliest_start": {"field": "begin", "date": "%d-%m-%Y"},
                    "latest_end": {"field": "eind", "date": "%d-%m-%Y"},
                },
                "disciplines": ["drinking_water"],
                "zones": {"role": "work", "accuracy": "design", "buffer_m": 15},
                "visibility": "public",
            },
        }


def row(number: int, owner: str, x: float, y: float, **changes: Any) -> dict[str, Any]:
    """One row as an organisation exports it."""
    return {
        "nummer": f"2027-{number:05d}",
        "omschrijving": f"Vervangen leiding {number}",
        "opdrachtgever": owner,
        "begin": "01-03-2027",
        "eind": "30-04-2027",
        "zekerheid": "zeker",
        "x": x,
        "y": y,
    } | changes


def until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.02)


def java_processes(folder: Path) -> list[int]:
    """The Java processes whose command line names this data folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if re.fullmatch(r"\d+", entry.name):
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if b"java" in line and str(folder).encode() in line:
                found.append(int(entry.name))
    return found
