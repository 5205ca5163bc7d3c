"""What became of each plan between the last snapshot and what the source holds now: a pure function of values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from meekoppel_contracts.codes import PlanEventType, Status
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.ids import OrgCode
from meekoppel_contracts.plan import ENDED, Plan, changed_fields

MISSING_FROM_SOURCE = "missing_from_source"
REMOVED_AT_SOURCE = "removed_at_source"
NO_LONGER_IN_SOURCE_AFTER_END = "no_longer_in_source_after_end"


class SnapshotState(StrEnum):
    """What the last run left of a plan: shared, or gone from the source after its end or before it."""

    LIVE = "live"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"


class Verdict(StrEnum):
    """What became of a plan.

    `confirmed`: nothing but the time at which its owner said that it still holds; `kept`: its row was rejected, so it
    stays as it was; `settled`: it had ended by its status and left the source, which tells nothing new.
    """

    REGISTERED = "registered"
    CHANGED = "changed"
    CONFIRMED = "confirmed"
    UNCHANGED = "unchanged"
    RESTORED = "restored"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"
    KEPT = "kept"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class KnownPlan:
    """A plan as the last snapshot holds it.

    Attributes:
        plan: as it was last published.
        state: whether it is still shared.
        unreadable: whether its row was rejected in the last run, so that it stayed as it was.
    """

    plan: Plan
    state: SnapshotState = SnapshotState.LIVE
    unreadable: bool = False

    def is_live(self, as_of: datetime) -> bool:
        """Tell whether its disappearance at this moment would be a withdrawal: shared, not ended, not past its end."""
        return self.state is SnapshotState.LIVE and not self._has_ended and self.plan.period.latest_end > as_of

    @property
    def _has_ended(self) -> bool:
        return self.plan.status in ENDED


@dataclass(frozen=True, slots=True)
class Pairing:
    """One plan in the last snapshot and in the source now; at least one of the two is there.

    Attributes:
        before: None when the snapshot does not hold it.
        after: None when no row of the source became this plan.
        row_rejected: whether a row of this plan is in the source, but was rejected.
        removed: whether the source said that it is gone; else it is just not there any more.
        occurred_at: when the source came to hold this state, aware; None when it does not say.
        row_number: where it stands in the source; 0 when no row of the source became this plan.
    """

    before: KnownPlan | None
    after: Plan | None
    row_rejected: bool = False
    removed: bool = False
    occurred_at: datetime | None = None
    row_number: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one plan, and how the snapshot is to hold it from now on.

    Attributes:
        verdict: what became of it.
        plan: its whole new state.
        state: its place in the new snapshot.
        changed_fields: the fields that differ from what was last published.
        was_live: whether it was live in the last snapshot at this moment.
        newly_unreadable: whether its row is rejected now and was not in the last run.
        reason: why, as a code, where the source did not say it by the plan itself.
        occurred_at: as `Pairing.occurred_at`.
        row_number: as `Pairing.row_number`.
    """

    verdict: Verdict
    plan: Plan
    state: SnapshotState
    changed_fields: tuple[str, ...] = ()
    was_live: bool = False
    newly_unreadable: bool = False
    reason: str | None = None
    occurred_at: datetime | None = None
    row_number: int = 0


def differences(pairings: Iterable[Pairing], as_of: datetime) -> Iterator[Change]:
    """Compare every plan; plans that were gone before and still are give nothing.

    Args:
        pairings: each plan once, in the order in which its events are to be published.
        as_of: the moment of which the source tells; a plan whose `latest_end` is not after it is past its end.
    """
    for pairing in pairings:
        if pairing.after is not None:
            change = _seen(pairing.before, pairing.after, as_of)
        elif pairing.before is not None and pairing.before.state is SnapshotState.LIVE:
            change = _not_seen(pairing.before, pairing, as_of)
        else:
            continue
        yield replace(change, occurred_at=pairing.occurred_at, row_number=pairing.row_number)


def _seen(before: KnownPlan | None, after: Plan, as_of: datetime) -> Change:
    if before is None:
        return Change(Verdict.REGISTERED, after, SnapshotState.LIVE)
    fields = changed_fields(before.plan, after)
    if before.state is SnapshotState.WITHDRAWN:
        return Change(Verdict.RESTORED, after, SnapshotState.LIVE, fields)
    return Change(_verdict(fields), after, SnapshotState.LIVE, fields, before.is_live(as_of))


def _verdict(fields: tuple[str, ...]) -> Verdict:
    if not fields:
        return Verdict.UNCHANGED
    return Verdict.CONFIRMED if fields == ("confirmed_at",) else Verdict.CHANGED


def _not_seen(before: KnownPlan, pairing: Pairing, as_of: datetime) -> Change:
    plan, was_live = before.plan, before.is_live(as_of)
    if pairing.row_rejected:
        return Change(Verdict.KEPT, plan, SnapshotState.LIVE, (), was_live, newly_unreadable=not before.unreadable)
    if plan.status in ENDED:  # completed, cancelled or not executed: that has been told already, and stays true
        return Change(Verdict.SETTLED, plan, SnapshotState.COMPLETED)
    if plan.period.latest_end <= as_of:
        completed = plan.model_copy(update={"status": Status.COMPLETED})
        fields = changed_fields(plan, completed)
        return Change(
            Verdict.COMPLETED, completed, SnapshotState.COMPLETED, fields, reason=NO_LONGER_IN_SOURCE_AFTER_END
        )
    reason = REMOVED_AT_SOURCE if pairing.removed else MISSING_FROM_SOURCE
    return Change(Verdict.WITHDRAWN, plan, SnapshotState.WITHDRAWN, (), was_live, reason=reason)


def plan_event(change: Change, publisher: OrgCode, occurred_at: datetime | None) -> PlanEvent | None:
    """Say a change as an event for the inbox, not numbered yet; None when there is nothing to tell.

    Args:
        change: what became of the plan.
        publisher: the organisation.
        occurred_at: of the whole snapshot, where that is known; a row's own time goes before it.
    """
    event_type = _TOLD.get(change.verdict)
    if event_type is None:
        return None
    return PlanEvent(
        type=event_type,
        publisher=publisher,
        occurred_at=change.occurred_at or occurred_at,
        reason=change.reason,
        changed_fields=change.changed_fields,
        plan=change.plan,
    )


_TOLD = {
    Verdict.REGISTERED: PlanEventType.REGISTERED,
    Verdict.CHANGED: PlanEventType.CHANGED,
    Verdict.CONFIRMED: PlanEventType.CONFIRMED,
    Verdict.RESTORED: PlanEventType.RESTORED,
    Verdict.COMPLETED: PlanEventType.CHANGED,
    Verdict.WITHDRAWN: PlanEventType.WITHDRAWN,
}
