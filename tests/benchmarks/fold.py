"""How many changes a second go from `plans` on Apache Kafka into the committed view, with everything on.

On PostGIS at 1,000,000 plans (or on SQLite at 100,000 with --sqlite): versions, history, the index in memory, all
rules, overlaps, their events in the outbox and out, offsets. One worker. The changes are a realistic mix (`plan_set`).

Two baselines in the same run, on the same server, from the same log, with as many plans in their own tables: *naive*
(`naive.py`) and *bare* (`bare.py`), on fewer changes where they are slow. Each begins with a checkpoint behind it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import func, make_url, select, text

from meekoppel_contracts import topics
from meekoppel_contracts.topics import TopicSpec
from meekoppel_hub.hub import Hub, running_hub
from meekoppel_hub.platform.database import Database, open_database
from meekoppel_hub.platform.database.create import create_tables
from meekoppel_hub.platform.database.tables.view import overlap_versions, overlaps
from meekoppel_hub.platform.kafka import ensure_topics
from meekoppel_hub.platform.logs import set_up_logs
from meekoppel_hub.platform.settings import HubSettings
from tests.benchmarks import bare, naive
from tests.benchmarks.load import preload, publish, say
from tests.benchmarks.plan_set import CRS, PlanSet
from tests.passing import passing_store

WARM_UP = 4_000
PARTITIONS = 6
LONGEST_SECONDS = 1_800


async def bench(folder: Path, url: str, plans: int, changes: int, against: dict[str, int]) -> dict[str, Any]:
    """Measure one store; gives the figures.

    Args:
        folder: for the hub.
        url: of the view's database; empty for SQLite in the folder.
        plans: how many plans the view holds before.
        changes: how many changes are folded.
        against: the baselines, and how many changes each of them folds.
    """
    settings = HubSettings(
        data_folder=folder / "hub",
        database_url=url,
        kafka_bootstrap="",
        kafka_port=0,
        api_port=0,
        partitions=PARTITIONS,
    )
    plan_set = PlanSet(plans)
    say(f"filling a view with {plans} plans")
    with opened(settings.sqlalchemy_url()) as database:
        pairs = preload(database, plan_set)
        for name in against:
            fill_baseline(database, name)
    async with running_hub(settings, services=("coordination",)) as hub:
        await fold(hub, plan_set, WARM_UP)
        say(f"folding {changes} changes")
        seconds = await fold(hub, plan_set, changes)
        told = counted(hub)
        say(f"{changes / seconds:.0f} changes a second; {told}")
        slower = {name: await baseline(hub, name, url, plan_set, count) for name, count in against.items()}
    figures = {
        "plans": plans,
        "changes": changes,
        "pairs": pairs,
        **told,
        "events_per_second": round(changes / seconds),
    }
    for name, rate in slower.items():
        figures |= {f"{name}_per_second": round(rate), f"ratio_to_{name}": round(changes / seconds / rate, 2)}
    return figures


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """Open the view's database with its tables made."""
    database = open_database(url)
    try:
        create_tables(database, CRS)
        yield database
    finally:
        database.close()


async def fold(hub: Hub, plan_set: PlanSet, count: int) -> float:
    """Publish changes while coordination stands still, then let it go; gives the seconds until all are committed."""
    service = hub.services["coordination"]
    async with asyncio.timeout(60):
        while len(service.held) < 2 * hub.settings.partitions:  # of the open and of the restricted log
            await asyncio.sleep(0.05)
    service.consumer.pause(*service.consumer.assignment())
    await asyncio.to_thread(publish, hub.bootstrap, topics.PLANS, plan_set.changes(count))
    await asyncio.to_thread(checkpoint, hub.database)
    before = service.handled
    started = time.monotonic()
    service.consumer.resume(*service.consumer.assignment())
    async with asyncio.timeout(LONGEST_SECONDS):
        while service.handled < before + count:
            if service.halted is not None:
                raise RuntimeError(service.halted)
            await asyncio.sleep(0.01)
    seconds = time.monotonic() - started
    await hub.settle(LONGEST_SECONDS)
    return seconds


def checkpoint(database: Database) -> None:
    """Begin each measurement with nothing left to write from before."""
    if database.dialect == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("CHECKPOINT"))


def counted(hub: Hub) -> dict[str, int]:
    """Count the open pairs, and the revisions of pairs that were told."""
    with hub.database.read() as connection:
        open_pairs = select(func.count()).select_from(overlaps).where(overlaps.c.state == "open")
        told = select(func.count()).select_from(overlap_versions)
        return {"open_pairs": connection.scalar(open_pairs) or 0, "told": connection.scalar(told) or 0}


def fill_baseline(database: Database, name: str) -> None:
    """Give a baseline its own tables, with as many plans as the view has."""
    say(f"filling the tables of the {name} baseline")
    module = {"naive": naive, "bare": bare}[name]
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in (module.TABLES, module.FILL, module.INDEXES, "ANALYZE"):
            connection.exec_driver_sql(statement)


async def baseline(hub: Hub, name: str, url: str, plan_set: PlanSet, count: int) -> float:
    """Let a baseline fold changes from a topic of its own; gives its changes a second."""
    topic = f"{name}-baseline"
    say(f"{name}: folding {count} changes")
    await ensure_topics(hub.bootstrap, [TopicSpec(topic, PARTITIONS, 3_600_000)])
    await asyncio.to_thread(publish, hub.bootstrap, topic, plan_set.changes(count))
    await asyncio.to_thread(checkpoint, hub.database)
    server = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    if name == "naive":
        seconds = await naive.run(hub.bootstrap, server, topic, name, count)
    else:
        seconds, pairs = await asyncio.to_thread(bare.run, hub.bootstrap, server, topic, name, count)
        say(f"{name}: {pairs} pairs found")
    say(f"{name}: {count / seconds:.0f} changes a second")
    return count / seconds


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sqlite", action="store_true", help="on SQLite, at 100,000 plans, without baselines")
    parser.add_argument("--plans", type=int, help="default: 1,000,000; with --sqlite 100,000")
    parser.add_argument("--changes", type=int, help="default: 200,000; with --sqlite 50,000")
    parser.add_argument("--naive", type=int, default=8_000, help="changes for the naive baseline")
    parser.add_argument("--bare", type=int, default=100_000, help="changes for the bare baseline")
    parser.add_argument("--json", action="store_true", help="accepted for likeness; the result is always JSON")
    arguments = parser.parse_args()
    set_up_logs(logging.WARNING)
    store = "sqlite" if arguments.sqlite else "postgis"
    plans = arguments.plans or (100_000 if arguments.sqlite else 1_000_000)
    changes = arguments.changes or (50_000 if arguments.sqlite else 200_000)
    against = {} if arguments.sqlite else {"naive": arguments.naive, "bare": arguments.bare}
    with passing_store(store) as (folder, url):
        figures = asyncio.run(bench(folder, url, plans, changes, {name: n for name, n in against.items() if n}))
    print(json.dumps({"bench": "fold", "store": store} | figures), flush=True)


if __name__ == "__main__":
    main()
