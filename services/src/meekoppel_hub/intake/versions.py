"""Number the accepted changes of a plan, and drop what says nothing new (rules 2 and 9 of the log).

Pure: the last accepted state and one submission in, what becomes of it out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from meekoppel_contracts.codec import decode_plan_event, encode_plan_event
from meekoppel_contracts.codes import PlanEventType, RejectionReason, Visibility
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.ids import PlanId
from meekoppel_contracts.plan import changed_fields
from meekoppel_contracts.topics import PLANS, PLANS_RESTRICTED
from meekoppel_hub.intake.outcome import Outcome, Rejection, Submission

BECAME_RESTRICTED = "became_restricted"


@dataclass(frozen=True, slots=True)
class PlanState:
    """How far a plan has come.

    Attributes:
        plan_id: the plan.
        version: the last version that was given.
        epoch: the numbering of its connector that was seen last.
        sequence: the highest number seen in that numbering.
        content_sha256: of the last accepted plan; a quick way to see that nothing changed.
        event: the last accepted event, encoded.
        withdrawn: whether that was a withdrawal.
        topic: the log topic in which the plan stands.
        recorded_at: when the last event was recorded.
        revision: of the stored row; 0 for a plan that was never stored.
    """

    plan_id: PlanId
    version: int
    epoch: str
    sequence: int
    content_sha256: str
    event: bytes
    withdrawn: bool
    topic: str
    recorded_at: datetime
    revision: int


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One event that goes into the log: the topic, the event, and the event encoded."""

    topic: str
    event: PlanEvent
    value: bytes


@dataclass(frozen=True, slots=True)
class Judgement:
    """What becomes of a submission that keeps the rules.

    Attributes:
        outcome: accepted as one of the types of event, or dropped as unchanged or resent.
        state: the plan's state after it.
        events: what goes into the log, in order; empty when it was dropped.
    """

    outcome: Outcome
    state: PlanState
    events: tuple[LogEvent, ...] = ()


def judge(state: PlanState | None, submission: Submission, now: datetime) -> Judgement | Rejection:
    """Decide whether a submission is a new version of its plan, given the last accepted state (None: no state)."""
    withdraws = submission.event.type is PlanEventType.WITHDRAWN
    if state is None:
        return _unknown_plan(submission) if withdraws else _accept(None, submission, (), now)
    if submission.epoch == state.epoch and submission.sequence <= state.sequence:
        return Judgement(Outcome.RESENT, state)
    differences = _differences(state, submission)
    same = withdraws if state.withdrawn else not (withdraws or differences)
    if submission.epoch < state.epoch:
        return Judgement(Outcome.RESENT, state) if same else _stale_epoch(state, submission)
    if same:
        seen = replace(
            state,
            epoch=submission.epoch,
            sequence=submission.sequence,
            content_sha256=state.content_sha256 if withdraws else submission.content_sha256,
        )
        return Judgement(Outcome.UNCHANGED, seen)
    return _accept(state, submission, differences, now)


def _unknown_plan(submission: Submission) -> Rejection:
    return Rejection(
        RejectionReason.UNKNOWN_PLAN,
        f"plan {submission.event.plan.plan_id!r} was never registered, so it cannot be withdrawn",
        "type",
    )


def _stale_epoch(state: PlanState, submission: Submission) -> Rejection:
    return Rejection(
        RejectionReason.STALE_EPOCH,
        f"epoch {submission.epoch!r} is older than {state.epoch!r}, which was seen for this plan: "
        "an old copy of the connector still runs; stop it",
        "ce_epoch",
    )


def _differences(state: PlanState, submission: Submission) -> tuple[str, ...]:
    """Name the fields that differ from the last accepted plan.

    Equal hashes decide quickly. Unequal ones do not: a newer contract may have added a field with a default.
    """
    if submission.content_sha256 == state.content_sha256:
        return ()
    return changed_fields(decode_plan_event(state.event).plan, submission.event.plan)


def _accept(state: PlanState | None, submission: Submission, differences: tuple[str, ...], now: datetime) -> Judgement:
    topic = PLANS_RESTRICTED if submission.event.plan.visibility is Visibility.RESTRICTED else PLANS
    kind = _type_of(state, submission.event, differences, topic)
    recorded_at = now if state is None else max(now, state.recorded_at)
    version = 0 if state is None else state.version
    events: list[LogEvent] = []
    if state is not None and state.topic == PLANS and topic == PLANS_RESTRICTED and not state.withdrawn:
        version += 1
        events.append(_leave_open_topic(state, submission.event, version, recorded_at))
    version += 1
    changes = {"type": kind, "version": version, "recorded_at": recorded_at, "changed_fields": differences}
    events.append(_log_event(topic, submission.event.model_copy(update=changes)))
    after = PlanState(
        plan_id=submission.event.plan.plan_id,
        version=version,
        epoch=submission.epoch,
        sequence=submission.sequence,
        content_sha256=submission.content_sha256,
        event=events[-1].value,
        withdrawn=kind is PlanEventType.WITHDRAWN,
        topic=topic,
        recorded_at=recorded_at,
        revision=0 if state is None else state.revision,
    )
    return Judgement(Outcome(kind.value), after, tuple(events))


def _type_of(state: PlanState | None, event: PlanEvent, differences: tuple[str, ...], topic: str) -> PlanEventType:
    """Say what happened, from what is known; what the sender calls it counts for a withdrawal only."""
    if state is None:
        return PlanEventType.REGISTERED
    if event.type is PlanEventType.WITHDRAWN:
        return PlanEventType.WITHDRAWN
    if state.withdrawn or (state.topic == PLANS_RESTRICTED and topic == PLANS):
        return PlanEventType.RESTORED
    return PlanEventType.CONFIRMED if differences == ("confirmed_at",) else PlanEventType.CHANGED


def _leave_open_topic(state: PlanState, event: PlanEvent, version: int, recorded_at: datetime) -> LogEvent:
    """Withdraw a plan from the open topic: with what was open already, never with the restricted content."""
    last_open = decode_plan_event(state.event)
    withdrawal = last_open.model_copy(
        update={
            "type": PlanEventType.WITHDRAWN,
            "version": version,
            "publisher": event.publisher,
            "occurred_at": event.occurred_at,
            "recorded_at": recorded_at,
            "reason": BECAME_RESTRICTED,
            "changed_fields": (),
        }
    )
    return _log_event(PLANS, withdrawal)


def _log_event(topic: str, event: PlanEvent) -> LogEvent:
    return LogEvent(topic, event, encode_plan_event(event))
