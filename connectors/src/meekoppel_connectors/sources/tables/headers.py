"""The header of a table as people write it: below a title, over several lines, with merged cells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from meekoppel_connectors.sources.tables.cells import column_names
from meekoppel_connectors.sources.tables.sheet_layout import Merged

LOOKED_AT_ROWS = 60
_WIDE_ENOUGH = 0.6
_NO_NAME = re.compile(r"[\d\s.,:/+-]+")
HeaderRow = int | Literal["auto"]


@dataclass(frozen=True, slots=True)
class Header:
    """Where the names of the columns stand, and what they are.

    Attributes:
        row: the first line of it, from 1.
        lines: how many lines it has.
        names: of the columns; the empty text for one without a name.
    """

    row: int
    lines: int
    names: tuple[str, ...]

    @property
    def last_row(self) -> int:
        """The last line of it."""
        return self.row + self.lines - 1


def header_of(
    rows: Sequence[Sequence[Any]], row: HeaderRow, lines: int | None, merged: Mapping[int, list[Merged]]
) -> Header | None:
    """Give the header of a table.

    Args:
        rows: the first rows of the sheet, with merged cells filled.
        row: its first line, from 1; `auto` finds it.
        lines: how many lines it has; None finds it out from merged cells.
        merged: row → ranges of merged cells that begin there.

    Returns:
        The header; None when there is none.
    """
    first = _found(rows, merged) if row == "auto" else row
    if first is None or first > len(rows):
        return None
    count = lines or _lines(rows, first, merged)
    return Header(first, count, tuple(column_names(_joined(rows[first - 1 : first - 1 + count]))))


def checked_header_row(row: int | str) -> int | str:
    """Give the setting back when it is `auto`, or a row among the first.

    Raises:
        ValueError: otherwise.
    """
    if isinstance(row, int) and not 1 <= row <= LOOKED_AT_ROWS:
        raise ValueError(f"is auto, or a row from 1 to {LOOKED_AT_ROWS}")
    return row


def no_header(wanted: HeaderRow) -> str:
    """Say that there is no header where it was looked for."""
    if wanted == "auto":
        return (
            f"has no row of column names with values below it in its first {LOOKED_AT_ROWS} rows; set source.header_row"
        )
    return f"has no row {wanted}, where source.header_row looks for column names"


def spans_all(ranges: Sequence[Merged], names: Sequence[str]) -> bool:
    """Tell whether a merged range goes over the whole table, as headings and remarks do."""
    named = [index for index, name in enumerate(names) if name]
    return len(named) > 1 and any(set(named) <= set(each.columns) for each in ranges)


def _found(rows: Sequence[Sequence[Any]], merged: Mapping[int, list[Merged]]) -> int | None:
    """Find the first row that begins a header: about as wide as the table, with a name of its own for every column."""
    enough = max(2, _WIDE_ENOUGH * _width(rows))
    for row in range(1, len(rows)):
        lines = rows[row - 1 : row - 1 + _lines(rows, row, merged)]
        names = [name for name in _joined(lines) if name]
        if len(names) >= enough and len(names) == len(set(names)) and all(map(_is_text, lines)):
            return row
    return None


def _width(rows: Sequence[Sequence[Any]]) -> int:
    """Give the usual number of filled cells; of equally usual ones the largest."""
    widths = Counter(sum(not _is_empty(cell) for cell in cells) for cells in rows)
    return max((width for width in widths if width > 1), key=lambda width: (widths[width], width), default=0)


def _is_text(cells: Sequence[Any]) -> bool:
    """Tell whether a line holds words only: no numbers and no dates."""
    filled = [cell for cell in cells if not _is_empty(cell)]
    return all(isinstance(cell, str) and not _NO_NAME.fullmatch(cell.strip()) for cell in filled)


def _is_empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _lines(rows: Sequence[Sequence[Any]], first: int, merged: Mapping[int, list[Merged]]) -> int:
    """Tell from merged cells how far a header goes down: a cell over two lines, or a group over several columns.

    A merged cell with nothing beside it is a title, and no group; nor is one with numbers or dates below it.
    """
    beside = {str(cell) for cell in rows[first - 1] if not _is_empty(cell)}
    last = first
    for each in merged.get(first, ()):
        is_group = len(each.columns) > 1 and each.bottom < len(rows) and _is_text(rows[each.bottom])
        if len(beside) > 1:
            last = max(last, each.bottom + is_group)
    return last - first + 1


def _joined(lines: Sequence[Sequence[Any]]) -> list[str]:
    """Write the lines of each column behind one another: `Periode` over `van` is `Periode van`."""
    names = []
    for column in range(max((len(line) for line in lines), default=0)):
        parts = [str(line[column]).strip() for line in lines if column < len(line) and not _is_empty(line[column])]
        names.append(" ".join(dict.fromkeys(parts)))
    return names
