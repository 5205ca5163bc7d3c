"""What notifications reads from the log: decoded changes of plans and of overlaps; the rest is passed over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from meekoppel_contracts.codec import contract_of_record, decode_overlap_event, decode_plan_event
from meekoppel_contracts.codes import Visibility
from meekoppel_contracts.errors import ContractError
from meekoppel_contracts.events import OverlapEvent, PlanEvent
from meekoppel_contracts.ids import event_id
from meekoppel_contracts.registry import OVERLAP_EVENT, PLAN_EVENT
from meekoppel_contracts.topics import COORDINATION, COORDINATION_RESTRICTED, PLANS, PLANS_RESTRICTED
from meekoppel_hub.platform.errors import PoisonRecord
from meekoppel_hub.platform.stream.records import LogRecord

TOPICS = (PLANS, PLANS_RESTRICTED, COORDINATION, COORDINATION_RESTRICTED)


@dataclass(frozen=True, slots=True)
class PlanChange:
    """A numbered plan event from the log.

    Attributes:
        restricted: whether only the owner and those named by the plan may be told.
        zones: the geometries of the plan's zones, in the hub's CRS, in the order of the plan.
        members: those in a collaboration with which the plan is shared; not known before the database was asked.
    """

    event: PlanEvent
    restricted: bool
    zones: Sequence[BaseGeometry]
    members: frozenset[str] = frozenset()

    @property
    def collaborations(self) -> tuple[str, ...]:
        """Name the collaborations with which a restricted plan is shared."""
        shared_with = self.event.plan.shared_with
        return shared_with.collaborations if self.restricted and shared_with is not None else ()

    @property
    def event_id(self) -> str:
        """Name the event as the log does: plan and version."""
        return event_id(self.event.plan.plan_id, self.event.version)


@dataclass(frozen=True, slots=True)
class OverlapChange:
    """An event of a pair of plans that meet, or no longer do.

    Attributes:
        restricted: whether neither side may see the other's details.
        location: x and y of where they meet, in the hub's CRS.
    """

    event: OverlapEvent
    restricted: bool
    location: tuple[float, float]

    @property
    def event_id(self) -> str:
        """Name the event: overlap and revision."""
        return f"{self.event.overlap_id}/{self.event.revision}"


@dataclass(frozen=True, slots=True)
class PassedOver:
    """An event of a contract of which nobody is told."""

    contract: str


Change = PlanChange | OverlapChange


def read_change(record: LogRecord) -> Change | PassedOver:
    """Decode one record of the plan topics or the coordination topics, by the contract that it says that it follows.

    Raises:
        PoisonRecord: when it has no value, its contract is not known or not followed, or it lacks what the hub gives
            (its number). An unknown contract waits for a newer version of this service: it may be one to tell of.
    """
    if record.value is None:
        raise PoisonRecord("tombstone", "the record has no value; the log holds whole events only")
    try:
        contract = contract_of_record(record.value)
        if contract == OVERLAP_EVENT:
            return _overlap_change(record.value, record.source.topic)
        if contract == PLAN_EVENT:
            return _plan_change(record.value, record.source.topic)
        return PassedOver(contract)
    except ContractError as error:
        raise PoisonRecord("undecodable", str(error)) from error


def _overlap_change(value: bytes, topic: str) -> OverlapChange:
    event = decode_overlap_event(value)
    try:
        point = shapely.centroid(shapely.from_wkb(event.location))
        location = (float(point.x), float(point.y))
    except ShapelyError as error:
        raise PoisonRecord("invalid_geometry", f"overlap {event.overlap_id} has no location: {error}") from error
    return OverlapChange(event, topic == COORDINATION_RESTRICTED, location)


def _plan_change(value: bytes, topic: str) -> PlanChange:
    event = decode_plan_event(value)
    if event.version < 1 or event.recorded_at is None:
        raise PoisonRecord("not_numbered", f"the event of plan {event.plan.plan_id} has no version or recorded time")
    try:
        zones = [shapely.from_wkb(zone.geometry) for zone in event.plan.zones]
    except ShapelyError as error:
        raise PoisonRecord("invalid_geometry", f"a zone of plan {event.plan.plan_id} is no WKB: {error}") from error
    restricted = topic == PLANS_RESTRICTED or event.plan.visibility is Visibility.RESTRICTED
    return PlanChange(event, restricted, zones)
