"""One run of a connector: publish what waits, read the source, compare, store, publish.

Snapshot, outbox and the record of the run change in one transaction, between reading and publishing. A run that is
ended at any moment, by a signal or a power cut, has therefore either changed nothing or left its events in the
outbox, and the next run publishes them before it reads the source. A source that tells its changes is read on from its
cursor, which moves in the same transactions.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from meekoppel_connectors.clock import Clock, utc_now
from meekoppel_connectors.config import ConnectorConfig
from meekoppel_connectors.errors import ConnectorError, SourceAway
from meekoppel_connectors.publish import Patience, publish_outbox
from meekoppel_connectors.reading import ChangesReading, SnapshotReading
from meekoppel_connectors.secrets import without_secrets
from meekoppel_connectors.sources.opening import open_source
from meekoppel_connectors.state import ConnectorState, open_state
from meekoppel_connectors.state.runs import Outcome
from meekoppel_connectors.storing import StoppedByGuard, Storing
from meekoppel_contracts.registry import packaged_registry

OUTBOX_ENOUGH = 5000
"""Events of a source of changes that are published before more is read."""


class Stage(StrEnum):
    """What a run is doing."""

    RESUMING = "publishing what the last run left"
    READING = "reading the source"
    COMPARING = "comparing with the last snapshot"
    PUBLISHING = "publishing"
    WAITING = "the source is away: waiting"


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
        notes: what the mapping did to the plans that differ, in sentences: repaired, simplified, masked.
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
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Give it as values that JSON knows."""
        return asdict(self)

    def to_json(self) -> str:
        """Give it as one line of JSON."""
        return json.dumps(self.as_dict(), ensure_ascii=False)


def run_once(
    config: ConnectorConfig,
    *,
    as_of: datetime | None = None,
    open_guard: bool = False,
    whole: bool = False,
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
        whole: read a source that tells its changes as a whole, where it can be, to find what it did not tell.
        progress: is told of progress, every few thousand rows.
        clock: gives the time.
        patience: how long to try when the broker or the source is away.

    Raises:
        SourceError: when the source cannot be read; nothing more is stored or published then.
        SourceAway: when the source stays away.
        StateBusy: when another run uses the state.
        StateError: when the state cannot be used.
        BrokerError: when the broker is away or refuses; what is to be published is kept.
        ConnectorError: when `as_of` lies before the last snapshot.
        SchemaIdsError: when MEEKOPPEL_SCHEMA_IDS names a file that cannot be used.
    """
    started = clock()
    packaged_registry()  # before the first row: without its ids nothing may be written
    with open_state(config.state, config.organisation, started) as state:
        run = _Run(config, state, started, as_of, progress or _say_nothing, patience or Patience())
        return run.carry_out(open_guard=open_guard, whole=whole, clock=clock)


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
        self._stored = False

    def carry_out(self, *, open_guard: bool, whole: bool, clock: Clock) -> RunSummary:
        """Do all steps and note how it ended."""
        self._refuse_going_back()
        source = open_source(self._config.source, self._config.path.parent)
        self._id = self._state.runs.begin(self._started, self._as_of)
        try:
            self._publish(Stage.RESUMING)
            storing = self._storing(open_guard)
            reading: ChangesReading | SnapshotReading
            if source.is_followed() and not (whole and source.gives_snapshots()):
                reading = ChangesReading(self._config, source, self._state, self._as_of)
                message = self._take_changes(reading, storing)
            else:
                reading = SnapshotReading(self._config, source, self._state, self._as_of)
                message = self._take_snapshot(reading, storing)
            self._publish(Stage.PUBLISHING)
        except ConnectorError as error:
            outcome = Outcome.STORED if self._stored else Outcome.FAILED
            message = without_secrets(str(error))
            self._state.runs.note(self._id, outcome, counts=self._counts, message=message, finished=clock())
            raise
        outcome = Outcome.PUBLISHED if message is None else Outcome.GUARDED
        self._state.runs.note(self._id, outcome, counts=self._counts, message=message, finished=clock())
        return self._summary(outcome, message, tuple(reading.report.sentences()))

    def _storing(self, open_guard: bool) -> Storing:
        def compared(count: int) -> None:
            self._progress(Stage.COMPARING, count)

        return Storing(
            self._config, self._state, self._as_of, self._occurred_at, open_guard=open_guard, compared=compared
        )

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

    def _take_snapshot(self, reading: SnapshotReading, storing: Storing) -> str | None:
        """Read and store the whole source; when the guard objects, only the rejected rows, and give what it says."""
        self._patiently(lambda: self._read_whole(reading))
        try:
            with self._state.transaction():
                storing.whole_source()
                self._count(reading.counts, storing.counts)
                self._state.keep_rejections(self._id)
                self._state.runs.note(self._id, Outcome.STORED, counts=self._counts)
                self._stored = True
        except StoppedByGuard as stopped:
            self._count(reading.counts, storing.counts)
            with self._state.transaction():
                self._state.keep_rejections(self._id)
            return str(stopped)
        return None

    def _read_whole(self, reading: SnapshotReading) -> None:
        self._progress(Stage.READING, 0)
        with self._state.reading():
            reading.stage_all(lambda count: self._progress(Stage.READING, count))

    def _take_changes(self, reading: ChangesReading, storing: Storing) -> str | None:
        """Read and store change after change; stops before those to which the guard objects, and gives what it says."""
        message: str | None = None
        try:
            self._patiently(lambda: self._follow(reading, storing), reading)
        except StoppedByGuard as stopped:
            self._count(reading.counts, storing.counts)
            message = str(stopped)
        with self._state.transaction():
            storing.note_whether_stopped(stopped=message is not None)
        return message

    def _follow(self, reading: ChangesReading, storing: Storing) -> None:
        self._progress(Stage.READING, reading.counts["read"])
        changes = reading.begin()
        more = True
        while more:
            with self._state.transaction():
                more = reading.store_next(changes, storing, self._id)
                self._count(reading.counts, storing.counts)
                self._state.runs.note(self._id, Outcome.STORED, counts=self._counts)
            self._stored = True
            self._progress(Stage.READING, reading.counts["read"])
            if self._state.outbox.waiting() >= OUTBOX_ENOUGH:
                self._publish(Stage.PUBLISHING)

    def _patiently(self, read: Callable[[], None], reading: ChangesReading | None = None) -> None:
        """Read, and read again after a while when the source is away; progress between two failures counts."""
        failures = 0
        while True:
            before = None if reading is None else reading.cursor
            try:
                return read()
            except SourceAway as away:
                failures = 1 if reading is not None and reading.cursor != before else failures + 1
                wait = max(self._patience.delay_seconds(failures), away.retry_after_seconds or 0.0)
                if failures >= self._patience.attempts or wait > self._patience.longest_wait_seconds:
                    raise
                self._progress(Stage.WAITING, 0)
                time.sleep(wait)

    def _count(self, *counted: Counter[str]) -> None:
        published = self._counts["published"]
        self._counts = sum(counted, Counter()) + Counter(published=published)

    def _summary(self, outcome: Outcome, message: str | None, notes: tuple[str, ...]) -> RunSummary:
        verdicts = ("registered", "changed", "confirmed", "unchanged", "withdrawn", "completed", "restored")
        return RunSummary(
            read=self._counts["read"],
            rejected=self._counts["rejected"],
            published=self._counts["published"],
            seconds=round(time.monotonic() - self._begun, 3),
            outcome=outcome,
            message=message,
            notes=notes,
            **{verdict: self._counts[verdict] for verdict in verdicts},
        )


def _say_nothing(_stage: Stage, _count: int) -> None:
    """Report nothing."""
