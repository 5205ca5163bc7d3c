"""Making geometry valid, and of a collection one kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from meekoppel_connectors.mapping.reasons import Reason, Unreadable

GRID_M = 0.001
LEAST_AREA_KEPT = 0.01
"""A polygon of which less than this share is left after the repair was drawn as something else."""
LEAST_AREA_M2 = 0.01
MOST_CROSSINGS = 10_000
FEW_VERTICES = 500
_LINES_AT_ONCE = 1000

_JOINS: tuple[Callable[..., Any], ...] = (shapely.multipoints, shapely.multilinestrings, shapely.multipolygons)
_AREAL = 2


def repaired(shape: BaseGeometry) -> BaseGeometry:
    """Repair an invalid geometry, in metres: rings that cross themselves are split, parts that overlap are joined.

    Raises:
        Unreadable: when a polygon has nearly no area left, or a line no length.
    """
    why = shapely.is_valid_reason(shape)
    if _crosses_itself_too_often(shape):
        message = f"the geometry crosses itself more than {MOST_CROSSINGS:,} times, and is no drawing: {why}"
        raise Unreadable(Reason.GEOMETRY_INVALID, message)
    valid = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    result = one_kind(shapely.set_precision(valid, GRID_M)) if not valid.is_empty else valid
    if result.is_empty or shapely.get_dimensions(result) < shapely.get_dimensions(shape):
        raise Unreadable(Reason.GEOMETRY_INVALID, f"the geometry is not valid and cannot be repaired: {why}")
    if shapely.get_dimensions(shape) == _AREAL:
        left, drawn = shapely.area(result), shapely.area(shape)
        if left < max(LEAST_AREA_M2, LEAST_AREA_KEPT * drawn):
            message = f"the polygon is not valid, and a repair leaves {left:.3f} m² of it: {why}"
            raise Unreadable(Reason.GEOMETRY_INVALID, message)
    return result


def _crosses_itself_too_often(shape: BaseGeometry) -> bool:
    """Tell whether a repair would take minutes and gigabytes: it makes a vertex of every crossing."""
    coordinates = shapely.get_coordinates(shape)
    if len(coordinates) < FEW_VERTICES:
        return False
    lines = np.asarray(shapely.linestrings(np.stack([coordinates[:-1], coordinates[1:]], axis=1)), dtype=object)
    tree = shapely.STRtree(lines)
    found = 0
    for start in range(0, len(lines), _LINES_AT_ONCE):
        pairs = tree.query(lines[start : start + _LINES_AT_ONCE], predicate="crosses")
        found += pairs.shape[1]
        if found > 2 * MOST_CROSSINGS:  # each is found from both of its lines
            return True
    return False


def one_kind(shape: BaseGeometry) -> BaseGeometry:
    """Of a collection take the parts of the highest dimension; the others are mostly left-overs of an operation."""
    if shape.geom_type != "GeometryCollection":
        return shape
    parts = list(_parts(shape))
    highest = max(shapely.get_dimensions(part) for part in parts)
    chosen = [part for part in parts if shapely.get_dimensions(part) == highest]
    if len(chosen) == 1:
        return chosen[0]
    joined: BaseGeometry = _JOINS[highest](chosen)
    return joined


def _parts(shape: BaseGeometry) -> Iterator[BaseGeometry]:
    for part in shapely.get_parts(shape):
        if part.geom_type.startswith(("Multi", "GeometryCollection")):
            yield from _parts(part)
        elif not part.is_empty:
            yield part
