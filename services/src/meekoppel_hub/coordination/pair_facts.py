"""What is so between two plans, whatever the rules say: one element per pair of plans, gathered from their zones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meekoppel_hub.coordination.digging import forbidden
from meekoppel_hub.coordination.holding import holding
from meekoppel_hub.coordination.plan_table import Flags, PlanTable
from meekoppel_hub.coordination.roles import DETOURS, HINDERS, RESTS, WORKS
from meekoppel_hub.coordination.shared_area import shared_area
from meekoppel_hub.coordination.windows import Micros, TimeFit, fit
from meekoppel_hub.coordination.zone_pairs import EPSILON_M, ZonePairs
from meekoppel_hub.coordination.zones import DETOUR_CODE, MORATORIUM_CODE, Floats, Indexes, ZoneTable, surfaces

LEAST_DUG_M2 = 0.01
"""Works that share less with resting ground lie beside it: a square decimetre is the accident of drawing."""


@dataclass(frozen=True, slots=True)
class ZoneFacts:
    """What is so between pairs of zones; one element per pair of zones.

    Attributes:
        pairs: the zones, ordered by their two plans.
        pair: to which pair of plans each belongs.
        core: whether works and site meet works and site.
        by_buffer: whether works lie within their buffers.
        days: of nuisance and detours that touch: for how many days they hold together with the other; else 0.
        sure: of the same: whether they do so for certain.
        breaks: whether it is forbidden to dig in this resting ground, and the works lie in it.
    """

    pairs: ZonePairs
    pair: Indexes
    core: Flags
    by_buffer: Flags
    days: Micros
    sure: Flags
    breaks: Flags


@dataclass(frozen=True, slots=True)
class PairFacts:
    """What is so between pairs of plans; one element per pair of plans.

    Attributes:
        first: index of the lower plan.
        second: index of the higher plan.
        time: how their windows lie to one another.
        firm: whether both are firm.
        core_touches: whether work or site zones touch.
        close: whether zones of works touch, or lie within their buffers.
        nearest_m: how far the nearest zones of works lie apart; infinite where there are none.
        hindered: whether nuisance of the one touches works or nuisance of the other while both hold.
        on_detour: whether works of the one lie on a detour of the other while it holds.
        surely_on_detour: whether they do so for certain.
        breaks: whether works lie where a moratorium forbids to dig.
    """

    first: Indexes
    second: Indexes
    time: TimeFit
    firm: Flags
    core_touches: Flags
    close: Flags
    nearest_m: Floats
    hindered: Flags
    on_detour: Flags
    surely_on_detour: Flags
    breaks: Flags


def gather(plans: PlanTable, zones: ZoneTable, pairs: ZonePairs) -> tuple[ZoneFacts, PairFacts]:
    """Find what is so between plans from their zones.

    Args:
        plans: all plans.
        zones: their zones.
        pairs: zones that are near enough, ordered by their two plans.
    """
    size = max(len(plans.ids), 1)
    codes, pair = np.unique(zones.plan[pairs.left] * size + zones.plan[pairs.right], return_inverse=True)
    found = _zone_facts(plans, zones, pairs, pair.astype(np.int64))
    return found, _pair_facts(plans, found, codes // size, codes % size)


def any_of(flags: Flags, pair: Indexes, count: int) -> Flags:
    """Tell for each pair of plans whether the flag holds for any of its pairs of zones."""
    return np.bincount(pair[flags], minlength=count) > 0


def least_of(values: Floats, chosen: Flags, pair: Indexes, count: int) -> Floats:
    """Give for each pair of plans the least value of its chosen pairs of zones; infinite where there are none."""
    least = np.full(count, np.inf)
    np.minimum.at(least, pair[chosen], values[chosen])
    return least


def _zone_facts(plans: PlanTable, zones: ZoneTable, pairs: ZonePairs, pair: Indexes) -> ZoneFacts:
    works = pairs.relation == WORKS
    buffers = zones.buffer_m[pairs.left] + zones.buffer_m[pairs.right]
    days = np.zeros(len(pair), dtype=np.int64)
    sure = np.zeros(len(pair), dtype=bool)
    timed = np.nonzero(pairs.touching & ((pairs.relation == HINDERS) | (pairs.relation == DETOURS)))[0]
    if len(timed):
        held = holding(plans, zones, pairs[timed])
        days[timed], sure[timed] = held.days, held.sure
    return ZoneFacts(
        pairs=pairs,
        pair=pair,
        core=zones.core[pairs.left] & zones.core[pairs.right],
        by_buffer=works & (pairs.gap_m <= buffers + EPSILON_M),
        days=days,
        sure=sure,
        breaks=_breaking(plans, zones, pairs),
    )


def _breaking(plans: PlanTable, zones: ZoneTable, pairs: ZonePairs) -> Flags:
    breaks = np.zeros(len(pairs.left), dtype=bool)
    resting = np.nonzero((pairs.relation == RESTS) & pairs.touching)[0]
    if not len(resting):
        return breaks
    left, right = pairs.left[resting], pairs.right[resting]
    left_rests = zones.role[left] == MORATORIUM_CODE
    a, b = zones.plan[left], zones.plan[right]
    bound = forbidden(plans, np.where(left_rests, b, a), np.where(left_rests, a, b))
    bound[bound] = _shared(zones, left[bound], right[bound]) >= LEAST_DUG_M2
    breaks[resting] = bound
    return breaks


def _shared(zones: ZoneTable, left: Indexes, right: Indexes) -> Floats:
    return shared_area(surfaces(zones.shapes, left), surfaces(zones.shapes, right))


def _pair_facts(plans: PlanTable, found: ZoneFacts, first: Indexes, second: Indexes) -> PairFacts:
    count, pair, zone_pairs = len(first), found.pair, found.pairs
    works = zone_pairs.relation == WORKS
    touching = works & zone_pairs.touching
    time, firm = fit(plans.windows, first, second), plans.firm[first] & plans.firm[second]
    on_detour = (zone_pairs.relation == DETOURS) & (found.days > 0)
    return PairFacts(
        first=first,
        second=second,
        time=time,
        firm=firm,
        core_touches=any_of(touching & found.core, pair, count),
        close=any_of(touching | found.by_buffer, pair, count),
        nearest_m=least_of(zone_pairs.gap_m, works, pair, count),
        hindered=any_of((zone_pairs.relation == HINDERS) & (found.days > 0), pair, count),
        on_detour=any_of(on_detour, pair, count),
        surely_on_detour=firm & any_of(on_detour & found.sure, pair, count),
        breaks=any_of(found.breaks, pair, count) & time.overlapping,
    )


def detour_is_firsts(zones: ZoneTable, pairs: ZonePairs) -> Flags:
    """Tell of pairs of zones, one of them a detour, whether it is the lower plan's."""
    return np.asarray(zones.role[pairs.left] == DETOUR_CODE, dtype=bool)
