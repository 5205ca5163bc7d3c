"""PostgreSQL's binary COPY, row by row as bytes: the quickest way in."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import psycopg
from sqlalchemy import BigInteger, Boolean, Float, Integer, LargeBinary, String, Table
from sqlalchemy.types import TypeEngine

from meekoppel_hub.coordination.plan_change import Row
from meekoppel_hub.platform.database.tables.base import UtcDateTime

# Source: the format of COPY in PostgreSQL's manual: signature, flags, length of the extension; -1 rows at the end.
_HEADER = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8
_TRAILER = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_BEGIN = datetime(2000, 1, 1, tzinfo=UTC)
_AT_ONCE = 2_000
_SHORT, _LONG = 64, 1_000
_MOST_REMEMBERED = 10_000

_Encode = Callable[[Any], bytes]


class CopyWriter:
    """Writes rows into an open COPY.

    Args:
        copy: psycopg's.
        encoders: one per column.
    """

    def __init__(self, copy: psycopg.Copy, encoders: Sequence[_Encode]) -> None:
        self._copy = copy
        self._encoders = encoders
        self._begin = len(encoders).to_bytes(2, "big")

    def write(self, rows: Iterable[Row]) -> None:
        """Write rows, in the order of the columns."""
        parts: list[bytes] = []
        for number, row in enumerate(rows):
            parts.append(self._begin)
            parts += [
                _NULL if value is None else encode(value) for encode, value in zip(self._encoders, row, strict=True)
            ]
            if number % _AT_ONCE == _AT_ONCE - 1:
                self._copy.write(b"".join(parts))
                parts.clear()
        if parts:
            self._copy.write(b"".join(parts))


@contextmanager
def copying(
    connection: psycopg.Connection[Any], name: str, table: Table, columns: Sequence[str]
) -> Iterator[CopyWriter]:
    """Copy rows into a table; committed with the connection's transaction.

    Args:
        connection: of psycopg.
        name: of the table, quoted.
        table: whose columns say how values are written.
        columns: in the order in which rows come.
    """
    named = ", ".join(f'"{column}"' for column in columns)
    statement = f"COPY {name} ({named}) FROM STDIN (FORMAT BINARY)"
    with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        copy.write(_HEADER)
        yield CopyWriter(copy, [_encoder(table.c[column].type) for column in columns])
        copy.write(_TRAILER)


class _Memo(dict[str, bytes]):
    """Texts of which few differ, written once."""

    def __missing__(self, value: str) -> bytes:
        data = _text(value)
        if len(self) < _MOST_REMEMBERED:
            self[value] = data
        return data


def _encoder(kind: TypeEngine[Any]) -> _Encode:
    if isinstance(kind, String) and (kind.length or _LONG) <= _SHORT:
        return _Memo().__getitem__
    for known, encode in _ENCODERS:
        if isinstance(kind, known):
            return encode
    raise TypeError(f"columns of type {kind!r} cannot be copied")


def _text(value: str) -> bytes:
    data = value.encode()
    return len(data).to_bytes(4, "big") + data


def _bytes(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


def _moment(value: datetime) -> bytes:
    passed = value - _BEGIN
    return _eight((passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds)


# Each value stands behind its length in bytes.
_eight = partial(struct.Struct(">iq").pack, 8)
_FLAGS = {False: b"\0\0\0\x01\x00", True: b"\0\0\0\x01\x01"}
_ENCODERS: tuple[tuple[type[TypeEngine[Any]] | type[UtcDateTime], _Encode], ...] = (
    (UtcDateTime, _moment),
    (BigInteger, _eight),
    (Integer, partial(struct.Struct(">ii").pack, 4)),
    (Boolean, _FLAGS.__getitem__),
    (Float, partial(struct.Struct(">id").pack, 8)),
    (LargeBinary, _bytes),
    (String, _text),
)
"""By the type of the column; BigInteger is an Integer too, so it comes first. Text is a String."""
