"""Excel workbooks that open well: dates as dates, a head that stays, filters, links; one row in memory at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from meekoppel_hub.exports.columns import Cell, Column, Kind, Presentation
from meekoppel_hub.exports.extras import needs

Line = TypeVar("Line")

ROWS_OF_SHEET: Final = 1_048_576  # what Excel can open
_LINKS_OF_SHEET: Final = 65_530  # likewise
_LONGEST_TEXT: Final = 32_767
_SHORT_DATE: Final = 14  # the built-in formats, which follow the reader's own country
_DATE_AND_TIME: Final = 22


def write_workbook(
    path: Path,
    title: str,
    batches: Iterable[Sequence[Line]],
    columns: Sequence[Column[Line]],
    presentation: Presentation,
    about: Sequence[tuple[str, str]],
) -> None:
    """Write lines to a workbook: on one sheet, or on as many as they need, and a sheet that says what it is.

    Args:
        path: the file.
        title: of the sheets with the lines.
        batches: the lines.
        columns: what stands in them.
        presentation: language, zone, codes, links.
        about: what stands on the last sheet: names and what is to be said of each.

    Raises:
        SettingsError: when the extra `export` is not installed.
    """
    xlsxwriter = needs("xlsxwriter")
    options = {"constant_memory": True, "use_zip64": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        sheets = _Sheets(book, title, columns, presentation)
        for batch in batches:
            for line in batch:
                sheets.add(line)
        sheets.end()
        _write_about(book, presentation, about)


class _Sheets:
    """The sheets with the lines: a new one begins when one is full."""

    def __init__(self, book: Any, title: str, columns: Sequence[Column[Any]], presentation: Presentation) -> None:
        self._book = book
        self._title = title
        self._columns = [one for one in columns if one.kind is not Kind.LINK or presentation.link_base]
        self._presentation = presentation
        self._head = book.add_format({"bold": True, "bg_color": "#1F4E79", "font_color": "#FFFFFF", "text_wrap": True,
                                      "valign": "top", "border": 1, "border_color": "#FFFFFF"})  # fmt: skip
        self._formats = {
            Kind.FIRST_DAY: book.add_format({"num_format": _SHORT_DATE, "align": "left"}),
            Kind.LAST_DAY: book.add_format({"num_format": _SHORT_DATE, "align": "left"}),
            Kind.TIME: book.add_format({"num_format": _DATE_AND_TIME, "align": "left"}),
            Kind.NUMBER: book.add_format({"num_format": "#,##0.##"}),
            Kind.WHOLE: book.add_format({"num_format": "#,##0"}),
            Kind.LINK: book.add_format({"font_color": "#0563C1", "underline": 1}),
        }
        self._formats_of_columns = [self._formats.get(one.kind) for one in self._columns]
        self._number = 0
        self._begin()

    def add(self, line: Any) -> None:
        """Write a line."""
        if self._row == ROWS_OF_SHEET:
            self.end()
            self._begin()
        for number, column in enumerate(self._columns):
            cell = column.cell(line, self._presentation)
            if cell is not None:
                self._write(number, column, cell)
        self._row += 1

    def end(self) -> None:
        """Finish the sheet at hand."""
        self._sheet.autofilter(0, 0, max(self._row - 1, 1), len(self._columns) - 1)

    def _begin(self) -> None:
        self._number += 1
        name = self._title if self._number == 1 else f"{self._title} {self._number}"
        self._sheet = self._book.add_worksheet(name)
        self._sheet.freeze_panes(1, 1)
        self._sheet.set_landscape()
        self._sheet.set_paper(9)  # A4
        self._sheet.repeat_rows(0)
        self._sheet.fit_to_pages(1, 0)
        for number, column in enumerate(self._columns):
            self._sheet.set_column(number, number, column.width)
            self._sheet.write_string(0, number, column.head(self._presentation), self._head)
        self._row = 1

    def _write(self, number: int, column: Column[Any], cell: Cell) -> None:
        form = self._formats_of_columns[number]
        if column.kind is Kind.LINK and self._row <= _LINKS_OF_SHEET:
            self._sheet.write_url(self._row, number, str(cell), form)
        elif isinstance(cell, str):
            self._sheet.write_string(self._row, number, cell[:_LONGEST_TEXT])
        elif isinstance(cell, datetime | date):
            self._sheet.write_datetime(self._row, number, cell, form)
        else:
            self._sheet.write_number(self._row, number, cell, form)


def _write_about(book: Any, presentation: Presentation, about: Sequence[tuple[str, str]]) -> None:
    sheet = book.add_worksheet(presentation.word("Over dit bestand", "About this file"))
    bold, wrapped = book.add_format({"bold": True, "valign": "top"}), book.add_format({"text_wrap": True})
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 90)
    for row, (name, text) in enumerate(about):
        sheet.write_string(row, 0, name, bold)
        sheet.write_string(row, 1, text, wrapped)
