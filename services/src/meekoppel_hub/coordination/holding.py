"""When nuisance and detours hold, and for how long others work meanwhile.

A zone holds in its own periods (nuisance that comes back) as far as they lie within the window of its plan, else
throughout that window. Its own periods are certain; a window is so between the latest start and the earliest end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meekoppel_hub.coordination.plan_table import Flags, PlanTable
from meekoppel_hub.coordination.windows import DAY_US, Micros, fit
from meekoppel_hub.coordination.zone_pairs import ZonePairs
from meekoppel_hub.coordination.zones import Indexes, Periods, ZoneTable

_NO_PERIODS: Periods = ((0, 0),)


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
    recurring = np.nonzero(_recurring(zones, pairs.left) | _recurring(zones, pairs.right))[0]
    if len(recurring):
        left, right = _Held(plans, zones, pairs.left[recurring]), _Held(plans, zones, pairs.right[recurring])
        one, other = _crossed(left.of, right.of, len(recurring))
        shared = np.minimum(left.ends[one], right.ends[other]) - np.maximum(left.starts[one], right.starts[other])
        within = np.where(shared >= 0, shared // DAY_US + 1, 0)
        days[recurring] = np.bincount(left.of[one], weights=within, minlength=len(recurring)).astype(np.int64)
        core = np.minimum(left.until[one], right.until[other]) - np.maximum(left.begun[one], right.begun[other])
        sure[recurring] = np.bincount(left.of[one][core >= 0], minlength=len(recurring)) > 0
    return Holding(days, sure)


def _recurring(zones: ZoneTable, chosen: Indexes) -> Flags:
    return np.array([periods is not None for periods in zones.periods[chosen]], dtype=bool)


class _Held:
    """The intervals in which some zones hold, one after another.

    Attributes:
        of: for each interval, to which of the zones it belongs; rising.
        starts: of each interval, within the window of the plan.
        ends: of each interval, within the window of the plan.
        begun: from when it holds for certain.
        until: until when it holds for certain.
    """

    def __init__(self, plans: PlanTable, zones: ZoneTable, chosen: Indexes) -> None:
        windows, own = plans.windows, zones.periods[chosen]
        self.of = np.repeat(np.arange(len(chosen)), [1 if periods is None else len(periods) for periods in own])
        plan = zones.plan[chosen][self.of]
        whole = _recurring(zones, chosen)[self.of]
        flat = [interval for periods in own for interval in (_NO_PERIODS if periods is None else periods)]
        told = np.array(flat, dtype=np.int64).reshape(-1, 2)
        starts = np.maximum(told[:, 0], windows.starts_us[plan])
        ends = np.minimum(told[:, 1], windows.ends_us[plan])
        self.starts = np.where(whole, starts, windows.starts_us[plan])
        self.ends = np.where(whole, ends, windows.ends_us[plan])
        self.begun = np.where(whole, starts, windows.latest_start_us[plan])
        self.until = np.where(whole, ends, windows.earliest_end_us[plan])


def _crossed(left: Indexes, right: Indexes, count: int) -> tuple[Indexes, Indexes]:
    """Pair each interval on the left with each on the right of the same pair of zones; both are ordered by it."""
    there = np.bincount(right, minlength=count)
    one = np.repeat(np.arange(len(left)), there[left])
    begins = np.cumsum(there) - there
    times = there[left]
    within = np.arange(len(one)) - np.repeat(np.cumsum(times) - times, times)
    return one, begins[left[one]] + within
