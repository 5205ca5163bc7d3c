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

from meekoppel_hub.coordination.plan_table import Flags, PlanTable
from meekoppel_hub.coordination.roles import NOTHING, RELATIONS, RESTS, WORKS
from meekoppel_hub.coordination.threads import Threads
from meekoppel_hub.coordination.windows import DAY_US
from meekoppel_hub.coordination.zones import Floats, Indexes, ZoneTable, boxes

_Result = TypeVar("_Result")

_CANDIDATES_AT_ONCE = 1 << 19
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


@dataclass(frozen=True, slots=True)
class _Entries:
    """Zones by strip, and in it from west to east; one element per strip and zone.

    What is asked of each candidate stands here once more, so that it is read in the order in which it lies in memory.

    Attributes:
        zone: place in `_Sorted`.
        end: up to which entry (not included) others may be near.
        south: of the zone's box.
        north: of the zone's box.
        begins: whether it is the first strip in which the zone stands.
    """

    zone: Indexes
    end: Indexes
    south: Floats
    north: Floats
    begins: Flags


def near_zones(search: Search, threads: Threads, then: Callable[[Indexes, Indexes], _Result]) -> list[_Result]:
    """Find the pairs of zones that may matter, part by part, and do something with each part.

    Args:
        search: what is searched.
        threads: over how many the parts are divided.
        then: is given pairs of zones, from the lower plan to the higher, each pair once over all parts; more than
            matters, never less.
    """
    ordered = _sorted(search)
    if not len(ordered.zone):
        return []
    entries = _entries(ordered)
    return threads.each(_parts(entries), lambda part: then(*_pairs(ordered, entries, part)))


def _sorted(search: Search) -> _Sorted:
    plans, zones = search.plans, search.zones
    zone = np.nonzero(plans.live[zones.plan])[0]
    # Only works may matter at a distance, and only to works; all else matters where it touches, and while it holds.
    works = (np.diag(RELATIONS) == WORKS)[zones.role[zone]]
    half = np.where(works, search.reach_m / 2, 0.0)
    box = boxes(zones.shapes, zones.buffer_m)[zone] + half[:, None] * np.array([-1.0, -1.0, 1.0, 1.0])
    order = np.argsort(box[:, 0])
    west, south, east, north = (np.ascontiguousarray(column) for column in box[order].T)
    zone, works = zone[order], works[order]
    plan = zones.plan[zone]
    earlier = np.where(works, plans.windows.shift_earlier_days[plan], 0)
    later = np.where(works, plans.windows.shift_later_days[plan] + search.tolerance_days, 0)
    return _Sorted(
        zone=zone,
        west=west,
        east=east,
        south=south,
        north=north,
        from_us=plans.windows.starts_us[plan] - earlier * DAY_US,
        until_us=plans.windows.ends_us[plan] + later * DAY_US,
        owner=plans.owner[plan],
        plan=plan,
        role=zones.role[zone].astype(np.int64),
    )


def _height(heights: Floats) -> float:
    """Choose the height of the strips: about that of a zone, more where many zones would cross many strips."""
    height = max(float(np.median(heights)), 1.0)
    while (1 + heights / height).sum() > _MOST_ENTRIES_PER_ZONE * len(heights):
        height *= 2
    return height


def _entries(ordered: _Sorted) -> _Entries:
    count, lowest = len(ordered.zone), ordered.south.min()
    height = _height(ordered.north - ordered.south)
    first = ((ordered.south - lowest) / height).astype(np.int64)
    crossed = ((ordered.north - lowest) / height).astype(np.int64) - first + 1
    zone = np.repeat(np.arange(count), crossed)
    within = np.arange(len(zone)) - np.repeat(np.cumsum(crossed) - crossed, crossed)
    bits = count.bit_length()
    keys = np.sort((first[zone] + within) << bits | zone)
    strip, zone = keys >> bits, keys & ((1 << bits) - 1)
    furthest = np.searchsorted(ordered.west, ordered.east, side="right")
    return _Entries(
        zone=zone,
        end=np.searchsorted(keys, strip << bits | furthest[zone]),
        south=ordered.south[zone],
        north=ordered.north[zone],
        begins=first[zone] == strip,
    )


def _parts(entries: _Entries) -> list[tuple[int, int]]:
    """Cut the entries so that each part has about the same number of candidates."""
    candidates = np.cumsum(entries.end - np.arange(1, len(entries.end) + 1))
    cuts = np.searchsorted(candidates, np.arange(_CANDIDATES_AT_ONCE, candidates[-1], _CANDIDATES_AT_ONCE))
    bounds = np.unique(np.concatenate([[0], cuts + 1, [len(entries.end)]])).tolist()
    return list(pairwise(bounds))


def _pairs(ordered: _Sorted, entries: _Entries, part: tuple[int, int]) -> tuple[Indexes, Indexes]:
    here = np.arange(*part)
    follow = entries.end[here] - here - 1
    other = np.arange(int(follow.sum())) - np.repeat(np.cumsum(follow) - follow - here - 1, follow)
    keep = entries.south[other] <= np.repeat(entries.north[here], follow)
    keep &= np.repeat(entries.south[here], follow) <= entries.north[other]
    # Both may stand in several strips: the pair is taken in the first that they share, where one of them begins.
    keep &= entries.begins[other] | np.repeat(entries.begins[here], follow)
    a, b = np.repeat(entries.zone[here], follow)[keep], entries.zone[other[keep]]
    a, b = _filtered(ordered, a, b)
    one, another = ordered.zone[a], ordered.zone[b]
    turned = ordered.plan[a] > ordered.plan[b]
    return np.where(turned, another, one), np.where(turned, one, another)


def _filtered(ordered: _Sorted, a: Indexes, b: Indexes) -> tuple[Indexes, Indexes]:
    """Keep the pairs whose dates are near, whose owners differ, and whose roles have to do with one another."""
    keep = (ordered.from_us[a] <= ordered.until_us[b]) & (ordered.from_us[b] <= ordered.until_us[a])
    a, b = a[keep], b[keep]
    relation = RELATIONS[ordered.role[a], ordered.role[b]]
    keep = (relation != NOTHING) & (ordered.plan[a] != ordered.plan[b])
    keep &= (ordered.owner[a] != ordered.owner[b]) | (relation == RESTS)
    return a[keep], b[keep]
