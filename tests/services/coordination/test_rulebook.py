"""Which agreements apply to which plans, by where their zones lie."""

from __future__ import annotations

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, box

from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.coordination.zones import ZoneTable, zone_table
from meekoppel_hub.platform.agreements import national_agreement, rules_to_json
from meekoppel_hub.platform.agreements.in_force import rules_in_force
from tests.services.platform.agreements.test_in_force import FEB, AgreementVersion, AreaVersion

WEST, EAST = box(0, 0, 100, 100), box(100, 0, 200, 100)


def area(name: str, place: shapely.Geometry, margin: float = 0.0) -> AreaVersion:
    return AreaVersion(name, 1, None, None, False, margin, shapely.to_wkb(place), place.bounds)


def agreement(name: str, *areas: str) -> AgreementVersion:
    rules = rules_to_json(national_agreement().model_copy(update={"ruleset": name}))
    return AgreementVersion(name, 1, None, None, False, f"org-{name}", areas, rules, FEB)


def book(areas: list[AreaVersion], *agreements: AgreementVersion) -> Rulebook:
    return Rulebook.of(rules_in_force(areas, agreements, FEB))


def zones(*places: tuple[int, shapely.Geometry]) -> ZoneTable:
    return zone_table([(plan, "work", shapely.to_wkb(place), 0.0, None) for plan, place in places])


def names(rulebook: Rulebook, table: ZoneTable, count: int) -> list[list[str]]:
    applied = rulebook.applying(table, count)
    return [
        [rulebook.agreements[index].ruleset for index in applied.combinations[combination]]
        for combination in applied.of_plan
    ]


TWO = book([area("w", WEST), area("e", EAST)], agreement("west", "w"), agreement("east", "e"))


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (Point(50, 50), ["west"]),
        (Point(150, 50), ["east"]),
        (LineString([(90, 50), (110, 50)]), ["east", "west"]),
        (Point(100, 50), ["east", "west"]),
        (Point(500, 500), ["national"]),
        (box(-50, -50, 300, 300), ["east", "west"]),
    ],
)
def test_a_plan_is_under_the_agreements_of_the_areas_in_which_it_lies(place, expected):
    assert names(TWO, zones((0, place)), 1) == [expected]


def test_a_plan_with_zones_in_two_areas_is_under_both():
    assert names(TWO, zones((0, Point(50, 50)), (0, Point(150, 50)), (1, Point(150, 50))), 2) == [
        ["east", "west"],
        ["east"],
    ]


def test_a_plan_without_zones_is_under_the_default():
    assert names(TWO, zones((1, Point(50, 50))), 3) == [["national"], ["west"], ["national"]]


def test_what_lies_within_the_margin_outside_the_border_counts():
    rules = book([area("w", WEST, margin=10.0)], agreement("west", "w"))
    assert names(rules, zones((0, Point(110, 50)), (1, Point(110.1, 50))), 2) == [["west"], ["national"]]


def test_areas_that_lie_over_one_another_both_count():
    rules = book([area("m", WEST), area("p", box(0, 0, 500, 500))], agreement("m", "m"), agreement("p", "p"))
    assert names(rules, zones((0, Point(50, 50)), (1, Point(300, 300))), 2) == [["m", "p"], ["p"]]


def test_an_agreement_of_several_areas_applies_once():
    rules = book([area("w", WEST), area("e", EAST)], agreement("both", "w", "e"))
    assert names(rules, zones((0, LineString([(90, 50), (110, 50)]))), 1) == [["both"]]


def test_the_default_of_the_hub_takes_the_place_of_the_built_in_one():
    rules = book([area("w", WEST)], agreement("west", "w"), agreement("ours"))
    assert names(rules, zones((0, Point(500, 500))), 1) == [["ours"]]
    assert [origin.authority for origin in rules.origins] == ["org-west", "org-ours"]
    assert Rulebook.of(rules_in_force([], [agreement("ours")], FEB)).agreements[0].ruleset == "ours"


def test_without_areas_the_built_in_one_applies_everywhere():
    assert Rulebook.of(rules_in_force([], [], FEB)).agreements == (national_agreement(),)


def test_the_reach_is_that_of_the_farthest_agreement():
    far = agreement("west", "w")
    rules = national_agreement().model_copy(update={"ruleset": "west", "light_conflict_distance_m": 700.0})
    far = AgreementVersion("west", 1, None, None, False, "o", ("w",), rules_to_json(rules), FEB)
    assert book([area("w", WEST)], far).reach_m == 700.0


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_it_is_what_plain_loops_find(data: st.DataObject):
    steps = st.integers(0, 12).map(lambda step: step * 10.0)
    places = st.builds(lambda x, y, size: box(x, y, x + size, y + size), steps, steps, st.sampled_from([10.0, 40.0]))
    areas = data.draw(st.lists(places, min_size=1, max_size=5))
    plans = data.draw(st.lists(st.lists(places | st.builds(Point, steps, steps), max_size=3), min_size=1, max_size=6))
    rules = book(
        [area(f"a{n}", place) for n, place in enumerate(areas)],
        *(agreement(f"r{n}", f"a{n}") for n in range(len(areas))),
    )
    expected = [
        [f"r{n}" for n, place in enumerate(areas) if any(place.intersects(zone) for zone in plan)] or ["national"]
        for plan in plans
    ]
    table = zones(*((plan, zone) for plan, its in enumerate(plans) for zone in its))
    assert names(rules, table, len(plans)) == expected
