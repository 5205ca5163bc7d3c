"""When nuisance and detours hold, and for how long others work meanwhile.

A zone holds in its own periods (nuisance that comes back) as far as they lie within the window of its plan, else
throughout that window. Its own periods are certain; a window is so between the latest start and the earliest end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meekoppel_hub.coordination.plan_table import Flags, PlanTable
from meekoppel_hub.coordination.windows import DAY_US, Micros, fit
from meekoppel_hub.coordination.zone_pairs import ZonePairs
from meekoppel_hub.coordination.zones import Periods, ZoneTable


@dataclass(frozen=True, slots=True)
class Holding:
    """How the periods of pairs of zones lie to one another; one element per pair of zones.

    Attributes:
        days: stretches of 24 hours in which both hold, a begun one included, per interval; 0 for none.
        sure: whether both hold at the same time for certain.
    """

    days: Micros
    sure: Flags


def holding(plans: PlanTable, zones: ZoneTable, pairs: ZonePairs) -> Holding:
    """Compare when the zones of pairs hold."""
    time = fit(plans.windows, zones.plan[pairs.left], zones.plan[pairs.right])
    days, sure = time.overlap_days.copy(), time.sure.copy()
    for index in np.nonzero(_recurring(zones, pairs.left) | _recurring(zones, pairs.right))[0]:
        left, right = int(pairs.left[index]), int(pairs.right[index])
        shared = _shared(_held(plans, zones, left), _held(plans, zones, right))
        days[index] = sum((end - start) // DAY_US + 1 for start, end in shared)
        sure[index] = bool(_shared(_certain(plans, zones, left), _certain(plans, zones, right)))
    return Holding(days, sure)


def _recurring(zones: ZoneTable, chosen: NDArray[np.int64]) -> Flags:
    return np.array([periods is not None for periods in zones.periods[chosen]], dtype=bool)


def _held(plans: PlanTable, zones: ZoneTable, zone: int) -> Periods:
    return _within(plans.windows.starts_us, plans.windows.ends_us, zones, zone)


def _certain(plans: PlanTable, zones: ZoneTable, zone: int) -> Periods:
    if zones.periods[zone] is not None:
        return _held(plans, zones, zone)
    return _within(plans.windows.latest_start_us, plans.windows.earliest_end_us, zones, zone)


def _within(starts_us: Micros, ends_us: Micros, zones: ZoneTable, zone: int) -> Periods:
    plan = zones.plan[zone]
    window = (int(starts_us[plan]), int(ends_us[plan]))
    periods: Periods | None = zones.periods[zone]
    return (window,) if periods is None else _shared(periods, (window,))


def _shared(one: Periods, other: Periods) -> Periods:
    overlaps = ((max(a[0], b[0]), min(a[1], b[1])) for a in one for b in other)
    return tuple(interval for interval in overlaps if interval[0] <= interval[1])
