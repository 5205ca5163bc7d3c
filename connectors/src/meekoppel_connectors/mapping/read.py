"""Reading a configured source as plans: the one entry of this half of the connector."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from datetime import datetime

from meekoppel_connectors.config import ConnectorConfig
from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.building import PlanBuilder
from meekoppel_connectors.mapping.geometry import GeometryReader
from meekoppel_connectors.mapping.row import MappedRow
from meekoppel_connectors.sources.opening import open_source
from meekoppel_connectors.sources.source import Description


def read_plans(config: ConnectorConfig, now: datetime) -> Iterator[MappedRow]:
    """Read the source and map it row by row, in the order of the file.

    Args:
        config: the connector.
        now: the time of the snapshot, aware; what `as_of: true` gives.

    Yields:
        One result per row: a plan, or the reasons why not. Of two rows with one id the second is rejected.

    Raises:
        SourceError: when the file cannot be read or lacks a column; also half-way, and then nothing of what was
            given before may be used, since the rest of the source would be taken for gone.
        ConfigError: when nothing says in which CRS the source is.
    """
    source = open_source(config.source)
    description = source.describe()
    if description.fixed:
        problems = missing_fields(config, description)
        if problems:
            raise SourceError(config.source.path, "; ".join(problems))
    builder = PlanBuilder(config, GeometryReader(config, description.crs), now)
    for row in source.rows():
        yield builder.build(row)


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
