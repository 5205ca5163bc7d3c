"""Geometry as GeoJSON writes it, also with the type in capitals, as some systems do."""

from __future__ import annotations

import json
from typing import Any

import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

DEEPEST = 20
_TYPES = {
    name.casefold(): name
    for name in (
        "Point",
        "MultiPoint",
        "LineString",
        "MultiLineString",
        "Polygon",
        "MultiPolygon",
        "GeometryCollection",
    )
}


def shape_of(value: Any) -> BaseGeometry | None:
    """Read a GeoJSON geometry; None when there is none.

    Raises:
        ValueError: when it is none; says why.
    """
    if value is None:
        return None
    spelt = _well_spelt(value)
    try:
        shape: BaseGeometry = shapely.from_geojson(json.dumps(spelt))
    except RecursionError as error:
        raise ValueError("has a geometry of lists within lists without end") from error
    except ShapelyError as error:
        problem = str(error).strip().rpartition(": ")[2]
        raise ValueError(f"has a geometry that is no GeoJSON: {problem}") from error
    return shape


def _well_spelt(value: Any, depth: int = 0) -> Any:
    if depth > DEEPEST:
        raise ValueError(f"has a geometry of collections within collections, more than {DEEPEST} deep")
    if not isinstance(value, dict):
        raise ValueError("has a geometry that is no GeoJSON: it has no type")
    kind = _TYPES.get(str(value.get("type")).casefold())
    if kind is None:
        raise ValueError(f"has a geometry of type {value.get('type')!r}, which GeoJSON does not know")
    if kind == "GeometryCollection":
        parts = value.get("geometries") or []
        if not isinstance(parts, list):
            raise ValueError("has a geometry that is no GeoJSON: its geometries are no list")
        return {"type": kind, "geometries": [_well_spelt(part, depth + 1) for part in parts]}
    return {"type": kind, "coordinates": value.get("coordinates") or []}
