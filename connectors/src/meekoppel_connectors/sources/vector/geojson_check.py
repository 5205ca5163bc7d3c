"""What GDAL leaves out of GeoJSON without a word: entries that are no features, and parts of a geometry.

A snapshot that is shorter than its file would withdraw plans, and a geometry without one of its parts is another place.
So the file is read beside GDAL as plain JSON, which takes as long again, and what differs becomes a rejected row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import shapely

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.records.json_stream import json_records
from meekoppel_connectors.sources.vector.shapes import shape_of

NO_FEATURE = "is no GeoJSON feature"


def compared(rows: Iterator[SourceRow], path: Path) -> Iterator[SourceRow]:
    """Give the rows of GDAL, and among them what it left out, numbered as they stand in the file.

    Raises:
        SourceError: as the rows do.
    """
    numbers = count(1)
    for entry in _entries(path):
        number = next(numbers)
        if not isinstance(entry, dict) or entry.get("type") != "Feature":
            yield SourceRow({"value": entry}, number=number, fault=NO_FEATURE)
            continue
        row = next(rows, None)
        if row is None:
            raise SourceError(path, f"is damaged: feature {number:,} cannot be read")
        yield replace(row, number=number, fault=row.fault or _lost(entry.get("geometry"), row.geometry))
    yield from (replace(row, number=number) for row, number in zip(rows, numbers, strict=False))


def _entries(path: Path) -> Iterator[Any]:
    """Give the entries as far as they are strict JSON: GDAL also reads NaN, and a feature without a collection."""
    try:
        yield from json_records(path, ("features",))
    except SourceError:
        return


def _lost(drawn: Any, read: Any) -> str | None:
    """Say what is wrong with a geometry of which not every position was read."""
    shape = None if read is None else shapely.from_wkb(read, on_invalid="ignore")
    if read is not None and shape is None:
        return None  # what is wrong with it is said by whoever reads it
    if _positions_of(drawn) == int(shapely.get_num_coordinates(shape)):
        return None
    try:
        shape_of(drawn)
    except ValueError as error:
        return str(error)
    return "has a geometry of which parts cannot be read"


def _positions_of(geometry: Any) -> int:
    if not isinstance(geometry, dict):
        return 0 if geometry is None else 1
    if "geometries" in geometry:
        parts = geometry["geometries"]
        return sum(map(_positions_of, parts)) if isinstance(parts, list) else 1
    return _positions(geometry.get("coordinates"))


def _positions(coordinates: Any) -> int:
    """Count positions; what is no list where one should be counts as one, which was not read."""
    if not isinstance(coordinates, list):
        return 1
    if coordinates and isinstance(coordinates[0], (int, float)):
        return 1
    return sum(map(_positions, coordinates))
