"""Zones as matching sees them: geometry read from WKB, the width of points and lines, buffers, boxes.

Everything is vectorised: arrays with one element per zone, in the hub's CRS, in metres.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from meekoppel_contracts.codes import ZoneRole

LINE_WIDTH_M = 0.25
"""Points and lines count as this wide when plans are matched (GIPOD)."""

CORE_ROLES = frozenset({ZoneRole.WORK.value, ZoneRole.SITE.value})
"""Heavy conflicts are of work and site only."""

MORATORIUM_ROLE = "moratorium"
ROLES = (*(role.value for role in ZoneRole), MORATORIUM_ROLE)
ROLE_CODES = {role: code for code, role in enumerate(ROLES)}
"""The roles as small numbers, as `ZoneTable` holds them."""

MATCHED_ROLES = frozenset(ROLES)
"""All of them: what two zones have to do with one another stands in `roles`."""
DETOUR_CODE, MORATORIUM_CODE = ROLE_CODES[ZoneRole.DETOUR.value], ROLE_CODES[MORATORIUM_ROLE]

_CORE_CODES = [ROLE_CODES[role] for role in sorted(CORE_ROLES)]
_HALF_WIDTH_M = LINE_WIDTH_M / 2
_SLACK_M = 0.001
_ROUNDNESS = 2  # corners to a quarter of a circle of 0.125 m: what is left out is a hundredth of a square metre
_COLLECTION = 7

Floats = NDArray[np.float64]
Indexes = NDArray[np.int64]
Geometries = NDArray[np.object_]
Periods = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Shapes:
    """What was read from WKB.

    Attributes:
        geometry: valid, two-dimensional Shapely geometries; None where the WKB cannot be read or is empty.
        half_width_m: 0.125 for points and lines, 0 for surfaces.
    """

    geometry: Geometries
    half_width_m: Floats


@dataclass(frozen=True, slots=True)
class ZoneTable:
    """The zones of some plans, ordered by plan and then by number.

    Attributes:
        plan: for each zone, the index of its plan.
        role: its role, as one of `ROLE_CODES`.
        shapes: geometry and width.
        buffer_m: how far its influence reaches around it.
        periods: when it holds: None for the period of its plan, else ordered intervals that do not touch, each a start
            and an end in microseconds since 1970 (nuisance that comes back).
    """

    plan: Indexes
    role: NDArray[np.int8]
    shapes: Shapes
    buffer_m: Floats
    periods: NDArray[np.object_]

    @property
    def core(self) -> NDArray[np.bool_]:
        """Tell which zones are work or site zones."""
        return np.isin(self.role, _CORE_CODES)


def zone_table(rows: Sequence[tuple[int, str, bytes, float, Periods | None]]) -> ZoneTable:
    """Lay zones side by side.

    Args:
        rows: of each zone the index of its plan, role, WKB, buffer in metres and periods; ordered by plan and number.
    """
    periods = np.full(len(rows), None, dtype=object)
    for index, row in enumerate(rows):
        periods[index] = row[4]
    return ZoneTable(
        plan=np.array([row[0] for row in rows], dtype=np.int64),
        role=np.array([ROLE_CODES[row[1]] for row in rows], dtype=np.int8),
        shapes=read_shapes([row[2] for row in rows]),
        buffer_m=np.array([row[3] for row in rows], dtype=float),
        periods=periods,
    )


def read_shapes(wkb: Sequence[bytes]) -> Shapes:
    """Read geometries and make them fit for matching.

    Invalid surfaces (a bow tie) are made valid; height is dropped; in a collection that mixes surfaces with points or
    lines, the latter get their width as surface.
    """
    geometry = shapely.from_wkb(np.array(wkb, dtype=object), on_invalid="ignore")
    geometry = shapely.force_2d(geometry)
    geometry[~_usable(geometry)] = None
    invalid = ~shapely.is_valid(geometry) & ~shapely.is_missing(geometry)
    if invalid.any():
        geometry[invalid] = shapely.make_valid(geometry[invalid])
    for index in np.nonzero(shapely.get_type_id(geometry) == _COLLECTION)[0]:
        geometry[index] = _solid(geometry[index])
    surface = shapely.get_dimensions(geometry) == 2
    return Shapes(geometry, np.where(surface, 0.0, _HALF_WIDTH_M))


def boxes(shapes: Shapes, buffer_m: Floats) -> NDArray[np.float64]:
    """Give the box of each zone widened by its width and its buffer: rows of min x, min y, max x, max y.

    A millimetre is added, so that rounding never loses a candidate that lies exactly at a distance.
    """
    bounds: NDArray[np.float64] = shapely.bounds(shapes.geometry)
    reach = (shapes.half_width_m + buffer_m + _SLACK_M)[:, None]
    bounds[:, :2] -= reach
    bounds[:, 2:] += reach
    return bounds


def gaps(shapes: Shapes, left: Indexes, right: Indexes) -> Floats:
    """Give the distance in metres between pairs of zones as drawn, points and lines having their width.

    0 where they touch or intersect.
    """
    distance = shapely.distance(shapes.geometry[left], shapes.geometry[right])
    widths = shapes.half_width_m[left] + shapes.half_width_m[right]
    return np.maximum(distance - widths, 0.0)


def nearest_points(shapes: Shapes, left: Indexes, right: Indexes) -> Geometries:
    """Give, for each pair of zones, the point half-way along the shortest line between them."""
    lines = shapely.shortest_line(shapes.geometry[left], shapes.geometry[right])
    coordinates = shapely.get_coordinates(lines).reshape(-1, 2, 2)
    return np.asarray(shapely.points(coordinates.mean(axis=1)), dtype=object)


def surfaces(shapes: Shapes, zones: Indexes) -> Geometries:
    """Give zones as surfaces, points and lines having their width."""
    geometry: Geometries = shapes.geometry[zones]
    half = shapes.half_width_m[zones]
    thin = half > 0
    if thin.any():
        geometry[thin] = shapely.buffer(geometry[thin], half[thin], quad_segs=_ROUNDNESS)
    return geometry


def _usable(geometry: Geometries) -> NDArray[np.bool_]:
    bounds = shapely.bounds(geometry)
    return np.asarray(np.isfinite(bounds).all(axis=1), dtype=np.bool_)


def _solid(collection: shapely.Geometry) -> shapely.Geometry:
    """Turn a mixed collection into a surface; leave one without surfaces as it is."""
    parts = _leaves(collection)
    if shapely.get_dimensions(collection) < 2:
        return collection
    thin = shapely.get_dimensions(parts) < 2
    parts[thin] = shapely.buffer(parts[thin], _HALF_WIDTH_M)
    return shapely.union_all(parts)


def _leaves(collection: shapely.Geometry) -> Geometries:
    """Take a collection apart, collections within it too."""
    parts = shapely.get_parts(np.array([collection], dtype=object))
    while (shapely.get_type_id(parts) == _COLLECTION).any():
        parts = shapely.get_parts(parts)
    return np.asarray(parts[~shapely.is_empty(parts)], dtype=object)
