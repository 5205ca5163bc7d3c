"""How many events a second go from `plans` into the committed view, at 100,000 plans, on both stores.

First all plans are folded (the load), then changes to some of them (the figure). The baseline, in the same run, reads
and decodes the same changes and stores nothing. The log is on local Apache Kafka; all rules of the log are on:
versions, history, overlaps, outbox, offsets.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import sys
import time
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from meekoppel_contracts import topics
from meekoppel_contracts.codec import decode_plan_event
from meekoppel_hub.hub import Hub, running_hub
from meekoppel_hub.platform.database.tables.view import overlaps
from meekoppel_hub.platform.logs import set_up_logs
from meekoppel_hub.platform.settings import HubSettings
from meekoppel_hub.platform.stream.read import Cursor, read_log
from tests.benchmarks.load import changed, plans, publish, registered
from tests.passing import STORES, passing_store


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


async def bench(store: str, folder: Path, url: str, count: int, changes: int) -> dict[str, Any]:
    settings = HubSettings(data_folder=folder / "hub", database_url=url, kafka_bootstrap="", kafka_port=0, api_port=0)
    async with running_hub(settings, services=("coordination",)) as hub:
        say(f"{store}: making and loading {count} plans")
        events = [registered(plan) for plan in plans(count)]
        load_seconds = await fold(hub, events)
        say(f"{store}: folding {changes} changes")
        cursor = await end_of_log(hub)
        dice = random.Random(11)
        news = [changed(event, dice) for event in dice.sample(events, changes)]
        seconds = await fold(hub, news)
        baseline = await decode_only(hub, cursor)
        with hub.database.read() as connection:
            pairs = connection.execute(select(func.count()).select_from(overlaps)).scalar_one()
    return {
        "store": store,
        "plans": count,
        "changes": changes,
        "pairs": pairs,
        "load_events_per_second": round(count / load_seconds),
        "events_per_second": round(changes / seconds),
        "baseline_decode_per_second": round(changes / baseline),
        "ratio_to_baseline": round(baseline / seconds, 3),
    }


async def fold(hub: Hub, events: list[Any]) -> float:
    """Publish events while coordination stands still, then let it go; gives the seconds from then to all committed."""
    service = hub.services["coordination"]
    async with asyncio.timeout(30):
        while len(service.held) < 2 * hub.settings.partitions:  # of the open and of the restricted log
            await asyncio.sleep(0.05)
    service.consumer.pause(*service.consumer.assignment())
    await publish(hub.bootstrap, topics.PLANS, events)
    started = time.monotonic()
    service.consumer.resume(*service.consumer.assignment())
    await hub.settle(1_800)
    return time.monotonic() - started


async def end_of_log(hub: Hub) -> Cursor:
    ends: list[Cursor] = []
    async for _ in read_log(hub.bootstrap, [topics.PLANS], on_window=lambda window: ends.append(window.end)):
        break
    return ends[0]


async def decode_only(hub: Hub, cursor: Cursor) -> float:
    started = time.monotonic()
    async for record in read_log(hub.bootstrap, [topics.PLANS], cursor):
        decode_plan_event(record.value or b"")
    return time.monotonic() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=STORES, action="append", help="only this store; default: both")
    parser.add_argument("--plans", type=int, default=100_000)
    parser.add_argument("--changes", type=int, default=20_000)
    parser.add_argument("--json", action="store_true", help="accepted for likeness; the result is always JSON")
    arguments = parser.parse_args()
    set_up_logs(logging.WARNING)
    for store in arguments.store or STORES:
        with passing_store(store) as (folder, url):
            result = asyncio.run(bench(store, folder, url, arguments.plans, arguments.changes))
        print(json.dumps({"bench": "fold"} | result), flush=True)


if __name__ == "__main__":
    main()
