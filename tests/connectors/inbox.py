"""An organisation with a feed, a connector and an inbox on a real broker, for the tests of runs."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from meekoppel_connectors.config import ConnectorConfig
from meekoppel_connectors.publish import Patience
from meekoppel_connectors.run import RunSummary, run_once
from meekoppel_contracts.codec import decode_plan_event
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.headers import EventHeaders
from meekoppel_contracts.ids import OrgCode
from meekoppel_contracts.topics import inbox, organisation_topics
from meekoppel_hub.platform.kafka import ensure_topics
from tests.connectors.feeds import ROW, configured, write_csv

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
PARTITIONS = 3
SOON = Patience(attempts=2, first_delay_seconds=0.01, longest_delay_seconds=0.02, answer_seconds=3.0)
AWAY = "127.0.0.1:9"  # the discard port: nobody answers


@dataclass(frozen=True, slots=True)
class Received:
    """One record of an inbox, decoded."""

    partition: int
    offset: int
    key: str
    headers: EventHeaders
    event: PlanEvent

    @property
    def told(self) -> tuple[str, str]:
        """Which plan, by the last part of its id, and what happened to it."""
        return self.key.rsplit(".", 1)[-1], self.event.type.value


def rows(count: int, first: int = 1, **changes: Any) -> list[dict[str, Any]]:
    return [row(number, **changes) for number in range(first, first + count)]


def row(number: int, **changes: Any) -> dict[str, Any]:
    return {**ROW, "nr": f"{number:04d}", "titel": f"Riool {number}", "x": str(111_500 + number), **changes}


@dataclass(frozen=True, slots=True)
class Organisation:
    """A publisher under test; its feed is a CSV file."""

    folder: Path
    bootstrap: str
    code: OrgCode

    def config(self, bootstrap: str | None = None, **changes: Any) -> ConnectorConfig:
        settings = {"kafka": {"bootstrap": bootstrap or self.bootstrap}, "organisation": self.code, **changes}
        return configured(self.folder, **settings)

    def publishes(self, feed: Iterable[dict[str, Any]]) -> None:
        write_csv(self.folder / "feed.csv", feed)

    def run(self, feed: Iterable[dict[str, Any]] | None = None, **options: Any) -> RunSummary:
        """Run the connector on this feed, or on the one that lies there; the guard is open unless a test closes it."""
        if feed is not None:
            self.publishes(feed)
        bootstrap = options.pop("bootstrap", None)
        options = {"as_of": AS_OF, "open_guard": True, "patience": SOON, **options}
        return run_once(self.config(bootstrap), **options)

    def inbox(self) -> list[Received]:
        """Read the whole inbox, each partition in order."""
        return asyncio.run(_read(self.bootstrap, inbox(self.code)))

    def told(self) -> list[tuple[str, str]]:
        """What the inbox says, in the order of the connector's numbers, resends left out."""
        by_number = {each.headers.sequence: each.told for each in self.inbox()}
        return [by_number[number] for number in sorted(by_number)]

    @contextmanager
    def process(self, *, batch: int, on_progress: str = "None") -> Iterator[subprocess.Popen[bytes]]:
        """Run the connector as a process of its own that publishes in small batches, and see to it that it ends."""
        self.config()
        program = _PROGRAM.format(
            config=str(self.folder / "connector.yaml"), as_of=AS_OF, batch=batch, on_progress=on_progress
        )
        process = subprocess.Popen([sys.executable, "-c", program])
        try:
            yield process
        finally:
            process.kill()
            process.wait()


_PROGRAM = """
import os, signal
from datetime import datetime
from pathlib import Path
from meekoppel_connectors import publish
from meekoppel_connectors.config import load_config
from meekoppel_connectors.run import Stage, run_once

def kill_when(stage, least):
    def look(now, count):
        if now is stage and count >= least:
            os.kill(os.getpid(), signal.SIGKILL)
    return look

publish.BATCH = {batch}
as_of = datetime.fromisoformat("{as_of}")
run_once(load_config(Path({config!r})), as_of=as_of, open_guard=True, progress={on_progress})
"""


def new_organisation(folder: Path, bootstrap: str, code: OrgCode) -> Organisation:
    """Make an organisation with an empty inbox."""
    asyncio.run(ensure_topics(bootstrap, organisation_topics(code, PARTITIONS)))
    return Organisation(folder, bootstrap, code)


def records_of(bootstrap: str, topic: str, partitions: int = 1) -> list[Any]:
    """Everything that a topic holds, by partition and offset."""
    return asyncio.run(_records(bootstrap, topic, partitions))


async def _read(bootstrap: str, topic: str) -> list[Received]:
    return [_received(record) for record in await _records(bootstrap, topic, PARTITIONS)]


async def _records(bootstrap: str, topic: str, count: int) -> list[Any]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(count)]
        ends = await consumer.end_offsets(partitions)
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        found: list[Any] = []
        while any([await consumer.position(each) < ends[each] for each in partitions]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                found.extend(records)
        return sorted(found, key=lambda each: (each.partition, each.offset))
    finally:
        await consumer.stop()


def _received(record: Any) -> Received:
    headers = EventHeaders.parse(record.headers)
    return Received(record.partition, record.offset, record.key.decode(), headers, decode_plan_event(record.value))


async def await_published(bootstrap: str, topic: str, count: int) -> None:
    """Return as soon as a topic holds at least so many records."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        while sum((await consumer.end_offsets(partitions)).values()) < count:
            await asyncio.sleep(0.002)
    finally:
        await consumer.stop()
