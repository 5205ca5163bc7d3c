"""CSV files. Every value stays text, so that leading zeros and odd numbers survive.

A row's number is the row that a spreadsheet shows: records are counted, not the line ends within quotes.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.settings import FileSettings
from meekoppel_connectors.sources.source import Description, Source
from meekoppel_connectors.sources.tables.cells import existing, table_row, tidy
from meekoppel_connectors.sources.tables.headers import LOOKED_AT_ROWS, Header, checked_header_row, header_of, no_header

DEFAULT_ENCODING = "utf-8-sig"
DELIMITERS = (";", ",", "\t", "|")
Record = tuple[int, list[Any]]
LONGEST_FIELD = 64 * 1024 * 1024  # the polygon of a province in WKT is longer than csv's own 128 kB


class CsvSettings(FileSettings):
    """A CSV file.

    Attributes:
        delimiter: the sign between columns; found out by default.
        encoding: UTF-8 by default.
        header_row: in which line the names of the columns begin, from 1; `auto` finds it.
        header_lines: over how many lines they go.
    """

    has_geometry: ClassVar[bool] = False
    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".txt", ".tsv")

    format: Literal["csv"]
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    encoding: str | None = None
    header_row: int | Literal["auto"] = 1
    header_lines: int = Field(default=1, ge=1, le=10)

    @field_validator("header_row")
    @classmethod
    def _within_reach(cls, row: int | str) -> int | str:
        return checked_header_row(row)


class DelimitedFile(Source[CsvSettings]):
    """A CSV file, of which the delimiter is found out from the header when it is not given."""

    settings_type = CsvSettings

    def __init__(self, settings: CsvSettings) -> None:
        super().__init__(settings)
        self._path = settings.file
        self._delimiter = settings.delimiter
        self._encoding = settings.encoding or DEFAULT_ENCODING

    def describe(self, *, whole: bool = False) -> Description:
        """Give the columns of the header."""
        header, _, _ = self._table()
        return Description(tuple(name for name in header.names if name), fixed=True)

    def snapshot(self) -> Iterator[SourceRow]:
        """Read the rows below the header; empty lines are passed over."""
        header, first, records = self._table()
        for number, cells in chain(first, records):
            row = table_row(number, list(header.names), cells) if number > header.last_row else None
            if row is not None:
                yield row

    def _table(self) -> tuple[Header, list[Record], Iterator[Record]]:
        """Give the header, the first records and the others."""
        records = self._records()
        first = list(islice(records, LOOKED_AT_ROWS))
        wanted = self.settings.header_row
        header = header_of([cells for _, cells in first], wanted, self.settings.header_lines, {})
        if header is None:
            raise SourceError(self._path, no_header(wanted))
        return header, first, records

    def _records(self) -> Iterator[Record]:
        csv.field_size_limit(LONGEST_FIELD)
        delimiter = self._delimiter or self._found_delimiter()
        number = 0
        try:
            with existing(self._path).open(encoding=self._encoding, newline="") as file:
                for number, cells in enumerate(csv.reader(file, delimiter=delimiter, strict=True), start=1):
                    yield number, [tidy(cell) for cell in cells]
        except csv.Error as error:
            raise SourceError(self._path, f"is damaged after row {number}: {error}") from error
        except (UnicodeDecodeError, LookupError) as error:
            raise self._wrong_encoding(error) from error
        except OSError as error:
            raise SourceError(self._path, f"cannot be read: {error.strerror}") from error

    def _found_delimiter(self) -> str:
        """Take the sign that stands most often in the header, or in most of the first lines, outside quotes."""
        row = self.settings.header_row
        try:
            with existing(self._path).open(encoding=self._encoding, newline="") as file:
                lines = list(islice(file, LOOKED_AT_ROWS if row == "auto" else row))
        except (UnicodeDecodeError, LookupError) as error:
            raise self._wrong_encoding(error) from error
        unquoted = ["".join(line.split('"')[::2]) for line in (lines if row == "auto" else lines[-1:])]
        return max(DELIMITERS, key=lambda sign: (sum(sign in line for line in unquoted), "".join(unquoted).count(sign)))

    def _wrong_encoding(self, error: Exception) -> SourceError:
        return SourceError(
            self._path, f"is not written in {self._encoding} ({error}); set source.encoding, such as windows-1252"
        )
