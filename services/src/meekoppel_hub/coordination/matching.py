"""Decide by the rules of an agreement which plans meet, and how.

Pure and vectorised: given plans, their zones and the pairs of zones that may be near, the verdicts. The order in which
plans or pairs are given changes nothing: everything is computed from the plan with the lower id to the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from meekoppel_contracts.codes import OverlapKind, Severity
from meekoppel_contracts.ids import OverlapId, overlap_id
from meekoppel_hub.coordination import zones as zoning
from meekoppel_hub.coordination.agreement import Agreement
from meekoppel_hub.coordination.explanation import (
    explain_conflict,
    explain_opportunity,
    place_in_words,
    time_in_words,
)
from meekoppel_hub.coordination.facts import PlanFacts, windows_of
from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.coordination.score import Closeness, score
from meekoppel_hub.coordination.windows import TimeFit, fit
from meekoppel_hub.coordination.zones import Floats, Geometries, Indexes, ZoneTable

Flags = NDArray[np.bool_]

# A micrometre: two zones drawn at exactly the distance are within it, whatever the last bit of the sum says.
_EPSILON_M = 1e-6

_NONE, _OPPORTUNITY, _LIGHT, _HEAVY = range(4)
_KINDS = {_OPPORTUNITY: OverlapKind.OPPORTUNITY, _LIGHT: OverlapKind.CONFLICT_LIGHT, _HEAVY: OverlapKind.CONFLICT_HEAVY}


@dataclass(frozen=True, slots=True)
class Meeting:
    """How two plans meet, as a function of the two versions and the agreement.

    Attributes:
        first: the plan with the lower id.
        second: the other.
        kind: heavy conflict, light conflict or opportunity: the heaviest that holds.
        severity: by the agreement.
        area_m2: what the zones share, to 0.1 m2; buffers do not count.
        distance_m: between the zones, to a centimetre; 0 where they touch.
        overlap_days: stretches of 24 hours that both periods share, a begun one included.
        gap_days: the same between the periods; 0 when they overlap.
        score: 0 to 100 for an opportunity, else None.
        explanation: why, in words.
        location: WKB of the point where they meet, in the hub's CRS.
    """

    first: PlanFacts
    second: PlanFacts
    kind: OverlapKind
    severity: Severity
    area_m2: float
    distance_m: float
    overlap_days: int
    gap_days: int
    score: int | None
    explanation: str
    location: bytes

    @property
    def overlap_id(self) -> OverlapId:
        """The id of the pair."""
        return overlap_id(self.first.plan_id, self.second.plan_id)


@dataclass(frozen=True, slots=True)
class _Near:
    """Pairs of zones, ordered; `pair` says to which pair of plans each belongs."""

    left: Indexes
    right: Indexes
    pair: Indexes
    gap: Floats
    core: Flags
    by_buffer: Flags


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Pairs of plans that meet, with what was found of them; one element per pair."""

    first: Indexes
    second: Indexes
    verdict: Indexes
    area: Floats
    distance: Floats
    by_buffer: Flags
    location: Geometries
    time: TimeFit


def match(
    plans: Sequence[PlanFacts], zones: ZoneTable, near: tuple[Indexes, Indexes], rulebook: Rulebook
) -> list[Meeting]:
    """Find how plans meet.

    Args:
        plans: ordered by plan id.
        zones: their zones with a matched role, ordered by plan and number.
        near: indexes of pairs of zones that may be near enough; more than needed is allowed, twice the same too.
        rulebook: the rules.

    Returns:
        One meeting for each pair of plans that meets, ordered by the two plan ids.
    """
    (agreement,) = rulebook.agreements
    left, right = _candidates(plans, zones, *near)
    if not len(left):
        return []
    codes, pair = np.unique(zones.plan[left] * len(plans) + zones.plan[right], return_inverse=True)
    first, second = codes // len(plans), codes % len(plans)
    time = fit(windows_of(plans), first, second)
    gap = zoning.gaps(zones.shapes, left, right)
    found = _Near(
        left=left,
        right=right,
        pair=pair.astype(np.int64),
        gap=gap,
        core=zones.core[left] & zones.core[right],
        by_buffer=gap <= zones.buffer_m[left] + zones.buffer_m[right] + _EPSILON_M,
    )
    firm = np.array([plan.firm for plan in plans], dtype=bool)
    verdict = _verdicts(found, time, firm[first] & firm[second], agreement)
    pairs = _measure(zones, found, first, second, verdict, time)
    return [_meeting(plans, pairs, int(index), agreement) for index in np.nonzero(verdict)[0]]


def _candidates(plans: Sequence[PlanFacts], zones: ZoneTable, one: Indexes, other: Indexes) -> tuple[Indexes, Indexes]:
    """Turn pairs of zones from the lower plan to the higher, each once, ordered; drop pairs that can never meet."""
    size = len(zones.plan)
    codes = np.unique(np.minimum(one, other) * size + np.maximum(one, other))
    left, right = codes // max(size, 1), codes % max(size, 1)
    owner = np.unique([plan.initiator for plan in plans], return_inverse=True)[1]
    live = np.array([plan.ended is None for plan in plans], dtype=bool)
    a, b = zones.plan[left], zones.plan[right]
    keep = (owner[a] != owner[b]) & live[a] & live[b]
    left, right = left[keep], right[keep]
    order = np.lexsort((right, left, zones.plan[right], zones.plan[left]))
    return left[order], right[order]


def _verdicts(near: _Near, time: TimeFit, firm: Flags, agreement: Agreement) -> Indexes:
    """Give each pair of plans the heaviest kind that holds."""
    count = len(firm)
    touching = near.gap <= _EPSILON_M
    overlapping = time.overlapping
    core_touches = _any(touching & near.core, near.pair, count)
    close = touching | near.by_buffer
    if agreement.light_conflict_distance_m > 0:
        close |= near.gap <= agreement.light_conflict_distance_m + _EPSILON_M
    rules = agreement.opportunity
    combinable = _any(near.gap <= rules.distance_m + _EPSILON_M, near.pair, count)
    return np.select(
        [
            core_touches & overlapping & firm,
            _any(close, near.pair, count) & overlapping,
            combinable & (overlapping | (time.rest_days <= rules.time_tolerance_days)),
        ],
        [_HEAVY, _LIGHT, _OPPORTUNITY],
        default=_NONE,
    )


def _measure(zones: ZoneTable, near: _Near, first: Indexes, second: Indexes, verdict: Indexes, time: TimeFit) -> _Pairs:
    """Measure the pairs that meet: area, distance and place, over the zones that count for the kind."""
    count = len(verdict)
    counts = (verdict[near.pair] != _NONE) & (near.core | (verdict[near.pair] != _HEAVY))
    distance = np.full(count, np.inf)
    np.minimum.at(distance, near.pair[counts], near.gap[counts])
    nearest = _first_at(near, counts, distance)
    location = np.full(count, None, dtype=object)
    location[nearest.pair] = zoning.nearest_points(zones.shapes, nearest.left, nearest.right)
    area = np.zeros(count)
    for pair, surface in _shared(zones, near, counts & (near.gap <= _EPSILON_M)):
        area[pair] = shapely.area(surface)
        if area[pair] > 0:
            location[pair] = shapely.point_on_surface(surface)
    by_buffer = _any(counts & near.by_buffer, near.pair, count)
    return _Pairs(first, second, verdict, area, distance, by_buffer, location, time)


def _first_at(near: _Near, counts: Flags, distance: Floats) -> _Near:
    """Pick for each pair of plans the first pair of zones that lies at the pair's distance."""
    at = np.nonzero(counts & (near.gap == distance[near.pair]))[0]
    chosen = at[np.unique(near.pair[at], return_index=True)[1]]
    return _Near(
        near.left[chosen],
        near.right[chosen],
        near.pair[chosen],
        near.gap[chosen],
        near.core[chosen],
        near.by_buffer[chosen],
    )


def _shared(zones: ZoneTable, near: _Near, touching: Flags) -> list[tuple[int, shapely.Geometry]]:
    """Give for each pair of plans the surface that its zones share, counted once where zones lie over one another."""
    chosen = np.nonzero(touching)[0]
    if not len(chosen):
        return []
    surfaces = zoning.shared_areas(zones.shapes, near.left[chosen], near.right[chosen])
    pairs, starts, sizes = np.unique(near.pair[chosen], return_index=True, return_counts=True)
    return [
        (int(pair), surfaces[start] if size == 1 else shapely.union_all(surfaces[start : start + size]))
        for pair, start, size in zip(pairs, starts, sizes, strict=True)
    ]


def _any(flags: Flags, pair: Indexes, count: int) -> Flags:
    """Tell for each pair of plans whether the flag holds for any of its pairs of zones."""
    return np.bincount(pair[flags], minlength=count) > 0


def _meeting(plans: Sequence[PlanFacts], pairs: _Pairs, index: int, agreement: Agreement) -> Meeting:
    first, second = plans[pairs.first[index]], plans[pairs.second[index]]
    kind = _KINDS[int(pairs.verdict[index])]
    area, distance = round(float(pairs.area[index]), 1), round(float(pairs.distance[index]), 2)
    overlap_days, gap_days = int(pairs.time.overlap_days[index]), int(pairs.time.gap_days[index])
    place = place_in_words(kind, area, distance, by_buffer=bool(pairs.by_buffer[index]))
    points: int | None = None
    if kind is OverlapKind.OPPORTUNITY:
        closeness = Closeness(distance, overlap_days > 0, gap_days, int(pairs.time.rest_days[index]))
        worth = score(first, second, closeness, agreement)
        days = (overlap_days, gap_days, int(pairs.time.shift_days[index]))
        when = time_in_words(first, second, days, shifts_first=bool(pairs.time.shifts_first[index]))
        points = worth.points
        explanation = explain_opportunity(first, second, place, when, worth)
    else:
        explanation = explain_conflict(first, second, kind, place, overlap_days)
    return Meeting(
        first=first,
        second=second,
        kind=kind,
        severity=agreement.severity.of(kind),
        area_m2=area,
        distance_m=distance,
        overlap_days=overlap_days,
        gap_days=gap_days,
        score=points,
        explanation=explanation,
        location=_point(pairs.location[index]),
    )


def _point(place: shapely.Point) -> bytes:
    """Write a point, to the millimetre: below that lie only the accidents of arithmetic."""
    wkb: bytes = shapely.to_wkb(shapely.Point(round(place.x, 3), round(place.y, 3)), byte_order=1)
    return wkb
