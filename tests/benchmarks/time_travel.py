"""How long a look back takes, and a survey of a month, in a view of many plans with several versions each.

    python -m tests.benchmarks.time_travel --plans 1000000 --changes 1000000 --json

The view is filled as coordination fills it. Asked for: a page of all plans as of a moment before most changes, the
plans in some streets at that moment, one plan, and the survey of the month in which everything was recorded. Ends
with one JSON line; progress goes to standard error.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from sqlalchemy import func, select, text

from meekoppel_hub.coordination.fold import fold
from meekoppel_hub.coordination.plan_change import read_change
from meekoppel_hub.coordination.store import store_for
from meekoppel_hub.platform.database import Database, open_database
from meekoppel_hub.platform.database.create import create_tables
from meekoppel_hub.platform.database.tables.view import former_places, plan_versions
from meekoppel_hub.platform.stream.records import LogRecord, PartitionId
from meekoppel_hub.quality.months import Month
from meekoppel_hub.quality.survey import survey_month
from meekoppel_hub.reading.access import OPERATOR
from meekoppel_hub.reading.as_of import plan_as_of, plans_as_of
from meekoppel_hub.reading.plans import PlanFilter
from tests.benchmarks.plan_set import CRS, RECORDED_US, PlanSet, Written
from tests.passing import STORES, passing_store

BATCH = 5_000
BOX_M = 400.0
ASKED = 200
RECORDED = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=RECORDED_US)
NOW = RECORDED + timedelta(days=60)


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def fill(database: Database, events: Iterable[Written], what: str) -> float:
    """Store events as coordination does, and give the seconds that it took."""
    began, count = time.monotonic(), 0
    for batch in _batches(iter(events)):
        records = [
            LogRecord(PartitionId("plans", 0), count + n, 0, one.plan_id.encode(), one.value, tuple(one.headers))
            for n, one in enumerate(batch)
        ]
        folded = fold([read_change(record) for record in records], CRS)
        with database.begin() as connection:
            store_for(connection).save(connection, folded)
        count += len(batch)
        if count % 100_000 < BATCH:
            say(f"{count:,} {what}, {time.monotonic() - began:.0f} s")
    return time.monotonic() - began


def _batches(events: Iterator[Written]) -> Iterator[list[Written]]:
    while batch := list(islice(events, BATCH)):
        yield batch


def milliseconds(ask: Callable[[int], Any]) -> dict[str, float]:
    """Ask many times and give the median and the 95th percentile."""
    took = []
    for number in range(ASKED):
        began = time.perf_counter()
        ask(number)
        took.append((time.perf_counter() - began) * 1000)
    return {"median_ms": round(float(np.median(took)), 2), "p95_ms": round(float(np.percentile(took, 95)), 2)}


def look_back(database: Database, made: PlanSet) -> dict[str, Any]:
    """Ask for plans as of a moment at which about half of them had their first version."""
    moment = RECORDED + timedelta(seconds=60 + made.count / 2 / 1000)
    dice = random.Random(3)
    ids = sorted(made.plan_id(dice.randrange(made.count)) for _ in range(ASKED))

    def page(number: int) -> Any:
        with database.read() as connection:
            return plans_as_of(connection, OPERATOR, PlanFilter(), moment, ids[number], NOW, 100)

    def box(number: int) -> Any:
        index = int(ids[number].rsplit(".", 1)[1])
        x, y = made.x[index], made.y[index]
        area = shapely.box(x - BOX_M / 2, y - BOX_M / 2, x + BOX_M / 2, y + BOX_M / 2)
        with database.read() as connection:
            return plans_as_of(connection, OPERATOR, PlanFilter(area=area), moment, None, NOW, 100)

    def one(number: int) -> Any:
        with database.read() as connection:
            return plan_as_of(connection, ids[number], moment)

    return {"page": milliseconds(page), "box": milliseconds(box), "one_plan": milliseconds(one)}


def run(store: str, plans: int, changes: int) -> dict[str, Any]:
    """Fill a view and ask it."""
    made = PlanSet(plans)
    with passing_store(store) as (folder, url):
        database = open_database(url or f"sqlite:///{Path(folder) / 'view.db'}")
        create_tables(database, CRS)
        fill(database, made.registrations(), "plans")
        fill_seconds = fill(database, made.changes(changes), "changes")
        with database.begin() as connection:
            connection.execute(text("ANALYZE"))
            counts = {
                "versions": connection.scalar(select(func.count()).select_from(plan_versions)),
                "former_places": connection.scalar(select(func.count()).select_from(former_places)),
            }
        say("looking back")
        answers = look_back(database, made)
        say("surveying the month")
        before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        began = time.monotonic()
        with database.read() as connection:
            survey = survey_month(connection, Month.of(RECORDED), NOW, {}, lambda done, _: None)
        seconds = time.monotonic() - began
        grown_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before_mb
        database.close()
    return {
        "benchmark": "time_travel",
        "store": store,
        "plans": plans,
        **counts,
        "changes_stored_per_second": round(changes / fill_seconds),
        **answers,
        "survey_seconds": round(seconds, 1),
        "survey_versions_per_second": round(int(counts["versions"] or 0) / seconds),
        "survey_groups": len(survey.stability),
        "survey_grown_mb": round(grown_mb),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=STORES, default="postgis")
    parser.add_argument("--plans", type=int, default=100_000)
    parser.add_argument("--changes", type=int, default=100_000)
    parser.add_argument("--json", action="store_true", help="the figures as one JSON line, which they are anyway")
    arguments = parser.parse_args()
    print(json.dumps(run(arguments.store, arguments.plans, arguments.changes)), flush=True)


if __name__ == "__main__":
    main()
