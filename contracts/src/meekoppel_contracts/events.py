"""The events that travel: plan events, overlap events, rejections.

In an organisation's inbox a plan event is not numbered yet: `version` is 0 and `recorded_at` is null. Intake gives
both (rule 2 of the log).
"""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from meekoppel_contracts.codes import (
    OpportunityPart,
    OverlapEventType,
    OverlapKind,
    PlanEventType,
    RejectionReason,
    Severity,
)
from meekoppel_contracts.ids import OverlapId
from meekoppel_contracts.plan import Contract, MoratoriumIdentifier, Organisation, Plan, PlanIdentifier


class PlanEvent(Contract):
    """One change of one plan, with the whole new state of the plan."""

    type: PlanEventType
    version: int = Field(default=0, ge=0)
    publisher: Organisation
    occurred_at: AwareDatetime | None = None
    recorded_at: AwareDatetime | None = None
    reason: str | None = None
    changed_fields: tuple[str, ...] = ()
    plan: Plan


class OverlapSide(Contract):
    """One of the two plans of a pair, at the version that was matched."""

    plan_id: PlanIdentifier
    version: int = Field(ge=1)
    organisation: Organisation
    title: str


class ScorePart(Contract):
    """One part of the score of an opportunity: its points, and how much they count by the agreement."""

    part: OpportunityPart
    points: int = Field(ge=0, le=100)
    weight: float = Field(ge=0, allow_inf_nan=False)


class OverlapEvent(Contract):
    """How a pair of plans of different organisations meets now, or that it no longer does.

    `first` is the side with the lower plan id. In a breach of a moratorium `first` is the plan, and `second` carries
    the moratorium's id, revision, authority and title. `overlap_days` counts the days that both periods share; when
    they share none it is 0 and `gap_days` says how far apart they lie. `score` (0 to 100) is for opportunities, and
    `score_parts` says how it came about. `ruleset` gave the verdict, `rulesets` are all that were applied.
    """

    type: OverlapEventType
    overlap_id: OverlapId
    revision: int = Field(ge=1)
    kind: OverlapKind
    severity: Severity
    first: OverlapSide
    second: OverlapSide
    ruleset: str
    area_m2: float = Field(ge=0)
    distance_m: float = Field(ge=0)
    overlap_days: int = Field(ge=0)
    gap_days: int = Field(ge=0)
    score: int | None = Field(default=None, ge=0, le=100)
    explanation: str
    location: bytes = Field(description="WKB point where the plans meet, in the CRS named by srid")
    srid: int = Field(gt=0)
    recorded_at: AwareDatetime
    moratorium_id: MoratoriumIdentifier | None = None
    explanation_nl: str | None = None
    score_parts: tuple[ScorePart, ...] = ()
    rulesets: tuple[str, ...] = ()
    assess_by: AwareDatetime | None = None


class RejectedHeader(Contract):
    """One header of a rejected record, as it came."""

    name: str
    value: bytes | None


class PlanRejection(Contract):
    """What the hub did not accept of an inbox, why, and the original bytes so that nothing is lost."""

    organisation: Organisation
    reason: RejectionReason
    message: str
    field: str | None = None
    plan_id: str | None = None
    topic: str
    partition: int = Field(ge=0)
    offset: int = Field(ge=0)
    key: bytes | None
    value: bytes | None
    headers: tuple[RejectedHeader, ...] = ()
    rejected_at: AwareDatetime
