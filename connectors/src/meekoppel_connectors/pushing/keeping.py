"""Mapping, comparing and storing what was pushed: one transaction a request, in the thread that owns the state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from meekoppel_connectors.config import ConnectorConfig
from meekoppel_connectors.mapping.read import RowMapper
from meekoppel_connectors.mapping.row import MappedRow, SourceRow
from meekoppel_connectors.sources.opening import open_source
from meekoppel_connectors.state import ConnectorState
from meekoppel_connectors.state.runs import Outcome
from meekoppel_connectors.storing import Storing


class OutboxFullError(Exception):
    """So many events wait for Kafka that no more are taken."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of the rows of a request.

    Attributes:
        accepted: how many are stored, those that changed nothing among them.
        counts: plans by what became of them: registered, changed, unchanged and so on.
        rejected: for each reason: row (from 1), id, field, reason and message.
    """

    accepted: int
    counts: dict[str, int]
    rejected: tuple[dict[str, Any], ...]

    def as_json(self) -> dict[str, Any]:
        """Give it as the body of an answer."""
        return {"accepted": self.accepted, **self.counts, "rejected": list(self.rejected)}


class Keeper:
    """Keeps what is pushed in the state. All calls come from one thread."""

    def __init__(self, config: ConnectorConfig, state: ConnectorState, now: datetime, waiting_limit: int) -> None:
        self._config = config
        self._state = state
        self._limit = waiting_limit
        self._description = open_source(config.source, config.path.parent).describe()
        self._run = state.runs.begin(now, now)
        self._counts: Counter[str] = Counter()
        RowMapper(config, self._description, now)  # says at once what is wrong with the mapping

    def keep(self, rows: Sequence[SourceRow], now: datetime) -> Receipt:
        """Store rows with their events, or none of them.

        Raises:
            OutboxFullError: when too much waits already.
            sqlite3.Error: when the state cannot be written; nothing is stored then.
        """
        if self._state.outbox.waiting() >= self._limit:
            raise OutboxFullError
        storing = Storing(self._config, self._state, now, None, open_guard=True)
        mapper = RowMapper(self._config, self._description, now)
        rejected: list[dict[str, Any]] = []
        counts = Counter(self._counts)
        with self._state.transaction():
            self._state.staging.clear()
            for row in mapper.mapped(mapper.numbered(rows)):
                if row.plan_id is not None and self._state.staging.has(row.plan_id):
                    self._flush(storing)
                self._state.staging.stage(row)
                rejected += _reasons(row)
            self._flush(storing)
            failed = len({each["row"] for each in rejected})
            counts += storing.counts + Counter(read=len(rows), rejected=failed)
            self._state.runs.note(self._run, Outcome.STORED, counts=counts)
        self._counts = counts
        return Receipt(len(rows) - failed, {name: n for name, n in storing.counts.items() if n}, tuple(rejected))

    def ignore(self, reason: str) -> None:
        """Count something that was taken and is no plan, with its reason."""
        self._counts[f"ignored: {reason}"] += 1
        with self._state.transaction():
            self._state.runs.note(self._run, Outcome.STORED, counts=self._counts)

    def waiting(self) -> int:
        """Count the events that wait for Kafka."""
        return self._state.outbox.waiting()

    def end(self, now: datetime) -> None:
        """Note that no more comes."""
        outcome = Outcome.STORED if self._state.outbox.waiting() else Outcome.PUBLISHED
        self._state.runs.note(self._run, outcome, counts=self._counts, finished=now)

    def _flush(self, storing: Storing) -> None:
        storing.some_changes()
        self._state.keep_unsettled(self._run)
        self._state.staging.clear_plans()


def _reasons(row: MappedRow) -> list[dict[str, Any]]:
    return [
        {
            "row": row.row_number, "id": each.source_id, "field": each.field, "reason": str(each.reason),
            "message": each.message,
        }
        for each in row.rejections
    ]  # fmt: skip
