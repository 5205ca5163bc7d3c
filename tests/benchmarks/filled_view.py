"""A view that holds a made-up country, filled without the log: for benchmarks that only read.

Plans and versions are stored as coordination stores them; the overlaps are the pairs of which the zones intersect and
the periods overlap, written as heavy or light conflicts. One plan in ten has a second version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import shapely
from sqlalchemy import insert, text

from meekoppel_contracts.ids import OrgCode, PlanId, overlap_id
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.view import overlaps
from tests.benchmarks.plan_set import DAY_US, OWNERS, PlanSet
from tests.benchmarks.time_travel import fill

_CHANGED = 10
_PAIRS_AT_ONCE = 5_000
_RECORDED = datetime(2026, 9, 21, tzinfo=UTC)


def fill_view(database: Database, made: PlanSet, say: Callable[[str], None]) -> int:
    """Write plans, versions, zones and overlaps; gives the number of overlaps."""
    fill(database, made.registrations(), "plans")
    fill(database, made.changes(made.count // _CHANGED), "changes")
    say("finding where plans meet")
    pairs = list(_pairs(made))
    with database.begin() as connection:
        for begin in range(0, len(pairs), _PAIRS_AT_ONCE):
            connection.execute(insert(overlaps), pairs[begin : begin + _PAIRS_AT_ONCE])
    _settle(database)
    return len(pairs)


def _pairs(made: PlanSet) -> Iterator[dict[str, Any]]:
    """Make the rows of the pairs whose zones intersect and whose periods overlap, of different owners."""
    shapes = np.concatenate(
        [shapely.from_wkb(made.shapes(indexes)) for indexes in np.array_split(np.arange(made.count), 64)]
    )
    left, right = shapely.STRtree(shapes).query(shapes)
    ends = made.starts_us + DAY_US * made.days
    keep = (left < right) & (made.owner[left] != made.owner[right])
    keep &= (made.starts_us[left] <= ends[right]) & (made.starts_us[right] <= ends[left])
    left, right = left[keep], right[keep]
    common = shapely.intersection(shapes[left], shapes[right])
    areas, points = shapely.area(common), shapely.to_wkb(shapely.point_on_surface(common))
    for at in np.nonzero(~shapely.is_empty(common))[0].tolist():
        yield _pair(made, int(left[at]), int(right[at]), float(areas[at]), points[at])


def _pair(made: PlanSet, one: int, other: int, area: float, point: bytes) -> dict[str, Any]:
    first, second = sorted((one, other), key=made.plan_id)
    ids = PlanId(made.plan_id(first)), PlanId(made.plan_id(second))
    heavy = bool(made.firm[first] and made.firm[second])
    return {
        "overlap_id": overlap_id(*ids),
        "state": "open",
        "revision": 1,
        "kind": "conflict_heavy" if heavy else "conflict_light",
        "severity": "high" if heavy else "medium",
        "first_plan": ids[0],
        "first_version": int(made.version[first]),
        "first_organisation": OrgCode(OWNERS[made.owner[first]]),
        "second_plan": ids[1],
        "second_version": int(made.version[second]),
        "second_organisation": OrgCode(OWNERS[made.owner[second]]),
        "restricted": False,
        "ruleset": "national/1",
        "area_m2": round(area, 1),
        "distance_m": 0.0,
        "overlap_days": 14,
        "gap_days": 0,
        "score": None,
        "explanation": f"Work zones share {area:.1f} m2; the periods share 14 days.",
        "location": point,
        "detected_at": _RECORDED,
        "changed_at": _RECORDED,
    }


def _settle(database: Database) -> None:
    """Let the database know what it holds, as autovacuum does in time."""
    statement = "VACUUM ANALYZE" if database.dialect == "postgresql" else "ANALYZE"
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))
