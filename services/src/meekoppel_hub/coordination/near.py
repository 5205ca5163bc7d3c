"""Find all pairs of zones that may matter to one another, from nothing: who is near whom among millions.

A sweep in strips. The plane is cut into strips from south to north, a zone stands in each strip that its box crosses,
and within a strip the zones go from west to east: what may be near a zone follows it, up to where its box ends. Boxes
come first, then dates, owners and roles, and geometry last. Some strips together are a band, small enough for the
processor's caches, and threads take bands in turn. Against a tree of boxes (Shapely's STRtree) this does without an
object per box, and takes zones of any size: one of many kilometres stands in more strips and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from meekoppel_hub.coordination.plan_table import Flags, PlanTable
from meekoppel_hub.coordination.roles import NOTHING, RELATIONS, RESTS, WORKS
from meekoppel_hub.coordination.threads import Threads
from meekoppel_hub.coordination.windows import DAY_US
from meekoppel_hub.coordination.zones import Floats, Indexes, ZoneTable, boxes

_Result = TypeVar("_Result")

_ZONES_IN_A_BAND = 1 << 15
_CANDIDATES_AT_ONCE = 1 << 19
_MOST_STRIPS_PER_ZONE = 3


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
class _Boxes:
    """The boxes of zones, widened by half the reach; one element per zone that can still meet others.

    Attributes:
        zone: index of the zone.
        works: whether it is a zone of works, which alone matter at a distance, and to works only.
        west: of the box; so too `south`, `east` and `north`.
        first: the first strip that it crosses.
        last: the last strip that it crosses.
    """

    zone: Indexes
    works: Flags
    west: Floats
    south: Floats
    east: Floats
    north: Floats
    first: Indexes
    last: Indexes


@dataclass(frozen=True, slots=True)
class _Members:
    """The zones of a band from west to east, by all that decides before geometry: small enough to stay at hand.

    Attributes:
        zone: index of the zone; so too the other facts of `_Boxes`.
        plan: index of its plan.
        owner: of the plan.
        role: of the zone.
        from_us: from when it may meet others, within the shift that its plan allows.
        until_us: until when, the tolerance included.
    """

    zone: Indexes
    west: Floats
    south: Floats
    east: Floats
    north: Floats
    first: Indexes
    last: Indexes
    plan: Indexes
    owner: Indexes
    role: NDArray[np.int8]
    from_us: Indexes
    until_us: Indexes


@dataclass(frozen=True, slots=True)
class _Band:
    """Zones by strip, and in it from west to east; one element per strip and zone.

    What is asked of each candidate stands here once more, so that it is read in the order in which it lies in memory.

    Attributes:
        members: the zones.
        place: of each entry, which of the members it is.
        end: up to which entry (not included) others may be near.
        south: of the zone's box.
        north: of the zone's box.
        begins: whether it is the first strip that the zone crosses.
    """

    members: _Members
    place: Indexes
    end: Indexes
    south: Floats
    north: Floats
    begins: Flags


def near_zones(search: Search, threads: Threads, then: Callable[[Indexes, Indexes], _Result]) -> list[_Result]:
    """Find the pairs of zones that may matter, part by part, and do something with each part.

    Args:
        search: what is searched.
        threads: over how many the bands are divided.
        then: is given pairs of zones, from the lower plan to the higher, each pair once over all parts; more than
            matters, never less.
    """
    boxed = _boxes(search)
    if not len(boxed.zone):
        return []

    def search_band(strips: tuple[int, int]) -> list[_Result]:
        band = _band(_members(search, boxed, *strips), *strips)
        return [then(*_pairs(band, part)) for part in _parts(band)]

    return [result for results in threads.each(_bands(boxed), search_band) for result in results]


def _boxes(search: Search) -> _Boxes:
    plans, zones = search.plans, search.zones
    zone = np.nonzero(plans.live[zones.plan])[0]
    works = (np.diag(RELATIONS) == WORKS)[zones.role[zone]]
    half = np.where(works, search.reach_m / 2, 0.0)
    west, south, east, north = boxes(zones.shapes, zones.buffer_m)[zone].T
    south, north = south - half, north + half
    height, lowest = _height(north - south), south.min() if len(south) else 0.0
    return _Boxes(
        zone=zone,
        works=works,
        west=west - half,
        south=south,
        east=east + half,
        north=north,
        first=((south - lowest) / height).astype(np.int64),
        last=((north - lowest) / height).astype(np.int64),
    )


def _height(heights: Floats) -> float:
    """Choose the height of the strips: about that of a zone, more where many zones would cross many strips."""
    if not len(heights):
        return 1.0
    height = max(float(np.median(heights)), 1.0)
    while (1 + heights / height).sum() > _MOST_STRIPS_PER_ZONE * len(heights):
        height *= 2
    return height


def _bands(boxed: _Boxes) -> list[tuple[int, int]]:
    """Put strips together until about as many zones begin in them as are good to handle at once."""
    begun = np.cumsum(np.bincount(boxed.first, minlength=int(boxed.last.max()) + 1))
    cuts = np.searchsorted(begun, np.arange(_ZONES_IN_A_BAND, begun[-1], _ZONES_IN_A_BAND)) + 1
    return list(pairwise(np.unique(np.concatenate([[0], cuts, [len(begun)]])).tolist()))


def _members(search: Search, boxed: _Boxes, begin: int, end: int) -> _Members:
    """Take the zones that cross strips from `begin` to `end` (not included)."""
    plans, zones = search.plans, search.zones
    chosen = np.nonzero((boxed.first < end) & (boxed.last >= begin))[0]
    chosen = chosen[np.argsort(boxed.west[chosen])]
    zone, works = boxed.zone[chosen], boxed.works[chosen]
    plan = zones.plan[zone]
    earlier = np.where(works, plans.windows.shift_earlier_days[plan], 0)
    later = np.where(works, plans.windows.shift_later_days[plan] + search.tolerance_days, 0)
    return _Members(
        zone=zone,
        west=boxed.west[chosen],
        south=boxed.south[chosen],
        east=boxed.east[chosen],
        north=boxed.north[chosen],
        first=boxed.first[chosen],
        last=boxed.last[chosen],
        plan=plan,
        owner=plans.owner[plan],
        role=zones.role[zone],
        from_us=plans.windows.starts_us[plan] - earlier * DAY_US,
        until_us=plans.windows.ends_us[plan] + later * DAY_US,
    )


def _band(members: _Members, begin: int, end: int) -> _Band:
    """Lay out the strips from `begin` to `end` (not included)."""
    count = len(members.zone)
    first = np.maximum(members.first, begin)
    crossed = np.minimum(members.last, end - 1) - first + 1
    place = np.repeat(np.arange(count), crossed)
    within = np.arange(len(place)) - np.repeat(np.cumsum(crossed) - crossed, crossed)
    bits = count.bit_length()
    keys = np.sort((first[place] + within) << bits | place)
    strip, place = keys >> bits, keys & ((1 << bits) - 1)
    furthest = np.searchsorted(members.west, members.east, side="right")
    return _Band(
        members=members,
        place=place,
        end=np.searchsorted(keys, strip << bits | furthest[place]),
        south=members.south[place],
        north=members.north[place],
        begins=members.first[place] == strip,
    )


def _parts(band: _Band) -> list[tuple[int, int]]:
    """Cut the entries so that each part has a bounded number of candidates."""
    candidates = np.cumsum(band.end - np.arange(1, len(band.end) + 1))
    cuts = np.searchsorted(candidates, np.arange(_CANDIDATES_AT_ONCE, candidates[-1], _CANDIDATES_AT_ONCE))
    return list(pairwise(np.unique(np.concatenate([[0], cuts + 1, [len(band.end)]])).tolist()))


def _pairs(band: _Band, part: tuple[int, int]) -> tuple[Indexes, Indexes]:
    here = np.arange(*part)
    follow = band.end[here] - here - 1
    other = np.arange(int(follow.sum())) - np.repeat(np.cumsum(follow) - follow - here - 1, follow)
    keep = band.south[other] <= np.repeat(band.north[here], follow)
    keep &= np.repeat(band.south[here], follow) <= band.north[other]
    # Both may stand in several strips: the pair is taken in the first that they share, where one of them begins.
    keep &= band.begins[other] | np.repeat(band.begins[here], follow)
    return _filtered(band.members, np.repeat(band.place[here], follow)[keep], band.place[other[keep]])


def _filtered(members: _Members, a: Indexes, b: Indexes) -> tuple[Indexes, Indexes]:
    """Keep the pairs whose dates are near, whose owners differ, and whose roles have to do with one another."""
    keep = (members.from_us[a] <= members.until_us[b]) & (members.from_us[b] <= members.until_us[a])
    a, b = a[keep], b[keep]
    relation = RELATIONS[members.role[a], members.role[b]]
    keep = (relation != NOTHING) & (members.plan[a] != members.plan[b])
    keep &= (members.owner[a] != members.owner[b]) | (relation == RESTS)
    a, b = a[keep], b[keep]
    turned = members.plan[a] > members.plan[b]
    return members.zone[np.where(turned, b, a)], members.zone[np.where(turned, a, b)]
