"""Geometry of a source, made into what the hub takes: WKB, two dimensions, in the hub's CRS, valid, within its area.

Coordinates are rounded to a millimetre, so that the noise of a transformation never looks like a change of plan. The
area is that for which the hub's CRS is made (its area of use in the EPSG registry), as a box in that CRS. Rows are
taken in batches: every step works on all shapes of one CRS at once, and only what is wrong is looked at one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from meekoppel_connectors.config import ConnectorConfig
from meekoppel_connectors.errors import ConfigError
from meekoppel_connectors.mapping import shapes as drawn
from meekoppel_connectors.mapping.batch import Outcome, ShapeBatch
from meekoppel_connectors.mapping.crs import Frame, area_of, flat
from meekoppel_connectors.mapping.reasons import Reason, Unreadable
from meekoppel_connectors.mapping.report import MappingReport
from meekoppel_connectors.mapping.reprojection import Reprojection, reprojection
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.mapping.shapes import Shapes
from meekoppel_connectors.mapping.validity import repaired

GRID_DECIMALS = 3
_COORDINATES_AT_ONCE = 200_000
_DEGREES = np.array([180.0, 90.0])


class GeometryReader:
    """Reads the geometry of rows and brings it into the hub's CRS."""

    def __init__(self, config: ConnectorConfig, file_crs: CRS | None, report: MappingReport | None = None) -> None:
        self._config = config
        self._columns = config.source.geometry
        self._decimal = config.source.decimal
        self._repair = config.source.repair
        self._hub = CRS.from_epsg(config.hub_crs)
        self._area = area_of(config.hub_crs)
        self._report = report or MappingReport()
        self._axis_order = config.source.axis_order if "axis_order" in config.source.model_fields_set else None
        named = config.source.crs
        crs = CRS.from_user_input(named) if named is not None else file_crs
        self._usual = None if crs is None else Frame(flat(crs), self._axis_order == "yx")
        if self._usual is None and self._columns.wkt is None:
            raise self._no_crs()

    @property
    def field(self) -> str:
        """The source field or fields to name when the geometry is wrong."""
        return ", ".join(self._columns.columns) or "geometry"

    def of_rows(self, rows: Sequence[SourceRow]) -> list[Outcome]:
        """Give the geometry of each row, or why it has none that the hub takes.

        Raises:
            ConfigError: when nothing says in which CRS one of them is.
        """
        columns = self._columns
        if columns.wkt is not None:
            return self.of_texts([row.values.get(columns.wkt) for row in rows])
        faults: dict[int, Unreadable] = {}
        if columns.x is None or columns.y is None:
            shapes = drawn.of_native([row.geometry for row in rows], faults)
        else:
            pairs = [(row.values.get(columns.x), row.values.get(columns.y)) for row in rows]
            shapes = drawn.of_columns(pairs, self._decimal, faults)
        return self._outcomes(shapes, {self._usual: list(range(len(rows)))}, faults)

    def of_texts(self, texts: Sequence[Any]) -> list[Outcome]:
        """Give the geometry that each well-known text describes; a CRS named before it goes before the source's.

        Raises:
            ConfigError: when nothing says in which CRS one of them is.
        """
        faults: dict[int, Unreadable] = {}
        shapes, frames = drawn.of_text(texts, self._usual, faults)
        return self._outcomes(shapes, frames, faults)

    def _outcomes(
        self, shapes: Shapes, frames: dict[Frame | None, list[int]], faults: dict[int, Unreadable]
    ) -> list[Outcome]:
        outcomes: dict[int, Outcome] = dict(faults)
        for frame, members in frames.items():
            places = [place for place in members if place not in faults]
            if not places:
                continue
            if frame is None:
                raise self._no_crs()
            for some in _portions(shapes, places):
                with np.errstate(all="ignore"):  # what is not finite is refused, and needs no warning besides
                    outcomes.update(zip(some, self._in_hub(shapes[some], frame), strict=True))
        return [outcomes[place] for place in range(len(shapes))]

    def _in_hub(self, shapes: Shapes, frame: Frame) -> list[Outcome]:
        try:
            way = reprojection(frame.crs, self._hub)
        except Unreadable as error:
            return [error] * len(shapes)
        batch = ShapeBatch(shapely.force_2d(shapes))
        batch.drop(shapely.is_empty(batch.shapes), lambda _: _EMPTY)
        batch.drop_where(lambda coordinates: (coordinates == 0).all(axis=1), lambda _: _ZERO)
        self._drop_degrees(batch, frame)
        batch.make_one_kind()
        self._move(batch, frame, way)
        mended = self._make_valid(batch)
        if way is not None:
            self._report.note_conversion(frame.crs.name, way, len(batch.left))
        return batch.outcomes(mended, None if way is None else way.accuracy_m)

    def _drop_degrees(self, batch: ShapeBatch, frame: Frame) -> None:
        """Refuse degrees under a CRS in metres: some of these CRSs hold at 5,52, and the plan would lie in the sea."""
        if not frame.crs.is_projected:
            return
        limits = np.tile(_DEGREES[::-1] if frame.swapped else _DEGREES, 2)
        small = np.all(np.abs(shapely.bounds(batch.shapes)) <= limits, axis=1)
        name = frame.crs.name
        message = f"has degrees for coordinates, and {name} is in metres; check source.crs"
        batch.drop(small, lambda _: Unreadable(Reason.OUTSIDE_AREA, message))

    def _move(self, batch: ShapeBatch, frame: Frame, way: Reprojection | None) -> None:
        coordinates, owners = batch.coordinates()
        straight, swapped = self._tried(coordinates, way), None
        if frame.swapped is not False:
            swapped = self._tried(coordinates[:, ::-1], way)
        if swapped is None or frame.swapped:
            moved = straight if swapped is None else swapped
        else:
            moved = self._by_area(batch, owners, straight, swapped, frame)
        outside = batch.owned(owners, ~self._inside(moved))
        if outside.any():
            batch.drop(outside, self._outside(coordinates, moved, owners, way))
            moved = moved[~outside[owners]]
        batch.replace(moved)

    def _by_area(
        self, batch: ShapeBatch, owners: NDArray[Any], straight: NDArray[Any], swapped: NDArray[Any], frame: Frame
    ) -> NDArray[Any]:
        """Of a shape in a CRS named by an address, take the order of axes that puts it in the hub's area.

        By definition latitude comes first there, and half of the writers put longitude first. The order that lies
        within the area is certain when the other one does not; else `axis_order` has to say it.
        """
        if self._axis_order is not None:
            return swapped if self._axis_order == "yx" else straight
        as_written = ~batch.owned(owners, ~self._inside(straight))
        as_defined = ~batch.owned(owners, ~self._inside(swapped))
        self._report.axes_swapped += int((as_defined & ~as_written).sum())
        moved = np.where((as_defined & ~as_written)[owners, None], swapped, straight)
        both = as_written & as_defined
        if both.any():
            message = f"lies in the hub's area in either order of the axes of {frame.crs.name}; set source.axis_order"
            moved = moved[~both[owners]]
            batch.drop(both, lambda _: Unreadable(Reason.AXIS_ORDER_UNCLEAR, message))
        return moved

    def _tried(self, coordinates: NDArray[Any], way: Reprojection | None) -> NDArray[Any]:
        return np.round(coordinates if way is None else way.moved(coordinates), GRID_DECIMALS)

    def _inside(self, coordinates: NDArray[Any]) -> NDArray[Any]:
        west, south, east, north = self._area
        x, y = coordinates[:, 0], coordinates[:, 1]
        inside: NDArray[Any] = (x >= west) & (x <= east) & (y >= south) & (y <= north)  # false when not finite
        return inside

    def _outside(
        self, coordinates: NDArray[Any], moved: NDArray[Any], owners: NDArray[Any], way: Reprojection | None
    ) -> Callable[[int], Unreadable]:
        def why(index: int) -> Unreadable:
            mine = owners == index
            swapped = bool(self._inside(self._tried(coordinates[mine][:, ::-1], way)).all())
            hint = "set source.axis_order: yx" if swapped else "check source.crs and source.axis_order"
            hint = "set source.axis_order to the other one" if swapped and self._axis_order else hint
            return Unreadable(
                Reason.OUTSIDE_AREA,
                f"{self._where(coordinates[mine], moved[mine])}; {hint}",
            )

        return why

    def _where(self, coordinates: NDArray[Any], moved: NDArray[Any]) -> str:
        finite = bool(np.isfinite(moved).all())
        found = ", ".join(f"{value:.0f}" for value in (moved if finite else coordinates).min(axis=0))
        if finite:
            return f"lies at {found} in EPSG:{self._config.hub_crs}, outside the area of that CRS"
        return f"{found} leads to no place in EPSG:{self._config.hub_crs}"

    def _make_valid(self, batch: ShapeBatch) -> set[int]:
        """Repair what is invalid; gives the places of what was so already in the source."""
        mended: set[int] = set()
        for index in np.flatnonzero(~shapely.is_valid(batch.shapes)).tolist():
            place, shape = batch.left[index], batch.shapes[index]
            by_rounding = bool(shapely.is_valid(batch.drawn[place]))
            if not self._repair and not by_rounding:
                why = shapely.is_valid_reason(shape)
                batch.faults[place] = Unreadable(Reason.GEOMETRY_INVALID, f"the geometry is not valid: {why}")
                continue
            try:
                batch.shapes[index] = repaired(shape)
            except Unreadable as error:
                batch.faults[place] = error
                continue
            if not by_rounding:
                mended.add(place)
        self._report.repaired += len(mended)
        return mended

    def _no_crs(self) -> ConfigError:
        return ConfigError(
            self._config.path, "source.crs", "must be given, as an EPSG number: the source does not say it itself"
        )


def _portions(shapes: Shapes, places: list[int]) -> Iterator[list[int]]:
    """Split places so that a thousand provinces do not fill the memory; every shape stays whole."""
    reached = np.cumsum(shapely.get_num_coordinates(shapes[places])) // _COORDINATES_AT_ONCE
    for start, end in pairwise((0, *(np.flatnonzero(np.diff(reached)) + 1).tolist(), len(places))):
        yield places[start:end]


_EMPTY = Unreadable(Reason.GEOMETRY_EMPTY, "the geometry is empty")
_ZERO = Unreadable(Reason.COORDINATES_ZERO, "has a point at exactly 0,0, which stands for a missing coordinate")
