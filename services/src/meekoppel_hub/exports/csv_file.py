"""CSV as RFC 4180 has it, or as a Dutch Excel opens it; no cell of it is taken for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Final, TypeVar

from meekoppel_hub.exports.columns import Cell, Column, Kind, Presentation

Line = TypeVar("Line")

# What a spreadsheet takes for the beginning of a formula, in its wide forms too (OWASP, CSV injection).
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_BYTE_ORDER_MARK: Final = "\ufeff"


def csv_chunks(
    batches: Iterable[Sequence[Line]], columns: Sequence[Column[Line]], presentation: Presentation, dutch: bool
) -> Iterator[bytes]:
    """Write lines as CSV in UTF-8, a piece per batch.

    Args:
        batches: the lines.
        columns: what stands in them.
        presentation: language, zone, codes.
        dutch: with semicolons, decimal commas and a byte order mark, so that a Dutch Excel opens it by a double click.
    """
    columns = _shown(columns, presentation)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";" if dutch else ",", lineterminator="\r\n")
    writer.writerow([column.head(presentation) for column in columns])
    yield ((_BYTE_ORDER_MARK if dutch else "") + _taken(out)).encode()
    for batch in batches:
        for line in batch:
            writer.writerow([_text(column.cell(line, presentation), dutch) for column in columns])
        yield _taken(out).encode()


def harmless(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would take for a formula."""
    return f"'{text}" if text.lstrip(" \u00a0").startswith(_FORMULA) else text


def _shown(columns: Sequence[Column[Line]], presentation: Presentation) -> list[Column[Line]]:
    return [column for column in columns if column.kind is not Kind.LINK or presentation.link_base]


def _text(cell: Cell, dutch: bool) -> str:
    match cell:
        case None:
            return ""
        case str():
            return harmless(cell)
        case datetime():
            return cell.isoformat(sep=" ")
        case date():
            return cell.isoformat()
        case float():
            shown = f"{cell:.15g}"
            return shown.replace(".", ",") if dutch else shown
        case _:
            return str(cell)


def _taken(out: io.StringIO) -> str:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text
