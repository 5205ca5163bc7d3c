"""GeoPackages that QGIS opens well: a layer per role of a zone and kind of shape, heads as aliases, styles.

QGIS and others draw a layer of one kind of shape only; so points, lines and areas of one role are layers of their own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray

from meekoppel_hub.exports.columns import Cell, Column, Kind, Presentation
from meekoppel_hub.exports.extras import needs
from meekoppel_hub.exports.styles import Style, add_styles

Line = TypeVar("Line")

_FEATURES_AT_ONCE: Final = 5_000
_SHAPE: Final = {0: "point", 4: "point", 1: "line", 5: "line", 2: "line", 3: "area", 6: "area"}
_MULTI: Final = {"point": "MultiPoint", "line": "MultiLineString", "area": "MultiPolygon"}
_MAKE: Final[dict[str, Callable[[list[Any]], Any]]] = {
    "point": shapely.multipoints,
    "line": shapely.multilinestrings,
    "area": shapely.multipolygons,
}


@dataclass(frozen=True, slots=True)
class Feature:
    """A shape of a line of the export.

    Attributes:
        layer: the name of its layer, without the kind of shape.
        style: how that layer is drawn.
        shape: in the CRS of the export.
        line: what stands in its columns.
    """

    layer: str
    style: Style
    shape: Any
    line: Any


@dataclass(slots=True)
class _Layer:
    name: str
    kind: str
    style: Style
    shapes: list[Any] = field(default_factory=list)
    lines: list[Any] = field(default_factory=list)
    made: bool = False


def write_geopackage(
    path: Path,
    batches: Iterable[Iterable[Feature]],
    columns: Sequence[Column[Line]],
    presentation: Presentation,
    names: dict[str, str],
) -> None:
    """Write features to a GeoPackage.

    Args:
        path: the file, which must not be there yet.
        batches: the features.
        columns: what stands in them.
        presentation: language, zone, codes, links, CRS.
        names: what the kinds of shape (`point`, `line`, `area`) are called at the end of a layer's name.

    Raises:
        SettingsError: when the extra `export` is not installed.
    """
    writer = _Writer(path, [c for c in columns if c.kind is not Kind.LINK or presentation.link_base], presentation)
    layers: dict[tuple[str, str], _Layer] = {}
    for batch in batches:
        for feature in batch:
            for kind, shape in _shapes_by_kind(feature.shape):
                layer = layers.setdefault(
                    (feature.layer, kind), _Layer(f"{feature.layer}_{names[kind]}", kind, feature.style)
                )
                layer.shapes.append(shape)
                layer.lines.append(feature.line)
                if len(layer.shapes) >= _FEATURES_AT_ONCE:
                    writer.write(layer)
    for layer in layers.values():
        writer.write(layer)
    if not layers:
        writer.write_empty(names)
    with closing(sqlite3.connect(path)) as file, file:
        _add_aliases(file, columns, presentation)
        add_styles(file, [(layer.name, layer.kind, layer.style) for layer in layers.values()], presentation)


class _Writer:
    def __init__(self, path: Path, columns: Sequence[Column[Any]], presentation: Presentation) -> None:
        self._raw = needs("pyogrio.raw")
        self._path = path
        self._columns = columns
        self._presentation = presentation

    def write(self, layer: _Layer) -> None:
        """Append what a layer holds, and empty it."""
        if not layer.shapes and layer.made:
            return
        shapes = np.array(layer.shapes, dtype=object)
        data, masks = zip(*(self._column(column, layer.lines) for column in self._columns), strict=True)
        self._raw.write(
            self._path,
            shapely.to_wkb(shapes),
            list(data),
            [column.name for column in self._columns],
            field_mask=list(masks),
            layer=layer.name,
            driver="GPKG",
            geometry_type=_MULTI[layer.kind],
            crs=f"EPSG:{self._presentation.crs}",
            append=layer.made,
        )
        layer.shapes, layer.lines, layer.made = [], [], True

    def write_empty(self, names: dict[str, str]) -> None:
        """Write a layer without features, so that the file opens and says what it would hold."""
        self.write(_Layer(names["area"], "area", Style(())))

    def _column(self, column: Column[Any], lines: Sequence[Any]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        cells = [column.cell(line, self._presentation) for line in lines]
        empty = np.array([cell is None for cell in cells], dtype=bool)
        return _as_array(column.kind, cells), empty


def _as_array(kind: Kind, cells: Sequence[Cell]) -> NDArray[Any]:
    match kind:
        case Kind.WHOLE:
            return np.array([0 if cell is None else cell for cell in cells], dtype=np.int64)
        case Kind.NUMBER:
            return np.array([0.0 if cell is None else cell for cell in cells], dtype=np.float64)
        case Kind.FIRST_DAY | Kind.LAST_DAY:
            return np.array([_day(cell) for cell in cells], dtype="datetime64[D]")
        case Kind.TIME:
            return np.array([_time(cell) for cell in cells], dtype="datetime64[ms]")
        case _:
            return np.array(list(cells), dtype=object)


def _day(cell: Cell) -> np.datetime64:
    return np.datetime64("NaT") if not isinstance(cell, date) else np.datetime64(cell.isoformat(), "D")


def _time(cell: Cell) -> np.datetime64:
    return np.datetime64("NaT") if not isinstance(cell, datetime) else np.datetime64(cell, "ms")


def _shapes_by_kind(shape: Any) -> list[tuple[str, Any]]:
    """Take a shape apart by kind; each part becomes a multi-shape, as its layer has."""
    parts: dict[str, list[Any]] = {}
    for part in shapely.get_parts(shapely.get_parts(shape)):
        parts.setdefault(_SHAPE[shapely.get_type_id(part)], []).append(part)
    return [(kind, _MAKE[kind](several)) for kind, several in parts.items()]


def _add_aliases(file: sqlite3.Connection, columns: Sequence[Column[Any]], presentation: Presentation) -> None:
    """Say what columns are called (extension gpkg_schema): QGIS shows it as the alias of a field."""
    file.execute(
        """CREATE TABLE IF NOT EXISTS gpkg_data_columns (
               table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT,
               mime_type TEXT, constraint_name TEXT, CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
               CONSTRAINT gdc_tn UNIQUE (table_name, name))"""
    )
    for table in ("gpkg_data_columns", "gpkg_data_column_constraints"):
        file.execute(
            "INSERT INTO gpkg_extensions (table_name, extension_name, definition, scope) SELECT ?, ?, ?, ? "
            "WHERE NOT EXISTS (SELECT 1 FROM gpkg_extensions WHERE table_name = ?)",
            (table, "gpkg_schema", "http://www.geopackage.org/spec121/#extension_schema", "read-write", table),
        )
    file.execute(
        """CREATE TABLE IF NOT EXISTS gpkg_data_column_constraints (
               constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC,
               min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
               CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value))"""
    )
    tables = [name for (name,) in file.execute("SELECT table_name FROM gpkg_contents WHERE data_type = 'features'")]
    present = {column.name: column.head(presentation) for column in columns}
    for table in tables:
        fields = [name for _, name, *_ in file.execute(f'PRAGMA table_info("{table}")')]
        file.executemany(
            "INSERT OR REPLACE INTO gpkg_data_columns (table_name, column_name, name, title) VALUES (?, ?, ?, ?)",
            [(table, name, present[name], present[name]) for name in fields if name in present],
        )
