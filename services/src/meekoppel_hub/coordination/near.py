"""Find all pairs of zones that may matter to one another, from nothing: who is near whom among millions.

A sweep in strips. The plane is cut into strips from south to north, a zone stands in each strip that its box crosses,
and within a strip the zones go from west to east: what may be near a zone follows it, up to where its box ends. Boxes
come first, then dates, owners and roles, and geometry last, all of it vectorised over parts of a bounded size. Against
a tree of boxes (Shapely's STRtree) this does without an object per box, works in threads, and takes zones of any size:
one of many kilometres stands in more strips and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np

from meekoppel_hub.coordination.plan_table import PlanTable
from meekoppel_hub.coordination.roles import NOTHING, RELATIONS, RESTS
from meekoppel_hub.coordination.threads import Threads
from meekoppel_hub.coordination.windows import DAY_US
from meekoppel_hub.coordination.zones import Floats, Indexes, ZoneTable, boxes

_Result = TypeVar("_Result")

_CANDIDATES_AT_ONCE = 1 << 19
_STRIPS_PER_HEIGHT = 2.0
_MOST_ENTRIES_PER_ZONE = 4


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched.

    Attributes:
        plans: all plans.
        zones: their zones.
        reach_m: how far apart zones may lie and still matter, buffers apart.
        tolerance_days: how far apart periods may lie and still matter, after a shift.
    """

    plans: PlanTable
    zones: ZoneTable
    reach_m: float
    tolerance_days: int


@dataclass(frozen=True, slots=True)
class _Entries:
    """Zones by strip, and in it from west to east; one element per strip and zone.

    Attributes:
        zone: place in `_Sorted`.
        strip: number of the strip.
        end: up to which entry (not included) others may be near.
    """

    zone: Indexes
    strip: Indexes
    end: Indexes


@dataclass(frozen=True, slots=True)
class _Sorted:
    """The zones from west to east, by all that decides before geometry. Boxes are widened by half the reach."""

    zone: Indexes
    west: Floats
    east: Floats
    south: Floats
    north: Floats
    from_us: Indexes
    until_us: Indexes
    owner: Indexes
    plan: Indexes
    role: Indexes
    strip: Indexes


def near_zones(search: Search, threads: Threads, then: Callable[[Indexes, Indexes], _Result]) -> list[_Result]:
    """Find the pairs of zones that may matter, part by part, and do something with each part.

    Args:
        search: what is searched.
        threads: over how many the parts are divided.
        then: is given pairs of zones, from the lower plan to the higher, each pair once over all parts; more than
            matters, never less.
    """
    ordered, height = _sorted(search)
    if not len(ordered.zone):
        return []
    entries = _entries(ordered, height)
    return threads.each(_parts(entries), lambda part: then(*_pairs(ordered, entries, part)))


def _sorted(search: Search) -> tuple[_Sorted, float]:
    plans, zones = search.plans, search.zones
    taken = np.nonzero(plans.live[zones.plan])[0]
    box = boxes(zones.shapes, zones.buffer_m)[taken]
    half = search.reach_m / 2
    order = np.argsort(box[:, 0])
    zone = taken[order]
    west, south, east, north = (np.ascontiguousarray(column) for column in box[order].T)
    plan = zones.plan[zone]
    windows = plans.windows
    later = windows.shift_later_days[plan] + search.tolerance_days
    height = _height(north - south + 2 * half)
    lowest = float(south.min()) - half if len(south) else 0.0
    return _Sorted(
        zone=zone,
        west=west - half,
        east=east + half,
        south=south - half,
        north=north + half,
        from_us=windows.starts_us[plan] - windows.shift_earlier_days[plan] * DAY_US,
        until_us=windows.ends_us[plan] + later * DAY_US,
        owner=plans.owner[plan],
        plan=plan,
        role=zones.role[zone].astype(np.int64),
        strip=((south - half - lowest) / height).astype(np.int64),
    ), height


def _height(heights: Floats) -> float:
    """Choose the height of the strips: about twice that of a zone, more where many zones would cross many strips."""
    if not len(heights):
        return 1.0
    height = _STRIPS_PER_HEIGHT * max(float(np.median(heights)), 0.5)
    while (1 + heights / height).sum() > _MOST_ENTRIES_PER_ZONE * len(heights):
        height *= 2
    return height


def _entries(ordered: _Sorted, height: float) -> _Entries:
    count = len(ordered.zone)
    lowest = float(ordered.south.min())
    last = ((ordered.north - lowest) / height).astype(np.int64)
    crossed = last - ordered.strip + 1
    zone = np.repeat(np.arange(count), crossed)
    within = np.arange(len(zone)) - np.repeat(np.cumsum(crossed) - crossed, crossed)
    keys = np.sort((ordered.strip[zone] + within) * count + zone)
    strip, zone = keys // count, keys % count
    furthest = np.searchsorted(ordered.west, ordered.east, side="right")
    return _Entries(zone, strip, np.searchsorted(keys, strip * count + furthest[zone]))


def _parts(entries: _Entries) -> list[tuple[int, int]]:
    """Cut the entries so that each part has about the same number of candidates."""
    candidates = np.cumsum(entries.end - np.arange(1, len(entries.end) + 1))
    cuts = np.searchsorted(candidates, np.arange(_CANDIDATES_AT_ONCE, candidates[-1], _CANDIDATES_AT_ONCE))
    bounds = np.unique(np.concatenate([[0], cuts + 1, [len(entries.end)]])).tolist()
    return list(pairwise(bounds))


def _pairs(ordered: _Sorted, entries: _Entries, part: tuple[int, int]) -> tuple[Indexes, Indexes]:
    start, stop = part
    here = np.arange(start, stop)
    follow = entries.end[start:stop] - here - 1
    at = np.repeat(here, follow)
    other = np.arange(len(at)) - np.repeat(np.cumsum(follow) - follow - here - 1, follow)
    a, b = entries.zone[at], entries.zone[other]
    a, b = _filtered(ordered, a, b, entries.strip[at])
    one, other_zone = ordered.zone[a], ordered.zone[b]
    turned = ordered.plan[a] > ordered.plan[b]
    return np.where(turned, other_zone, one), np.where(turned, one, other_zone)


def _filtered(ordered: _Sorted, a: Indexes, b: Indexes, strip: Indexes) -> tuple[Indexes, Indexes]:
    """Keep the pairs whose boxes and dates are near, whose owners differ, and whose roles matter to one another."""
    keep = (ordered.south[a] <= ordered.north[b]) & (ordered.south[b] <= ordered.north[a])
    # Both may stand in several strips: the pair is taken in the first that they share.
    keep &= np.maximum(ordered.strip[a], ordered.strip[b]) == strip
    a, b = a[keep], b[keep]
    keep = (ordered.from_us[a] <= ordered.until_us[b]) & (ordered.from_us[b] <= ordered.until_us[a])
    a, b = a[keep], b[keep]
    relation = RELATIONS[ordered.role[a], ordered.role[b]]
    keep = (relation != NOTHING) & (ordered.plan[a] != ordered.plan[b])
    keep &= (ordered.owner[a] != ordered.owner[b]) | (relation == RESTS)
    return a[keep], b[keep]
