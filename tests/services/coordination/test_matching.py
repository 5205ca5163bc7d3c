"""The rules by which plans meet, at their boundaries."""

from typing import Any

import pytest
import shapely
from shapely import LineString, MultiPolygon, Point, box

from meekoppel_contracts.codes import Certainty, Discipline, OverlapKind, PlanEventType, Severity, Status, ZoneRole
from meekoppel_contracts.events import PlanEvent
from meekoppel_hub.coordination.explanation import explain
from meekoppel_hub.coordination.meeting import Meeting
from meekoppel_hub.coordination.phrases import ENGLISH
from meekoppel_hub.coordination.rebuild import match_events
from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.platform.agreements import Agreement, OpportunityRules, national_agreement
from meekoppel_hub.testing.plan_events import plan_event, zone

HEAVY, LIGHT, OPPORTUNITY = OverlapKind.CONFLICT_HEAVY, OverlapKind.CONFLICT_LIGHT, OverlapKind.OPPORTUNITY
X, Y = 93_000.0, 463_000.0
WATER, GAS, ROAD, SEWER = Discipline.DRINKING_WATER, Discipline.GAS_LOW, Discipline.ROAD, Discipline.GRAVITY_SEWER


def square(east: float = 0, north: float = 0, side: float = 10) -> shapely.Polygon:
    return box(X + east, Y + north, X + east + side, Y + north + side)


def agreed(**changes: Any) -> Agreement:
    """The national agreement with opportunities within 50 m and 90 days, whatever it says itself, and these changes."""
    return national_agreement().model_copy(update={"opportunity": opportunities(50.0, 90)} | changes)


def opportunities(distance_m: float, days: int) -> OpportunityRules:
    changes = {"distance_m": distance_m, "time_tolerance_days": days}
    return national_agreement().opportunity.model_copy(update=changes)


NOTHING_NEAR = agreed(opportunity=opportunities(0.0, 0))


def a(**about: Any) -> PlanEvent:
    return plan_event("NL.gm0361.a", **about)


def b(**about: Any) -> PlanEvent:
    return plan_event("NL.liander.b", **about)


def meet(*events: PlanEvent, rules: Agreement | None = None) -> Meeting | None:
    found = match_events(events, Rulebook.everywhere(rules or agreed()))
    assert len(found) <= 1
    return found[0] if found else None


def kind(*events: PlanEvent, rules: Agreement | None = None) -> OverlapKind | None:
    found = meet(*events, rules=rules)
    return found.kind if found else None


def test_firm_plans_that_intersect_in_place_and_time_are_a_heavy_conflict():
    found = meet(a(zones=[zone(square())]), b(zones=[zone(square(5, 5))], days=(5, 20)))
    assert found is not None
    assert (found.kind, found.severity) == (HEAVY, Severity.HIGH)
    assert (found.area_m2, found.distance_m) == (25.0, 0.0)
    assert (found.overlap_days, found.gap_days, found.score) == (6, 0, None)
    assert square().intersection(square(5, 5)).contains(shapely.from_wkb(found.location))
    assert explain(found, ENGLISH) == (
        "Both work here; 25 m² in common; 6 days in the same period; liander starts 5 days after gm0361; both are firm."
    )


def test_plans_of_one_initiator_never_pair():
    assert meet(a(initiator="liander"), b()) is None


@pytest.mark.parametrize("certainty", [Certainty.IDEA, Certainty.POSSIBLE, Certainty.PROBABLE, Certainty.UNKNOWN])
def test_a_plan_that_is_not_firm_makes_the_conflict_light(certainty: Certainty):
    found = meet(a(certainty=certainty), b())
    assert found is not None
    assert (found.kind, found.severity) == (LIGHT, Severity.MEDIUM)
    assert "gm0361 is not firm" in explain(found, ENGLISH)


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.CANCELLED, Status.NOT_EXECUTED])
def test_a_plan_that_ended_meets_nobody(status: Status):
    assert meet(a(status=status), b()) is None


def test_a_plan_that_was_withdrawn_meets_nobody():
    assert meet(a(type=PlanEventType.WITHDRAWN), b()) is None


def test_zones_that_touch_meet():
    found = meet(a(zones=[zone(square())]), b(zones=[zone(square(10))]))
    assert found is not None
    assert (found.kind, found.area_m2, found.distance_m) == (HEAVY, 0.0, 0.0)
    assert "the zones touch" in explain(found, ENGLISH)


def test_zones_a_millimetre_apart_do_not_touch():
    assert kind(a(zones=[zone(square())]), b(zones=[zone(square(10.001))]), rules=NOTHING_NEAR) is None


@pytest.mark.parametrize(("days", "expected"), [((10, 20), HEAVY), ((11, 20), OPPORTUNITY)])
def test_periods_that_share_their_last_moment_overlap(days: tuple[int, int], expected: OverlapKind):
    assert kind(a(days=(0, 10)), b(days=days)) is expected


def test_zones_that_meet_through_buffers_only_are_a_light_conflict():
    near = a(zones=[zone(square(), buffer_m=3)])
    assert kind(near, b(zones=[zone(square(15), buffer_m=2)])) is LIGHT
    assert kind(near, b(zones=[zone(square(15), buffer_m=1.99)]), rules=NOTHING_NEAR) is None
    found = meet(near, b(zones=[zone(square(15), buffer_m=2)]))
    assert found is not None
    assert (found.area_m2, found.distance_m) == (0.0, 5.0)
    assert "5 m apart, within the buffers" in explain(found, ENGLISH)


def test_plans_at_exactly_the_light_distance_conflict_and_just_beyond_do_not():
    rules = agreed(light_conflict_distance_m=500)
    assert kind(a(zones=[zone(square())]), b(zones=[zone(square(510))]), rules=rules) is LIGHT
    assert kind(a(zones=[zone(square())]), b(zones=[zone(square(510.001))]), rules=rules) is None


def test_the_light_distance_needs_overlapping_periods():
    rules = agreed(light_conflict_distance_m=500)
    assert kind(a(zones=[zone(square())]), b(zones=[zone(square(400))], days=(11, 20)), rules=rules) is None


@pytest.mark.parametrize(("apart", "meets"), [(0.25, True), (0.2501, False)])
def test_points_are_a_quarter_metre_wide(apart: float, meets: bool):
    found = meet(a(zones=[zone(Point(X, Y))]), b(zones=[zone(Point(X + apart, Y))]), rules=NOTHING_NEAR)
    assert (found is not None) is meets


@pytest.mark.parametrize(("apart", "meets"), [(0.125, True), (0.1251, False)])
def test_a_line_beside_a_surface_has_half_its_width(apart: float, meets: bool):
    line = LineString([(X + 10 + apart, Y - 5), (X + 10 + apart, Y + 20)])
    found = meet(a(zones=[zone(square())]), b(zones=[zone(line)]), rules=NOTHING_NEAR)
    assert (found is not None) is meets


def test_crossing_lines_share_the_square_of_their_width():
    across = LineString([(X - 5, Y), (X + 5, Y)])
    along = LineString([(X, Y - 5), (X, Y + 5)])
    found = meet(a(zones=[zone(across)]), b(zones=[zone(along)]))
    assert found is not None
    assert found.area_m2 == pytest.approx(0.1, abs=0.051)
    assert shapely.from_wkb(found.location).distance(Point(X, Y)) < 0.2


def test_area_that_several_zones_cover_counts_once():
    twice = [zone(square(), name="1"), zone(square(), name="2")]
    found = meet(a(zones=twice), b(zones=[zone(square(5))]))
    assert found is not None
    assert found.area_m2 == 50.0


def test_the_nearest_of_several_zones_decides():
    rules = agreed(light_conflict_distance_m=100)
    far_and_near = [zone(square(1000), name="far"), zone(square(60), name="near")]
    found = meet(a(zones=far_and_near), b(zones=[zone(square())]), rules=rules)
    assert found is not None
    assert found.distance_m == 50.0


def test_an_indicative_zone_makes_no_heavy_conflict():
    assert kind(a(zones=[zone(square(), ZoneRole.INDICATIVE)]), b()) is LIGHT


def test_a_site_conflicts_as_work_does():
    assert kind(a(zones=[zone(square(), ZoneRole.SITE)]), b()) is HEAVY


@pytest.mark.parametrize(("east", "expected"), [(60, OPPORTUNITY), (60.001, None)])
def test_an_opportunity_lies_within_the_distance(east: float, expected: OverlapKind | None):
    assert kind(a(zones=[zone(square())]), b(zones=[zone(square(east))])) is expected


@pytest.mark.parametrize(("first_day", "expected"), [(100, OPPORTUNITY), (101, None)])
def test_an_opportunity_lies_within_the_time_tolerance(first_day: int, expected: OverlapKind | None):
    assert kind(a(days=(0, 10)), b(days=(first_day, 200))) is expected


@pytest.mark.parametrize("shifts", [("later", (None, 30), (None, None)), ("earlier", (None, None), (30, None))])
def test_a_shift_that_one_allows_makes_an_opportunity(shifts: tuple[str, Any, Any]):
    way, mine, its = shifts
    found = meet(a(days=(0, 10), shift=mine), b(days=(130, 140), shift=its))
    assert found is not None
    assert (found.kind, found.gap_days) == (OPPORTUNITY, 120)
    assert f"can move 30 days {way}" in explain(found, ENGLISH)


def test_only_one_of_two_plans_shifts():
    assert kind(a(days=(0, 10), shift=(None, 20)), b(days=(130, 140), shift=(20, None))) is None


def test_a_shift_the_wrong_way_does_not_help():
    assert kind(a(days=(0, 10), shift=(60, None)), b(days=(130, 140), shift=(None, 60))) is None


def test_a_near_plan_that_fits_well_scores_higher():
    def score(second: PlanEvent, first: PlanEvent) -> int:
        found = meet(first, second)
        assert found is not None
        assert found.score is not None
        assert 0 <= found.score <= 100
        return found.score

    mine = a(zones=[zone(square())], disciplines=[WATER])
    base = score(b(zones=[zone(square(40))], days=(40, 50), disciplines=[WATER]), mine)
    assert score(b(zones=[zone(square(20))], days=(40, 50), disciplines=[WATER]), mine) > base
    assert score(b(zones=[zone(square(40))], days=(20, 50), disciplines=[WATER]), mine) > base
    assert score(b(zones=[zone(square(40))], days=(40, 50), disciplines=[GAS]), mine) > base
    assert score(b(zones=[zone(square(40))], days=(40, 50), disciplines=[WATER], cooperates=True), mine) > base


def test_sewer_before_paving_scores_higher_than_paving_before_sewer():
    def score(first_days: tuple[int, int], second_days: tuple[int, int]) -> Meeting:
        far = [zone(square(30))]
        found = meet(a(disciplines=[SEWER], days=first_days), b(disciplines=[ROAD], days=second_days, zones=far))
        assert found is not None
        assert found.score is not None
        return found

    good, bad = score((0, 10), (20, 30)), score((20, 30), (0, 10))
    assert (good.score or 0) > (bad.score or 0)
    assert "gravity sewer goes before road" in explain(good, ENGLISH)
    assert "gravity sewer should go before road" in explain(bad, ENGLISH)


def test_the_order_in_which_plans_are_given_changes_nothing():
    one, other = a(zones=[zone(square())]), b(zones=[zone(square(30))], days=(30, 40), shift=(5, 6))
    assert meet(one, other) == meet(other, one)


def test_an_invalid_surface_is_matched_as_what_it_encloses():
    bow_tie = shapely.Polygon([(X, Y), (X + 10, Y + 10), (X + 10, Y), (X, Y + 10)])
    assert kind(a(zones=[zone(bow_tie)]), b(zones=[zone(square(8, 4, 1))])) is HEAVY


def test_a_collection_is_matched_by_all_its_parts():
    mixed = shapely.GeometryCollection([square(500), LineString([(X + 5, Y - 5), (X + 5, Y + 20)])])
    assert kind(a(zones=[zone(mixed)]), b(zones=[zone(square())])) is HEAVY


def test_a_multipolygon_is_matched_by_all_its_parts():
    parts = MultiPolygon([square(500), square(5)])
    found = meet(a(zones=[zone(parts)]), b(zones=[zone(square())]))
    assert found is not None
    assert found.area_m2 == 50.0
