"""One run of a connector: publish what waits, read the source, compare, store, publish.

Snapshot, outbox and the record of the run change in one transaction, between reading and publishing. A run that is
ended at any moment, by a signal or a power cut, has therefore either changed nothing or left its events in the
outbox, and the next run publishes them before it reads the source. So the outbox never holds two events of one plan.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum

from meekoppel_connectors.clock import Clock, utc_now
from meekoppel_connectors.config import ConnectorConfig
from meekoppel_connectors.difference import Change, Verdict, differences, plan_event
from meekoppel_connectors.errors import ConnectorError
from meekoppel_connectors.guard import Tally, objection
from meekoppel_connectors.mapping.read import read_plans
from meekoppel_connectors.mapping.row import MappedRow
from meekoppel_connectors.publish import Patience, publish_outbox
from meekoppel_connectors.state import ConnectorState, open_state
from meekoppel_connectors.state.runs import Outcome

ROWS_PER_REPORT = 2000


class Stage(StrEnum):
    """What a run is doing."""

    RESUMING = "publishing what the last run left"
    READING = "reading the source"
    COMPARING = "comparing with the last snapshot"
    PUBLISHING = "publishing"


Progress = Callable[[Stage, int], None]
"""Is told what the run is doing, and how many rows, plans or events of that are done."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a run did; or, when the guard stopped it, what it would have done.

    Attributes:
        read: rows of the source.
        registered: new plans.
        changed: plans whose content differs.
        confirmed: plans of which only the time changed at which their owner said that they still hold.
        unchanged: plans without change; they give no event.
        withdrawn: plans that left the source before their end.
        completed: plans that left the source after their end.
        restored: plans that had been withdrawn and are back.
        rejected: rows that did not become plans; `read_status` tells why.
        published: events that the broker acknowledged, those of an earlier run included.
        seconds: how long it took.
        outcome: `published`, or `guarded` when the guard stopped it.
        message: what the guard says; None otherwise.
    """

    read: int
    registered: int
    changed: int
    confirmed: int
    unchanged: int
    withdrawn: int
    completed: int
    restored: int
    rejected: int
    published: int
    seconds: float
    outcome: Outcome
    message: str | None = None

    def to_json(self) -> str:
        """Give it as one line of JSON."""
        return json.dumps(asdict(self))


def run_once(
    config: ConnectorConfig,
    *,
    as_of: datetime | None = None,
    open_guard: bool = False,
    progress: Progress | None = None,
    clock: Clock = utc_now,
    patience: Patience | None = None,
) -> RunSummary:
    """Run a connector once. Blocks; must not be called from a running event loop, but from a thread of its own.

    Args:
        config: the connector.
        as_of: the moment of which the source tells, aware; now when not given. Events carry it as `occurred_at`;
            without it that is left open, since the source does not say when a change was made.
        open_guard: publish even when much changed at once.
        progress: is told of progress, every few thousand rows.
        clock: gives the time.
        patience: how long to try when the broker is away.

    Raises:
        SourceError: when the source cannot be read; nothing is stored or published then.
        StateError: when the state cannot be used, or another run uses it.
        BrokerError: when the broker is away or refuses; what is to be published is kept.
        ConnectorError: when `as_of` lies before the last snapshot.
    """
    started = clock()
    with open_state(config.state, config.organisation, started) as state:
        run = _Run(config, state, started, as_of, progress or _say_nothing, patience or Patience())
        return run.carry_out(open_guard=open_guard, clock=clock)


class _StoppedByGuardError(Exception):
    """Ends the transaction, so that nothing of it is stored."""


class _Run:
    """A run that has the state to itself."""

    def __init__(
        self,
        config: ConnectorConfig,
        state: ConnectorState,
        started: datetime,
        as_of: datetime | None,
        progress: Progress,
        patience: Patience,
    ) -> None:
        self._config = config
        self._state = state
        self._started = started
        self._occurred_at = None if as_of is None else as_of.astimezone(UTC)
        self._as_of = self._occurred_at or started
        self._progress = progress
        self._patience = patience
        self._counts: Counter[str] = Counter()
        self._begun = time.monotonic()
        self._id = 0

    def carry_out(self, *, open_guard: bool, clock: Clock) -> RunSummary:
        """Do all steps and note how it ended."""
        self._refuse_going_back()
        self._id = self._state.runs.begin(self._started, self._as_of)
        stored = False
        try:
            self._publish(Stage.RESUMING)
            self._stage_source()
            message = self._store(open_guard)
            stored = message is None
            self._publish(Stage.PUBLISHING)
        except ConnectorError as error:
            outcome = Outcome.STORED if stored else Outcome.FAILED
            self._state.runs.note(self._id, outcome, counts=self._counts, message=str(error), finished=clock())
            raise
        outcome = Outcome.PUBLISHED if stored else Outcome.GUARDED
        self._state.runs.note(self._id, outcome, counts=self._counts, message=message, finished=clock())
        return self._summary(outcome, message)

    def _refuse_going_back(self) -> None:
        last = self._state.runs.last_moment()
        if self._occurred_at is not None and last is not None and self._occurred_at < last:
            raise ConnectorError(
                f"--as-of {self._occurred_at:%Y-%m-%d %H:%M} UTC lies before the snapshot that was published last, of "
                f"{last:%Y-%m-%d %H:%M} UTC; an older snapshot would undo newer changes. Give a later moment."
            )

    def _publish(self, stage: Stage) -> None:
        before = self._counts["published"]

        def report(sent: int) -> None:
            self._counts["published"] = before + sent
            self._progress(stage, sent)

        if self._state.outbox.waiting():
            self._progress(stage, 0)
        publish_outbox(
            self._config.kafka, self._config.organisation, self._state.outbox, patience=self._patience, published=report
        )
        self._state.runs.outbox_emptied()

    def _stage_source(self) -> None:
        self._progress(Stage.READING, 0)
        with self._state.staging():
            self._state.snapshot.clear_staging()
            for row in read_plans(self._config, self._as_of):
                self._stage(row)
        self._progress(Stage.READING, self._counts["read"])

    def _stage(self, row: MappedRow) -> None:
        self._counts["read"] += 1
        if not self._state.snapshot.stage(row):
            self._counts["rejected"] += 1
        if self._counts["read"] % ROWS_PER_REPORT == 0:
            self._progress(Stage.READING, self._counts["read"])

    def _store(self, open_guard: bool) -> str | None:
        """Store differences and outbox; or, when the guard objects, only the rejected rows, and give what it says."""
        try:
            with self._state.transaction():
                tally = self._compare()
                message = None if open_guard else objection(tally, self._config.guard.share)
                if message is not None:
                    raise _StoppedByGuardError(message)
                self._state.keep_rejections(self._id)
                self._state.runs.note(self._id, Outcome.STORED, counts=self._counts)
        except _StoppedByGuardError as stopped:
            with self._state.transaction():
                self._state.keep_rejections(self._id)
            return str(stopped)
        return None

    def _compare(self) -> Tally:
        snapshot = self._state.snapshot
        tally = Tally(live=snapshot.live(self._as_of), accepted=snapshot.accepted())
        self._counts[Verdict.UNCHANGED.value] += snapshot.keep_same(self._id)
        for number, change in enumerate(differences(snapshot.pairings(), self._as_of), start=1):
            tally.add(change)
            self._counts[change.verdict.value] += 1
            snapshot.save(change, self._id)
            self._put_in_outbox(change)
            if number % ROWS_PER_REPORT == 0:
                self._progress(Stage.COMPARING, number)
        return tally

    def _put_in_outbox(self, change: Change) -> None:
        event = plan_event(change, self._config.organisation, self._occurred_at)
        if event is not None:
            self._state.outbox.append(event, self._as_of, self._config.oin)

    def _summary(self, outcome: Outcome, message: str | None) -> RunSummary:
        verdicts = ("registered", "changed", "confirmed", "unchanged", "withdrawn", "completed", "restored")
        return RunSummary(
            read=self._counts["read"],
            rejected=self._counts["rejected"],
            published=self._counts["published"],
            seconds=round(time.monotonic() - self._begun, 3),
            outcome=outcome,
            message=message,
            **{verdict: self._counts[verdict] for verdict in verdicts},
        )


def _say_nothing(_stage: Stage, _count: int) -> None:
    """Report nothing."""
