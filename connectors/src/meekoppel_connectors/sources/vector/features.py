"""Rows of what GDAL reads, streamed in Arrow batches: the whole is never in memory.

Types are those of the file: text that looks like a date stays text, whole numbers are exact, also beside empty ones.
Dates and times become text, times with the offset that they have. Geometry is WKB.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import repeat
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyogrio import raw
from pyogrio.errors import DataLayerError, DataSourceError, FieldError

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.row import SourceRow

BATCH = 5_000
UNREADABLE = "has a geometry of a kind that cannot be read, such as a curve; export it as points, lines and polygons"
_DIMENSIONS = (0, 1000, 2000, 3000)  # ISO WKB: plain, Z, M, ZM
_READABLE = frozenset(struct.pack("<BI", 1, kind + more) for kind in range(1, 8) for more in _DIMENSIONS)
_HEAD = struct.calcsize("<BI")
_EXACT_IN_FLOAT = 2**53
_DAMAGE = (DataSourceError, DataLayerError, FieldError, UnicodeDecodeError, ValueError, OSError)


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of a file, as GDAL is asked for it.

    Attributes:
        path: the file.
        name: of the layer; the only one when not given.
        encoding: of its texts; what the file says by default.
        number_field: under which name the feature number becomes a field; None when it does not.
        exact_numbers: refuse numbers that GDAL rounded because they are whole, and longer than it can hold.
        options: of the driver.
    """

    path: Path
    name: str | None = None
    encoding: str | None = None
    number_field: str | None = None
    exact_numbers: bool = False
    options: dict[str, str] = field(default_factory=dict)


def read_features(layer: Layer) -> Iterator[SourceRow]:
    """Read the features in the order of the file, numbered from 1.

    Raises:
        SourceError: when the file is damaged; also half-way.
    """
    read = 0
    try:
        with raw.open_arrow(
            layer.path,
            layer=layer.name,
            encoding=layer.encoding,
            return_fids=True,
            batch_size=BATCH,
            datetime_as_string=True,
            use_pyarrow=True,
            **layer.options,
        ) as (meta, batches):
            for batch in batches:
                yield from _rows(batch, read, str(meta["geometry_name"] or "wkb_geometry"), layer)
                read += batch.num_rows
    except (
        DataSourceError,
        DataLayerError,
        FieldError,
        UnicodeDecodeError,
        ValueError,
        OSError,
        pa.ArrowException,
    ) as error:
        raise SourceError(layer.path, f"is damaged at or after feature {read + 1}: {error}") from error


def _rows(batch: pa.RecordBatch, before: int, geometry_name: str, layer: Layer) -> Iterator[SourceRow]:
    names: list[str] = list(batch.schema.names)
    columns = [_plain(batch.column(place), name, layer) for place, name in enumerate(names)]
    feature_numbers, fields, columns = columns[0], names[1:], columns[1:]
    geometries: list[bytes | None] = [None] * batch.num_rows
    if fields and fields[-1] == geometry_name and pa.types.is_binary(batch.schema.types[-1]):
        geometries, fields, columns = columns[-1], fields[:-1], columns[:-1]
    if layer.number_field and layer.number_field not in fields:
        fields, columns = [*fields, layer.number_field], [*columns, feature_numbers]
    cells = zip(*columns, strict=True) if columns else repeat((), batch.num_rows)
    values = map(dict, map(zip, repeat(fields), cells))  # by map, since half a million rows pass here
    rows = map(SourceRow, values, geometries, range(before + 1, before + batch.num_rows + 1))
    if all(geometry is None or geometry[:_HEAD] in _READABLE for geometry in geometries):
        return rows
    return map(_without_curve, rows)


def _without_curve(row: SourceRow) -> SourceRow:
    if isinstance(row.geometry, bytes) and row.geometry[:_HEAD] not in _READABLE:
        return replace(row, geometry=None, fault=UNREADABLE)
    return row


def _plain(column: pa.Array, name: str, layer: Layer) -> list[Any]:
    """Give Python's own values."""
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if pa.types.is_temporal(column.type):
        column = column.cast(pa.string())
    elif layer.exact_numbers and pa.types.is_float64(column.type):
        largest = pc.max(pc.abs(column)).as_py()
        if largest is not None and largest >= _EXACT_IN_FLOAT:
            raise SourceError(layer.path, f"field {name} has whole numbers too long to read exactly; export it as text")
    return list(column.to_pylist())
