"""Credible examples for tests, in this and other distributions: a Dutch sewer replacement and what follows from it.

Nothing here needs a geometry library: the polygons are packed by hand.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from typing import Any

from meekoppel_contracts.codes import (
    Accuracy,
    Affected,
    Certainty,
    CooperationKind,
    Discipline,
    MandateRole,
    NuisanceEffect,
    OrganisationKind,
    OverlapEventType,
    OverlapKind,
    Phase,
    PlanEventType,
    PlanRelation,
    RejectionReason,
    Severity,
    Status,
    Visibility,
    WorkType,
    ZoneRole,
)
from meekoppel_contracts.events import OverlapEvent, OverlapSide, PlanEvent, PlanRejection, RejectedHeader
from meekoppel_contracts.ids import OrgCode, PlanId, overlap_id
from meekoppel_contracts.plan import (
    Attachment,
    Contact,
    Cooperation,
    Excavation,
    Initiator,
    Mandate,
    Nuisance,
    Period,
    Plan,
    RelatedPlan,
    SourceRef,
    Zone,
)

RD_NEW = 28992
EXAMPLE_PLAN_ID = PlanId("NL.gm0307.2026-0041")
OTHER_PLAN_ID = PlanId("NL.vitens.W-88213")

_WKB_POINT = 1
_WKB_POLYGON = 3


def point_wkb(x: float, y: float) -> bytes:
    """Pack a point as little-endian WKB; x and y in the CRS of the caller."""
    return struct.pack("<BIdd", 1, _WKB_POINT, x, y)


def rectangle_wkb(x: float, y: float, width: float, height: float) -> bytes:
    """Pack a rectangle as a little-endian WKB polygon, from its lower left corner; metres in the CRS of the caller."""
    ring = ((x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y))
    flat = [ordinate for corner in ring for ordinate in corner]
    return struct.pack(f"<BIII{len(flat)}d", 1, _WKB_POLYGON, 1, len(ring), *flat)


def example_zone(**changes: Any) -> Zone:
    """Make the work zone of the example: 120 by 8 metres of street near the middle of RD New (EPSG:28992)."""
    zone: dict[str, Any] = {
        "zone_id": "1",
        "role": ZoneRole.WORK,
        "geometry": rectangle_wkb(155_000.0, 463_000.0, 120.0, 8.0),
        "srid": RD_NEW,
        "accuracy": Accuracy.DESIGN,
        "buffer_m": 2.0,
    }
    return Zone(**{**zone, **changes})


def example_plan(**changes: Any) -> Plan:
    """Make a plan of a municipality that replaces a sewer; `changes` replace top-level fields and are validated."""
    return Plan(**{**_what(), **_when_and_where(), **changes})


def example_event(**changes: Any) -> PlanEvent:
    """Make the event with which the example plan entered the log; `changes` replace top-level fields."""
    event: dict[str, Any] = {
        "type": PlanEventType.REGISTERED,
        "version": 1,
        "publisher": OrgCode("gm0307"),
        "occurred_at": datetime(2026, 3, 2, 8, 15, tzinfo=UTC),
        "recorded_at": datetime(2026, 3, 2, 8, 15, 3, 250_000, tzinfo=UTC),
    }
    if "plan" not in changes:
        event["plan"] = example_plan()
    return PlanEvent(**{**event, **changes})


def example_overlap(**changes: Any) -> OverlapEvent:
    """Make the event that says that the example plan meets a water company's; `changes` replace top-level fields."""
    overlap: dict[str, Any] = {
        "type": OverlapEventType.DETECTED,
        "overlap_id": overlap_id(EXAMPLE_PLAN_ID, OTHER_PLAN_ID),
        "revision": 1,
        "kind": OverlapKind.CONFLICT_HEAVY,
        "severity": Severity.HIGH,
        "first": OverlapSide(
            plan_id=EXAMPLE_PLAN_ID, version=1, organisation=OrgCode("gm0307"), title="Rioolvervanging Hogeweg"
        ),
        "second": OverlapSide(
            plan_id=OTHER_PLAN_ID, version=3, organisation=OrgCode("vitens"), title="Vervangen waterleiding Hogeweg"
        ),
        "ruleset": "nationaal-1",
        "area_m2": 412.5,
        "distance_m": 0.0,
        "overlap_days": 46,
        "gap_days": 0,
        "explanation": "The work zones share 412.5 m2 and both are firm for 46 days.",
        "location": point_wkb(155_060.0, 463_004.0),
        "srid": RD_NEW,
        "recorded_at": datetime(2026, 3, 2, 8, 15, 4, tzinfo=UTC),
    }
    return OverlapEvent(**{**overlap, **changes})


def example_rejection(**changes: Any) -> PlanRejection:
    """Make the answer to a record that intake could not decode; `changes` replace top-level fields."""
    rejection: dict[str, Any] = {
        "organisation": OrgCode("gm0307"),
        "reason": RejectionReason.UNDECODABLE,
        "message": "The value begins with byte 0x7b where a framed Avro record has 0x00.",
        "plan_id": EXAMPLE_PLAN_ID,
        "topic": "plan-inbox.gm0307",
        "partition": 0,
        "offset": 17,
        "key": EXAMPLE_PLAN_ID.encode(),
        "value": b'{"title": "Rioolvervanging"}',
        "headers": (RejectedHeader(name="ce_id", value=b"1"), RejectedHeader(name="trace", value=None)),
        "rejected_at": datetime(2026, 3, 2, 8, 15, 4, tzinfo=UTC),
    }
    return PlanRejection(**{**rejection, **changes})


def _what() -> dict[str, Any]:
    return {
        "plan_id": EXAMPLE_PLAN_ID,
        "title": "Rioolvervanging Hogeweg",
        "description": "Vervangen van het gemengde riool door een gescheiden stelsel, met nieuwe bestrating.",
        "source_refs": (SourceRef(system="project", id="2026-0041"), SourceRef(system="MOOR", id="0051873")),
        "related_plans": (RelatedPlan(relation=PlanRelation.BEFORE, plan_id=PlanId("NL.gm0307.2027-0007")),),
        "initiator": Initiator(
            organisation=OrgCode("gm0307"),
            name="Gemeente Amersfoort",
            kind=OrganisationKind.MUNICIPALITY,
            oin="00000001001299992000",
        ),
        "mandated": (Mandate(organisation=OrgCode("aannemer-eem"), role=MandateRole.CONTRACTOR),),
        "contact": Contact(mailbox="werkzaamheden@example.org", url="https://example.org/hogeweg"),
        "disciplines": (Discipline.GRAVITY_SEWER, Discipline.ROAD),
        "work_types": (WorkType.REPLACE,),
        "excavation": Excavation(digs=True, area_m2=960.0, trench_length_m=120.0, depth_m=3.2, trenchless=False),
        "phase": Phase.PREPARATION,
        "status": Status.PLANNED,
        "certainty": Certainty.FIRM,
        "license": "https://creativecommons.org/publicdomain/zero/1.0/",
        "attachments": (
            Attachment(uri="https://example.org/hogeweg.pdf", media_type="application/pdf", name="Ontwerptekening"),
        ),
    }


def _when_and_where() -> dict[str, Any]:
    return {
        "period": Period(
            earliest_start=datetime(2026, 9, 7, 5, 0, tzinfo=UTC),
            latest_start=datetime(2026, 9, 21, 5, 0, tzinfo=UTC),
            latest_end=datetime(2026, 12, 18, 16, 0, tzinfo=UTC),
            duration_days=75,
            can_shift_earlier_days=0,
            can_shift_later_days=30,
        ),
        "zones": (example_zone(),),
        "nuisance": (
            Nuisance(who=Affected.CAR, effect=NuisanceEffect.CLOSED, severe=True, zone_id="1"),
            Nuisance(who=Affected.CYCLIST, effect=NuisanceEffect.DETOUR, note="Omleiding via de Ringweg"),
        ),
        "cooperation": Cooperation(
            open=True,
            kinds=(CooperationKind.SHARE_TRENCH, CooperationKind.SHARE_PAVING),
            answer_by=datetime(2026, 6, 1, tzinfo=UTC),
        ),
        "visibility": Visibility.PARTICIPANTS,
        "confirmed_at": datetime(2026, 3, 2, 8, 0, tzinfo=UTC),
    }
