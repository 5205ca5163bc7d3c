"""Areas as users give them: a box, WKT or GeoJSON, brought to the hub's CRS."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import Transformer
from pyproj.exceptions import CRSError, ProjError
from shapely import MultiPolygon, Polygon
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from meekoppel_hub.platform.errors import SettingsError

GEOJSON_CRS = 4326

Area = Polygon | MultiPolygon


class InvalidArea(SettingsError):
    """What was given as an area is not one; the message says what to give."""


def area_from_box(box: tuple[float, float, float, float]) -> Area:
    """Make an area of `min x, min y, max x, max y`, in metres in the hub's CRS.

    Raises:
        InvalidArea: when a minimum is not below its maximum.
    """
    min_x, min_y, max_x, max_y = box
    if not (min_x < max_x and min_y < max_y):
        raise InvalidArea(f"the box {box} is empty: give min x, min y, max x, max y, in metres in the hub's CRS")
    return check_area(shapely.box(min_x, min_y, max_x, max_y))


def area_from_geojson(document: Mapping[str, Any], hub_crs: int, crs: int | None = None) -> Area:
    """Read a GeoJSON geometry, feature or collection.

    Its coordinates are in `crs`; else in the CRS that the document names (GeoJSON 2008); else longitude, latitude.

    Raises:
        InvalidArea: when there is no polygon in it, or it cannot be brought to the hub's CRS.
    """
    try:
        parts = [shape(dict(geometry)) for geometry in _geometries(document)]
    except (ShapelyError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise InvalidArea(f"the area is not valid GeoJSON: {error}") from error
    return area_from_shapes(parts, crs or _named_crs(document) or GEOJSON_CRS, hub_crs)


def area_from_shapes(parts: Sequence[BaseGeometry], crs: int, hub_crs: int) -> Area:
    """Make one area of polygons.

    Raises:
        InvalidArea: when they are none, or cannot be brought to the hub's CRS.
    """
    return check_area(_to_hub(unary_union(parts), crs, hub_crs))


def area_from_wkt(wkt: str, hub_crs: int, crs: int | None = None) -> Area:
    """Read WKT; its coordinates are in the hub's CRS unless `crs` says else.

    Raises:
        InvalidArea: when it is no polygon, or cannot be brought to the hub's CRS.
    """
    try:
        geometry = shapely.from_wkt(wkt.strip())
    except ShapelyError as error:
        raise InvalidArea(f"the area is not valid WKT: {error}") from error
    return check_area(_to_hub(geometry, crs or hub_crs, hub_crs))


def area_from_file(path: Path, hub_crs: int, crs: int | None = None) -> Area:
    """Read an area from a file with GeoJSON or WKT.

    Raises:
        InvalidArea: when the file cannot be read or holds no polygon.
    """
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidArea(f"the area file {path} cannot be read: {error}") from error
    if not content.lstrip().startswith("{"):
        return area_from_wkt(content, hub_crs, crs)
    try:
        document = json.loads(content)
    except ValueError as error:
        raise InvalidArea(f"the area file {path} is not valid GeoJSON: {error}") from error
    return area_from_geojson(document, hub_crs, crs)


def check_area(geometry: BaseGeometry) -> Area:
    """Accept a valid polygon or multipolygon that is not empty.

    Raises:
        InvalidArea: when it is something else.
    """
    if not isinstance(geometry, Polygon | MultiPolygon):
        raise InvalidArea(f"an area is a polygon or multipolygon; this is a {geometry.geom_type}")
    if geometry.is_empty or not geometry.is_valid:
        raise InvalidArea(f"the area is not valid: {shapely.is_valid_reason(geometry) or 'it is empty'}")
    return geometry


def _geometries(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if document.get("type") == "FeatureCollection":
        return [feature["geometry"] for feature in document["features"]]
    if document.get("type") == "Feature":
        return [document["geometry"]]
    return [document]


def _to_hub(geometry: BaseGeometry, crs: int, hub_crs: int) -> BaseGeometry:
    if crs == hub_crs:
        return geometry
    try:
        transformer = Transformer.from_crs(crs, hub_crs, always_xy=True)
        moved = shapely.transform(
            geometry, lambda points: np.column_stack(transformer.transform(points[:, 0], points[:, 1]))
        )
    except CRSError as error:
        raise InvalidArea(f"EPSG:{crs} is no CRS that is known here; give the EPSG number of the file") from error
    except ProjError as error:
        raise InvalidArea(f"the area cannot be brought from EPSG:{crs} to EPSG:{hub_crs}: {error}") from error
    if not np.isfinite(shapely.get_coordinates(moved)).all():
        x, y = shapely.get_coordinates(geometry)[0]
        raise InvalidArea(
            f"its coordinates, such as {x:g}, {y:g}, are not in EPSG:{crs}: give the CRS that they are in"
        )
    return moved


def _named_crs(document: Mapping[str, Any]) -> int | None:
    """Read the EPSG number of `crs`, such as `urn:ogc:def:crs:EPSG::28992`; CRS84 is that of GeoJSON itself."""
    named = document.get("crs")
    if named is None:
        return None
    name = str((named.get("properties") or {}).get("name", "")) if isinstance(named, dict) else ""
    if name.endswith("CRS84"):
        return GEOJSON_CRS
    found = re.fullmatch(r"(?:urn:ogc:def:crs:)?EPSG:[0-9.]*:?(\d+)", name)
    if found is None:
        raise InvalidArea(f"the area names the CRS {name!r}; give an EPSG number, such as urn:ogc:def:crs:EPSG::28992")
    return int(found.group(1))
