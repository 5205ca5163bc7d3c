"""The points of a plan for each part of the score."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from meekoppel_contracts.codec import encode_plan_event
from meekoppel_contracts.codes import Accuracy, QualityPart, Status, ZoneRole
from meekoppel_contracts.testing import example_event, example_plan, example_zone
from meekoppel_hub.quality import points
from meekoppel_hub.quality.moves import Move, TimeToStart
from meekoppel_hub.quality.score import WEIGHTS, Figures
from meekoppel_hub.reading.stored import read_stored

AT = datetime(2026, 3, 2, tzinfo=UTC)


def values(**changes: Any) -> dict[str, Any]:
    event = example_event(plan=example_plan(**changes), occurred_at=None, recorded_at=AT)
    return read_stored(encode_plan_event(event)).values


def plan(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = values(**changes)["plan"]
    return found


def starting(days: float, precision: str = "day", accuracy: str = "design") -> dict[str, Any]:
    period = {**plan()["period"], "earliest_start": AT + timedelta(days=days), "precision": precision}
    zone = {**plan()["zones"][0], "accuracy": accuracy, "role": "work"}
    return {**plan(), "period": period, "zones": [zone]}


def test_the_weights_of_fields_and_parts_add_up_to_a_hundred() -> None:
    assert sum(points.COMPLETENESS.values()) == 100
    assert sum(WEIGHTS.values()) == 100


def test_a_plan_with_everything_in_it_is_complete_and_one_with_the_least_is_not() -> None:
    bare = {**plan(), "disciplines": [], "work_types": [], "contact": None, "excavation": None, "cooperation": None}
    bare |= {"phase": "unknown", "certainty": "unknown", "description": None, "source_refs": [], "confirmed_at": None}
    shifts = dict.fromkeys(("can_shift_earlier_days", "can_shift_later_days", "duration_days"))

    assert points.completeness(plan()) >= 95
    assert points.completeness({**bare, "period": {**bare["period"], **shifts}}) == 0


def test_what_does_not_dig_needs_no_size_of_excavation() -> None:
    sizes = {"area_m2": None, "trench_length_m": None, "depth_m": None, "trenchless": None}
    digs, rests = ({**plan(), "excavation": {"digs": digs, **sizes}} for digs in (True, False))

    assert points.completeness(rests) - points.completeness(digs) == points.COMPLETENESS["excavation_size"]


@pytest.mark.parametrize(
    ("days", "precision", "accuracy", "expected"),
    [
        (30, "week", "street", 100),
        (30, "month", "street", 87.5),
        (30, "year", "indicative", (25 + 20) / 2),
        (300, "month", "street", 100),
        (1500, "year", "neighbourhood", 100),
        (1500, "unknown", "indicative", (75 + 60) / 2),
        (-5, "day", "surveyed", 100),
    ],
)
def test_precision_is_judged_by_what_the_time_to_the_start_asks(
    days: int, precision: str, accuracy: str, expected: float
) -> None:
    assert points.precision(starting(days, precision, accuracy), AT) == expected


def test_the_least_accurate_zone_in_which_work_is_done_counts() -> None:
    zones = [
        example_zone(zone_id="1", role=ZoneRole.WORK, accuracy=Accuracy.SURVEYED),
        example_zone(zone_id="2", role=ZoneRole.NUISANCE, accuracy=Accuracy.INDICATIVE),
    ]
    soon = starting(30)["period"]

    assert points.precision({**plan(zones=tuple(zones)), "period": soon}, AT) == 100


@pytest.mark.parametrize(("silent_days", "expected"), [(0, 100), (91, 100), (228, 50), (365, 0), (1000, 0)])
def test_freshness_fades_between_three_and_twelve_months(silent_days: int, expected: float) -> None:
    held = values(confirmed_at=AT - timedelta(days=silent_days))

    assert points.freshness(held, AT) == pytest.approx(expected)


def test_what_is_overdue_has_no_freshness_however_new_it_is() -> None:
    period = {**plan()["period"], "earliest_start": AT - timedelta(days=9), "latest_end": AT - timedelta(days=1)}
    overdue = {**values(confirmed_at=AT), "plan": {**plan(), "period": period}}

    assert points.freshness(overdue, AT) == 0
    ended = {**overdue, "plan": {**overdue["plan"], "status": Status.COMPLETED.value, "confirmed_at": AT}}
    assert points.freshness(ended, AT) == 100


def test_a_plan_is_heard_of_when_confirmed_or_changed_at_the_source_else_when_recorded() -> None:
    confirmed, occurred = AT - timedelta(days=50), AT - timedelta(days=20)

    assert points.heard_at(values(confirmed_at=None)) == AT
    assert points.heard_at(values(confirmed_at=confirmed)) == confirmed
    assert points.heard_at({**values(confirmed_at=confirmed), "occurred_at": occurred}) == occurred


@pytest.mark.parametrize(
    ("days", "told", "expected"),
    [
        (91, TimeToStart.BEGUN, 1.0),
        (400, TimeToStart.WITHIN_1_MONTH, 1.0),
        (91, TimeToStart.WITHIN_3_MONTHS, 0.7),
        (-91, TimeToStart.WITHIN_12_MONTHS, 0.2),
        (91, TimeToStart.BEYOND, 0.0),
        (9.1, TimeToStart.BEGUN, 0.1),
        (0, TimeToStart.BEGUN, 0.0),
    ],
)
def test_a_move_costs_by_how_far_it_went_and_how_late_it_was_said(
    days: float, told: TimeToStart, expected: float
) -> None:
    assert points.penalty(Move(days, 0, told)) == pytest.approx(expected)  # type: ignore[arg-type]


def figures(**counts: Any) -> Figures:
    made = Figures(live_plans=10, **counts)
    for part in made.points:
        made.points[part] = 800.0
    return made


def validity(of: Figures) -> float | None:
    return next(one.points for one in of.parts() if one.part is QualityPart.VALIDITY)


def test_the_score_is_the_weighted_mean_of_its_parts() -> None:
    assert figures(events=5, rejections=0).score() == round((80 * 85 + 100 * 15) / 100)


def test_without_live_plans_there_is_no_score() -> None:
    assert Figures(events=3, rejections=1).score() is None


def test_validity_falls_with_rejections_vanishing_and_repairs() -> None:
    assert validity(figures(events=100, rejections=0)) == 100
    assert validity(figures(events=90, rejections=10)) == 75, "one in ten is half of the worst, which weighs a half"
    assert validity(figures(events=50, rejections=50)) == 50
    assert validity(figures(events=1, rejections=0, repaired=5)) == 90
    assert validity(figures(events=1, rejections=0, vanished=10)) == 70


def test_where_rejections_are_not_known_the_rest_counts_for_all() -> None:
    assert validity(figures(events=1, repaired=10)) == 60
