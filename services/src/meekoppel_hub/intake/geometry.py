"""Whether the zones of plans are geometry the hub can use: checked for a whole batch at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from meekoppel_contracts.codes import RejectionReason
from meekoppel_contracts.plan import Plan, Zone
from meekoppel_hub.intake.outcome import Rejection
from meekoppel_hub.intake.wkb import WkbError, check_flat
from meekoppel_hub.platform.errors import SettingsError

# A coordinate this close to 0,0 (metres) is a missing one that was written as zero.
_ORIGIN_M = 1.0


@dataclass(frozen=True, slots=True)
class AreaOfUse:
    """Where a CRS may be used: its EPSG number and a box in its own coordinates, in metres."""

    crs: int
    min_x: float
    min_y: float
    max_x: float
    max_y: float


def area_of_use(crs: int) -> AreaOfUse:
    """Look up where the CRS with this EPSG number may be used (EPSG's area of use, projected).

    Raises:
        SettingsError: when it is unknown, not projected in metres, or without an area of use.
    """
    try:
        system = CRS.from_epsg(crs)
    except CRSError as error:
        raise SettingsError(f"MEEKOPPEL_CRS: EPSG:{crs} is not known; give a projected CRS such as 28992") from error
    if not system.is_projected or any(axis.unit_name != "metre" for axis in system.axis_info):
        raise SettingsError(f"MEEKOPPEL_CRS: EPSG:{crs} is not projected in metres; give one such as 28992")
    if system.area_of_use is None or system.geodetic_crs is None:
        raise SettingsError(f"MEEKOPPEL_CRS: EPSG:{crs} has no area of use; give a CRS such as 28992")
    to_metres = Transformer.from_crs(system.geodetic_crs, system, always_xy=True)
    return AreaOfUse(crs, *to_metres.transform_bounds(*system.area_of_use.bounds, densify_pts=21))


def check_geometries(plans: Sequence[Plan], area: AreaOfUse) -> list[Rejection | None]:
    """Check all zones of all plans; give per plan the first thing that is wrong, or None.

    A zone is WKB of a flat geometry of two dimensions that is not empty, finite, valid (OGC), in the area of use of
    the hub's CRS and nowhere at 0,0.
    """
    owners = [number for number, plan in enumerate(plans) for _ in plan.zones]
    places = [place for plan in plans for place in range(len(plan.zones))]
    zones = [zone for plan in plans for zone in plan.zones]
    verdicts: list[Rejection | None] = [None] * len(plans)
    # From the last zone to the first, so that the first fault of a plan is the one that stays.
    for at, rejection in sorted(_faults(zones, area).items(), reverse=True):
        where = f"plan.zones[{places[at]}].geometry"
        message = f"zone {zones[at].zone_id!r}: {rejection.message}"
        verdicts[owners[at]] = Rejection(rejection.reason, message, where)
    return verdicts


def _faults(zones: Sequence[Zone], area: AreaOfUse) -> dict[int, Rejection]:
    """Find what is wrong, by the number of the zone."""
    faults = {at: fault for at, zone in enumerate(zones) if (fault := _fault_of_bytes(zone)) is not None}
    readable = [at for at in range(len(zones)) if at not in faults]
    with np.errstate(invalid="ignore"):  # coordinates that are no numbers are found below, by name
        geometries = shapely.from_wkb([zones[at].geometry for at in readable], on_invalid="ignore")
    for at, geometry_fault in zip(readable, _faults_of_shape(geometries, area), strict=True):
        if geometry_fault is not None:
            faults[at] = geometry_fault
    return faults


def _fault_of_bytes(zone: Zone) -> Rejection | None:
    try:
        check_flat(zone.geometry)
    except WkbError as error:
        return _invalid(str(error))
    return None


def _faults_of_shape(geometries: NDArray[np.object_], area: AreaOfUse) -> list[Rejection | None]:
    srids = shapely.get_srid(geometries)
    missing = shapely.is_missing(geometries)
    empty = shapely.is_empty(geometries)
    finite, at_origin = _coordinate_facts(geometries)
    usable = ~missing & ~empty & finite
    valid = np.ones(len(geometries), dtype=bool)
    valid[usable] = shapely.is_valid(geometries[usable])
    inside = _is_inside(shapely.bounds(geometries), area)

    def fault(at: int) -> Rejection | None:
        if missing[at]:
            return _invalid("the geometry cannot be read as WKB")
        if srids[at] not in (0, area.crs):
            return Rejection(
                RejectionReason.WRONG_CRS, f"its WKB names EPSG:{srids[at]}; this hub takes EPSG:{area.crs}"
            )
        if empty[at]:
            return _invalid("the geometry is empty")
        if not finite[at]:
            return _invalid("a coordinate is not a finite number")
        if not valid[at]:
            return _invalid(f"the geometry is not valid: {shapely.is_valid_reason(geometries[at])}")
        if at_origin[at]:
            return Rejection(RejectionReason.OUTSIDE_AREA, "a coordinate is 0,0: a place that was not filled in")
        return None if inside[at] else _outside(geometries[at], area)

    return [fault(at) for at in range(len(geometries))]


def _coordinate_facts(geometries: NDArray[np.object_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell per geometry whether all coordinates are finite, and whether one is at 0,0."""
    coordinates, owners = shapely.get_coordinates(geometries, return_index=True)
    finite = np.ones(len(geometries), dtype=bool)
    finite[owners[~np.isfinite(coordinates).all(axis=1)]] = False
    at_origin = np.zeros(len(geometries), dtype=bool)
    at_origin[owners[(np.abs(coordinates) < _ORIGIN_M).all(axis=1)]] = True
    return finite, at_origin


def _is_inside(bounds: NDArray[np.float64], area: AreaOfUse) -> NDArray[np.bool_]:
    low = np.array([area.min_x, area.min_y])
    high = np.array([area.max_x, area.max_y])
    return np.asarray((bounds[:, :2] >= low).all(axis=1) & (bounds[:, 2:] <= high).all(axis=1), dtype=np.bool_)


def _invalid(message: str) -> Rejection:
    return Rejection(RejectionReason.INVALID_GEOMETRY, message)


def _outside(geometry: shapely.Geometry, area: AreaOfUse) -> Rejection:
    min_x, min_y, max_x, max_y = shapely.bounds(geometry)
    return Rejection(
        RejectionReason.OUTSIDE_AREA,
        f"it reaches from {min_x:.0f},{min_y:.0f} to {max_x:.0f},{max_y:.0f}; EPSG:{area.crs} is used from "
        f"{area.min_x:.0f},{area.min_y:.0f} to {area.max_x:.0f},{area.max_y:.0f}",
    )
