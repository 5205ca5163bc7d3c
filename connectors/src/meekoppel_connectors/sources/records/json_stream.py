"""Reading the records of a JSON file one after another, so that its size does not matter."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import ijson

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.sources.places.gzipped import opened

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def json_records(path: Path, place: tuple[str, ...]) -> Iterator[Any]:
    """Give the entries of the list at a place, in their order.

    Args:
        path: the file.
        place: the names of the members that lead to the list; empty when the file itself is a list.

    Raises:
        SourceError: when the file is not there, is no JSON, or has no such list; also half-way.
    """
    found = False
    with opened_json(path) as file:
        for record in ijson.items(file, ".".join((*place, "item")), use_float=True):
            found = True
            yield record
    if not found and not _has_list(path, place):
        where = f"no list {'/'.join(place)}; check source.record" if place else "no list of records; set source.record"
        raise SourceError(path, f"has {where}")


def json_member(path: Path, name: str) -> Any:
    """Give one member of the object that a file holds; None when it has none."""
    with opened_json(path) as file:
        return next(iter(ijson.items(file, name, use_float=True)), None)


@contextmanager
def opened_json(path: Path) -> Iterator[BinaryIO]:
    """Open a JSON file for streaming, unpacked when it is packed with gzip; what is wrong with it becomes a sentence.

    Raises:
        SourceError: when it is not there, cannot be read, or is no JSON.
    """
    try:
        with opened(path) as file:
            peekable = io.BufferedReader(cast("io.RawIOBase", file))
            if peekable.peek(len(_BYTE_ORDER_MARK)).startswith(_BYTE_ORDER_MARK):
                peekable.read(len(_BYTE_ORDER_MARK))
            yield peekable
    except (ijson.JSONError, UnicodeDecodeError) as error:
        raise SourceError(path, f"is no JSON, or is damaged: {str(error).splitlines()[0]}") from error


def _has_list(path: Path, place: tuple[str, ...]) -> bool:
    with opened_json(path) as file:
        return any(event == "start_array" and prefix == ".".join(place) for prefix, event, _ in ijson.parse(file))
