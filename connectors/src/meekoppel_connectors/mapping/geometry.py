"""Geometry of a source, made into what the hub takes: WKB, two dimensions, in the hub's CRS, valid, within its area.

Coordinates are rounded to a millimetre, so that the noise of a transformation never looks like a change of plan. The
area is that for which the hub's CRS is made (its area of use in the EPSG registry), as a box in that CRS.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from meekoppel_connectors.config import ConnectorConfig
from meekoppel_connectors.errors import ConfigError
from meekoppel_connectors.mapping.reasons import Reason, Unreadable
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.mapping.values import is_missing, number_of, text_of

GRID_DECIMALS = 3
_JOINS: tuple[Callable[..., Any], ...] = (shapely.multipoints, shapely.multilinestrings, shapely.multipolygons)
_PREFIX = re.compile(r"^\s*(?:SRID\s*=\s*(?P<srid>\d+)\s*;|<(?P<address>[^>]*)>)\s*", re.IGNORECASE)
_EPSG_ADDRESS = re.compile(r"EPSG(?:/[^/]*/|:[^:]*:|:|/)(?P<number>\d+)$", re.IGNORECASE)
_CRS84_ADDRESS = re.compile(r"OGC[/:].*CRS84$", re.IGNORECASE)


class GeometryReader:
    """Reads the geometry of rows and brings it into the hub's CRS."""

    def __init__(self, config: ConnectorConfig, file_crs: CRS | None) -> None:
        self._config = config
        self._columns = config.source.geometry
        self._hub = CRS.from_epsg(config.hub_crs)
        named = config.source.crs
        self._source = CRS.from_user_input(named) if named is not None else file_crs
        self._area = area_of(config.hub_crs)
        if self._source is None and self._columns.wkt is None:
            raise self._no_crs()

    @property
    def field(self) -> str:
        """The source field or fields to name when the geometry is wrong."""
        return ", ".join(self._columns.columns) or "geometry"

    def of_row(self, row: SourceRow) -> bytes:
        """Give the geometry of a row.

        Raises:
            Unreadable: when it has none, or none that the hub takes.
            ConfigError: when nothing says in which CRS it is.
        """
        if self._columns.wkt is not None:
            value = row.values.get(self._columns.wkt)
            if is_missing(value):
                raise Unreadable(Reason.GEOMETRY_MISSING, "there is no geometry in this row")
            return self.of_wkt(text_of(value))
        shape = row.geometry if self._columns.x is None else self._point(row)
        if shape is None:
            raise Unreadable(Reason.GEOMETRY_MISSING, "there is no geometry in this row")
        if isinstance(shape, bytes):
            shape = shapely.from_wkb(shape)
        return self._in_hub(shape, self._source)

    def of_wkt(self, text: str) -> bytes:
        """Give the geometry that well-known text describes; a CRS named before it goes before the source's.

        Raises:
            Unreadable: when it is none that the hub takes.
            ConfigError: when nothing says in which CRS it is.
        """
        prefix = _PREFIX.match(text)
        crs = self._source
        if prefix:
            crs = _named_crs(prefix["srid"] or prefix["address"])
            text = text[prefix.end() :]
        try:
            shape = shapely.from_wkt(text)
        except ShapelyError as error:
            raise Unreadable(Reason.GEOMETRY_UNREADABLE, f"is not well-known text: {error}") from error
        return self._in_hub(shape, crs)

    def _point(self, row: SourceRow) -> BaseGeometry | None:
        values = [row.values.get(name) for name in self._columns.columns]
        if any(is_missing(value) for value in values):
            return None
        try:
            return shapely.Point([number_of(value, self._config.source.decimal) for value in values])
        except Unreadable as error:
            raise Unreadable(Reason.GEOMETRY_UNREADABLE, error.message) from error

    def _in_hub(self, shape: BaseGeometry, crs: CRS | None) -> bytes:
        if crs is None:
            raise self._no_crs()
        shape = shapely.force_2d(shape)
        if shape.is_empty:
            raise Unreadable(Reason.GEOMETRY_EMPTY, "the geometry is empty")
        _refuse_zero(shapely.get_coordinates(shape))
        shape = _one_kind(shape)
        try:
            moved = shapely.transform(shape, lambda coordinates: self._moved(coordinates, crs))
        except ShapelyError as error:
            raise Unreadable(Reason.GEOMETRY_UNREADABLE, f"the geometry cannot be used: {error}") from error
        self._refuse_outside(moved)
        return bytes(shapely.to_wkb(self._valid(moved), byte_order=1, output_dimension=2))

    def _moved(self, coordinates: NDArray[Any], crs: CRS) -> NDArray[Any]:
        if self._config.source.axis_order == "yx":
            coordinates = coordinates[:, ::-1]
        if crs != self._hub:
            eastings, northings = _transformer(crs, self._hub).transform(coordinates[:, 0], coordinates[:, 1])
            coordinates = np.column_stack((eastings, northings))
        return np.round(coordinates, GRID_DECIMALS)

    def _refuse_outside(self, shape: BaseGeometry) -> None:
        west, south, east, north = self._area
        bounds = shape.bounds
        inside = west <= bounds[0] and south <= bounds[1] and bounds[2] <= east and bounds[3] <= north
        if not inside:  # also when a coordinate is not finite
            found = ", ".join(f"{value:.0f}" for value in bounds[:2])
            raise Unreadable(
                Reason.OUTSIDE_AREA,
                f"lies at {found} in EPSG:{self._config.hub_crs}, outside the area of that CRS;"
                " check source.crs and source.axis_order",
            )

    def _valid(self, shape: BaseGeometry) -> BaseGeometry:
        if shape.is_valid:
            return shape
        why = shapely.is_valid_reason(shape)
        if not self._config.source.repair:
            raise Unreadable(Reason.GEOMETRY_INVALID, f"the geometry is not valid: {why}")
        repaired = _one_kind(shapely.make_valid(shape))
        if repaired.is_empty or shapely.get_dimensions(repaired) < shapely.get_dimensions(shape):
            raise Unreadable(Reason.GEOMETRY_INVALID, f"the geometry is not valid and cannot be repaired: {why}")
        return repaired

    def _no_crs(self) -> ConfigError:
        return ConfigError(
            self._config.path, "source.crs", "must be given, as an EPSG number: the source does not say it itself"
        )


@lru_cache(maxsize=16)
def area_of(epsg: int) -> tuple[float, float, float, float]:
    """Give the area of use of a projected CRS as west, south, east, north in its own metres."""
    crs = CRS.from_epsg(epsg)
    if crs.area_of_use is None:
        return (-np.inf, -np.inf, np.inf, np.inf)
    west, south, east, north = Transformer.from_crs(4326, crs, always_xy=True).transform_bounds(
        *crs.area_of_use.bounds, densify_pts=21
    )
    return (west, south, east, north)


@lru_cache(maxsize=64)
def _transformer(source: CRS, hub: CRS) -> Transformer:
    return Transformer.from_crs(source, hub, always_xy=True)


@lru_cache(maxsize=256)
def _named_crs(name: str) -> CRS:
    epsg = _EPSG_ADDRESS.search(name)
    wanted = f"EPSG:{epsg['number']}" if epsg else "OGC:CRS84" if _CRS84_ADDRESS.search(name) else name
    try:
        return CRS.from_user_input(int(wanted) if wanted.isdigit() else wanted)
    except CRSError:
        raise Unreadable(Reason.GEOMETRY_UNREADABLE, f"names a CRS that is not known: {name}") from None


def _refuse_zero(coordinates: NDArray[Any]) -> None:
    if bool((coordinates == 0).all(axis=1).any()):
        raise Unreadable(Reason.COORDINATES_ZERO, "has a point at exactly 0,0, which stands for a missing coordinate")


def _one_kind(shape: BaseGeometry) -> BaseGeometry:
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
