"""GeoPackage, Shapefile and GeoJSON, by GDAL."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyogrio.raw
import shapely

from meekoppel_hub.demo.files.table import ExportRow, columns_of


def write_geopackage(path: Path, rows: Sequence[ExportRow], crs: int, layer: str) -> None:
    """Write one layer of a GeoPackage; shapes of any kind."""
    path.unlink(missing_ok=True)
    _write(path, rows, crs, driver="GPKG", layer=layer, geometry_type="Unknown")


def write_shapefile(path: Path, rows: Sequence[ExportRow], crs: int) -> None:
    """Write a Shapefile of polygons; column names have at most ten characters."""
    _write(path, rows, crs, driver="ESRI Shapefile", geometry_type="Polygon", encoding="UTF-8")


def write_geojson(path: Path, rows: Sequence[ExportRow], crs: int) -> None:
    """Write GeoJSON (RFC 7946): longitude and latitude, seven decimals."""
    path.unlink(missing_ok=True)
    _write(path, rows, crs, driver="GeoJSON", geometry_type="Unknown", layer_options={"COORDINATE_PRECISION": "7"})


def _write(
    path: Path,
    rows: Sequence[ExportRow],
    crs: int,
    *,
    driver: str,
    geometry_type: str,
    layer: str | None = None,
    encoding: str | None = None,
    layer_options: dict[str, str] | None = None,
) -> None:
    columns = columns_of(rows)
    pyogrio.raw.write(
        path,
        geometry=np.array([None if row.shape is None else shapely.to_wkb(row.shape) for row in rows], dtype=object),
        field_data=[_column([row.values[name] for row in rows]) for name in columns],
        fields=columns,
        layer=layer,
        driver=driver,
        geometry_type=geometry_type,
        crs=f"EPSG:{crs}",
        encoding=encoding,
        layer_options=layer_options,
    )


def _column(values: Sequence[object]) -> np.ndarray:
    if all(isinstance(value, int) for value in values):
        return np.array(values, dtype=np.int64)
    if all(isinstance(value, int | float) for value in values):
        return np.array(values, dtype=np.float64)
    return np.array([None if value is None else str(value) for value in values], dtype=object)
