"""XLSX workbooks. Values are given as the sheet shows them where that matters for identity.

A number in a cell with the format `00000` keeps its zeros; a cell formatted as a date is a date, not a midnight; an
error such as `#N/A` is no value. A row's number is that of the sheet.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any, ClassVar, Literal
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from openpyxl import load_workbook
from openpyxl.styles.numbers import is_datetime
from openpyxl.utils.exceptions import InvalidFileException
from pydantic import Field

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.settings import FileSettings
from meekoppel_connectors.sources.source import Description, Source
from meekoppel_connectors.sources.tables import column_names, existing, table_row
from meekoppel_connectors.sources.unpacking import refuse_bombs

_ZERO_PADDED = re.compile(r"0{2,}")


class XlsxSettings(FileSettings):
    """A workbook.

    Attributes:
        sheet: the first by default.
        header_row: in which row the names of the columns stand, from 1.
    """

    has_geometry: ClassVar[bool] = False
    suffixes: ClassVar[tuple[str, ...]] = (".xlsx", ".xlsm")
    is_archive: ClassVar[bool] = True

    format: Literal["xlsx"]
    sheet: str | None = None
    header_row: int = Field(default=1, ge=1)


class Workbook(Source[XlsxSettings]):
    """One sheet of a workbook; the first when none is named."""

    settings_type = XlsxSettings

    def __init__(self, settings: XlsxSettings) -> None:
        super().__init__(settings)
        self._path = settings.file
        self._sheet = settings.sheet
        self._header_row = settings.header_row

    def describe(self, *, whole: bool = False) -> Description:
        """Give the columns of the header row."""
        with self._records() as records:
            return Description(tuple(name for name in self._header(records) if name), fixed=True)

    def snapshot(self) -> Iterator[SourceRow]:
        """Read the rows below the header; empty rows are passed over."""
        with self._records() as records:
            names = self._header(records)
            for number, cells in records:
                row = table_row(number, names, cells)
                if row is not None:
                    yield row

    def _header(self, records: Iterator[tuple[int, list[Any]]]) -> list[str]:
        for number, cells in records:
            if number == self._header_row:
                return column_names(cells)
        raise SourceError(self._path, f"has no row {self._header_row}, where source.header_row looks for column names")

    @contextmanager
    def _records(self) -> Iterator[Iterator[tuple[int, list[Any]]]]:
        if not zipfile.is_zipfile(existing(self._path)):
            raise SourceError(self._path, "is not an XLSX workbook, or has a password; save it again as .xlsx")
        refuse_bombs(self._path)
        try:
            book = load_workbook(self._path, read_only=True, data_only=True)
            with closing(book):
                yield self._numbered(book)
        except DefusedXmlException as error:
            raise SourceError(self._path, "declares entities, which are unsafe; save it again as .xlsx") from error
        except (InvalidFileException, zipfile.BadZipFile, KeyError, OSError, ParseError, ValueError) as error:
            raise SourceError(self._path, "is not an XLSX workbook, or is damaged; save it again as .xlsx") from error

    def _numbered(self, book: Any) -> Iterator[tuple[int, list[Any]]]:
        name = self._sheet or book.sheetnames[0]
        if name not in book.sheetnames:
            raise SourceError(self._path, f"has no sheet {name!r}; it has {', '.join(book.sheetnames)}")
        sheet = book[name]
        sheet.reset_dimensions()  # some exporters write a size that is too small, and rows would be lost
        for number, row in enumerate(sheet.iter_rows(), start=1):
            yield number, [_shown(cell) for cell in row]


def _shown(cell: Any) -> Any:
    value = cell.value
    if value is None or cell.data_type == "e":
        return None
    if isinstance(value, datetime):
        return value.date() if is_datetime(cell.number_format) == "date" else value
    if isinstance(value, (int, float)) and not isinstance(value, bool) and _ZERO_PADDED.fullmatch(cell.number_format):
        return str(round(value)).zfill(len(cell.number_format))
    return value
