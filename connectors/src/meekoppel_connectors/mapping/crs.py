"""Coordinate reference systems: the many spellings of their names, the order of their axes, and where they hold."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from meekoppel_connectors.mapping.reasons import Reason, Unreadable

Box = tuple[float, float, float, float]

_EPSG_ADDRESS = re.compile(r"EPSG(?:/[^/]*/|:[^:]*:|:|/)(?P<number>\d+)$", re.IGNORECASE)
_CRS84_ADDRESS = re.compile(r"OGC[/:].*CRS84$", re.IGNORECASE)
_ADDRESS = re.compile(r"^\s*(?:https?:|urn:)", re.IGNORECASE)
_NORTHWARD_FIRST = frozenset({"north", "south"})


class Frame(NamedTuple):
    """In what coordinates are written.

    Attributes:
        crs: the coordinate reference system, without height.
        swapped: whether latitude or northing comes first; None when the CRS was named by an address (`http…`,
            `urn:…`) whose authority puts it first: by definition it does, and half of the writers do otherwise.
    """

    crs: CRS
    swapped: bool | None


@lru_cache(maxsize=256)
def named_crs(name: str) -> CRS:
    """Give the CRS of a number, a code (`EPSG:28992`), or an address (`urn:…`, `http://www.opengis.net/def/crs/…`).

    Raises:
        Unreadable: when it is not known.
    """
    epsg = _EPSG_ADDRESS.search(name.strip())
    wanted = f"EPSG:{epsg['number']}" if epsg else "OGC:CRS84" if _CRS84_ADDRESS.search(name.strip()) else name
    try:
        return flat(CRS.from_user_input(int(wanted) if wanted.strip().isdigit() else wanted))
    except CRSError:
        raise Unreadable(Reason.CRS_UNKNOWN, f"names a CRS that is not known: {name}") from None


def is_address(name: str) -> bool:
    """Tell whether a CRS is named by an address, which binds the order of the axes to that of its authority."""
    return _ADDRESS.match(name) is not None


@lru_cache(maxsize=256)
def flat(crs: CRS) -> CRS:
    """Give the CRS without its height."""
    if crs.is_compound:
        return flat(crs.sub_crs_list[0])
    return crs.to_2d() if len(crs.axis_info) > 2 else crs


@lru_cache(maxsize=256)
def northing_first(crs: CRS) -> bool:
    """Tell whether the authority of a CRS puts latitude, or northing, first."""
    axes = crs.axis_info
    return (
        bool(axes) and axes[0].direction.lower() in _NORTHWARD_FIRST and axes[1].direction.lower() in {"east", "west"}
    )


@lru_cache(maxsize=16)
def area_of(epsg: int) -> Box:
    """Give the area of use of a projected CRS as west, south, east, north in its own metres."""
    crs = CRS.from_epsg(epsg)
    if crs.area_of_use is None:
        return (-np.inf, -np.inf, np.inf, np.inf)
    west, south, east, north = Transformer.from_crs(4326, crs, always_xy=True).transform_bounds(
        *crs.area_of_use.bounds, densify_pts=21
    )
    return (west, south, east, north)
