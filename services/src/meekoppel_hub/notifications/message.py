"""What a party is told: category, words, and the CloudEvents JSON body. Pure functions of a change."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

import shapely

from meekoppel_contracts.codes import NotificationCategory, OverlapEventType, OverlapKind
from meekoppel_contracts.events import OverlapSide, PlanEvent
from meekoppel_contracts.ids import PlanId
from meekoppel_contracts.webhooks import (
    BlindOverlap,
    MetOverlap,
    OverlapNotice,
    OverlapWebhook,
    PlanNotice,
    PlanOwner,
    PlanSummary,
    PlanWebhook,
)
from meekoppel_hub.notifications.affected import Affected
from meekoppel_hub.notifications.changes import OverlapChange, PlanChange

LEFT_AREA = "plan.left_area"
LASTS = timedelta(days=30)  # a notification expires when nothing else is said (GIPOD)

_WARNINGS = frozenset(
    {OverlapKind.CONFLICT_HEAVY, OverlapKind.CONFLICT_LIGHT, OverlapKind.MORATORIUM_BREACH, OverlapKind.DETOUR_HIT}
)
_MEETING = {
    OverlapKind.CONFLICT_HEAVY: "Heavy conflict",
    OverlapKind.CONFLICT_LIGHT: "Light conflict",
    OverlapKind.OPPORTUNITY: "Opportunity to combine works",
    OverlapKind.MORATORIUM_BREACH: "Breach of a moratorium",
    OverlapKind.DETOUR_HIT: "Works on a detour",
    OverlapKind.OTHER: "Meeting of plans",
}


@dataclass(frozen=True, slots=True)
class Message:
    """One notification for one subscription, ready to be stored and sent.

    Attributes:
        notification_id: also the `webhook-id`, the same at every attempt; follows from subscription and event.
        kind: such as `plan.changed` or `overlap.detected`.
        plan_id: the plan in whose lane it is sent.
        other_plan_id: the other plan of an overlap, None where it may not be told.
        body: the CloudEvents JSON document.
    """

    notification_id: str
    subscription_id: str
    event_id: str
    category: NotificationCategory
    kind: str
    plan_id: PlanId
    other_plan_id: PlanId | None
    text: str
    body: str


def message_for(affected: Affected, source: str) -> Message:
    """Write the message for one affected subscription; `source` is the hub's own CloudEvents source."""
    if isinstance(affected.change, OverlapChange):
        return _overlap_message(affected, affected.change, source)
    return _plan_message(affected, affected.change, source)


def notification_id(subscription_id: str, event_id: str) -> str:
    """Derive the id of a notification: the same party told of the same event has the same id, however often."""
    digest = hashlib.sha256(f"{subscription_id}\n{event_id}".encode()).hexdigest()
    return f"msg_{digest[:32]}"


def _plan_message(affected: Affected, change: PlanChange, source: str) -> Message:
    event, text = change.event, plan_text(change.event, left_area=affected.left_area)
    assert event.recorded_at is not None  # a change without it is poison
    identifier = notification_id(affected.subscription_id, change.event_id)
    body = PlanWebhook(
        id=identifier,
        source=source,
        subject=affected.lane,
        time=event.recorded_at,
        data=PlanNotice(
            category=NotificationCategory.INFO,
            text=text,
            organisation=event.plan.initiator.organisation,
            change=event.type,
            left_area=affected.left_area,
            changed_fields=event.changed_fields,
            reason=event.reason,
            expires_at=event.recorded_at + LASTS,
            plan=_plan_summary(change),
        ),
    )
    return Message(
        notification_id=identifier,
        subscription_id=affected.subscription_id,
        event_id=change.event_id,
        category=NotificationCategory.INFO,
        kind=LEFT_AREA if affected.left_area else f"plan.{event.type}",
        plan_id=affected.lane,
        other_plan_id=None,
        text=text,
        body=body.model_dump_json(),
    )


def plan_text(event: PlanEvent, *, left_area: bool = False) -> str:
    """Say what happened to a plan, and that it left the reader's area where it did."""
    plan = event.plan
    window = f"{plan.period.earliest_start:%Y-%m-%d} to {plan.period.latest_end:%Y-%m-%d}"
    what = f": {', '.join(event.changed_fields)}" if event.changed_fields else ""
    why = f" ({event.reason})" if event.reason else ""
    left = " It no longer lies in your area." if left_area else ""
    return f"{plan.initiator.name}: plan “{plan.title}” ({plan.plan_id}), {window}, was {event.type}{what}{why}.{left}"


def _plan_summary(change: PlanChange) -> PlanSummary:
    plan = change.event.plan
    min_x, min_y, max_x, max_y = (round(float(edge), 3) for edge in shapely.total_bounds(list(change.zones)))
    return PlanSummary(
        plan_id=plan.plan_id,
        version=change.event.version,
        title=plan.title,
        initiator=PlanOwner(organisation=plan.initiator.organisation, name=plan.initiator.name),
        status=plan.status,
        certainty=plan.certainty,
        phase=plan.phase,
        disciplines=plan.disciplines,
        earliest_start=plan.period.earliest_start,
        latest_end=plan.period.latest_end,
        precision=plan.period.precision,
        visibility=plan.visibility,
        box=(min_x, min_y, max_x, max_y),
        srid=plan.zones[0].srid,
    )


def _overlap_message(affected: Affected, change: OverlapChange, source: str) -> Message:
    event = change.event
    own, other = event.first, event.second
    if affected.lane != own.plan_id:
        own, other = other, own
    identifier = notification_id(affected.subscription_id, change.event_id)
    category, text = _overlap_category(change), overlap_text(change, own, other)
    body = OverlapWebhook(
        id=identifier,
        source=source,
        subject=own.plan_id,
        time=event.recorded_at,
        data=OverlapNotice(
            category=category,
            text=text,
            organisation=None if change.restricted else other.organisation,
            change=event.type,
            expires_at=event.recorded_at + LASTS,
            overlap=_overlap_summary(change, own, other),
        ),
    )
    return Message(
        notification_id=identifier,
        subscription_id=affected.subscription_id,
        event_id=change.event_id,
        category=category,
        kind=f"overlap.{event.type}",
        plan_id=own.plan_id,
        other_plan_id=None if change.restricted else other.plan_id,
        text=text,
        body=body.model_dump_json(),
    )


def _overlap_category(change: OverlapChange) -> NotificationCategory:
    ended = change.event.type is OverlapEventType.RESOLVED
    warns = change.event.kind in _WARNINGS and not ended
    return NotificationCategory.WARNING if warns else NotificationCategory.INFO


def overlap_text(change: OverlapChange, own: OverlapSide, other: OverlapSide) -> str:
    """Say in one or two sentences how an own plan meets another; of a restricted pair nothing about the other."""
    event = change.event
    theirs = f"plan “{other.title}” ({other.plan_id}) of {other.organisation}"
    if change.restricted:
        theirs = "a plan of another organisation (restricted: no details)"
    mine = f"plan “{own.title}” ({own.plan_id})"
    if event.type is OverlapEventType.RESOLVED:
        return f"{mine[0].upper()}{mine[1:]} no longer meets {theirs}."
    changed = " (changed)" if event.type is OverlapEventType.CHANGED else ""
    why = "" if change.restricted else f" {event.explanation}"
    return f"{_MEETING[event.kind]}{changed}: {mine} meets {theirs}.{why}"


def _overlap_summary(change: OverlapChange, own: OverlapSide, other: OverlapSide) -> MetOverlap | BlindOverlap:
    event = change.event
    if change.restricted:
        # Owner, place, measures and the explanation would give the other plan away: a blind match, as in the API.
        return BlindOverlap(
            overlap_id=event.overlap_id,
            revision=event.revision,
            kind=event.kind,
            severity=event.severity,
            restricted=True,
            own=own,
            other=None,
        )
    x, y = (round(coordinate, 3) for coordinate in change.location)
    return MetOverlap(
        overlap_id=event.overlap_id,
        revision=event.revision,
        kind=event.kind,
        severity=event.severity,
        restricted=False,
        own=own,
        other=other,
        ruleset=event.ruleset,
        area_m2=event.area_m2,
        distance_m=event.distance_m,
        overlap_days=event.overlap_days,
        gap_days=event.gap_days,
        score=event.score,
        explanation=event.explanation,
        explanation_nl=event.explanation_nl,
        score_parts=event.score_parts,
        rulesets=event.rulesets,
        moratorium_id=event.moratorium_id,
        assess_by=event.assess_by,
        srid=event.srid,
        location=(x, y),
    )
