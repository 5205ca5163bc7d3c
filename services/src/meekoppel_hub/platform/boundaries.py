"""The border of an area from a file of many: GeoJSON, WKT, or whatever GDAL reads, such as GeoPackage and Shapefile."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS
from pyproj.exceptions import CRSError

from meekoppel_hub.platform.areas import (
    Area,
    InvalidArea,
    area_from_geojson,
    area_from_shapes,
    area_from_wkt,
)

_TEXT = (".json", ".geojson", ".wkt", ".txt")
LARGEST_WKB = 200_000
"""So many bytes of an event at most are taken by its geometry: some 12,000 points."""


def boundary_from_file(
    path: Path, hub_crs: int, *, crs: int | None = None, select: str | None = None, layer: str | None = None
) -> Area:
    """Read one area.

    Args:
        path: the file.
        hub_crs: EPSG number of the hub's CRS, to which it is brought.
        crs: EPSG number of the file, where it does not say so itself.
        select: `name=value` of a property or column: which feature it is; several make one area.
        layer: of a file with several; the first one when left out.

    Raises:
        InvalidArea: when the file cannot be read, holds no such feature, or several and none was selected.
    """
    wanted = _wanted(select)
    if path.suffix.lower() not in _TEXT:
        return _from_layer(path, hub_crs, crs, wanted, layer)
    try:
        content = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidArea(f"the file {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidArea(f"the file {path} cannot be read: {error}") from error
    if not content.lstrip().startswith("{"):
        return area_from_wkt(content, hub_crs, crs)
    try:
        document = json.loads(content)
    except ValueError as error:
        raise InvalidArea(f"the file {path} is not valid GeoJSON: {error}") from error
    return area_from_geojson(_selected(document, wanted, path), hub_crs, crs)


def small_enough(area: Area, most_bytes: int = LARGEST_WKB) -> tuple[bytes, float]:
    """Write an area as WKB that fits into an event.

    Returns:
        The WKB, and the tolerance in metres with which vertices were left out; 0 when none were.
    """
    wkb: bytes = shapely.to_wkb(area, output_dimension=2)
    tolerance = 0.0
    while len(wkb) > most_bytes:
        tolerance = 2 * tolerance or 0.5
        simpler = shapely.make_valid(shapely.simplify(area, tolerance))
        wkb = shapely.to_wkb(simpler, output_dimension=2)
    return wkb, tolerance


def _wanted(select: str | None) -> tuple[str, str] | None:
    if select is None:
        return None
    name, equals, value = select.partition("=")
    if not (name and equals and value):
        raise InvalidArea(f"--select {select!r} must name a property and its value, such as code=0361")
    return name, value


def _selected(document: Mapping[str, Any], wanted: tuple[str, str] | None, path: Path) -> Mapping[str, Any]:
    features = [document] if document.get("type") == "Feature" else document.get("features")
    if not isinstance(features, list):
        if wanted is not None:
            raise InvalidArea(f"the file {path} holds a bare geometry without properties: leave --select out")
        return document
    found = [one for one in features if wanted is None or _says(one.get("properties") or {}, wanted)]
    names = sorted({name for one in features for name in (one.get("properties") or {})})
    _check_count(len(found), wanted, names, path)
    return {**document, "type": "FeatureCollection", "features": found}


def _from_layer(path: Path, hub_crs: int, crs: int | None, wanted: tuple[str, str] | None, layer: str | None) -> Area:
    try:
        meta, _, wkb, columns = pyogrio.raw.read(path, layer=layer, force_2d=True)
    except (DataSourceError, DataLayerError) as error:
        raise InvalidArea(f"the file {path} cannot be read: {error}") from error
    names = list(meta["fields"])
    rows = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)] or [{} for _ in wkb]
    found = [number for number, row in enumerate(rows) if wanted is None or _says(row, wanted)]
    _check_count(len(found), wanted, names, path)
    file_crs = crs or _epsg(meta["crs"])
    if file_crs is None:
        raise InvalidArea(f"the file {path} does not say its CRS; give its EPSG number with --crs")
    return area_from_shapes(list(shapely.from_wkb([wkb[number] for number in found])), file_crs, hub_crs)


def _says(properties: Mapping[str, Any], wanted: tuple[str, str]) -> bool:
    name, value = wanted
    return name in properties and str(properties[name]) == value


def _check_count(count: int, wanted: tuple[str, str] | None, names: list[str], path: Path) -> None:
    known = ", ".join(names) or "none"
    if count == 0:
        asked = "" if wanted is None else f" with {wanted[0]}={wanted[1]}"
        raise InvalidArea(f"the file {path} holds no feature{asked}; its properties are: {known}")
    if count > 1 and wanted is None:
        raise InvalidArea(f"the file {path} holds {count} features; choose with --select name=value out of: {known}")


def _epsg(name: str | None) -> int | None:
    try:
        return CRS.from_user_input(name).to_epsg() if name else None
    except CRSError:
        return None
