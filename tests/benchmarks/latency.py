"""How long a change takes from the connector's acknowledgement to the committed view with its overlaps.

500 events a second for two minutes, on PostGIS with 1,000,000 plans in the view: changes of plans that the hub knows,
in the inboxes of 300 organisations. The clock of an event starts when the broker has acknowledged it to its sender,
and stops when coordination's second transaction is committed: the one that holds the pairs and the offset. That commit
is seen by asking for the stored offsets every few milliseconds, so each figure is late by that much, never early.

Each service is a process of its own (`meekoppel run`), as in production; Kafka, PostgreSQL (durable: it waits for the
disk), the sender and the observer run on the same machine. The view and intake's states are put into the database
beforehand, and the services run for some seconds before the clock counts.
"""

from __future__ import annotations

import argparse
import asyncio
import bisect
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from confluent_kafka import Producer
from sqlalchemy import make_url

from meekoppel_contracts import topics
from meekoppel_contracts.codec import decode_plan_event
from meekoppel_contracts.codes import OrganisationKind
from meekoppel_contracts.envelope import encode_around, plan_as_written
from meekoppel_contracts.headers import plan_event_headers
from meekoppel_contracts.ids import OrgCode
from meekoppel_hub.platform.database import Database, open_database
from meekoppel_hub.platform.database.create import create_tables
from meekoppel_hub.platform.kafka import ensure_topics, start_kafka
from meekoppel_hub.platform.logs import set_up_logs
from meekoppel_hub.platform.organisations import register_organisation
from meekoppel_hub.platform.postgres import start_postgres
from meekoppel_hub.platform.stream.read import read_log
from tests.benchmarks.load import preload, say
from tests.benchmarks.plan_set import CRS, OWNERS, PlanSet, Written
from tests.benchmarks.processor_time import processor_seconds
from tests.passing import passing_folder

SERVICES = ("intake", "coordination", "notifications")
LOOK_EVERY_SECONDS = 0.005
SEND_EVERY_SECONDS = 0.005
WARM_UP_SECONDS = 10
PARTITIONS = 4
READY_SECONDS = 300.0
BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Message:
    """A change as a connector sends it."""

    topic: str
    key: bytes
    value: bytes
    headers: list[tuple[str, str | bytes | None]]


@dataclass(slots=True)
class Observed:
    """When coordination's stored offset of each partition of `plans` reached what, by the monotonic clock."""

    offsets: dict[int, list[int]] = field(default_factory=lambda: {number: [] for number in range(PARTITIONS)})
    times: dict[int, list[float]] = field(default_factory=lambda: {number: [] for number in range(PARTITIONS)})

    def passed(self, partition: int, offset: int) -> float | None:
        """Say when the commit that holds an event was seen; None when it was not."""
        place = bisect.bisect_right(self.offsets[partition], offset)
        return self.times[partition][place] if place < len(self.times[partition]) else None


async def bench(folder: Path, url: str, count: int, rate: int, seconds: int, services: Sequence[str]) -> dict[str, Any]:
    plans = PlanSet(count)
    prepare(url, plans)
    epoch = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ-") + "beca5e"
    say(f"making {rate * (WARM_UP_SECONDS + seconds)} changes")
    messages = list(to_inbox(plans.changes(rate * (WARM_UP_SECONDS + seconds)), epoch))
    with start_kafka(folder / "kafka") as kafka:
        say("making topics")
        for owner in OWNERS:
            await ensure_topics(kafka.bootstrap, topics.organisation_topics(OrgCode(owner), 1)[:1])
        await ensure_topics(kafka.bootstrap, topics.hub_topics(PARTITIONS))
        with running(folder, kafka.bootstrap, url, services), observing(url) as observed:
            await until_held(url, services)
            say(f"{rate} events a second: {WARM_UP_SECONDS} s that do not count, and {seconds} s")
            before = processor_seconds()
            acknowledged = await asyncio.to_thread(play, kafka.bootstrap, messages, rate)
            await until_done(url, kafka.bootstrap, observed)
            taken = {name: seconds - before.get(name, 0) for name, seconds in processor_seconds().items()}
            per_event = {name: round(seconds * 1_000 / len(messages), 3) for name, seconds in sorted(taken.items())}
        places = await places_in_log(kafka.bootstrap)
    counted = {number: at for number, at in acknowledged.items() if number > rate * WARM_UP_SECONDS}
    return {
        "plans": count,
        "rate": rate,
        "seconds": seconds,
        "services": list(services),
        "cpu_ms_per_event": per_event,
    } | figures(counted, places, observed)


def figures(acknowledged: dict[int, float], places: dict[int, tuple[int, int]], observed: Observed) -> dict[str, Any]:
    seen = {number: observed.passed(*places[number]) for number in acknowledged.keys() & places.keys()}
    late = np.array([(at - acknowledged[number]) * 1_000 for number, at in seen.items() if at is not None])
    p50, p95, p99 = np.percentile(late, [50, 95, 99])
    taken = max(acknowledged.values()) - min(acknowledged.values())
    return {
        "events": len(acknowledged),
        "without_news": len(acknowledged.keys() - places.keys()),
        "missing": sum(at is None for at in seen.values()),
        "events_per_second": round(len(acknowledged) / taken),
        "p50_ms": round(p50, 1),
        "p95_ms": round(p95, 1),
        "p99_ms": round(p99, 1),
        "max_ms": round(late.max(), 1),
    }


def prepare(url: str, plans: PlanSet) -> None:
    """Put the plans into the view, and intake's state of each beside them."""
    database = open_database(url)
    try:
        create_tables(database, CRS)
        for owner in OWNERS:
            register_organisation(database, OrgCode(owner), owner, OrganisationKind.OTHER)
        say(f"loading {plans.count} plans")
        started = time.monotonic()
        keep_states(database, PlanSet(plans.count).registrations())
        preload(database, plans)
        say(f"loaded in {time.monotonic() - started:.0f} s")
    finally:
        database.close()


def keep_states(database: Database, written: Iterator[Written]) -> None:
    """Store what intake knows of plans, as if it had numbered them."""
    columns = "plan_id, version, epoch, sequence, content_sha256, event, withdrawn, topic, recorded_at, revision"
    with database.begin() as connection:
        raw: Any = connection.connection.driver_connection
        with raw.cursor().copy(f"COPY plan_state ({columns}) FROM STDIN") as copy:
            for number, each in enumerate(written):
                epoch, recorded = "20260101T000000000000Z-000000", "2026-09-21 00:00:00+00"
                row = (each.plan_id, 1, epoch, number + 1, "", each.value, False, topics.PLANS, recorded, 1)
                copy.write_row(row)


def to_inbox(changes: Iterator[Written], epoch: str) -> Iterator[Message]:
    """Write changes as a connector does: not numbered by the hub, but by the connector."""
    for number, each in enumerate(changes, start=1):
        numbered = decode_plan_event(each.value)
        event = numbered.model_copy(update={"version": 0, "recorded_at": None, "changed_fields": ()})
        headers = plan_event_headers(
            event, id=f"{epoch}/{number}", sequence=number, time=datetime.now(UTC), epoch=epoch
        )
        value = encode_around(event, plan_as_written(numbered, each.value))
        yield Message(topics.inbox(event.publisher), each.plan_id.encode(), value, list(headers.to_kafka()))


@contextmanager
def running(folder: Path, bootstrap: str, url: str, services: Sequence[str]) -> Iterator[None]:
    """Run services, each in a process of its own; their output stands in the folder."""
    environment = os.environ | {
        "MEEKOPPEL_KAFKA_BOOTSTRAP": bootstrap,
        "MEEKOPPEL_DATABASE_URL": url,
        "MEEKOPPEL_PARTITIONS": "1",
    }
    processes = []
    try:
        for name in services:
            with (folder / f"{name}.log").open("wb") as log:
                processes.append(
                    subprocess.Popen([BIN / "meekoppel", "run", name], env=environment, stdout=log, stderr=log)
                )
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait(60)


@contextmanager
def observing(url: str) -> Iterator[Observed]:
    """Look at coordination's stored offsets every few milliseconds, in a thread."""
    observed, stop = Observed(), threading.Event()

    def look() -> None:
        query = "SELECT partition, next_offset FROM stream_offsets WHERE service = 'coordination' AND topic = 'plans'"
        with psycopg.connect(plain(url), autocommit=True) as connection:
            while not stop.wait(LOOK_EVERY_SECONDS):
                rows = connection.execute(query, prepare=True).fetchall()
                now = time.monotonic()
                for partition, offset in rows:
                    if not observed.offsets[partition] or observed.offsets[partition][-1] != offset:
                        observed.offsets[partition].append(offset)
                        observed.times[partition].append(now)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield observed
    finally:
        stop.set()
        thread.join()


async def until_held(url: str, services: Sequence[str]) -> None:
    """Wait until the services have claimed all that they read."""
    say("waiting for the services")
    wanted = {"intake": len(OWNERS), "coordination": 3 * PARTITIONS, "notifications": 4 * PARTITIONS}
    query = "SELECT service, count(*) FROM stream_offsets GROUP BY service"
    async with asyncio.timeout(READY_SECONDS):
        while True:
            with psycopg.connect(plain(url)) as connection:
                held: dict[str, int] = dict(connection.execute(query).fetchall())
            if all(held.get(name, 0) >= wanted[name] for name in services):
                break
            await asyncio.sleep(0.5)
    await asyncio.sleep(5)


def play(bootstrap: str, messages: Sequence[Message], rate: int) -> dict[int, float]:
    """Send at a steady rate; gives when each was acknowledged, by its number from 1.

    What is due is sent every few milliseconds. The clock of an event starts when the sender hears of the
    acknowledgement.
    """
    acknowledged: dict[int, float] = {}
    failed: list[str] = []
    producer = Producer(
        {"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 2, "compression.type": "lz4"}
    )

    def delivered(number: int, error: Any, _message: Any) -> None:
        acknowledged[number] = time.monotonic()
        if error is not None:
            failed.append(str(error))

    started, sent = time.monotonic(), 0
    while sent < len(messages):
        due = min(len(messages), int((time.monotonic() - started) * rate))
        for number, message in enumerate(messages[sent:due], start=sent + 1):
            producer.produce(
                message.topic,
                message.value,
                message.key,
                headers=message.headers,
                on_delivery=partial(delivered, number),
            )
        sent = due
        producer.poll(SEND_EVERY_SECONDS)
    producer.flush(60)
    if failed:
        raise RuntimeError(f"{len(failed)} changes were not sent: {failed[0]}")
    return acknowledged


async def until_done(url: str, bootstrap: str, observed: Observed) -> None:
    """Wait until intake has published everything and coordination has handled it."""
    say("waiting for the last ones")
    still, before = 0, -1
    async with asyncio.timeout(READY_SECONDS):
        while still < 6:  # three seconds without a movement
            await asyncio.sleep(0.5)
            reached = sum(offsets[-1] for offsets in observed.offsets.values() if offsets)
            still, before = (still + 1 if reached == before else 0), reached


async def places_in_log(bootstrap: str) -> dict[int, tuple[int, int]]:
    """Find where in `plans` each change stands: its number, and partition and offset."""
    places = {}
    async for record in read_log(bootstrap, [topics.PLANS]):
        inbox_id = record.header("ce_inboxid") or b""
        places[int(inbox_id.rsplit(b"/", 1)[1])] = (record.source.partition, record.offset)
    return places


def plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plans", type=int, default=1_000_000)
    parser.add_argument("--rate", type=int, default=500, help="events a second")
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--services", nargs="+", choices=SERVICES, default=list(SERVICES))
    parser.add_argument("--json", action="store_true", help="accepted for likeness; the result is always JSON")
    arguments = parser.parse_args()
    set_up_logs(logging.WARNING)
    with passing_folder() as folder, start_postgres(folder) as server:
        result = asyncio.run(
            bench(folder, server.url, arguments.plans, arguments.rate, arguments.seconds, arguments.services)
        )
    print(json.dumps({"bench": "latency"} | result), flush=True)


if __name__ == "__main__":
    main()
