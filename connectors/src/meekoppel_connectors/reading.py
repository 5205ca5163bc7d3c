"""Reading a source into the staging tables: as a whole, or change after change from where the last run stopped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from meekoppel_connectors.config import ConnectorConfig
from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.read import ROWS_PER_BATCH, RowMapper
from meekoppel_connectors.mapping.recognition import RowRecognition, mapping_fingerprint
from meekoppel_connectors.mapping.report import MappingReport
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.source import Reached, Source
from meekoppel_connectors.state import ConnectorState
from meekoppel_connectors.storing import Storing


class SnapshotReading:
    """Reads a source as a whole.

    Attributes:
        counts: rows read and rejected.
        report: what the mapping did to the rows that differ.
    """

    def __init__(self, config: ConnectorConfig, source: Source[Any], state: ConnectorState, as_of: datetime) -> None:
        self.counts: Counter[str] = Counter()
        self.report = MappingReport()
        self._config = config
        self._source = source
        self._state = state
        self._as_of = as_of

    def stage_all(self, report: Callable[[int], None]) -> None:
        """Stage every row, those first of each batch that are as they were; may be called again from the beginning.

        Raises:
            SourceError, SourceAway: as the source raises them; what was staged is then of no use.
            ConfigError: when nothing says in which CRS the source is.
        """
        self.counts.clear()
        self.report = MappingReport()
        self._state.staging.clear()
        description = self._source.describe()
        mapper = RowMapper(self._config, description, self._as_of, self.report)
        recognition = RowRecognition(self._config, description.crs)
        rows = mapper.numbered(self._source.snapshot())
        while batch := list(islice(rows, ROWS_PER_BATCH)):
            self._stage(batch, mapper, recognition)
            self.counts["read"] += len(batch)
            report(self.counts["read"])

    def _stage(self, batch: list[SourceRow], mapper: RowMapper, recognition: RowRecognition) -> None:
        staging = self._state.staging
        hashes = [recognition.hash_of(row) for row in batch]
        known = self._state.snapshot.recognised([each for each in hashes if each is not None])
        plans = [known.get(each) if each is not None else None for each in hashes]
        others = mapper.mapped(row for row, plan in zip(batch, plans, strict=True) if plan is None)
        for row, each, plan in zip(batch, hashes, plans, strict=True):  # in order: of two with one id the first holds
            taken = staging.stage(next(others), each) if plan is None else staging.stage_same(row, plan)
            self.counts["rejected"] += not taken


class ChangesReading:
    """Reads what changed in a source since the cursor of the last run.

    Attributes:
        counts: rows read and rejected, of what is stored.
        report: what the mapping did to the rows.
        cursor: up to where everything is stored; None at the beginning.
    """

    def __init__(self, config: ConnectorConfig, source: Source[Any], state: ConnectorState, as_of: datetime) -> None:
        self.counts: Counter[str] = Counter()
        self.report = MappingReport()
        self._config = config
        self._source = source
        self._state = state
        self._as_of = as_of
        self.cursor: str | None = None

    def begin(self) -> Iterator[SourceRow | Reached]:
        """Open the source at the cursor.

        Raises:
            SourceError, SourceAway: as the source raises them.
            ConfigError: when nothing says in which CRS the source is.
        """
        description = self._source.describe()
        self._mapper = RowMapper(self._config, description, self._as_of, self.report)
        self._mapping = mapping_fingerprint(self._config, description.crs)
        self.cursor = self._state.cursor(self._mapping)
        return self._source.changes(self.cursor)

    def store_next(self, changes: Iterator[SourceRow | Reached], storing: Storing, run: int) -> bool:
        """Read, compare and store up to the next cursor, and move the cursor there; in one transaction of the state.

        A plan that changes twice on the way gives two events, in the source's order.

        Returns:
            False when there was nothing more.

        Raises:
            SourceError, SourceAway: as the source raises them; the transaction must then be undone.
            StoppedByGuard: when too much changed at once.
        """
        counts = Counter(self.counts)
        self._state.staging.clear()
        if self.cursor is None:
            self._state.forget_rejections()
        with storing.attempt():
            rows: list[SourceRow] = []
            for item in changes:
                if isinstance(item, Reached):
                    self._stage(rows, counts, storing, run)
                    self._flush(storing, run)
                    self._state.move_cursor(item.cursor, self._mapping)
                    self.counts, self.cursor = counts, item.cursor
                    return True
                rows.append(item)
                if len(rows) == ROWS_PER_BATCH:
                    self._stage(rows, counts, storing, run)
                    rows.clear()
            if rows or counts["read"] > self.counts["read"]:
                raise SourceError(
                    self._config.source.place, "ended without saying how far it came; its changes() must yield Reached"
                )
        return False

    def _stage(self, rows: list[SourceRow], counts: Counter[str], storing: Storing, run: int) -> None:
        for mapped in self._mapper.mapped(self._mapper.numbered(rows)):
            counts["read"] += 1
            if mapped.plan_id is not None and self._state.staging.has(mapped.plan_id):
                self._flush(storing, run)
            counts["rejected"] += not self._state.staging.stage(mapped)

    def _flush(self, storing: Storing, run: int) -> None:
        storing.some_changes()
        self._state.keep_unsettled(run)
        self._state.staging.clear_plans()
