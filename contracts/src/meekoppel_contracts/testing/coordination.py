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
    OpportunityPart,
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
from meekoppel_contracts.events import OverlapEvent, OverlapSide, ScorePart
from meekoppel_contracts.ids import CooperationId, OrgCode, PlanId, overlap_id
from meekoppel_contracts.testing.areas import EXAMPLE_MORATORIUM_ID
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
        "ruleset": "national/1",
        "area_m2": 412.5,
        "distance_m": 0.0,
        "overlap_days": 46,
        "gap_days": 0,
        "explanation": "Both dig in Hogeweg; 412.5 m² in common; 46 days in the same period; both are firm.",
        "location": point_wkb(155_060.0, 463_004.0),
        "srid": RD_NEW,
        "recorded_at": datetime(2026, 3, 2, 8, 15, 4, tzinfo=UTC),
        "explanation_nl": (
            "Beide graven in Hogeweg; 412,5 m² gemeenschappelijk; 46 dagen in dezelfde periode; beide staan vast."
        ),
        "rulesets": ("national/1",),
        "assess_by": datetime(2026, 3, 16, 8, 15, 4, tzinfo=UTC),
    }
    return OverlapEvent(**{**overlap, **changes})


def example_opportunity(**changes: Any) -> OverlapEvent:
    """Make the event of a chance to combine the same two plans; `changes` replace top-level fields."""
    opportunity: dict[str, Any] = {
        "kind": OverlapKind.OPPORTUNITY,
        "severity": Severity.LOW,
        "area_m2": 0.0,
        "distance_m": 4.0,
        "overlap_days": 0,
        "gap_days": 21,
        "score": 79,
        "score_parts": (
            ScorePart(part=OpportunityPart.PLACE, points=84, weight=30.0),
            ScorePart(part=OpportunityPart.TIME, points=65, weight=25.0),
            ScorePart(part=OpportunityPart.DISCIPLINES, points=90, weight=25.0),
            ScorePart(part=OpportunityPart.SEQUENCE, points=100, weight=10.0),
            ScorePart(part=OpportunityPart.OPENNESS, points=50, weight=10.0),
        ),
        "explanation": "Both dig in Hogeweg; 4 m apart; gm0307 starts 12 weeks before vitens. Score 79 of 100.",
        "explanation_nl": "Beide graven in Hogeweg; 4 m uit elkaar; gm0307 begint 12 weken eerder. Score 79 van 100.",
        "rulesets": ("national/1", "eemland/3"),
    }
    return example_overlap(**{**opportunity, **changes})


def example_breach(**changes: Any) -> OverlapEvent:
    """Make the event that says that a plan digs where the ground rests; `changes` replace top-level fields."""
    breach: dict[str, Any] = {
        "kind": OverlapKind.MORATORIUM_BREACH,
        "overlap_id": overlap_id(OTHER_PLAN_ID, PlanId(EXAMPLE_MORATORIUM_ID)),
        "first": OverlapSide(
            plan_id=OTHER_PLAN_ID, version=3, organisation=OrgCode("vitens"), title="Vervangen waterleiding Hogeweg"
        ),
        "second": OverlapSide(
            plan_id=PlanId(EXAMPLE_MORATORIUM_ID), version=1, organisation=OrgCode("gm0307"), title="Graafrust Hogeweg"
        ),
        "moratorium_id": EXAMPLE_MORATORIUM_ID,
        "explanation": "vitens digs where the ground rests by order of gm0307: Graafrust Hogeweg.",
        "explanation_nl": "vitens graaft waar de grond rust op last van gm0307: Graafrust Hogeweg.",
    }
    return example_overlap(**{**breach, **changes})


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
