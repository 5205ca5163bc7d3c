"""How much plans that meet share, how far apart they lie, and where: over the zones that count for the verdict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from meekoppel_hub.coordination.judging import (
    BREACH,
    BREACH_MAYBE,
    DETOUR,
    DETOUR_MAYBE,
    HEAVY,
    HINDRANCE,
    LIGHT,
    NONE,
    OPPORTUNITY,
    Judged,
)
from meekoppel_hub.coordination.pair_facts import PairFacts, ZoneFacts, any_of, detour_is_firsts, least_of
from meekoppel_hub.coordination.plan_table import Flags
from meekoppel_hub.coordination.roles import DETOURS, HINDERS, WORKS
from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.coordination.shared_area import shared_area
from meekoppel_hub.coordination.threads import Threads
from meekoppel_hub.coordination.windows import Micros
from meekoppel_hub.coordination.zone_pairs import EPSILON_M, ZonePairs
from meekoppel_hub.coordination.zones import Floats, Geometries, Indexes, ZoneTable, nearest_points, surfaces


@dataclass(frozen=True, slots=True)
class Measures:
    """What was measured; one element per pair of plans.

    Attributes:
        area_m2: what their zones share, to 0.1 m2; buffers do not count.
        distance_m: between their nearest zones, to a centimetre; 0 where they touch.
        days: for how many days they overlap; of detours and nuisance, how long the zone that lasts longest holds.
        by_buffer: whether works lie within their buffers.
        firsts_detour: whether a detour that is hit is the lower plan's.
        left: a zone of the lower plan at that distance.
        right: the zone of the higher plan that lies there.
        counts: of all pairs of zones, which count for the verdict on their plans.
    """

    area_m2: Floats
    distance_m: Floats
    days: Micros
    by_buffer: Flags
    firsts_detour: Flags
    left: Indexes
    right: Indexes
    counts: Flags


def measure(
    zones: ZoneTable, found: ZoneFacts, facts: PairFacts, judged: Judged, rulebook: Rulebook, threads: Threads
) -> Measures:
    """Measure the pairs that meet; of the others nothing is said.

    Only zones that make the verdict count: zones of the same plans that lie further apart than its agreement asks say
    nothing, whatever other agreements reach.
    """
    count = len(judged.verdict)
    counts = _counting(found, judged, rulebook)
    distance = least_of(found.pairs.gap_m, counts, found.pair, count)
    left, right = _nearest(found, counts, distance)
    area = _areas(zones, found, counts & found.pairs.touching, count, threads)
    return Measures(
        area_m2=np.round(area, 1),
        distance_m=np.round(distance, 2),
        days=_days(found, facts, judged, counts),
        by_buffer=any_of(counts & found.by_buffer, found.pair, count),
        firsts_detour=any_of(counts & detour_is_firsts(zones, found.pairs), found.pair, count),
        counts=counts,
        left=left,
        right=right,
    )


def places(zones: ZoneTable, found: ZoneFacts, measures: Measures, chosen: Indexes) -> Geometries:
    """Give of chosen pairs the point where they meet: in what they share, else half-way between the nearest zones."""
    points = nearest_points(zones.shapes, measures.left[chosen], measures.right[chosen])
    shared = np.nonzero(measures.area_m2[chosen] > 0)[0]
    touching = np.nonzero(measures.counts & found.pairs.touching)[0]
    start = np.searchsorted(found.pair[touching], chosen[shared], side="left")
    end = np.searchsorted(found.pair[touching], chosen[shared], side="right")
    for index, first, last in zip(shared, start, end, strict=True):
        points[index] = shapely.point_on_surface(_surface(zones, found.pairs[touching[first:last]]))
    return points


def _counting(found: ZoneFacts, judged: Judged, rulebook: Rulebook) -> Flags:
    """Tell which pairs of zones count for the verdict on their plans."""
    verdict, relation = judged.verdict[found.pair], found.pairs.relation
    works = (relation == WORKS) & _making(found, verdict, judged.agreement[found.pair], rulebook)
    hinders = (relation == HINDERS) & (found.days > 0)
    on_detour = (relation == DETOURS) & (found.days > 0)
    breach = (verdict == BREACH) | (verdict == BREACH_MAYBE)
    detour = (verdict == DETOUR) | (verdict == DETOUR_MAYBE)
    hindrance = verdict == HINDRANCE
    by_works = ~breach & ~detour & ~hindrance & (verdict != NONE)
    counts: Flags = (works & by_works) | (hinders & hindrance) | (on_detour & detour) | (found.breaks & breach)
    return counts


def _making(found: ZoneFacts, verdict: NDArray[np.int8], agreement: Indexes, rulebook: Rulebook) -> Flags:
    """Tell which pairs of zones of works make a heavy conflict, a light one, or an opportunity."""
    light = np.array([one.light_conflict_distance_m for one in rulebook.agreements])[agreement]
    chance = np.array([one.opportunity.distance_m for one in rulebook.agreements])[agreement]
    limit = np.select([verdict == LIGHT, verdict == OPPORTUNITY], [light, chance], default=0.0)
    made = found.pairs.gap_m <= limit + EPSILON_M
    made |= found.by_buffer & (verdict == LIGHT)
    making: Flags = made & (found.core | (verdict != HEAVY))
    return making


def _nearest(found: ZoneFacts, counts: Flags, distance: Floats) -> tuple[Indexes, Indexes]:
    """Pick for each pair of plans the first pair of zones that lies at the pair's distance."""
    at = np.nonzero(counts & (found.pairs.gap_m == distance[found.pair]))[0][::-1]
    left, right = np.zeros(len(distance), dtype=np.int64), np.zeros(len(distance), dtype=np.int64)
    left[found.pair[at]], right[found.pair[at]] = found.pairs.left[at], found.pairs.right[at]
    return left, right


def _areas(zones: ZoneTable, found: ZoneFacts, touching: Flags, count: int, threads: Threads) -> Floats:
    """Give for each pair of plans the area that its zones share, counted once where zones lie over one another."""
    area = np.zeros(count)
    chosen = np.nonzero(touching)[0]
    if not len(chosen):
        return area
    pairs, starts, sizes = np.unique(found.pair[chosen], return_index=True, return_counts=True)
    single = chosen[starts[sizes == 1]]
    parts = threads.over(len(single), lambda part: _shared(zones, found.pairs[single[part]]))
    area[found.pair[single]] = np.concatenate([*parts, np.zeros(0)])
    for pair, start, size in zip(pairs[sizes > 1], starts[sizes > 1], sizes[sizes > 1], strict=True):
        area[pair] = shapely.area(_surface(zones, found.pairs[chosen[start : start + size]]))
    return area


def _shared(zones: ZoneTable, pairs: ZonePairs) -> Floats:
    return shared_area(surfaces(zones.shapes, pairs.left), surfaces(zones.shapes, pairs.right))


def _surface(zones: ZoneTable, pairs: ZonePairs) -> shapely.Geometry:
    """Give the surface that pairs of zones of two plans share."""
    return shapely.union_all(
        shapely.intersection(surfaces(zones.shapes, pairs.left), surfaces(zones.shapes, pairs.right))
    )


def _days(found: ZoneFacts, facts: PairFacts, judged: Judged, counts: Flags) -> Micros:
    """Give the days of overlap: of the windows, but of detours and nuisance those on which they hold."""
    held = np.zeros(len(judged.verdict), dtype=np.int64)
    np.maximum.at(held, found.pair[counts], found.days[counts])
    timed = np.isin(judged.verdict, (HINDRANCE, DETOUR, DETOUR_MAYBE))
    return np.where(timed, held, facts.time.overlap_days)
