"""When a zone holds, where that is not the whole period of its plan."""

from datetime import timedelta
from typing import Any

import pytest
import shapely

from meekoppel_contracts.codes import Affected, NuisanceEffect, ZoneRole
from meekoppel_contracts.plan import Nuisance
from meekoppel_hub.coordination.zone_periods import from_text, merged, periods_of, to_text
from meekoppel_hub.platform.clock import to_micros
from meekoppel_hub.testing.plan_events import DAY_ZERO, plan_event, zone

SPOT = shapely.Point(93_000, 463_000)


def nuisance(zone_id: str | None, first: int | None = None, last: int | None = None) -> Nuisance:
    def day(number: int | None) -> Any:
        return None if number is None else DAY_ZERO + timedelta(days=number)

    return Nuisance(who=Affected.CAR, effect=NuisanceEffect.CLOSED, zone_id=zone_id, starts=day(first), ends=day(last))


def days_of(role: ZoneRole, *entries: Nuisance) -> list[tuple[float, float]] | None:
    plan = plan_event("NL.gm0361.a", zones=[zone(SPOT, role, name="z")], days=(0, 30)).plan
    periods = periods_of(plan.zones[0], plan.model_copy(update={"nuisance": entries}))
    if periods is None:
        return None
    day, zero = 86_400_000_000, to_micros(DAY_ZERO)
    return [((start - zero) / day, (end - zero) / day) for start, end in periods]


def test_nuisance_that_comes_back_holds_in_its_own_periods():
    found = days_of(ZoneRole.NUISANCE, nuisance("z", 20, 21), nuisance("z", 2, 3), nuisance("other", 8, 9))
    assert found == [(2, 3), (20, 21)]


def test_an_end_that_is_left_open_is_that_of_the_plan():
    assert days_of(ZoneRole.DETOUR, nuisance("z", 20)) == [(20, 30)]
    assert days_of(ZoneRole.DETOUR, nuisance("z", None, 4)) == [(0, 4)]


@pytest.mark.parametrize("entries", [(), (nuisance("z"),), (nuisance(None, 1, 2),), (nuisance("z", 5, 4),)])
def test_without_dates_that_name_the_zone_it_holds_as_long_as_its_plan(entries: tuple[Nuisance, ...]):
    assert days_of(ZoneRole.NUISANCE, *entries) is None


@pytest.mark.parametrize("role", [ZoneRole.WORK, ZoneRole.SITE, ZoneRole.INDICATIVE])
def test_work_is_done_in_the_period_of_the_plan_whatever_nuisance_says(role: ZoneRole):
    assert days_of(role, nuisance("z", 2, 3)) is None


def test_periods_that_touch_are_one():
    assert merged([(5, 9), (1, 3), (3, 4), (6, 7)]) == ((1, 4), (5, 9))


@pytest.mark.parametrize("periods", [None, ((1, 2),), ((1, 2), (5, 6))])
def test_periods_are_read_back_as_they_were_written(periods: Any):
    assert from_text(to_text(periods)) == periods
