"""Measures of zones, and how far they moved. Geometry is WKB in the hub's CRS; lengths in metres, areas in m²."""

from __future__ import annotations

from typing import Any

import shapely

_POINTS, _LINES, _SURFACES = 0, 1, 2


def measure(wkb: bytes) -> dict[str, Any]:
    """Measure a geometry: its kind, its area when it has a surface, its length when it is a line."""
    shape = shapely.from_wkb(wkb)
    dimensions = int(shapely.get_dimensions(shape))
    return {
        "geometry": shape.geom_type,
        "area_m2": round(shape.area, 1) if dimensions == _SURFACES else None,
        "length_m": round(shape.length, 1) if dimensions == _LINES else None,
    }


def moved_m(before: bytes, after: bytes) -> float:
    """Tell how far a geometry moved: the distance between both centres of gravity."""
    was, now = shapely.from_wkb(before), shapely.from_wkb(after)
    return round(float(shapely.distance(was.centroid, now.centroid)), 1)
