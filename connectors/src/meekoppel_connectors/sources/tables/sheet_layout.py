"""What a sheet of a workbook holds beside its values: merged cells, hidden rows, formulas whose result is not saved.

openpyxl gives these only when it holds the whole sheet in memory. So the sheet's XML is read once before, and only this
is kept of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from defusedxml.expatreader import DefusedExpatParser
from openpyxl.utils import coordinate_to_tuple, range_boundaries

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.sources.records.xml_elements import CHUNK_BYTES, bare

MOST_UNSAVED = 100_000
LAST_ROW = 1_048_576  # of a sheet in Excel


@dataclass(frozen=True, slots=True)
class Merged:
    """A range of merged cells; rows and columns from 1, both ends included."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def columns(self) -> range:
        """Its columns, from 0."""
        return range(self.left - 1, self.right)


@dataclass(slots=True)
class SheetLayout:
    """What is kept of a sheet.

    Attributes:
        merged: row in which a range begins → the ranges.
        hidden_rows: rows that are hidden, by hand or by a filter.
        unsaved: row → columns (from 0) with a formula whose result is not in the file.
    """

    merged: dict[int, list[Merged]] = field(default_factory=lambda: defaultdict(list))
    hidden_rows: set[int] = field(default_factory=set)
    unsaved: dict[int, list[int]] = field(default_factory=dict)


def layout_of(file: BinaryIO, path: Path) -> SheetLayout:
    """Read the layout of a sheet from its XML.

    Args:
        file: the XML.
        path: of the workbook, for messages.

    Raises:
        SourceError: when it is damaged, or holds more formulas without results than can be kept.
    """
    handler = _Handler(path)
    parser = DefusedExpatParser(forbid_dtd=True, forbid_entities=True, forbid_external=True)
    parser.setContentHandler(handler)
    try:
        while chunk := file.read(CHUNK_BYTES):
            parser.feed(chunk)
        parser.close()
    except SAXParseException as error:
        raise SourceError(path, f"is damaged: {error.getMessage()}; save it again as .xlsx") from error
    return handler.layout


def filled_rows(
    rows: Iterator[tuple[int, list[Any]]], merged: Mapping[int, list[Merged]]
) -> Iterator[tuple[int, list[Any]]]:
    """Give every cell of a merged range the value that stands in its first one, as a reader of the sheet sees it."""
    active: list[tuple[Merged, Any]] = []
    for number, cells in rows:
        active = [(each, value) for each, value in active if number <= each.bottom]
        for each in merged.get(number, ()):
            active.append((each, cells[each.left - 1] if each.left <= len(cells) else None))
        for each, value in active:
            cells.extend([None] * (each.right - len(cells)))
            cells[each.left - 1 : each.right] = [value] * (each.right - each.left + 1)
        yield number, cells


class _Handler(ContentHandler):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self.layout = SheetLayout()
        self._path = path
        self._row = 0
        self._column = 0
        self._kind = ""
        self._has_formula = False
        self._result: list[str] | None = None
        self._in_result = False
        self._unsaved = 0

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 - the name that SAX gives it
        match bare(name):
            case "row":
                self._row = int(attrs.get("r") or self._row + 1)
                if self._row > LAST_ROW:  # the empty rows before it would be read one by one, for hours
                    raise SourceError(self._path, f"has a row {self._row:,}, beyond the last of a sheet; save it again")
                self._column = 0
                if attrs.get("hidden") in {"1", "true"}:
                    self.layout.hidden_rows.add(self._row)
            case "c":
                reference = attrs.get("r")
                self._column = coordinate_to_tuple(reference)[1] if reference else self._column + 1
                self._kind, self._has_formula, self._result = attrs.get("t", ""), False, None
            case "f":
                self._has_formula = True
            case "v":
                self._result, self._in_result = [], True
            case "mergeCell":
                left, top, right, bottom = range_boundaries(attrs["ref"])
                self.layout.merged[int(top or 1)].append(
                    Merged(int(top or 1), int(bottom or 1), int(left or 1), int(right or 1))
                )

    def characters(self, content: str) -> None:
        if self._in_result and self._result is not None:
            self._result.append(content)

    def endElement(self, name: str) -> None:  # noqa: N802 - the name that SAX gives it
        local = bare(name)
        if local == "v":
            self._in_result = False
        elif local == "c" and self._has_formula and not self._is_saved():
            self.layout.unsaved.setdefault(self._row, []).append(self._column - 1)
            self._unsaved += 1
            if self._unsaved > MOST_UNSAVED:
                raise SourceError(
                    self._path, "holds formulas whose results are not saved; open it in Excel and save it"
                )

    def _is_saved(self) -> bool:
        """An empty text is a result; an empty number is none."""
        return bool(self._result) or (self._result is not None and self._kind == "str")
