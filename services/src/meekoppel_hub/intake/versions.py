"""Number the accepted changes of a plan, and drop what says nothing new (rules 2 and 9 of the log).

Pure: the last accepted state and one submission in, what becomes of it out. What is decided stands in
`meekoppel_contracts.numbering`; here it becomes the plan's new state and the events of the log.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from meekoppel_contracts.codec import PLAN_EVENTS, decode_plan_event, encode_plan_event
from meekoppel_contracts.codes import PlanEventType, RejectionReason
from meekoppel_contracts.envelope import encode_around
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.ids import PlanId
from meekoppel_contracts.numbering import Decision, Ruling, Standing, decide
from meekoppel_contracts.plan import Plan
from meekoppel_contracts.topics import PLANS
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

    @property
    def standing(self) -> Standing:
        """How far the plan has come, as the rule of numbering asks."""
        return Standing(self.version, self.epoch, self.sequence, self.withdrawn, self.topic)


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
    decision = decide(
        None if state is None else state.standing,
        submission.event,
        submission.epoch,
        submission.sequence,
        lambda: () if state is None else _differences(state, submission),
    )
    if decision.standing is None:
        return _unknown_plan(submission)
    if decision.ruling.event_type is not None:
        return _accepted(state, submission, decision, decision.standing, now)
    assert state is not None  # what is not accepted was known
    if decision.ruling is Ruling.STALE_EPOCH:
        return _stale_epoch(state, submission)
    return Judgement(Outcome(decision.ruling.value), _seen(state, submission, decision))


def _seen(state: PlanState, submission: Submission, decision: Decision) -> PlanState:
    """Note that a submission without news was seen."""
    if decision.ruling is Ruling.RESENT:
        return state
    withdraws = submission.event.type is PlanEventType.WITHDRAWN
    return replace(
        state,
        epoch=submission.epoch,
        sequence=submission.sequence,
        content_sha256=state.content_sha256 if withdraws else submission.content_sha256,
    )


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

    Equal hashes decide quickly. Unequal ones do not: a newer contract may have added a field with a default, and other
    writers may write the same in other bytes.
    """
    if submission.content_sha256 == state.content_sha256:
        return ()
    before = PLAN_EVENTS.values(state.event)["plan"]
    return tuple(name for name in Plan.model_fields if before[name] != submission.plan_values[name])


def _accepted(
    state: PlanState | None, submission: Submission, decision: Decision, standing: Standing, now: datetime
) -> Judgement:
    recorded_at = now if state is None else max(now, state.recorded_at)
    events: list[LogEvent] = []
    if state is not None and decision.leaves_open_topic:
        events.append(_leave_open_topic(state, submission.event, standing.version - 1, recorded_at))
    changes = {
        "type": decision.ruling.event_type,
        "version": standing.version,
        "recorded_at": recorded_at,
        "changed_fields": decision.changed_fields,
    }
    event = submission.event.model_copy(update=changes)
    events.append(LogEvent(standing.topic, event, encode_around(event, submission.written_plan)))
    after = PlanState(
        plan_id=submission.event.plan.plan_id,
        version=standing.version,
        epoch=standing.epoch,
        sequence=standing.sequence,
        content_sha256=submission.content_sha256,
        event=events[-1].value,
        withdrawn=standing.withdrawn,
        topic=standing.topic,
        recorded_at=recorded_at,
        revision=0 if state is None else state.revision,
    )
    return Judgement(Outcome(decision.ruling.value), after, tuple(events))


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
    return LogEvent(PLANS, withdrawal, encode_plan_event(withdrawal))
