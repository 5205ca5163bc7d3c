"""What areas, agreements and moratoria have in common: whose they are, and whether a geometry can be used."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, select

from meekoppel_contracts.areas import AreaEvent
from meekoppel_contracts.codec import CODECS
from meekoppel_contracts.codes import AreaKind, OrganisationKind, RejectionReason
from meekoppel_contracts.ids import PlanId, split_plan_id
from meekoppel_contracts.registry import AREA_EVENT
from meekoppel_hub.consultation.handler import Desk
from meekoppel_hub.consultation.outcome import Refused
from meekoppel_hub.platform.database.tables.consultation import heads
from meekoppel_hub.platform.database.tables.view import view_settings
from meekoppel_hub.platform.organisations import EVERYONE

_Kinds = OrganisationKind
RULING_KINDS = {
    AreaKind.MUNICIPALITY: {_Kinds.MUNICIPALITY},
    AreaKind.PROVINCE: {_Kinds.PROVINCE},
    AreaKind.WATER_BOARD: {_Kinds.WATER_BOARD},
    AreaKind.STATE: {_Kinds.STATE},
    AreaKind.RAIL: {_Kinds.RAIL},
    AreaKind.ROAD: {
        _Kinds.ROAD_AUTHORITY,
        _Kinds.STATE,
        _Kinds.PROVINCE,
        _Kinds.MUNICIPALITY,
        _Kinds.WATER_BOARD,
    },
}
"""The kinds of areas in which an authority rules, and which kinds of organisations have one. Areas of other kinds, such
as of interest, are everybody's to declare."""


def acts_for_the_hub(desk: Desk) -> bool:
    """Tell whether whoever asks acts for the hub as a whole: it may publish for everyone."""
    return EVERYONE in desk.organisation.may_publish_for


def check_own_id(identifier: str, what: str, desk: Desk) -> None:
    """See that an id is in the name of whoever asks.

    Raises:
        Refused: when it is not.
    """
    owner = split_plan_id(PlanId(identifier))[1]
    if owner != desk.organisation.code:
        raise Refused(
            RejectionReason.PUBLISHER_NOT_ALLOWED,
            f"{what} {identifier} has {owner!r} in the middle of its id; yours begins with "
            f"<namespace>.{desk.organisation.code}.",
            f"{what}_id",
        )


def read_geometry(wkb: bytes, srid: int, connection: Connection, *, surface: bool) -> BaseGeometry:
    """Read a geometry in the hub's CRS.

    Args:
        wkb: the geometry.
        srid: the CRS that it is said to be in.
        connection: knows the CRS of the hub.
        surface: whether it has to be a polygon or multipolygon.

    Raises:
        Refused: when it is in another CRS, cannot be read, is empty, invalid or of the wrong kind.
    """
    crs = int(connection.scalar(select(view_settings.c.value).where(view_settings.c.name == "crs")) or 0)
    if srid != crs:
        message = f"the geometry is in EPSG:{srid}; this hub takes EPSG:{crs}"
        raise Refused(RejectionReason.WRONG_CRS, message, "srid")
    try:
        geometry = shapely.from_wkb(wkb)
    except ShapelyError as error:
        raise _unusable(f"it cannot be read as WKB ({str(error).splitlines()[0]})") from error
    if geometry.is_empty:
        raise _unusable("it is empty")
    if surface and geometry.geom_type not in ("Polygon", "MultiPolygon"):
        raise _unusable(f"an area is a polygon or multipolygon, and this is a {geometry.geom_type}")
    if not geometry.is_valid:
        raise _unusable(f"it is not valid: {shapely.is_valid_reason(geometry)}")
    return geometry


def ruled_areas(connection: Connection, authority: str | None = None) -> list[AreaEvent]:
    """Give the areas in use in which an authority rules: of one authority, or of all."""
    events: Iterable[Any] = (
        CODECS[AREA_EVENT].decode(value)
        for value in connection.execute(select(heads.c.value).where(heads.c.contract == AREA_EVENT)).scalars()
    )
    return [
        event
        for event in events
        if event.active and event.kind in RULING_KINDS and authority in (None, event.authority)
    ]


def says_the_same(one: Any, other: Any) -> bool:
    """Tell whether two events say the same, whatever their numbers and times."""
    unsaid = {"type": other.type, "revision": other.revision, "recorded_at": other.recorded_at}
    return bool(one.model_copy(update=unsaid) == other)


def _unusable(why: str) -> Refused:
    return Refused(RejectionReason.INVALID_GEOMETRY, f"the geometry cannot be used: {why}", "geometry")
