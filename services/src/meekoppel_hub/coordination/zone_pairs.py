"""Pairs of zones that may matter to one another, and how far they lie apart. Vectorised; the first step of matching."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meekoppel_hub.coordination.plan_table import Flags, PlanTable
from meekoppel_hub.coordination.roles import NOTHING, RELATIONS, RESTS, WORKS
from meekoppel_hub.coordination.zones import Floats, Indexes, ZoneTable, gaps

EPSILON_M = 1e-6
"""A micrometre: two zones drawn at exactly the distance are within it, whatever the last bit of the sum says."""


@dataclass(frozen=True, slots=True)
class ZonePairs:
    """Pairs of zones of different plans, from the lower plan to the higher.

    Attributes:
        left: index of the zone of the lower plan.
        right: index of the zone of the higher plan.
        relation: what they have to do with one another (`roles`).
        gap_m: how far apart they lie as drawn, points and lines having their width; 0 where they touch.
    """

    left: Indexes
    right: Indexes
    relation: NDArray[np.int8]
    gap_m: Floats

    @property
    def touching(self) -> Flags:
        """Tell which touch or intersect."""
        return self.gap_m <= EPSILON_M

    def __getitem__(self, chosen: Indexes | Flags | slice) -> ZonePairs:
        """Take some of the pairs."""
        return ZonePairs(self.left[chosen], self.right[chosen], self.relation[chosen], self.gap_m[chosen])


def related(plans: PlanTable, zones: ZoneTable, one: Indexes, other: Indexes) -> tuple[Indexes, Indexes]:
    """Keep what can matter before any geometry is compared, each pair once, from the lower plan to the higher.

    Plans that ended meet nobody; plans of one initiator meet only where the ground rests.
    """
    turned = zones.plan[one] > zones.plan[other]
    left, right = np.where(turned, other, one), np.where(turned, one, other)
    a, b = zones.plan[left], zones.plan[right]
    relation = RELATIONS[zones.role[left], zones.role[right]]
    keep = (relation != NOTHING) & (a != b) & plans.live[a] & plans.live[b]
    keep &= (plans.owner[a] != plans.owner[b]) | (relation == RESTS)
    size = max(len(zones.plan), 1)
    codes = np.unique(left[keep] * size + right[keep])
    return codes // size, codes % size


def near_enough(zones: ZoneTable, left: Indexes, right: Indexes, reach_m: float) -> ZonePairs:
    """Measure how far related zones lie apart, and keep those that are near enough to matter.

    Works matter within the reach or within their buffers; all else only where it touches.
    """
    relation = RELATIONS[zones.role[left], zones.role[right]]
    gap = gaps(zones.shapes, left, right)
    limit = np.where(relation == WORKS, np.maximum(reach_m, zones.buffer_m[left] + zones.buffer_m[right]), 0.0)
    return ZonePairs(left, right, relation, gap)[gap <= limit + EPSILON_M]


def in_order(pairs: ZonePairs, zones: ZoneTable) -> ZonePairs:
    """Order pairs of zones by their two plans, then by the zones: nothing depends on the order in which they came."""
    size = max(len(zones.plan), 1)
    by_plan = zones.plan[pairs.left] * size + zones.plan[pairs.right]
    return pairs[np.lexsort((pairs.left * size + pairs.right, by_plan))]
