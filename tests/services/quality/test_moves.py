"""How far dates moved, and how late that was said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from meekoppel_hub.quality.moves import Move, TimeToStart, move_between, time_to_start
from meekoppel_hub.quality.stability import Stability, summarise

START = datetime(2027, 3, 1, tzinfo=UTC)


def plan(first: float = 0, last: float = 30, precision: str = "day") -> dict[str, Any]:
    ends = {"earliest_start": START + timedelta(days=first), "latest_end": START + timedelta(days=last)}
    return {"period": {**ends, "precision": precision}}


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (-1, TimeToStart.BEGUN),
        (0, TimeToStart.BEGUN),
        (30, TimeToStart.WITHIN_1_MONTH),
        (31, TimeToStart.WITHIN_3_MONTHS),
        (183, TimeToStart.WITHIN_6_MONTHS),
        (365, TimeToStart.WITHIN_12_MONTHS),
        (366, TimeToStart.BEYOND),
    ],
)
def test_the_time_to_the_start_is_told_in_steps(days: int, expected: TimeToStart) -> None:
    assert time_to_start(START, START - timedelta(days=days)) is expected


def test_starts_and_ends_move_earlier_and_later() -> None:
    move = move_between(plan(), plan(first=-7, last=44), START - timedelta(days=100))

    assert (move.start_days, move.end_days, move.told) == (-7, 14, TimeToStart.WITHIN_6_MONTHS)
    assert (move.moved, move.farthest_days) == (True, 14)


def test_the_time_to_the_start_goes_by_the_start_that_was_known_before() -> None:
    assert (
        move_between(plan(), plan(first=300, last=330), START - timedelta(days=10)).told is TimeToStart.WITHIN_1_MONTH
    )


def test_less_than_a_day_is_no_move() -> None:
    assert not move_between(plan(), plan(first=0.9, last=30 - 1 / 24), START).moved


def test_dates_that_become_more_precise_within_the_window_have_not_moved() -> None:
    rough, fine, outside = plan(0, 91, "quarter"), plan(14, 60, "week"), plan(14, 120, "week")

    assert move_between(rough, fine, START) == Move(0, 0, TimeToStart.BEGUN, sharpened=True)
    assert move_between(rough, outside, START).end_days == 29
    assert move_between(fine, plan(20, 50, "week"), START).start_days == 6, "as precise as before: it moved"


def test_moves_are_counted_by_direction_and_distance() -> None:
    counted = Stability()
    for start, end in ((-7, 0), (8, 31), (200, -92), (0, 0)):
        counted.take(Move(start, end, TimeToStart.BEYOND))

    assert (counted.changes, counted.starts_earlier, counted.starts_later) == (4, 1, 2)
    assert (counted.start_days_earlier, counted.start_days_later) == (7, 208)
    assert (counted.start_7, counted.start_30, counted.start_91, counted.start_183, counted.start_more) == (
        1,
        1,
        0,
        0,
        1,
    )
    assert (counted.end_91, counted.end_183, counted.late) == (1, 1, 0)


def test_what_moves_within_a_month_of_the_start_is_late() -> None:
    counted = Stability()
    counted.take(Move(5, 0, TimeToStart.WITHIN_1_MONTH))
    counted.take(Move(0, 5, TimeToStart.BEGUN))
    counted.take(Move(0, 0, TimeToStart.BEGUN))

    assert counted.late == 2


def test_rows_add_up_by_any_of_their_columns_with_shares_and_means() -> None:
    rows = []
    for phase, start in (("design", 10), ("design", 0), ("execution", -20)):
        figures = Stability(plans=2)
        figures.take(Move(start, 0, TimeToStart.BEYOND))
        rows.append({"phase": phase, **{name: getattr(figures, name) for name in Stability.__dataclass_fields__}})

    design, execution = summarise(rows, ["phase"])
    assert (design["phase"], design["plans"], design["starts_later"]) == ("design", 4, 1)
    assert (design["share_starts_moved"], design["mean_start_days"]) == (0.25, 10.0)
    assert (execution["mean_start_days"], execution["mean_end_days"]) == (20.0, None)
    (all_of_it,) = summarise(rows, [])
    assert all_of_it["changes"] == 3
