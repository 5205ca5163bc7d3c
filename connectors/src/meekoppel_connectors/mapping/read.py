"""Reading a configured source as plans: the one entry of this half of the connector."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import islice

from meekoppel_connectors.config import ConnectorConfig
from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.building import PlanBuilder
from meekoppel_connectors.mapping.geometry import GeometryReader
from meekoppel_connectors.mapping.report import MappingReport
from meekoppel_connectors.mapping.row import MappedRow, SourceRow, duplicate
from meekoppel_connectors.sources.opening import open_source
from meekoppel_connectors.sources.source import Description, Reached
from meekoppel_contracts.ids import PlanId

ROWS_PER_BATCH = 1000


def read_plans(config: ConnectorConfig, now: datetime, report: MappingReport | None = None) -> Iterator[MappedRow]:
    """Read the source as a whole and map it row by row, in its order.

    Args:
        config: the connector.
        now: the time of the snapshot, aware; what `as_of: true` gives.
        report: is filled with what was done to the data on the way.

    Yields:
        One result per row: a plan, or the reasons why not. Of two rows with one id the second is rejected; of a source
        that only tells its changes both stand, in their order.

    Raises:
        SourceError: when the source cannot be read or lacks a column; also half-way, and then nothing of what was
            given before may be used, since the rest of the source would be taken for gone.
        SourceAway: when the source does not answer.
        ConfigError: when nothing says in which CRS the source is.
    """
    source = open_source(config.source, config.path.parent)
    mapper = RowMapper(config, source.describe(), now, report)
    if not source.gives_snapshots():
        changes = (item for item in source.changes(None) if not isinstance(item, Reached))
        yield from mapper.mapped(mapper.numbered(changes))
        return
    first_rows: dict[PlanId, int] = {}
    for row in mapper.mapped(mapper.numbered(source.snapshot())):
        yield _only_first(row, first_rows)


class RowMapper:
    """Maps the rows of one reading of a source.

    Attributes:
        report: what was done to the data on the way.
    """

    def __init__(
        self, config: ConnectorConfig, description: Description, now: datetime, report: MappingReport | None = None
    ) -> None:
        """Prepare the mapping.

        Raises:
            SourceError: when the source lacks a column that the configuration names.
            ConfigError: when nothing says in which CRS the source is.
        """
        if description.fixed:
            problems = missing_fields(config, description)
            if problems:
                raise SourceError(config.source.place, "; ".join(problems))
        self.report = report or MappingReport()
        geometry = GeometryReader(config, description.crs, self.report)
        self._builder = PlanBuilder(config, geometry, now, self.report)
        self.report.person_columns.update(config.plan_rules().person_columns())
        self._count = 0

    def numbered(self, rows: Iterable[SourceRow]) -> Iterator[SourceRow]:
        """Give every row its number: its own, or its place in what was read so far."""
        for row in rows:
            self._count += 1
            yield row if row.number else replace(row, number=self._count)

    def mapped(self, rows: Iterable[SourceRow]) -> Iterator[MappedRow]:
        """Map numbered rows in batches, each row by itself: of two with one id, both become plans."""
        waiting = iter(rows)
        while batch := list(islice(waiting, ROWS_PER_BATCH)):
            yield from self._builder.build(batch)


def _only_first(row: MappedRow, first_rows: dict[PlanId, int]) -> MappedRow:
    """Reject a row whose plan id a row that became a plan has already; a run counts in the same way."""
    if row.plan is None or row.plan_id is None:
        return row
    if row.plan_id not in first_rows:
        first_rows[row.plan_id] = row.row_number
        return row
    rejection = duplicate(row.plan_id, row.row_number, first_rows[row.plan_id], row.values)
    return replace(row, plan=None, rejections=(*row.rejections, rejection))


def missing_fields(config: ConnectorConfig, description: Description) -> list[str]:
    """Say of each source field that the configuration names and the source lacks which one was perhaps meant."""
    wanted = dict.fromkeys(config.source.geometry.columns, "source.geometry") | config.plan_rules().source_fields()
    return [
        f"has no field {name!r}, which {place} names{_did_you_mean(name, description.fields)}"
        for name, place in wanted.items()
        if name not in description.fields
    ]


def _did_you_mean(name: str, fields: tuple[str, ...]) -> str:
    folded = {field.casefold(): field for field in fields}
    close = difflib.get_close_matches(name.casefold(), folded, n=1)
    return f"; did you mean {folded[close[0]]!r}?" if close else f"; it has {', '.join(fields)}"
