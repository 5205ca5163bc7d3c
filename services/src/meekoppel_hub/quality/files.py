"""Figures as files: CSV and JSON for people and scripts, Parquet for tools that compute with them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson

from meekoppel_contracts.quality import QualityEvent
from meekoppel_hub.exports.extras import needs


class FileFormat(StrEnum):
    """The formats."""

    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


def score_row(event: QualityEvent) -> dict[str, Any]:
    """Write the figures of a publisher flat: a column for each part of the score."""
    values = event.model_dump(mode="json", exclude={"parts", "type", "revision", "recorded_at"})
    return {**values, **{f"points_{one.part.value}": one.points for one in event.parts}}


def file_of(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], form: FileFormat) -> bytes:
    """Write rows as a file.

    Args:
        rows: each with the columns.
        columns: in their order; also where there are no rows.
        form: the format.

    Raises:
        SettingsError: when a library is missing that the format needs.
    """
    if form is FileFormat.JSON:
        return orjson.dumps([{name: row[name] for name in columns} for row in rows], option=orjson.OPT_UTC_Z) + b"\n"
    return _csv(rows, columns) if form is FileFormat.CSV else _parquet(rows, columns)


def _csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([_cell(row[name]) for name in columns] for row in rows)
    return out.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    # A spreadsheet would run a text that begins like a formula.
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value


def _parquet(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> bytes:
    arrow, parquet = needs("pyarrow"), needs("pyarrow.parquet")
    out = io.BytesIO()
    parquet.write_table(arrow.table({name: [row[name] for row in rows] for name in columns}), out)
    return out.getvalue()
