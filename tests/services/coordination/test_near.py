"""The search from nothing finds every pair that a tree of boxes finds, each once, whatever the sizes of the zones."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from meekoppel_contracts.ids import PlanId
from meekoppel_hub.coordination import near
from meekoppel_hub.coordination.near import Search, near_zones
from meekoppel_hub.coordination.plan_table import PlanTable, Texts
from meekoppel_hub.coordination.threads import Threads
from meekoppel_hub.coordination.windows import Windows
from meekoppel_hub.coordination.zones import Shapes, ZoneTable

REACH_M = 25.0


def world(sizes: np.ndarray, side_m: float, dice: np.random.Generator) -> tuple[PlanTable, ZoneTable]:
    """Squares of these sizes over a square of that side, each a plan of its own owner, all in one period."""
    count = len(sizes)
    corner = dice.uniform(0, side_m, (count, 2))
    squares = shapely.box(corner[:, 0], corner[:, 1], corner[:, 0] + sizes, corner[:, 1] + sizes)
    nothing, numbers = np.zeros(count, dtype=np.int64), np.arange(count)
    plans = PlanTable(
        ids=[PlanId(f"NL.x.{number:06}") for number in range(count)],
        owner=numbers,
        live=np.ones(count, dtype=bool),
        firm=np.ones(count, dtype=bool),
        windows=Windows(*[nothing] * 6),
        disciplines=Texts(nothing, ("",)),
        work_types=Texts(nothing, ("",)),
        digs=nothing.astype(np.int8),
        cooperates=np.zeros(count, dtype=bool),
        cooperation_kinds=Texts(nothing, ("",)),
        rests={},
    )
    shapes = Shapes(np.asarray(squares, dtype=object), np.zeros(count))
    none = np.full(count, None, dtype=object)
    return plans, ZoneTable(numbers, nothing.astype(np.int8), shapes, np.zeros(count), none)


def by_tree(zones: ZoneTable) -> set[tuple[int, int]]:
    left, right = shapely.STRtree(zones.shapes.geometry).query(
        zones.shapes.geometry, predicate="dwithin", distance=REACH_M
    )
    return {(a, b) for a, b in zip(left.tolist(), right.tolist(), strict=True) if a < b}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("kind", ["small", "large and small", "one of many kilometres", "all at one place", "points"])
def test_every_pair_within_reach_is_found_once(kind: str, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near, "_ZONES_IN_A_BAND", 100)
    monkeypatch.setattr(near, "_CANDIDATES_AT_ONCE", 200)
    dice = np.random.default_rng(5)
    sizes, side = {
        "small": (dice.uniform(5, 60, 2_000), 3_000.0),
        "large and small": (10 ** dice.uniform(0, 3.3, 1_000), 8_000.0),
        "one of many kilometres": (np.array([30_000.0] + [10.0] * 800), 30_000.0),
        "all at one place": (np.full(150, 50.0), 1.0),
        "points": (np.zeros(1_000), 800.0),
    }[kind]
    plans, zones = world(sizes, side, dice)

    found = near_zones(Search(plans, zones, REACH_M, 0), Threads(threads), lambda left, right: (left, right))

    pairs = [pair for left, right in found for pair in zip(left.tolist(), right.tolist(), strict=True)]
    assert len(pairs) == len(set(pairs))
    assert set(pairs) >= by_tree(zones)
    assert all(a < b for a, b in pairs)


def test_nothing_is_found_where_there_is_nothing() -> None:
    plans, zones = world(np.array([]), 1.0, np.random.default_rng(5))
    assert near_zones(Search(plans, zones, REACH_M, 0), Threads(), lambda left, right: len(left)) == []
