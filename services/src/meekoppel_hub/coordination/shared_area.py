"""The area that two surfaces share, for many pairs at once, without building the surface.

Over a place x a surface is what lies under its upper edges and not under its lower ones. So the height that two
surfaces share over x is the sum, over every edge of the one and every edge of the other, of the lower of both edges
there, with a sign: plus when both are upper or both are lower, else minus. Edges are straight, so the integral over the
x that two edges have in common is a sum of trapezoids, exact but for the last bits. For the small polygons that plans
are drawn with this is several times faster than building each intersection (GEOS); large ones, and those with holes or
in parts, are left to GEOS.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from meekoppel_hub.coordination.zones import Floats, Geometries, Indexes

_SIZES = (5, 9, 13, 17, 25, 33)
_PRODUCTS_AT_ONCE = 1 << 20
_POLYGON = 3


def shared_area(one: Geometries, other: Geometries) -> Floats:
    """Give the area in square metres that each pair of valid surfaces shares; 0 where they only touch, or do not."""
    area = np.zeros(len(one))
    size = np.maximum(_vertices(one), _vertices(other))
    slot = np.searchsorted(_SIZES, size)
    for index, vertices in enumerate(_SIZES):
        chosen = np.nonzero(slot == index)[0]
        step = max(_PRODUCTS_AT_ONCE // vertices**2, 1)
        for start in range(0, len(chosen), step):
            part = chosen[start : start + step]
            area[part] = _of_small(one[part], other[part], vertices)
    large = slot == len(_SIZES)
    area[large] = shapely.area(shapely.intersection(one[large], other[large]))
    return area


def _vertices(surfaces: Geometries) -> Indexes:
    """Count the vertices of simple polygons, the closing one too; of all others say that they are too many."""
    simple = (shapely.get_type_id(surfaces) == _POLYGON) & (shapely.get_num_interior_rings(surfaces) == 0)
    return np.where(simple, shapely.get_num_coordinates(surfaces), _SIZES[-1] + 1)


def _of_small(one: Geometries, other: Geometries, vertices: int) -> Floats:
    first, second = _rings(one, vertices), _rings(other, vertices)
    origin = first[:, :1, :].copy()  # near the origin the last bits are small
    left, right = _Edges(first - origin), _Edges(second - origin)
    low = np.maximum(left.west[:, :, None], right.west[:, None, :])
    width = np.minimum(left.east[:, :, None], right.east[:, None, :]) - low
    at = np.flatnonzero(width > 0)
    edges = vertices - 1
    pair = at // (edges * edges)
    a, b = at // edges, pair * edges + at % edges
    low, width = low.ravel()[at], width.ravel()[at]
    above, slope = left.height(a, low), left.slope.ravel()[a]
    below, incline = right.height(b, low), right.slope.ravel()[b]
    # The lower of both: the second, and what the first lies under it.
    under = _under(above - below, above - below + (slope - incline) * width)
    integral = (below + incline * width / 2 + under) * width
    signed = integral * (left.sign.ravel()[a] * right.sign.ravel()[b])
    return np.maximum(np.bincount(pair, weights=signed, minlength=len(one)), 0.0)


def _under(start: Floats, end: Floats) -> Floats:
    """Give the mean of what a straight line lies under zero, from its values at both ends."""
    low = np.minimum(start, 0.0) + np.minimum(end, 0.0)
    crosses = start * end < 0
    spread = np.where(crosses, np.abs(end - start), 1.0)
    return np.where(crosses, -low * low / (2 * spread), low / 2)


class _Edges:
    """The edges of polygons; one row per polygon, one column per edge. Edges without length count for nothing."""

    def __init__(self, rings: Floats) -> None:
        x, y = rings[:, :, 0], rings[:, :, 1]
        across, up = np.diff(x, axis=1), np.diff(y, axis=1)
        turn = np.sign((x[:, :-1] * y[:, 1:] - x[:, 1:] * y[:, :-1]).sum(axis=1))
        self.west, self.east = np.minimum(x[:, :-1], x[:, 1:]), np.maximum(x[:, :-1], x[:, 1:])
        self.slope = np.divide(up, across, out=np.zeros_like(up), where=across != 0)
        self.sign = -np.sign(across) * turn[:, None]
        self._start = np.where(across >= 0, y[:, :-1], y[:, 1:])

    def height(self, edge: NDArray[np.int64], x: Floats) -> Floats:
        """Give how high edges (by their place in all) lie at some x."""
        height: Floats = self._start.ravel()[edge] + self.slope.ravel()[edge] * (x - self.west.ravel()[edge])
        return height


def _rings(surfaces: Geometries, vertices: int) -> Floats:
    """Give the vertices of polygons, filled up with their last one."""
    coordinates, owner = shapely.get_coordinates(surfaces, return_index=True)
    if len(coordinates) == len(surfaces) * vertices:
        return coordinates.reshape(-1, vertices, 2)
    counts = np.bincount(owner, minlength=len(surfaces))
    ends = np.cumsum(counts)
    rings = np.repeat(coordinates[ends - 1][:, None, :], vertices, axis=1)
    rings[owner, np.arange(len(owner)) - (ends - counts)[owner]] = coordinates
    return rings
