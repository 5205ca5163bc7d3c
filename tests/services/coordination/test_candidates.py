"""The index in memory finds all that may meet, whatever was put in, moved and taken out before."""

from __future__ import annotations

import random
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from meekoppel_contracts.ids import PlanId
from meekoppel_hub.coordination.candidates import CandidateIndex, IndexedPlan, IndexedZone
from meekoppel_hub.coordination.grid import Grid
from meekoppel_hub.coordination.windows import DAY_US
from meekoppel_hub.coordination.zones import ROLE_CODES, ROLES


def related_roles(pairs: list[tuple[str, str]]) -> Any:
    table = np.zeros((len(ROLES), len(ROLES)), dtype=bool)
    for one, other in pairs:
        table[ROLE_CODES[one], ROLE_CODES[other]] = table[ROLE_CODES[other], ROLE_CODES[one]] = True
    return table


RELATED = related_roles([("work", "work"), ("work", "detour"), ("work", "moratorium")])
OWN_TOO = related_roles([("work", "moratorium")])


def index() -> CandidateIndex:
    return CandidateIndex(RELATED, OWN_TOO)


def plan(
    name: str,
    x: float,
    *,
    role: str = "work",
    owner: str | None = None,
    days: tuple[int, int] = (0, 10),
    side: float = 10,
) -> IndexedPlan:
    box = (x, 0.0, x + side, side)
    zones = [IndexedZone(role, box, days[0] * DAY_US, days[1] * DAY_US)]
    return IndexedPlan(PlanId(name), 1, owner or name, 7, zones)


def near(of: CandidateIndex, *names: str, reach_m: float = 0, tolerance_days: int = 0) -> list[tuple[str, str]]:
    return list(of.near([PlanId(name) for name in names], reach_m, tolerance_days))


def test_what_lies_within_the_reach_is_found_and_no_more():
    found = index()
    found.put([plan("a", 0), plan("b", 15), plan("c", 16)])
    assert near(found, "a", reach_m=5) == [("a", "b")]
    assert near(found, "a", reach_m=6) == [("a", "b"), ("a", "c")]


def test_windows_may_lie_as_far_apart_as_is_tolerated():
    found = index()
    found.put([plan("a", 0, days=(0, 10)), plan("b", 0, days=(15, 20))])
    assert near(found, "b", tolerance_days=4) == []
    assert near(found, "b", tolerance_days=5) == [("a", "b")]


def test_only_roles_that_have_to_do_with_one_another_are_paired():
    found = index()
    found.put([plan("a", 0), plan("d", 0, role="detour"), plan("e", 0, role="detour"), plan("s", 0, role="site")])
    assert near(found, "d") == [("a", "d")]
    assert near(found, "s") == []


def test_plans_of_one_owner_are_paired_only_where_their_roles_say_so():
    found = index()
    found.put([plan("a", 0, owner="x"), plan("b", 0, owner="x"), plan("m", 0, owner="x", role="moratorium")])
    assert near(found, "a") == [("a", "m")]


def test_a_plan_that_is_put_again_lies_only_where_it_lies_now():
    found = index()
    found.put([plan("a", 0), plan("b", 1_000)])
    found.put([plan("a", 1_000)])
    assert near(found, "a") == [("a", "b")]
    found.put([plan("a", 0)])
    assert near(found, "a", "b") == []


def test_a_plan_that_keeps_its_zones_stays_where_it_is_and_takes_its_new_window():
    found = index()
    found.put([plan("a", 0), plan("b", 0)])
    found.put_dates([(PlanId("a"), 2, "a", 20 * DAY_US, 30 * DAY_US)])
    assert near(found, "a") == []
    assert near(found, "a", tolerance_days=10) == [("a", "b")]
    assert (found.version_of(PlanId("a")), found.zones_hash_of(PlanId("a"))) == (2, 7)


def test_what_is_taken_out_is_found_no_more_and_its_place_serves_another():
    found = index()
    found.put([plan("a", 0), plan("b", 0)])
    found.remove([PlanId("b"), PlanId("never-there")])
    assert near(found, "a", "b") == []
    assert found.version_of(PlanId("b")) is None
    found.put([plan("c", 0)])
    assert near(found, "a", "c") == [("a", "c")]


@pytest.mark.parametrize("seed", range(4))
def test_after_any_history_it_finds_what_plain_loops_find(seed: int):
    """Plans of all sizes, some of many kilometres, come, move and go: enough of them to sort the grid anew."""
    dice = random.Random(seed)
    found, there = index(), dict[str, IndexedPlan]()

    def draw(name: str) -> IndexedPlan:
        zones = []
        for _ in range(dice.choice([1, 1, 1, 2, 3])):
            x, y = dice.uniform(-3_000, 3_000), dice.uniform(-3_000, 3_000)
            side = dice.choice([0.25, 5, 30, 127, 128, 129, 900, 40_000 if dice.random() < 0.02 else 10])
            start = dice.randrange(40) * DAY_US
            role = dice.choice(["work", "work", "detour", "moratorium", "nuisance"])
            zones.append(IndexedZone(role, (x, y, x + side, y + side / 2), start, start + 5 * DAY_US))
        return IndexedPlan(PlanId(name), 1, dice.choice("xyz"), dice.getrandbits(60), zones)

    for size in (6_000, 300, 300, 300):
        batch = {name: draw(name) for name in (str(dice.randrange(6_000)) for _ in range(size))}
        found.put(batch.values())
        there |= batch
        gone = [name for name in dice.sample(sorted(there), 50) if name not in batch]
        found.remove(PlanId(name) for name in gone)
        for name in gone:
            del there[name]
    asked = dice.sample(sorted(there), 40)
    assert set(near(found, *asked, reach_m=25, tolerance_days=3)) == by_loops(there, asked, 25, 3 * DAY_US)
    assert len(found) == len(there)


def by_loops(plans: dict[str, IndexedPlan], asked: list[str], reach: float, tolerance: int) -> set[tuple[str, str]]:
    pairs = set()
    for one in (plans[name] for name in asked):
        for other in plans.values():
            if other is not one and any(
                may(p, q, one, other, reach, tolerance) for p in one.zones for q in other.zones
            ):
                pairs.add(tuple(sorted((one.plan_id, other.plan_id))))
    return pairs


def may(p: IndexedZone, q: IndexedZone, one: IndexedPlan, other: IndexedPlan, reach: float, tolerance: int) -> bool:
    roles = {p.role, q.role}
    related = "work" in roles and roles <= {"work", "detour", "moratorium"}
    owners = one.owner != other.owner or roles == {"work", "moratorium"}
    in_time = p.from_us - q.until_us <= tolerance and q.from_us - p.until_us <= tolerance
    assert p.box is not None
    assert q.box is not None
    apart = (
        p.box[0] - reach > q.box[2] or q.box[0] > p.box[2] + reach
        or p.box[1] - reach > q.box[3] or q.box[1] > p.box[3] + reach
    )  # fmt: skip
    return related and owners and in_time and not apart


@pytest.mark.parametrize("count", [0, 1, 5, 3_000])
def test_a_grid_misses_no_box_that_touches(count: int):
    dice = np.random.default_rng(count)
    corner = dice.uniform(-5_000, 5_000, (count, 2))
    boxes = np.hstack([corner, corner + dice.choice([0, 1, 50, 128, 4_000], (count, 1))])
    asked = boxes[: min(count, 60)] + np.array([-10, -10, 10, 10])
    rows, slots = Grid(np.arange(count), boxes).near(asked)
    candidates = set(zip(rows.tolist(), slots.tolist(), strict=True))
    for row, slot in combinations(range(count), 2):
        if row < len(asked) and (asked[row, :2] <= boxes[slot, 2:]).all() and (boxes[slot, :2] <= asked[row, 2:]).all():
            assert (row, slot) in candidates
