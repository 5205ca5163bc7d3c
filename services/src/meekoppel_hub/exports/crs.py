"""Bring geometry from the hub's CRS to the one that an export is written in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from meekoppel_hub.platform.errors import SettingsError

WGS84 = 4326


@dataclass(frozen=True)
class Places:
    """From where to where coordinates go.

    Attributes:
        hub_crs: EPSG number of what is read.
        crs: EPSG number of what is written; x comes first, and so does longitude.
    """

    hub_crs: int
    crs: int

    @cached_property
    def digits(self) -> int:
        """Give how many decimals are worth writing: millimetres, or seven of a degree (a centimetre)."""
        return 7 if CRS.from_epsg(self.crs).is_geographic else 3


def places(hub_crs: int, crs: int | None) -> Places:
    """Check the CRS that was asked for; None takes the hub's.

    Raises:
        SettingsError: when there is no such CRS, or no way to it.
    """
    wanted = Places(hub_crs, crs or hub_crs)
    try:
        _transformer(wanted.hub_crs, wanted.crs)
    except (CRSError, ProjError) as error:
        raise SettingsError(
            f"EPSG:{crs} cannot be written ({error}); give the number of a CRS, such as 4326"
        ) from error
    return wanted


def brought(shapes: NDArray[Any], way: Places) -> NDArray[Any]:
    """Bring shapes to the CRS that is written; they stay as they are when it is the hub's."""
    if way.crs == way.hub_crs:
        return shapes
    transformer = _transformer(way.hub_crs, way.crs)
    moved: NDArray[Any] = shapely.transform(
        shapes, lambda points: np.column_stack(transformer.transform(points[:, 0], points[:, 1]))
    )
    return moved


@cache
def _transformer(source: int, target: int) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)
