"""All pairs from scratch over a million plans: our whole matching, Shapely's bare pass, and PostGIS's own self-join.

Ours gives every kind of meeting with its certainty, area, distance, days and score, moratoria, detours and recurring
nuisance included. The bare pass is the best plain use of Shapely: a tree over the work zones, boxes first, then dates
and owners, then the exact predicate; it finds which work zones of different owners lie over one another in the same
period, and nothing more. The self-join asks PostGIS the same, with an index over place and one over place and period.
All three must find the same pairs. Each is run several times in turn, and the medians count.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import shapely

from meekoppel_hub.coordination.judging import KINDS
from meekoppel_hub.coordination.matching import Verdicts, match_from_nothing
from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.coordination.threads import Threads
from meekoppel_hub.coordination.windows import DAY_US
from meekoppel_hub.coordination.zones import ROLE_CODES, Geometries, Indexes
from meekoppel_hub.platform.postgres import start_postgres
from tests.benchmarks.country import Country, country
from tests.passing import passing_folder

_TABLE = (
    "CREATE TABLE plans (id int PRIMARY KEY, owner int NOT NULL, period int8range NOT NULL, place geometry NOT NULL)"
)
_INDEXES = "CREATE INDEX ON plans USING gist (place); CREATE INDEX ON plans USING gist (place, period); ANALYZE plans"
_SELF_JOIN = """
    SELECT one.id, other.id FROM plans AS one JOIN plans AS other
    ON one.id < other.id AND one.owner <> other.owner AND one.period && other.period
       AND ST_Intersects(one.place, other.place)"""


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def work_zones(made: Country) -> Geometries:
    """The work zones of the plans, in the order of the plans: what the bare pass and PostGIS are given."""
    zones = made.zones
    work = (zones.role == ROLE_CODES["work"]) & (zones.plan < made.count)
    return zones.shapes.geometry[work]


def bare(made: Country, geometry: Geometries) -> tuple[Indexes, Indexes]:
    """Shapely's bare pass."""
    windows, owner = made.plans.windows, made.plans.owner
    tree = shapely.STRtree(geometry)
    left, right = tree.query(geometry)
    keep = left < right
    left, right = left[keep], right[keep]
    keep = owner[left] != owner[right]
    keep &= (windows.starts_us[left] <= windows.ends_us[right]) & (windows.starts_us[right] <= windows.ends_us[left])
    left, right = left[keep], right[keep]
    hit = shapely.intersects(geometry[left], geometry[right])
    return left[hit], right[hit]


def over_one_another(verdicts: Verdicts) -> set[tuple[int, int]]:
    """Of ours, the pairs that the bare pass is asked for."""
    facts = verdicts.facts
    chosen = np.nonzero(facts.core_touches & facts.time.overlapping)[0]
    return set(zip(facts.first[chosen].tolist(), facts.second[chosen].tolist(), strict=True))


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def by_postgis(made: Country, geometry: Geometries, folder: Path) -> tuple[float, set[tuple[int, int]]]:
    """PostGIS's self-join, on a server of its own with one extra worker; gives the seconds and the pairs."""
    with start_postgres(folder) as server, psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True) as link:
        link.execute("CREATE EXTENSION IF NOT EXISTS postgis")
        link.execute(_TABLE)
        say("PostGIS: loading")
        windows = made.plans.windows
        rows = zip(
            made.plans.owner[: made.count].tolist(),
            (windows.starts_us[: made.count] // DAY_US).tolist(),
            (windows.ends_us[: made.count] // DAY_US).tolist(),
            shapely.to_wkb(geometry, hex=True),
            strict=True,
        )
        with link.cursor() as cursor, cursor.copy("COPY plans FROM STDIN") as copy:
            for number, (owner, start, end, place) in enumerate(rows):
                copy.write_row((number, owner, f"[{start},{end}]", place))
        link.execute(_INDEXES)
        link.execute("SET work_mem = '256MB'; SET max_parallel_workers_per_gather = 1")
        say("PostGIS: joining")
        runs = [timed(lambda: link.execute(_SELF_JOIN).fetchall()) for _ in range(2)]
    return min(seconds for seconds, _ in runs), set(runs[0][1])


def bench(count: int, runs: int, threads: int, *, postgis: bool) -> dict[str, Any]:
    say(f"making {count} plans")
    made = country(count)
    geometry, rulebook = work_zones(made), Rulebook.national()
    ours, shapelys = [], []
    for run in range(runs):
        seconds, verdicts = timed(lambda: match_from_nothing(made.plans, made.zones, rulebook, Threads(threads)))
        ours.append(seconds)
        seconds, (left, right) = timed(lambda: bare(made, geometry))
        shapelys.append(seconds)
        say(f"run {run + 1}: ours {ours[-1]:.2f} s, Shapely's bare pass {shapelys[-1]:.2f} s")
    expected = set(zip(left.tolist(), right.tolist(), strict=True))
    assert over_one_another(verdicts) == expected, "ours and the bare pass find different pairs"
    result = {
        "bench": "match",
        "plans": count,
        "meet": len(expected),
        "verdicts": len(verdicts.meeting),
        "kinds": kinds(verdicts),
        "threads": threads,
        "seconds": round(statistics.median(ours), 3),
        "shapely_seconds": round(statistics.median(shapelys), 3),
        "ratio_to_shapely": round(statistics.median(a / b for a, b in zip(ours, shapelys, strict=True)), 3),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    if postgis:
        with passing_folder() as folder:
            seconds, found = by_postgis(made, geometry, folder)
        assert found == expected, "PostGIS and the bare pass find different pairs"
        result |= {
            "postgis_seconds": round(seconds, 3),
            "ratio_to_postgis": round(statistics.median(ours) / seconds, 3),
        }
    return result


def kinds(verdicts: Verdicts) -> dict[str, int]:
    """Count the verdicts by kind."""
    counted: dict[str, int] = {}
    for verdict, number in zip(*np.unique(verdicts.judged.verdict, return_counts=True), strict=True):
        if verdict in KINDS:
            counted[KINDS[int(verdict)].value] = counted.get(KINDS[int(verdict)].value, 0) + int(number)
    return counted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plans", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--without-postgis", action="store_true", help="compare with Shapely only")
    parser.add_argument("--json", action="store_true", help="accepted for likeness; the result is always JSON")
    given = parser.parse_args()
    print(json.dumps(bench(given.plans, given.runs, given.threads, postgis=not given.without_postgis)), flush=True)


if __name__ == "__main__":
    main()
