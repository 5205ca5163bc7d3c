"""Who is affected by a change: the owners of plans that meet, and whose area it lies in. No database, no Kafka."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import Polygon, STRtree
from shapely.geometry.base import BaseGeometry

from meekoppel_contracts.codes import PlanEventType
from meekoppel_contracts.ids import OrgCode, PlanId
from meekoppel_hub.notifications.changes import Change, OverlapChange, PlanChange
from meekoppel_hub.platform.subscriptions import SubscriptionId


@dataclass(frozen=True, slots=True)
class Party:
    """A subscription as far as it says who is affected.

    Attributes:
        own_overlaps: whether it is told when its organisation's own plans meet others.
        area: WKB polygon in the hub's CRS, or None.
    """

    subscription_id: SubscriptionId
    organisation: OrgCode
    own_overlaps: bool
    area: bytes | None

    def area_geometry(self) -> BaseGeometry:
        """Read the area; an empty geometry, which meets nothing, when there is none."""
        return Polygon() if self.area is None else shapely.from_wkb(self.area)


@dataclass(frozen=True, slots=True)
class Affected:
    """One change that one subscription is told of, in the lane of one plan.

    Attributes:
        left_area: whether it is told because the plan is no longer in its area.
    """

    change: Change
    subscription_id: SubscriptionId
    lane: PlanId
    left_area: bool = False


class Parties:
    """All subscriptions, indexed by owner and by area; made anew when one of them changes.

    Attributes:
        by_id: each party by its subscription.
    """

    def __init__(self, parties: Iterable[Party]) -> None:
        self._owners: dict[OrgCode, list[SubscriptionId]] = defaultdict(list)
        areas: list[Party] = []
        self.by_id: dict[str, Party] = {}
        for party in parties:
            self.by_id[party.subscription_id] = party
            if party.own_overlaps:
                self._owners[party.organisation].append(party.subscription_id)
            if party.area is not None:
                areas.append(party)
        self._areas = areas
        self._tree = STRtree([party.area_geometry() for party in areas])

    def affected_by(self, changes: Sequence[Change]) -> list[Affected]:
        """List who is to be told of which change, in the order of the changes, nobody twice of the same one."""
        in_area = self._in_areas([change for change in changes if isinstance(change, PlanChange)])
        found: list[Affected] = []
        for change in changes:
            if isinstance(change, OverlapChange):
                found.extend(self._owners_of(change))
            else:
                found.extend(in_area.get(change.event_id, ()))
        return found

    def _owners_of(self, change: OverlapChange) -> Iterable[Affected]:
        # `first` and `second` belong to different organisations: no subscription can be met twice.
        for side in (change.event.first, change.event.second):
            for subscription_id in self._owners.get(side.organisation, ()):
                yield Affected(change, subscription_id, side.plan_id)

    def _in_areas(self, changes: Sequence[PlanChange]) -> dict[str, list[Affected]]:
        """Find all pairs of plan and area at once: the tree compares boxes first, then GEOS the exact distance."""
        news = [change for change in changes if change.event.type is not PlanEventType.CONFIRMED]
        zones = [(number, zone) for number, change in enumerate(news) for zone in change.zones]
        if not zones or not self._areas:
            return {}
        reach = [zone.buffer_m for change in news for zone in change.event.plan.zones]
        hits = self._tree.query([geometry for _, geometry in zones], predicate="dwithin", distance=reach)
        pairs = {(zones[zone][0], int(area)) for zone, area in np.transpose(hits)}
        told: dict[str, list[Affected]] = defaultdict(list)
        for number, area in sorted(pairs):
            change, party = news[number], self._areas[area]
            if may_be_told(change, party.organisation):
                told[change.event_id].append(Affected(change, party.subscription_id, change.event.plan.plan_id))
        return told


def may_be_told(change: PlanChange, organisation: OrgCode) -> bool:
    """Tell whether an organisation may hear of a plan change.

    A restricted plan is for its owner, for those whom it names, and for the members of collaborations that it names.
    """
    if not change.restricted:
        return True
    plan = change.event.plan
    named = plan.shared_with.organisations if plan.shared_with is not None else ()
    return organisation == plan.initiator.organisation or organisation in named or organisation in change.members
