"""XLSX workbooks, as people keep them. Values are given as the sheet shows them where that matters for identity.

A number in a cell with the format `00000` keeps its zeros; a cell formatted as a date is a date, not a midnight; an
error such as `#N/A` is no value; spaces that are not seen are taken away. What stands in a merged cell holds for all of
it. A row's number is that of the sheet. Every row below the header that holds something is a row, also a total or a
remark: the mapping rejects it, so that nothing is left out unseen.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from itertools import chain, islice
from typing import Any, ClassVar, Literal, Self
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from openpyxl import load_workbook
from openpyxl.styles.numbers import is_datetime
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import from_excel
from openpyxl.utils.exceptions import InvalidFileException
from pydantic import Field, field_validator, model_validator

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.places.unpacking import refuse_bombs
from meekoppel_connectors.sources.settings import FileSettings
from meekoppel_connectors.sources.source import Description, Source
from meekoppel_connectors.sources.tables.cells import existing, table_row, tidy
from meekoppel_connectors.sources.tables.headers import (
    LOOKED_AT_ROWS,
    Header,
    checked_header_row,
    header_of,
    no_header,
    spans_all,
)
from meekoppel_connectors.sources.tables.sheet_layout import SheetLayout, filled_rows, layout_of

SHEET = "@sheet"
STRUCK = "@struck"
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
_ZERO_PADDED = re.compile(r"0{2,}")

_DAMAGE = (InvalidFileException, zipfile.BadZipFile, KeyError, IndexError, OSError, ParseError, TypeError, ValueError)
Numbered = tuple[int, list[Any]]


class XlsxSettings(FileSettings):
    """A workbook.

    Attributes:
        sheet: the first by default.
        sheets: instead of it several, by name, or `all` that are not hidden; the name is then the field `@sheet`.
        header_row: in which row the names of the columns begin, from 1; `auto` finds it.
        header_lines: over how many rows they go; found out from merged cells by default.
        hidden_rows: whether rows are read that are hidden, by hand or by a filter.
        struck: whether a row that is struck through as a whole is rejected, or read with the field `@struck`.
        serial_dates: columns in which a plain number is a date, as Excel counts days.
    """

    has_geometry: ClassVar[bool] = False
    suffixes: ClassVar[tuple[str, ...]] = (".xlsx", ".xlsm")
    is_archive: ClassVar[bool] = True

    format: Literal["xlsx"]
    sheet: str | None = None
    sheets: Literal["all"] | tuple[str, ...] | None = None
    header_row: int | Literal["auto"] = 1
    header_lines: int | None = Field(default=None, ge=1, le=10)
    hidden_rows: Literal["read", "skip"] = "read"
    struck: Literal["reject", "read"] = "reject"
    serial_dates: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.sheet is not None and self.sheets is not None:
            raise ValueError("give either sheet or sheets")
        return self

    @field_validator("header_row")
    @classmethod
    def _within_reach(cls, row: int | str) -> int | str:
        return checked_header_row(row)


class Workbook(Source[XlsxSettings]):
    """One sheet of a workbook, or several of one layout."""

    settings_type = XlsxSettings

    def describe(self, *, whole: bool = False) -> Description:
        """Give the columns of the header, and of several sheets those of all of them."""
        fields: dict[str, None] = {}
        with self._tables() as tables:
            for table in tables:
                fields.update(dict.fromkeys(name for name in table.header.names if name))
        if self.settings.sheets is not None:
            fields[SHEET] = None
        if self.settings.struck == "read":
            fields[STRUCK] = None
        return Description(tuple(fields), fixed=True)

    def snapshot(self) -> Iterator[SourceRow]:
        """Read the rows below the header; empty rows are passed over."""
        with self._tables() as tables:
            for table in tables:
                yield from table.rows()

    @contextmanager
    def _tables(self) -> Iterator[Iterator[_Table]]:
        path = self.settings.file
        self._refuse_other_kinds()
        refuse_bombs(path)
        try:
            book = load_workbook(path, read_only=True, data_only=True)
            with closing(book):
                yield (_Table(book, book[name], self.settings) for name in self._chosen(book))
        except DefusedXmlException as error:
            raise SourceError(path, "declares entities, which are unsafe; save it again as .xlsx") from error
        except _DAMAGE as error:
            raise SourceError(path, "is not an XLSX workbook, or is damaged; save it again as .xlsx") from error

    def _refuse_other_kinds(self) -> None:
        path = existing(self.settings.file)
        with path.open("rb") as file:
            if file.read(len(OLD_WORKBOOK)) == OLD_WORKBOOK:
                raise SourceError(path, "is an old workbook (.xls), or has a password; open it and save it as .xlsx")
        if not zipfile.is_zipfile(path):
            raise SourceError(
                path, "is not an XLSX workbook, whatever it is called; open it in Excel and save it as .xlsx"
            )
        with zipfile.ZipFile(path) as archive:
            if "mimetype" in archive.namelist():
                raise SourceError(path, "is an OpenDocument spreadsheet (.ods); open it and save it as .xlsx")

    def _chosen(self, book: Any) -> list[str]:
        there = [sheet.title for sheet in book.worksheets]
        if self.settings.sheets == "all":
            return [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]
        wanted = list(self.settings.sheets or [self.settings.sheet or there[0]])
        for name in wanted:
            if name not in there:
                raise SourceError(self.settings.file, f"has no sheet {name!r}; it has {', '.join(there)}")
        return wanted


class _Table:
    """One sheet: its header, and the rows below it."""

    def __init__(self, book: Any, sheet: Any, settings: XlsxSettings) -> None:
        self._book = book
        self._sheet = sheet
        self._settings = settings
        self._layout = self._read_layout()
        self._struck_styles = _struck_styles(book)
        self._struck: set[int] = set()
        self._cells = filled_rows(self._numbered(), self._layout.merged)
        self._first = list(islice(self._cells, LOOKED_AT_ROWS))
        self.header = self._read_header()

    def rows(self) -> Iterator[SourceRow]:
        """Give the rows below the header."""
        names = list(self.header.names)
        for number, cells in chain(self._first, self._cells):
            if number <= self.header.last_row or self._is_left_out(number):
                continue
            row = table_row(number, names, cells)
            if row is not None:
                yield self._finished(row, number)

    def _finished(self, row: SourceRow, number: int) -> SourceRow:
        values = dict(row.values)
        for name in self._settings.serial_dates:
            values[name] = self._date(values.get(name))
        if self._settings.sheets is not None:
            values[SHEET] = self._sheet.title
        if self._settings.struck == "read":
            values[STRUCK] = number in self._struck
        return SourceRow(values, number=number, fault=self._fault(number) or row.fault)

    def _fault(self, number: int) -> str | None:
        unsaved = [index for index in self._layout.unsaved.get(number, ()) if self._is_named(index)]
        if unsaved:
            cell = f"{get_column_letter(unsaved[0] + 1)}{number}"
            return f"has a formula in cell {cell} whose result is not saved; open the workbook in Excel and save it"
        if spans_all(self._layout.merged.get(number, ()), self.header.names):
            return "is one merged cell over the whole table: a heading or a remark, and no plan"
        if number in self._struck and self._settings.struck == "reject":
            return "is struck through; take it out, or set struck: read and translate the field @struck into a status"
        return None

    def _is_named(self, index: int) -> bool:
        return index < len(self.header.names) and bool(self.header.names[index])

    def _is_left_out(self, number: int) -> bool:
        return self._settings.hidden_rows == "skip" and number in self._layout.hidden_rows

    def _date(self, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return value
        try:
            moment = from_excel(value, self._book.epoch)
        except (OverflowError, ValueError):
            return value  # no day that Excel knows; as a number it is no date, and the row is rejected
        if isinstance(moment, datetime) and moment.time() == moment.time().min:
            return moment.date()
        return moment

    def _read_layout(self) -> SheetLayout:
        place = self._sheet._worksheet_path  # openpyxl keeps it for itself, and has no other way to the sheet's XML
        with zipfile.ZipFile(self._settings.file) as archive, archive.open(place) as file:
            return layout_of(file, self._settings.file)  # type: ignore[arg-type]

    def _read_header(self) -> Header:
        wanted = self._settings.header_row
        rows = [cells for _, cells in self._first]
        header = header_of(rows, wanted, self._settings.header_lines, self._layout.merged)
        if header is not None:
            return header
        named = ", or name the sheets with plans in source.sheets" if self._settings.sheets == "all" else ""
        raise SourceError(self._settings.file, f"sheet {self._sheet.title!r} {no_header(wanted)}{named}")

    def _numbered(self) -> Iterator[Numbered]:
        self._sheet.reset_dimensions()  # some exporters write a size that is too small, and rows would be lost
        for number, row in enumerate(self._sheet.iter_rows(), start=1):
            if self._struck_styles:
                styles = [getattr(cell, "_style_id", 0) for cell in row if cell.value is not None]
                if styles and all(style in self._struck_styles for style in styles):
                    self._struck.add(number)
            yield number, [_shown(cell) for cell in row]


def _struck_styles(book: Any) -> frozenset[int]:
    """Give the styles whose text is struck through; a cell of a streamed sheet knows only the number of its style."""
    styles = enumerate(book._cell_styles)
    return frozenset(number for number, style in styles if book._fonts[style.fontId].strike)


def _shown(cell: Any) -> Any:
    value = cell.value
    if value is None or cell.data_type == "e":
        return None
    if isinstance(value, str):
        return tidy(value)
    if isinstance(value, datetime):
        return value.date() if is_datetime(cell.number_format) == "date" else value
    if isinstance(value, (int, float)) and not isinstance(value, bool) and _ZERO_PADDED.fullmatch(cell.number_format):
        return str(round(value)).zfill(len(cell.number_format))
    return value
