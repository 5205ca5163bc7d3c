"""Matching finds what plain loops find, whatever plans look like: kinds, measures, days, scores."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meekoppel_contracts.codes import OverlapKind
from meekoppel_hub.coordination.meeting import Meeting
from meekoppel_hub.coordination.rebuild import match_events
from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.platform.agreements import Agreement, national_agreement
from tests.services.coordination import plain_loops, small_world
from tests.services.coordination.plain_loops import Found


def agreed(light_m: float, distance_m: float, days: int) -> Agreement:
    """The national agreement with other distances."""
    opportunity = national_agreement().opportunity
    return national_agreement().model_copy(
        update={
            "light_conflict_distance_m": light_m,
            "opportunity": opportunity.model_copy(update={"distance_m": distance_m, "time_tolerance_days": days}),
        }
    )


RULES = [agreed(20.0, 30.0, 5), agreed(0.0, 30.0, 5), agreed(0.0, 0.0, 0), agreed(5.0, 12.5, 100)]


def assert_equal(found: Meeting, expected: Found) -> None:
    assert (found.kind, found.severity) == (expected.kind, expected.severity)
    assert found.area_m2 == pytest.approx(expected.area_m2, abs=0.051)
    assert found.distance_m == pytest.approx(expected.distance_m, abs=0.0051)
    assert (found.overlap_days, found.gap_days) == (expected.overlap_days, expected.gap_days)
    assert (found.score is None) == (found.kind is not OverlapKind.OPPORTUNITY) == (expected.score is None)
    if expected.score is not None:
        points = [part.points for part in found.parts]
        # A part that lies exactly between two points may fall to either side by the last bit.
        assert points == [pytest.approx(part, abs=0.5001) for part in expected.parts]
        weights = [part.weight for part in found.parts]
        mean = sum(w * p for w, p in zip(weights, points, strict=True)) / sum(weights)
        assert found.score == pytest.approx(mean, abs=0.5001)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_what_is_found_at_once_is_what_plain_loops_find(data: st.DataObject) -> None:
    events = list(plain_loops.newest(data.draw(small_world.histories())).values())
    ids = [event.plan.plan_id for event in events]
    rests = [data.draw(small_world.moratoria(number, ids)) for number in range(data.draw(st.integers(0, 2)))]
    rules = RULES[data.draw(st.integers(0, 3))]

    found = match_events(data.draw(st.permutations(events)), Rulebook.everywhere(rules), rests)
    expected = plain_loops.all_meetings(events, rules, rests)

    assert {(one.first.plan_id, one.second.plan_id) for one in found} == set(expected)
    for meeting in found:
        assert_equal(meeting, expected[meeting.first.plan_id, meeting.second.plan_id])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_of_two_agreements_the_heavier_verdict_wins_and_both_are_named(data: st.DataObject) -> None:
    events = list(plain_loops.newest(data.draw(small_world.histories())).values())
    one, other = RULES[0], RULES[2].model_copy(update={"ruleset": "other"})
    found = match_events(events, Rulebook((one, other)))
    by_one, by_other = (plain_loops.all_meetings(events, rules) for rules in (one, other))

    assert {(each.first.plan_id, each.second.plan_id) for each in found} == set(by_one) | set(by_other)
    for meeting in found:
        ids = (meeting.first.plan_id, meeting.second.plan_id)
        heaviest = max((verdicts[ids] for verdicts in (by_one, by_other) if ids in verdicts), key=weight)
        assert (meeting.kind, meeting.severity) == (heaviest.kind, heaviest.severity)
        assert meeting.rulesets == (one.identity, other.identity)


def weight(found: Found) -> tuple[int, int, float]:
    kinds = [OverlapKind.OPPORTUNITY, OverlapKind.DETOUR_HIT, OverlapKind.CONFLICT_LIGHT, OverlapKind.CONFLICT_HEAVY]
    severities = ["low", "medium", "high"]
    # A detour that is hit for certain weighs more than a light conflict, which weighs more than one that may be hit.
    certain = found.kind is OverlapKind.DETOUR_HIT and found.severity is national_agreement().severity.detour_hit
    place = 2.5 if certain else kinds.index(found.kind)
    return math.floor(place * 2), severities.index(found.severity.value), found.score or 0.0
