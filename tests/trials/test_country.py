from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trials.country import COUNTRIES, DAYS, HOURS, Hub, arrivals, simulate, waiting


def one_by_one(arriving: list[int], capacity: int) -> list[float]:
    queue, waits = 0.0, []
    for count in arriving:
        queue = max(0.0, queue + count - capacity)
        waits.append(queue)
    return waits


@given(st.lists(st.integers(0, 50), max_size=60), st.integers(1, 30))
def test_what_waits_is_what_a_queue_step_by_step_gives(arriving, capacity):
    assert waiting(np.array(arriving, dtype=float), capacity).tolist() == one_by_one(arriving, capacity)


def test_a_year_has_the_changes_that_it_was_given():
    country = COUNTRIES["england"]
    daily, bulk = arrivals(country, Hub())
    assert daily.sum() == pytest.approx(country.events, rel=0.01)
    assert country.bulks * country.smallest_bulk <= bulk.sum() <= country.bulks * country.largest_bulk
    assert len(daily) == len(bulk) == DAYS * 8640
    assert HOURS.sum() == pytest.approx(1)


def test_a_hub_that_is_too_slow_never_catches_up():
    country = COUNTRIES["england"]
    slow = simulate(country, Hub(fold_rate=0.5, intake_rate=10_000))
    assert slow["busy_share"] > 1
    assert slow["late_max_s"] > 30 * 24 * 3600


def test_more_workers_wait_less():
    country = replace(COUNTRIES["england"], bulks=500)
    one, four = (simulate(country, Hub(intake_rate=1_000, workers=count)) for count in (1, 4))
    assert four["late_max_s"] < one["late_max_s"]
    assert four["longest_backlog_min"] < one["longest_backlog_min"]
