"""The bodies of the hub's webhooks: CloudEvents 1.0 documents in structured JSON, one model per type.

The hub writes them with these models, and their JSON Schema is generated from them. Fields may be added: readers ignore
those that they do not know.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import AwareDatetime, Field

from meekoppel_contracts.codes import (
    Certainty,
    Discipline,
    NotificationCategory,
    OverlapEventType,
    OverlapKind,
    Phase,
    PlanEventType,
    Precision,
    Severity,
    Status,
    Visibility,
)
from meekoppel_contracts.events import OverlapSide, ScorePart
from meekoppel_contracts.ids import OverlapId
from meekoppel_contracts.plan import Contract, MoratoriumIdentifier, Organisation, PlanIdentifier

PLAN_WEBHOOK: Final = "nl.meekoppel.notification.plan.v1"
OVERLAP_WEBHOOK: Final = "nl.meekoppel.notification.overlap.v1"
TRIAL_WEBHOOK: Final = "nl.meekoppel.notification.test.v1"


class PlanOwner(Contract):
    """The organisation whose plan it is."""

    organisation: Organisation
    name: str = Field(description="Name of the organisation as people know it.")


class PlanSummary(Contract):
    """What a webhook tells of a plan; the API gives it in full."""

    plan_id: PlanIdentifier
    version: int = Field(ge=1, description="Version of the plan that this tells of.")
    title: str
    initiator: PlanOwner
    status: Status
    certainty: Certainty
    phase: Phase
    disciplines: tuple[Discipline, ...]
    earliest_start: AwareDatetime
    latest_end: AwareDatetime
    precision: Precision = Field(description="To what the two dates are known.")
    visibility: Visibility
    box: tuple[float, float, float, float] = Field(
        description="min x, min y, max x, max y of all zones, in metres in the CRS named by srid."
    )
    srid: int = Field(gt=0, description="EPSG number of the CRS: projected, in metres.")


class PlanNotice(Contract):
    """That a plan was registered, changed, withdrawn or restored."""

    category: NotificationCategory = Field(description="What it asks of its reader.")
    text: str = Field(description="The whole in words, for people.")
    organisation: Organisation = Field(description="Whose plan it is.")
    change: PlanEventType
    left_area: bool = Field(description="Whether the plan no longer lies in the area of the subscription.")
    changed_fields: tuple[str, ...] = Field(description="Names of the top-level fields of the plan that changed.")
    reason: str | None = Field(description="Why, in words or as a code such as missing_from_source.")
    expires_at: AwareDatetime = Field(description="From when it no longer matters.")
    plan: PlanSummary


class MetOverlap(Contract):
    """How a plan of the reader meets another."""

    overlap_id: OverlapId
    revision: int = Field(ge=1, description="Rises by one per change of this pair.")
    kind: OverlapKind
    severity: Severity
    restricted: Literal[False]
    own: OverlapSide = Field(description="The reader's plan.")
    other: OverlapSide = Field(description="The plan that it meets.")
    ruleset: str = Field(description="The rules by which they meet.")
    area_m2: float = Field(ge=0, description="Area that both share, in square metres.")
    distance_m: float = Field(ge=0, description="Distance between them, in metres; 0 when they touch.")
    overlap_days: int = Field(ge=0, description="Days that both periods share.")
    gap_days: int = Field(ge=0, description="Days between both periods when they share none.")
    score: int | None = Field(ge=0, le=100, description="How good an opportunity is; null for other kinds.")
    explanation: str = Field(description="Why they meet, in English words.")
    explanation_nl: str | None = Field(description="The same in Dutch; null in what was found before it was written.")
    score_parts: tuple[ScorePart, ...] = Field(description="How the score came about; empty for other kinds.")
    rulesets: tuple[str, ...] = Field(description="All rules that were applied; more than one at a border of areas.")
    moratorium_id: MoratoriumIdentifier | None = Field(description="The moratorium that is breached, as `other`.")
    assess_by: AwareDatetime | None = Field(description="Until when both are asked to assess; null when not asked.")
    srid: int = Field(gt=0, description="EPSG number of the CRS: projected, in metres.")
    location: tuple[float, float] = Field(description="Where they meet: x and y in the CRS named by srid.")


class BlindOverlap(Contract):
    """That a plan of the reader meets a restricted one: of the other, its place and the measures nothing is told."""

    overlap_id: OverlapId
    revision: int = Field(ge=1, description="Rises by one per change of this pair.")
    kind: OverlapKind
    severity: Severity
    restricted: Literal[True]
    own: OverlapSide = Field(description="The reader's plan.")
    other: None


class OverlapNotice(Contract):
    """That a plan of the reader meets another, meets it in another way, or no longer does."""

    category: NotificationCategory = Field(description="What it asks of its reader.")
    text: str = Field(description="The whole in words, for people.")
    organisation: Organisation | None = Field(description="Whose plan the other is; null when that is restricted.")
    change: OverlapEventType
    expires_at: AwareDatetime = Field(description="From when it no longer matters.")
    overlap: MetOverlap | BlindOverlap


class TrialNotice(Contract):
    """That somebody tried the subscription."""

    category: NotificationCategory = Field(description="What it asks of its reader.")
    text: str = Field(description="The whole in words, for people.")
    organisation: Organisation = Field(description="Whose subscription it is.")


class Webhook(Contract):
    """What all bodies share: the attributes of CloudEvents 1.0."""

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(min_length=1, description="Of the notification: the same at every attempt, also the webhook-id.")
    source: str = Field(min_length=1, description="The hub, as a URI.")


class PlanWebhook(Webhook):
    """The body of a webhook about a plan."""

    type: Literal["nl.meekoppel.notification.plan.v1"] = PLAN_WEBHOOK
    subject: PlanIdentifier = Field(description="The plan in whose order the message stands.")
    time: AwareDatetime = Field(description="When the change was recorded.")
    datacontenttype: Literal["application/json"] = "application/json"
    data: PlanNotice


class OverlapWebhook(Webhook):
    """The body of a webhook about two plans that meet."""

    type: Literal["nl.meekoppel.notification.overlap.v1"] = OVERLAP_WEBHOOK
    subject: PlanIdentifier = Field(description="The reader's plan, in whose order the message stands.")
    time: AwareDatetime = Field(description="When the change was recorded.")
    datacontenttype: Literal["application/json"] = "application/json"
    data: OverlapNotice


class TrialWebhook(Webhook):
    """The body of a webhook that tries a subscription."""

    type: Literal["nl.meekoppel.notification.test.v1"] = TRIAL_WEBHOOK
    subject: str = Field(min_length=1, description="The subscription.")
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    data: TrialNotice


AnyWebhook = PlanWebhook | OverlapWebhook | TrialWebhook
