"""Build plan events as they stand in the log, with little to say per test."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import shapely

from meekoppel_contracts.codec import encode_plan_event
from meekoppel_contracts.codes import (
    Certainty,
    Discipline,
    OrganisationKind,
    PlanEventType,
    Status,
    Visibility,
    ZoneRole,
)
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.ids import OrgCode, check_plan_id, split_plan_id
from meekoppel_contracts.plan import Cooperation, Initiator, Period, Plan, Zone
from meekoppel_contracts.topics import PLANS, PLANS_RESTRICTED
from meekoppel_hub.platform.stream.records import LogRecord, PartitionId

DAY_ZERO = datetime(2027, 3, 1, tzinfo=UTC)
"""The day from which tests count days."""

CRS = 28992


def zone(
    place: shapely.Geometry, role: ZoneRole = ZoneRole.WORK, *, buffer_m: float = 0.0, name: str = "1", srid: int = CRS
) -> Zone:
    """Build a zone from a geometry in RD New."""
    return Zone(zone_id=name, role=role, geometry=shapely.to_wkb(place), srid=srid, buffer_m=buffer_m)


def plan_event(
    plan_id: str,
    *,
    version: int = 1,
    zones: Sequence[Zone] = (),
    days: tuple[int, int] = (0, 10),
    shift: tuple[int | None, int | None] = (None, None),
    initiator: str | None = None,
    type: PlanEventType = PlanEventType.REGISTERED,
    status: Status = Status.PLANNED,
    certainty: Certainty = Certainty.FIRM,
    visibility: Visibility = Visibility.PARTICIPANTS,
    disciplines: Sequence[Discipline] = (),
    cooperates: bool = False,
    title: str = "Works",
) -> PlanEvent:
    """Build a plan event of the log.

    Args:
        plan_id: the plan; its middle part is the publisher, and the initiator too where none is given.
        version: as intake gives it.
        zones: where; a square of ten metres in the centre of Leiden when none is given.
        days: first and last day, counted from `DAY_ZERO`.
        shift: by how many days the plan may move earlier and later.
        initiator: whose plan it is.
        type: what happened.
        status: of the plan.
        certainty: of the plan.
        visibility: of the plan.
        disciplines: of the plan.
        cooperates: whether the owner is open to cooperate.
        title: of the plan.
    """
    publisher = split_plan_id(check_plan_id(plan_id))[1]
    owner = OrgCode(initiator or publisher)
    return PlanEvent(
        type=type,
        version=version,
        publisher=publisher,
        recorded_at=DAY_ZERO + timedelta(minutes=version),
        plan=Plan(
            plan_id=check_plan_id(plan_id),
            title=title,
            initiator=Initiator(organisation=owner, name=owner, kind=OrganisationKind.OTHER),
            disciplines=tuple(disciplines),
            status=status,
            certainty=certainty,
            period=Period(
                earliest_start=DAY_ZERO + timedelta(days=days[0]),
                latest_end=DAY_ZERO + timedelta(days=days[1]),
                can_shift_earlier_days=shift[0],
                can_shift_later_days=shift[1],
            ),
            zones=tuple(zones) or (zone(shapely.box(93_000, 463_000, 93_010, 463_010)),),
            cooperation=Cooperation(open=True) if cooperates else None,
            visibility=visibility,
        ),
    )


def log_record(event: PlanEvent, *, offset: int = 0, topic: str | None = None) -> LogRecord:
    """Put a plan event where intake puts it: restricted plans in the restricted topic."""
    restricted = event.plan.visibility is Visibility.RESTRICTED
    return LogRecord(
        source=PartitionId(topic or (PLANS_RESTRICTED if restricted else PLANS), 0),
        offset=offset,
        timestamp_ms=0,
        key=event.plan.plan_id.encode(),
        value=encode_plan_event(event),
        headers=(),
    )
