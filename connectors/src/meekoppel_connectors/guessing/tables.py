"""Guessing how a table is laid out: in which row its column names stand, between which signs, in which encoding."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from meekoppel_connectors.guessing.dates import guess_dates
from meekoppel_connectors.guessing.guess import Confidence, Guess
from meekoppel_connectors.guessing.sample import Column
from meekoppel_connectors.mapping.reasons import Unreadable
from meekoppel_connectors.mapping.values import is_missing, number_of, text_of
from meekoppel_connectors.sources.tables.delimited import DELIMITERS

LOOKED_AT_ROWS = 60
_LOOKED_AT_BYTES = 256 * 1024
_WIDE_ENOUGH = 0.6


def guess_header_row(rows: Sequence[Sequence[Any]]) -> Guess[int] | None:
    """Guess in which row, from 1, the names of the columns stand; None when no row reads like names.

    That is the first row that is about as wide as the table, in which every cell is a text of its own that is neither
    number nor date, and below which there are values.
    """
    widths = Counter(sum(not is_missing(cell) for cell in row) for row in rows)
    widths.pop(0, None)
    usual = max((width for width in widths if width > 1), key=lambda width: (widths[width], width), default=0)
    for number, row in enumerate(rows, start=1):
        if not _reads_like_names(row, usual) or number == len(rows):
            continue
        if number == 1:
            return Guess(1, Confidence.SURE, "the first row holds names")
        why = f"the {number - 1} rows above it are no column names"
        return Guess(number, Confidence.LIKELY, why)
    return None


def guess_encoding(start: bytes) -> Guess[str | None]:
    """Guess the encoding of a text by its first bytes; None as the value for UTF-8, which need not be said."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Guess("utf-16", Confidence.SURE, "the file begins with its mark")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        why = "it is not UTF-8; look whether letters such as é and ü are right in the preview"
        return Guess("windows-1252", Confidence.LIKELY, why, ("encoding: cp850",))
    return Guess(None, Confidence.SURE, "UTF-8")


def guess_csv(path: Path) -> dict[str, Guess[Any]]:
    """Guess the settings of a CSV file: delimiter, encoding, header row; empty when it is no table of text."""
    with path.open("rb") as file:
        start = file.read(_LOOKED_AT_BYTES)
    encoding = guess_encoding(start)
    text = start.decode(encoding.value or "utf-8-sig", errors="replace")
    if len(start) == _LOOKED_AT_BYTES:
        text = text.rpartition("\n")[0]
    delimiter = _delimiter(text)
    if "\x00" in text or delimiter is None:
        return {}
    header = guess_header_row(_cells(text, delimiter))
    if header is None:
        return {}
    return {
        "delimiter": Guess(delimiter, Confidence.SURE, "the sign between columns"),
        "encoding": encoding,
        "header_row": header,
    }


def guess_workbook(path: Path) -> dict[str, Guess[Any]]:
    """Guess sheet and header row of a workbook: the sheet that reads most like a table of plans.

    Raises:
        SourceError, KeyError, OSError, zipfile.BadZipFile: as openpyxl, when it is none.
    """
    book = load_workbook(path, read_only=True, data_only=True)
    found = {}
    try:
        for sheet in book.worksheets:
            sheet.reset_dimensions()
            rows = [list(row) for row in sheet.iter_rows(max_row=LOOKED_AT_ROWS, values_only=True)]
            header = guess_header_row(rows)
            if header is not None:
                filled = [sum(not is_missing(cell) for cell in row) for row in rows[header.value - 1 :]]
                found[sheet.title] = (header, (filled[0], sum(filled)))  # a list of codes may be longer, not wider
    finally:
        book.close()
    if not found:
        return {}
    best = max(found, key=lambda title: found[title][1])
    others = tuple(title for title in found if title != best)
    why = "the widest table of several sheets" if others else "the only sheet with a table"
    confidence = Confidence.UNSURE if others else Confidence.SURE
    return {"sheet": Guess(best, confidence, why, others), "header_row": found[best][0]}


def _delimiter(text: str) -> str | None:
    """Take the sign that divides most rows into the same number of cells, of more than one."""
    scores = {}
    for sign in DELIMITERS:
        widths = Counter(len(row) for row in _cells(text, sign) if row)
        widths.pop(1, None)
        if widths:
            width, rows = widths.most_common(1)[0]
            scores[sign] = (rows, width)
    return max(scores, key=lambda sign: scores[sign], default=None)


def _cells(text: str, delimiter: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows = []
    try:
        for row in reader:
            rows.append(row)
            if len(rows) == LOOKED_AT_ROWS:
                break
    except csv.Error:  # what was read before still tells how the table is laid out; the reader will name the damage
        return rows
    return rows


def _reads_like_names(row: Sequence[Any], usual: int) -> bool:
    cells = [cell for cell in row if not is_missing(cell)]
    if len(cells) < max(1, usual * _WIDE_ENOUGH) or not all(isinstance(cell, str) for cell in cells):
        return False
    names = [text_of(cell).casefold() for cell in cells]
    return not any(_is_value(name) for name in names) and len(set(names)) > len(names) / 2


def _is_value(text: str) -> bool:
    try:
        number_of(text, None)
    except Unreadable:
        return guess_dates(Column("", (text,), 1)) is not None
    return True
