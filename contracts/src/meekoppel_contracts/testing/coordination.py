"""What follows from the example plan: an overlap, what the parties say of it, and what they agree on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from meekoppel_contracts.codes import (
    AssessmentAnswer,
    AssessmentCause,
    CooperationAnswer,
    CooperationEventType,
    CooperationKind,
    CooperationState,
    OverlapEventType,
    OverlapKind,
    Severity,
)
from meekoppel_contracts.coordination import (
    AgreedWindow,
    AssessedPlan,
    AssessmentEvent,
    CooperatingParty,
    CooperatingPlan,
    CooperationEvent,
)
from meekoppel_contracts.events import OverlapEvent, OverlapSide
from meekoppel_contracts.ids import CooperationId, OrgCode, overlap_id
from meekoppel_contracts.testing.geometry import RD_NEW, point_wkb
from meekoppel_contracts.testing.plans import EXAMPLE_PLAN_ID, OTHER_PLAN_ID

EXAMPLE_COOPERATION_ID = CooperationId("coop_3f8a1c0d5e7b")


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


def example_assessment(**changes: Any) -> AssessmentEvent:
    """Make the event with which the municipality says yes to that overlap; `changes` replace top-level fields."""
    assessment: dict[str, Any] = {
        "overlap_id": overlap_id(EXAMPLE_PLAN_ID, OTHER_PLAN_ID),
        "revision": 2,
        "organisation": OrgCode("gm0307"),
        "answer": AssessmentAnswer.YES,
        "cause": AssessmentCause.ANSWERED,
        "previous_answer": AssessmentAnswer.UNDECIDED,
        "note": "Wij kunnen drie weken later beginnen.",
        "decision": "Samen de straat open: eerst het riool, dan de waterleiding.",
        "overlap_revision": 1,
        "first": AssessedPlan(plan_id=EXAMPLE_PLAN_ID, version=1, organisation=OrgCode("gm0307")),
        "second": AssessedPlan(plan_id=OTHER_PLAN_ID, version=3, organisation=OrgCode("vitens")),
        "cooperation_id": EXAMPLE_COOPERATION_ID,
        "answered_at": datetime(2026, 3, 9, 10, 30, tzinfo=UTC),
        "recorded_at": datetime(2026, 3, 9, 10, 30, 0, 120_000, tzinfo=UTC),
    }
    return AssessmentEvent(**{**assessment, **changes})


def example_cooperation(**changes: Any) -> CooperationEvent:
    """Make the event with which both parties agreed; `changes` replace top-level fields."""
    cooperation: dict[str, Any] = {
        "type": CooperationEventType.AGREED,
        "cooperation_id": EXAMPLE_COOPERATION_ID,
        "revision": 4,
        "title": "Hogeweg in één keer open",
        "description": "Riool en waterleiding in dezelfde sleuf, daarna samen bestraten.",
        "state": CooperationState.AGREED,
        "kinds": (CooperationKind.SHARE_TRENCH, CooperationKind.SHARE_PAVING),
        "proposed_by": OrgCode("gm0307"),
        "lead": OrgCode("gm0307"),
        "actor": OrgCode("vitens"),
        "plans": _cooperating_plans(),
        "parties": _cooperating_parties(),
        "answer_by": datetime(2026, 4, 1, tzinfo=UTC),
        "add_works_by": datetime(2026, 5, 1, tzinfo=UTC),
        "window": AgreedWindow(
            starts=datetime(2026, 9, 28, 5, 0, tzinfo=UTC), ends=datetime(2026, 12, 18, 16, 0, tzinfo=UTC)
        ),
        "overlap_ids": (overlap_id(EXAMPLE_PLAN_ID, OTHER_PLAN_ID),),
        "occurred_at": datetime(2026, 3, 23, 9, 0, tzinfo=UTC),
        "recorded_at": datetime(2026, 3, 23, 9, 0, 0, 80_000, tzinfo=UTC),
    }
    return CooperationEvent(**{**cooperation, **changes})


def _cooperating_plans() -> tuple[CooperatingPlan, ...]:
    return (
        CooperatingPlan(
            plan_id=EXAMPLE_PLAN_ID, version=1, organisation=OrgCode("gm0307"), title="Rioolvervanging Hogeweg"
        ),
        CooperatingPlan(
            plan_id=OTHER_PLAN_ID,
            version=3,
            organisation=OrgCode("vitens"),
            title="Vervangen waterleiding Hogeweg",
            added_by=OrgCode("vitens"),
            added_at=datetime(2026, 3, 20, 14, 0, tzinfo=UTC),
        ),
    )


def _cooperating_parties() -> tuple[CooperatingParty, ...]:
    return (
        CooperatingParty(
            organisation=OrgCode("gm0307"),
            answer=CooperationAnswer.YES,
            answered_at=datetime(2026, 3, 16, 8, 0, tzinfo=UTC),
        ),
        CooperatingParty(
            organisation=OrgCode("vitens"),
            answer=CooperationAnswer.YES,
            note="Mits de toevoerleiding in bedrijf blijft.",
            answered_at=datetime(2026, 3, 23, 9, 0, tzinfo=UTC),
        ),
    )
