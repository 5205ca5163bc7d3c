"""CSV files. Every value stays text, so that leading zeros and odd numbers survive.

A row's number is the row that a spreadsheet shows: records are counted, not the line ends within quotes.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.settings import FileSettings
from meekoppel_connectors.sources.source import Description, Source
from meekoppel_connectors.sources.tables import column_names, existing, table_row

DEFAULT_ENCODING = "utf-8-sig"
DELIMITERS = (";", ",", "\t", "|")
LONGEST_FIELD = 64 * 1024 * 1024  # the polygon of a province in WKT is longer than csv's own 128 kB


class CsvSettings(FileSettings):
    """A CSV file.

    Attributes:
        delimiter: the sign between columns; found out by default.
        encoding: UTF-8 by default.
        header_row: in which line the names of the columns stand, from 1.
    """

    has_geometry: ClassVar[bool] = False
    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".txt", ".tsv")

    format: Literal["csv"]
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    encoding: str | None = None
    header_row: int = Field(default=1, ge=1)


class DelimitedFile(Source[CsvSettings]):
    """A CSV file, of which the delimiter is found out from the header when it is not given."""

    settings_type = CsvSettings

    def __init__(self, settings: CsvSettings) -> None:
        super().__init__(settings)
        self._path = settings.file
        self._delimiter = settings.delimiter
        self._encoding = settings.encoding or DEFAULT_ENCODING
        self._header_row = settings.header_row

    def describe(self, *, whole: bool = False) -> Description:
        """Give the columns of the header."""
        records = self._records()
        return Description(tuple(name for name in self._header(records) if name), fixed=True)

    def snapshot(self) -> Iterator[SourceRow]:
        """Read the rows below the header; empty lines are passed over."""
        records = self._records()
        names = self._header(records)
        for number, cells in records:
            row = table_row(number, names, list(cells))
            if row is not None:
                yield row

    def _header(self, records: Iterator[tuple[int, list[str]]]) -> list[str]:
        for number, cells in records:
            if number == self._header_row:
                return column_names(cells)
        raise SourceError(self._path, f"has no row {self._header_row}, where source.header_row looks for column names")

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        csv.field_size_limit(LONGEST_FIELD)
        delimiter = self._delimiter or self._found_delimiter()
        number = 0
        try:
            with existing(self._path).open(encoding=self._encoding, newline="") as file:
                for number, cells in enumerate(csv.reader(file, delimiter=delimiter, strict=True), start=1):
                    yield number, cells
        except csv.Error as error:
            raise SourceError(self._path, f"is damaged after row {number}: {error}") from error
        except (UnicodeDecodeError, LookupError) as error:
            raise self._wrong_encoding(error) from error
        except OSError as error:
            raise SourceError(self._path, f"cannot be read: {error.strerror}") from error

    def _found_delimiter(self) -> str:
        """Take the sign that stands most often in the header, outside quotes."""
        try:
            with existing(self._path).open(encoding=self._encoding, newline="") as file:
                lines = [line for _, line in zip(range(self._header_row), file, strict=False)]
        except (UnicodeDecodeError, LookupError) as error:
            raise self._wrong_encoding(error) from error
        header = "".join(lines[-1:])
        unquoted = "".join(header.split('"')[::2])
        return max(DELIMITERS, key=unquoted.count)

    def _wrong_encoding(self, error: Exception) -> SourceError:
        return SourceError(
            self._path, f"is not written in {self._encoding} ({error}); set source.encoding, such as windows-1252"
        )
