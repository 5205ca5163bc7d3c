"""Intake's processor: inboxes in; numbered events into the log, rejections back to whoever sent them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from meekoppel_contracts.codes import RejectionReason
from meekoppel_contracts.ids import OrgCode, PlanId
from meekoppel_contracts.topics import INBOX_PREFIX, MAX_EVENT_BYTES
from meekoppel_hub.intake import metrics
from meekoppel_hub.intake.answer import to_log
from meekoppel_hub.intake.geometry import area_of_use, check_geometries
from meekoppel_hub.intake.outcome import Outcome, Received, Rejection, Submission, Undecodable
from meekoppel_hub.intake.receive import receive
from meekoppel_hub.intake.rules import check_identity, check_meaning, check_text
from meekoppel_hub.intake.store import add_counts, load_organisations, load_states, save_states
from meekoppel_hub.intake.versions import Judgement, PlanState, judge
from meekoppel_hub.platform.clock import Clock, utc_now
from meekoppel_hub.platform.organisations import Organisation
from meekoppel_hub.platform.rejections import to_sender
from meekoppel_hub.platform.stream.processor import BatchScope, Unit
from meekoppel_hub.platform.stream.records import LogRecord

INBOX_PATTERN = INBOX_PREFIX.replace(".", r"\.") + ".+"


class IntakeProcessor:
    """Checks and numbers what organisations send. A `Processor` for the consuming core.

    What a sender did wrong never stops the inbox: it becomes a rejection in the sender's own topic.
    """

    def __init__(
        self, namespace: str, crs: int, *, clock: Clock = utc_now, max_event_bytes: int = MAX_EVENT_BYTES
    ) -> None:
        """Prepare for a hub.

        Args:
            namespace: the first part of the plan ids of this hub.
            crs: EPSG number of the hub's CRS, projected and in metres.
            clock: gives the time now.
            max_event_bytes: the longest value that is accepted.

        Raises:
            SettingsError: when the CRS cannot be used.
        """
        self._namespace = namespace
        self._area = area_of_use(crs)
        self._clock = clock
        self._max_event_bytes = max_event_bytes

    def decode(self, record: LogRecord) -> Received:
        """Read one record; what cannot be read is a value too, and becomes a rejection.

        Raises:
            PoisonRecord: when the topic is no organisation's inbox.
        """
        return receive(record, self._max_event_bytes, self._clock())

    def apply(self, items: Sequence[Received], scope: BatchScope) -> None:
        """Check, number and publish one batch, in order, in one transaction."""
        unsound = self._check_meaning(items)
        with scope.commit() as unit:
            batch = _Batch(unit, items, self._namespace, self._clock())
            for item in items:
                batch.take(item, unsound.get(id(item)))
            batch.store()
        batch.report()

    def _check_meaning(self, items: Sequence[Received]) -> Mapping[int, Rejection]:
        """Check what needs no database, before the transaction opens; give the faults by identity of the item."""
        submissions = [item for item in items if isinstance(item, Submission)]
        geometry_faults = check_geometries([item.event.plan for item in submissions], self._area)
        faults = {}
        for item, geometry_fault in zip(submissions, geometry_faults, strict=True):
            fault = check_text(item.event) or check_meaning(item.event.plan, self._area.crs) or geometry_fault
            if fault is not None:
                faults[id(item)] = fault
        return faults


class _Batch:
    """One batch within its transaction: the states it read, what it changed, and what it counted."""

    def __init__(self, unit: Unit, items: Sequence[Received], namespace: str, now: datetime) -> None:
        submissions = [item for item in items if isinstance(item, Submission)]
        self._unit = unit
        self._namespace = namespace
        self._now = now
        self._organisations: Mapping[OrgCode, Organisation] = load_organisations(
            unit.connection, {item.organisation for item in items}
        )
        self._states: dict[PlanId, PlanState] = load_states(
            unit.connection, {item.event.plan.plan_id for item in submissions}
        )
        self._touched: set[PlanId] = set()
        self._outcomes: Counter[tuple[OrgCode, Outcome]] = Counter()
        self._reasons: Counter[tuple[OrgCode, RejectionReason]] = Counter()

    def take(self, item: Received, unsound: Rejection | None) -> None:
        """Decide on one item, on top of what the items before it left."""
        verdict = self._judge(item, unsound)
        if isinstance(verdict, Rejection):
            self._reject(item, verdict)
        else:
            self._accept(item, verdict)

    def _judge(self, item: Received, unsound: Rejection | None) -> Judgement | Rejection:
        if isinstance(item, Undecodable):
            return item.rejection
        not_allowed = check_identity(item, self._namespace, self._organisations)
        return not_allowed or unsound or judge(self._states.get(item.event.plan.plan_id), item, self._now)

    def _reject(self, item: Received, rejection: Rejection) -> None:
        answer = to_sender(
            item.record, item.organisation, rejection.reason, rejection.message, rejection.field, self._now
        )
        self._unit.publish(answer, item.record.source)
        self._outcomes[item.organisation, Outcome.REJECTED] += 1
        self._reasons[item.organisation, rejection.reason] += 1

    def _accept(self, item: Received, judgement: Judgement) -> None:
        state = judgement.state
        oin = self._organisations[item.organisation].oin
        for log_event in judgement.events:
            self._unit.publish(to_log(log_event, state, oin), item.record.source)
        if judgement.outcome is not Outcome.RESENT:
            self._states[state.plan_id] = state
            self._touched.add(state.plan_id)
        self._outcomes[item.organisation, judgement.outcome] += 1

    def store(self) -> None:
        """Write what changed; the counts last, since workers of one organisation share their rows."""
        save_states(self._unit.connection, [self._states[plan] for plan in self._touched])
        add_counts(self._unit.connection, self._outcomes, self._now)

    def report(self) -> None:
        """Count for the metrics what was committed."""
        for (organisation, outcome), count in self._outcomes.items():
            metrics.EVENTS.labels(organisation, outcome.value).inc(count)
        for (organisation, reason), count in self._reasons.items():
            metrics.REJECTIONS.labels(organisation, reason.value).inc(count)
