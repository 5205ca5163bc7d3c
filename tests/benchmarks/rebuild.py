"""How many events a second a rebuild takes from the log (Apache Kafka, local) to the swapped view in PostGIS.

`meekoppel view rebuild` runs as an operator runs it, in processes of its own, twice: first on a database that knows
nothing (all pairs are new, and told), then on the view that the first one made, which is compared before the swap. The
second gives the figure: read the log, decode the newest versions, match all pairs from nothing, compare, swap.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import psutil
from confluent_kafka import Producer
from sqlalchemy import delete, select

from meekoppel_contracts import topics
from meekoppel_contracts.headers import VISIBILITY_HEADER
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.create import open_view
from meekoppel_hub.platform.database.tables.stream import outbox
from meekoppel_hub.platform.kafka import ensure_topics, start_kafka
from meekoppel_hub.platform.postgres import start_postgres
from meekoppel_hub.platform.settings import HubSettings
from meekoppel_hub.platform.stream.records import unpack_headers
from tests.benchmarks.plan_set import PlanSet, Written
from tests.passing import passing_folder

BIN = Path(sys.executable).parent
PARTITIONS = 4


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def produce(bootstrap: str, events: Iterable[Written], *, visibility_header: bool) -> None:
    """Write events into the log, with the headers that intake writes."""
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "compression.type": "lz4",
            "linger.ms": 50,
            "batch.size": 1_000_000,
            "queue.buffering.max.messages": 200_000,
        }
    )
    for number, event in enumerate(events):
        while True:
            try:
                headers = event.headers if visibility_header else _without_visibility(event.headers)
                producer.produce(topics.PLANS, event.value, key=event.plan_id, headers=headers)
                break
            except BufferError:
                producer.poll(0.1)
        if number % 10_000 == 0:
            producer.poll(0)
        if number % 200_000 == 0:
            say(f"{number} events written")
    producer.flush()


def _without_visibility(headers: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    return [header for header in headers if header[0] != VISIBILITY_HEADER]


def rebuild(environment: dict[str, str]) -> dict[str, Any]:
    """Run the command; give its report, the seconds it took as a whole, and the memory of all its processes."""
    started = time.monotonic()
    process = subprocess.Popen(
        [BIN / "meekoppel", "view", "rebuild", "--json"], env=environment, stdout=subprocess.PIPE, text=True
    )
    peaks: dict[int, int] = {}
    while process.poll() is None and not peaks.get(-1):
        for each in _family(process.pid):
            peaks[each.pid] = max(peaks.get(each.pid, 0), _high_water_kib(each.pid))
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
    seconds = time.monotonic() - started
    report: dict[str, Any] = json.loads(process.communicate()[0])
    if process.returncode:
        raise SystemExit("the rebuild failed")
    return report | {"whole_seconds": round(seconds, 1), "peak_kib": sum(peaks.values())}


def drain(database: Database, bootstrap: str) -> None:
    """Send what the first rebuild has to tell, as a hub's coordination does when it starts."""
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 50})
    with database.begin() as connection:
        for row in connection.execute(select(outbox).order_by(outbox.c.id)):
            producer.produce(row.topic, row.value, key=row.key, headers=list(unpack_headers(row.headers)))
            producer.poll(0)
        connection.execute(delete(outbox))
    producer.flush()


def _family(pid: int) -> Iterator[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        yield from [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return


def _high_water_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


def bench(arguments: argparse.Namespace) -> dict[str, Any]:
    with passing_folder() as folder, start_kafka(folder) as kafka, start_postgres(folder) as server:
        settings = HubSettings(database_url=server.url, kafka_bootstrap=kafka.bootstrap, data_folder=folder)
        open_view(settings).close()
        asyncio.run(ensure_topics(kafka.bootstrap, topics.hub_topics(PARTITIONS)))
        plans = PlanSet(arguments.plans)
        events = chain(plans.registrations(), plans.changes(arguments.events - arguments.plans))
        produce(kafka.bootstrap, events, visibility_header=not arguments.no_visibility_header)
        environment = os.environ | {
            "MEEKOPPEL_DATABASE_URL": server.url,
            "MEEKOPPEL_KAFKA_BOOTSTRAP": kafka.bootstrap,
            "MEEKOPPEL_DATA_FOLDER": str(folder / "hub"),
        }
        lost = rebuild(environment)
        database = open_view(settings)
        drain(database, kafka.bootstrap)
        database.close()
        compared = rebuild(environment)
    return {
        "events": compared["events"],
        "plans": compared["plans"],
        "overlaps": compared["overlaps"],
        "decoded": compared["decoded"],
        "differences": compared["compared"]["differences"],
        "events_per_second": round(compared["events"] / compared["whole_seconds"]),
        "peak_memory_mb": round(compared["peak_kib"] / 1024),
        "seconds": compared["seconds"] | {"whole": compared["whole_seconds"]},
        "from_nothing": {
            "events_per_second": round(lost["events"] / lost["whole_seconds"]),
            "peak_memory_mb": round(lost["peak_kib"] / 1024),
            "seconds": lost["seconds"] | {"whole": lost["whole_seconds"]},
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plans", type=int, default=300_000)
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument(
        "--no-visibility-header", action="store_true", help="a log from before that header: all decoded"
    )
    parser.add_argument("--json", action="store_true", help="accepted for likeness; the result is always JSON")
    result = bench(parser.parse_args())
    print(json.dumps({"bench": "rebuild"} | result), flush=True)


if __name__ == "__main__":
    main()
