"""Build areas, agreements and moratoria as they stand in topic `areas`, with little to say per test."""

from __future__ import annotations

from datetime import datetime

import shapely

from meekoppel_contracts.areas import AgreementEvent, AreaEvent, MoratoriumEvent
from meekoppel_contracts.codec import CODECS
from meekoppel_contracts.codes import (
    AgreementEventType,
    AreaKind,
    Discipline,
    MoratoriumEventType,
    MoratoriumException,
    MoratoriumKind,
    MoratoriumOrigin,
)
from meekoppel_contracts.ids import (
    PlanId,
    check_agreement_id,
    check_area_id,
    check_moratorium_id,
    check_plan_id,
    split_plan_id,
)
from meekoppel_contracts.registry import AGREEMENT_EVENT, AREA_EVENT, MORATORIUM_EVENT
from meekoppel_contracts.topics import AREAS
from meekoppel_hub.platform.agreements import Agreement, national_agreement, rules_to_json
from meekoppel_hub.platform.stream.records import LogRecord, PartitionId
from meekoppel_hub.testing.plan_events import CRS, DAY_ZERO

PlaceEvent = AreaEvent | AgreementEvent | MoratoriumEvent


def area_event(
    area_id: str,
    place: shapely.Geometry,
    *,
    revision: int = 1,
    margin_m: float = 0.0,
    active: bool = True,
    valid: tuple[datetime | None, datetime | None] = (None, None),
    kind: AreaKind = AreaKind.MUNICIPALITY,
    authority: str | None = None,
    recorded_at: datetime = DAY_ZERO,
) -> AreaEvent:
    """Build an area in RD New; the middle part of its id is the authority where none is given."""
    return AreaEvent(
        area_id=check_area_id(area_id),
        revision=revision,
        authority=authority or _owner(area_id),
        kind=kind,
        name=area_id,
        geometry=shapely.to_wkb(place),
        srid=CRS,
        margin_m=margin_m,
        active=active,
        valid_from=valid[0],
        valid_until=valid[1],
        recorded_at=recorded_at,
    )


def agreement_event(
    agreement_id: str,
    rules: Agreement | None = None,
    areas: tuple[str, ...] = (),
    *,
    revision: int = 1,
    ended: bool = False,
    valid: tuple[datetime | None, datetime | None] = (None, None),
    recorded_at: datetime = DAY_ZERO,
) -> AgreementEvent:
    """Build an agreement; the built-in rules where none are given, the default where no areas are given."""
    given = rules or national_agreement()
    return AgreementEvent(
        type=AgreementEventType.ENDED if ended else AgreementEventType.APPLIED,
        agreement_id=check_agreement_id(agreement_id),
        revision=revision,
        authority=_owner(agreement_id),
        areas=tuple(check_area_id(area) for area in areas),
        title=given.ruleset,
        ruleset=given.ruleset,
        version=given.version,
        rules=rules_to_json(given),
        valid_from=valid[0],
        valid_until=valid[1],
        ended_at=recorded_at if ended else None,
        recorded_at=recorded_at,
    )


def moratorium_event(
    moratorium_id: str,
    place: shapely.Geometry,
    *,
    revision: int = 1,
    starts: datetime = DAY_ZERO,
    ends: datetime | None = None,
    lifted: bool = False,
    disciplines: tuple[Discipline, ...] = (),
    exceptions: tuple[MoratoriumException, ...] = (),
    exempt_plans: tuple[str, ...] = (),
    derived_from: PlanId | None = None,
    recorded_at: datetime = DAY_ZERO,
) -> MoratoriumEvent:
    """Build a moratorium; the middle part of its id is the authority."""
    return MoratoriumEvent(
        type=MoratoriumEventType.LIFTED if lifted else MoratoriumEventType.DECLARED,
        moratorium_id=check_moratorium_id(moratorium_id),
        revision=revision,
        authority=_owner(moratorium_id),
        title="Graafrust",
        kind=MoratoriumKind.AFTER_SURFACE_WORKS,
        origin=MoratoriumOrigin.DECLARED if derived_from is None else MoratoriumOrigin.DERIVED,
        derived_from=derived_from,
        geometry=shapely.to_wkb(place),
        srid=CRS,
        starts=starts,
        ends=ends,
        reason="The street is new.",
        disciplines=disciplines,
        exceptions=exceptions,
        exempt_plans=tuple(check_plan_id(plan) for plan in exempt_plans),
        lifted_at=recorded_at if lifted else None,
        recorded_at=recorded_at,
    )


def place_record(event: PlaceEvent, *, offset: int = 0) -> LogRecord:
    """Put an event into topic `areas`."""
    contract, subject = _about(event)
    return LogRecord(PartitionId(AREAS, 0), offset, 0, subject.encode(), CODECS[contract].encode(event), ())


def _about(event: PlaceEvent) -> tuple[str, str]:
    if isinstance(event, AreaEvent):
        return AREA_EVENT, event.area_id
    if isinstance(event, AgreementEvent):
        return AGREEMENT_EVENT, event.agreement_id
    return MORATORIUM_EVENT, event.moratorium_id


def _owner(identifier: str) -> str:
    return split_plan_id(check_plan_id(identifier))[1]
