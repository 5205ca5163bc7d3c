"""Comparing what was read with the last snapshot, and storing the differences with their events in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import datetime

from meekoppel_connectors.config import ConnectorConfig
from meekoppel_connectors.difference import Change, Pairing, Verdict, differences, plan_event
from meekoppel_connectors.guard import Tally, objection
from meekoppel_connectors.state import ConnectorState

ROWS_PER_REPORT = 2000


class StoppedByGuard(Exception):
    """Too much changed at once; ends the transaction, so that nothing of it is stored. Its text says how to go on."""


class Storing:
    """What one run stores. Every call belongs in a transaction of the state.

    Attributes:
        counts: plans by verdict.
    """

    def __init__(
        self,
        config: ConnectorConfig,
        state: ConnectorState,
        as_of: datetime,
        occurred_at: datetime | None,
        *,
        open_guard: bool,
        compared: Callable[[int], None] = lambda _count: None,
    ) -> None:
        """Prepare.

        Args:
            config: the connector.
            state: its state.
            as_of: the moment of which the source tells.
            occurred_at: what events carry as the moment of change, where the row does not say; None when unknown.
            open_guard: store even when much changed at once.
            compared: is told, every few thousand plans, how many were compared.
        """
        self.counts: Counter[str] = Counter()
        self._config = config
        self._state = state
        self._as_of = as_of
        self._occurred_at = occurred_at
        self._open_guard = open_guard
        self._compared = compared
        self._tally = self._begun_tally()

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Count what is stored inside the block only when its transaction is not undone."""
        counts, tally = Counter(self.counts), deepcopy(self._tally)
        try:
            yield
        except BaseException:
            self.counts, self._tally = counts, tally
            raise

    def whole_source(self) -> None:
        """Store what differs between the snapshot and the whole source as it was staged.

        Raises:
            StoppedByGuard: when too much changed at once.
        """
        self._tally = Tally(live=self._state.snapshot.live(self._as_of), accepted=self._state.staging.accepted())
        self.counts[Verdict.UNCHANGED.value] += self._state.snapshot.keep_same()
        self._store(self._state.snapshot.seen())
        self._store(self._state.snapshot.removed())
        self._store(self._state.snapshot.not_seen())
        self._ask_guard()

    def some_changes(self) -> None:
        """Store what differs between the snapshot and the changes as they were staged, and forget those.

        Raises:
            StoppedByGuard: when too much changed at once, all calls taken together since the guard last let all pass.
        """
        staged = self._state.staging.accepted()
        same = self._state.snapshot.keep_same()
        differing = self._store(self._state.snapshot.seen(newer_only=True))
        self.counts[Verdict.UNCHANGED.value] += same
        self.counts["older"] += staged - same - differing
        self._store(self._state.snapshot.removed())
        self._store(self._state.snapshot.unreadable())
        self._ask_guard()

    def note_whether_stopped(self, *, stopped: bool) -> None:
        """Note for the next run whether the guard stopped this one, and after what; in a transaction of its own."""
        self._state.note_stopped_at(self._tally.to_json() if stopped else None)

    def _begun_tally(self) -> Tally:
        begun = None if self._open_guard else self._state.stopped_at()
        return Tally.from_json(begun) if begun else Tally(self._state.snapshot.live(self._as_of), accepted=None)

    def _store(self, pairings: Iterable[Pairing]) -> int:
        number = 0
        for number, change in enumerate(differences(pairings, self._as_of), start=1):
            self._tally.add(change, self._state.staging.touch)
            self.counts[change.verdict.value] += 1
            self._put_in_outbox(change)
            self._state.snapshot.save(change)
            if number % ROWS_PER_REPORT == 0:
                self._compared(number)
        return number

    def _put_in_outbox(self, change: Change) -> None:
        event = plan_event(change, self._config.organisation, self._occurred_at)
        if event is not None:
            self._state.outbox.append(event, event.occurred_at or self._as_of, self._config.oin)

    def _ask_guard(self) -> None:
        message = None if self._open_guard else objection(self._tally, self._config.guard.share)
        if message is not None:
            raise StoppedByGuard(message)
