"""Shapes of one CRS on their way into the hub's, all at once; what is refused on the way leaves with its reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from meekoppel_connectors.mapping.reasons import Unreadable
from meekoppel_connectors.mapping.shapes import Shapes
from meekoppel_connectors.mapping.validity import one_kind

_COLLECTION = 7  # shapely's type id


@dataclass(frozen=True, slots=True)
class ReadGeometry:
    """A geometry as the hub takes it.

    Attributes:
        wkb: little-endian WKB in the hub's CRS.
        repaired: whether the source's geometry was invalid and has been made valid.
        position_error_m: how far the conversion to the hub's CRS may have moved it, in metres; None when it is in
            that CRS already.
    """

    wkb: bytes
    repaired: bool = False
    position_error_m: float | None = None


Outcome = ReadGeometry | Unreadable


class ShapeBatch:
    """Shapes of one frame on their way; what is refused on the way leaves it with its reason.

    Attributes:
        drawn: all of them, as they came.
        left: the places in `drawn` of those that are still on the way.
        shapes: those, as they are now.
        faults: place → why it was refused.
    """

    def __init__(self, shapes: Shapes) -> None:
        self.drawn = shapes
        self.left: NDArray[Any] = np.arange(len(shapes))
        self.shapes = shapes.copy()
        self.faults: dict[int, Unreadable] = {}

    def drop(self, refused: NDArray[Any], why: Callable[[int], Unreadable]) -> None:
        """Refuse some of what is left; `why` is asked with the index among what is left."""
        if not refused.any():
            return
        for index in np.flatnonzero(refused).tolist():
            self.faults[int(self.left[index])] = why(index)
        self.left, self.shapes = self.left[~refused], self.shapes[~refused]

    def drop_where(self, wrong: Callable[[NDArray[Any]], NDArray[Any]], why: Callable[[int], Unreadable]) -> None:
        """Refuse what has a wrong coordinate."""
        coordinates, owners = self.coordinates()
        self.drop(self.owned(owners, wrong(coordinates)), why)

    def coordinates(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Give all coordinates, and to which of the shapes each belongs."""
        found: tuple[NDArray[Any], NDArray[Any]] = shapely.get_coordinates(self.shapes, return_index=True)
        return found

    def owned(self, owners: NDArray[Any], marked: NDArray[Any]) -> NDArray[Any]:
        """Tell of each shape whether one of its coordinates is marked."""
        mask = np.zeros(len(self.shapes), dtype=bool)
        mask[owners[marked]] = True
        return mask

    def make_one_kind(self) -> None:
        """Take of each collection the parts of the highest dimension."""
        for index in np.flatnonzero(shapely.get_type_id(self.shapes) == _COLLECTION).tolist():
            self.shapes[index] = one_kind(self.shapes[index])

    def replace(self, coordinates: NDArray[Any]) -> None:
        """Put other coordinates in the place of all."""
        self.shapes = shapely.set_coordinates(self.shapes.copy(), coordinates)

    def outcomes(self, mended: set[int], position_error_m: float | None) -> list[Outcome]:
        """Give what became of each shape."""
        results: list[Outcome | None] = [self.faults.get(place) for place in range(len(self.drawn))]
        encoded = shapely.to_wkb(self.shapes, byte_order=1, output_dimension=2)
        for place, wkb in zip(self.left.tolist(), encoded.tolist(), strict=True):
            if place not in self.faults:
                results[place] = ReadGeometry(wkb, place in mended, position_error_m)
        return [result for result in results if result is not None]
