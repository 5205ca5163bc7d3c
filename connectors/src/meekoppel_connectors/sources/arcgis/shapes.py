"""Geometry as Esri writes it in JSON (the "geometry objects" of the ArcGIS REST API).

The rings of a polygon stand side by side: outer ones run clockwise, holes counter-clockwise, and nothing says which
hole belongs to which outer ring; the smallest one around it does. A hole in no ring is taken for an outer ring that was
drawn the wrong way round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import shapely
from shapely.errors import ShapelyError
from shapely.geometry import MultiLineString, MultiPoint, MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

_CURVES = ("curveRings", "curvePaths")


def esri_shape(written: Mapping[str, Any] | None) -> BaseGeometry | None:
    """Read a geometry; None when there is none. Heights and measures are left out.

    Raises:
        ValueError: when it is none that a plan can have; says why.
    """
    if written is None:
        return None
    if any(written.get(name) for name in _CURVES):
        raise ValueError("has a geometry with curves; ask the server's owner for a layer without, or densify it")
    try:
        return _read(written)
    except (ShapelyError, ValueError, TypeError, IndexError, KeyError) as error:
        raise ValueError(f"has a geometry that cannot be read: {error}") from error


def _read(written: Mapping[str, Any]) -> BaseGeometry:
    if "x" in written:
        x, y = _number(written["x"]), _number(written["y"])
        return Point() if x is None or y is None else Point(x, y)
    if "points" in written:
        return MultiPoint(_flat(written["points"]))
    if "paths" in written:
        lines = MultiLineString([_flat(path) for path in written["paths"] if path])
        return lines.geoms[0] if len(lines.geoms) == 1 else lines
    if "rings" in written:
        return _area([_flat(ring) for ring in written["rings"] if ring])
    if "xmin" in written:
        return box(written["xmin"], written["ymin"], written["xmax"], written["ymax"])
    raise ValueError(f"it is of a kind that is not known, with {', '.join(written)}")


def _number(value: Any) -> float | None:
    """Read a coordinate; an empty point is written as null or as "NaN"."""
    return None if value is None or value == "NaN" else float(value)


def _flat(points: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    return [(float(point[0]), float(point[1])) for point in points]


def _area(rings: list[list[tuple[float, float]]]) -> BaseGeometry:
    if not rings:
        return Polygon()
    parts = [Polygon(ring) for ring in rings]
    outer = [part for part in parts if not part.exterior.is_ccw]
    holes: dict[int, list[Polygon]] = {}
    for hole in (part for part in parts if part.exterior.is_ccw):
        around = [place for place, part in enumerate(outer) if _lies_in(hole, part)]
        if around:
            smallest = min(around, key=lambda place: outer[place].area)
            holes.setdefault(smallest, []).append(hole)
        else:
            outer.append(hole)
    shapes = [
        Polygon(part.exterior, [hole.exterior for hole in holes.get(place, ())]) for place, part in enumerate(outer)
    ]
    return shapes[0] if len(shapes) == 1 else MultiPolygon(shapes)


def _lies_in(hole: Polygon, part: Polygon) -> bool:
    """Tell by size and by a point within the hole: rings may touch, and need not be valid."""
    inside: Point = shapely.point_on_surface(hole) if hole.is_valid else Point(hole.exterior.coords[0])
    return part.area >= hole.area and bool(shapely.covers(part if part.is_valid else part.buffer(0), inside))
