"""A Dutch sewer replacement: the plan, its event, and the answer to one that could not be read."""

from __future__ import annotations

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
    Phase,
    PlanEventType,
    PlanRelation,
    RejectionReason,
    Status,
    Visibility,
    WorkType,
    ZoneRole,
)
from meekoppel_contracts.events import PlanEvent, PlanRejection, RejectedHeader
from meekoppel_contracts.ids import OrgCode, PlanId
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
from meekoppel_contracts.testing.geometry import RD_NEW, rectangle_wkb

EXAMPLE_PLAN_ID = PlanId("NL.gm0307.2026-0041")
OTHER_PLAN_ID = PlanId("NL.vitens.W-88213")


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
