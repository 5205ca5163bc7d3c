"""Areas: where an organisation is to be told of plans, or has a say in them."""

from __future__ import annotations

import shapely
from shapely.geometry.base import BaseGeometry

from meekoppel_contracts.areas import AreaEvent
from meekoppel_contracts.codes import AreaEventType, AreaKind, RejectionReason
from meekoppel_contracts.registry import AREA_EVENT
from meekoppel_contracts.topics import AREAS
from meekoppel_hub.consultation.handler import Desk, Handler
from meekoppel_hub.consultation.outcome import Refused
from meekoppel_hub.consultation.places import (
    RULING_KINDS,
    acts_for_the_hub,
    check_own_id,
    read_geometry,
    ruled_areas,
    says_the_same,
)

MOST_IN_COMMON = 0.01
"""Borders of two sources never lie on one another: so much of the smaller area may belong to both."""

_NEVER_SHARED = (AreaKind.MUNICIPALITY, AreaKind.PROVINCE, AreaKind.WATER_BOARD)


def handle_area(request: AreaEvent, desk: Desk) -> None:
    """Take over an area, or what changed in it.

    Raises:
        Refused: when it is not for this organisation to declare, or cannot be used.
    """
    check_own_id(request.area_id, "area", desk)
    _check_kind(request, desk)
    if request.valid_from and request.valid_until and request.valid_until <= request.valid_from:
        raise Refused(RejectionReason.INVALID_PERIOD, "valid_until must lie after valid_from", "valid_until")
    geometry = read_geometry(request.geometry, request.srid, desk.connection, surface=True)
    if request.active and request.kind in _NEVER_SHARED:
        _check_neighbours(request, geometry, desk)
    before = desk.head(AREA_EVENT, request.area_id)
    if before is None or not says_the_same(request, before):
        number = {"type": AreaEventType.CHANGED, "revision": desk.next_revision(before), "recorded_at": desk.now}
        desk.tell(request.model_copy(update=number), AREAS)


def _check_kind(request: AreaEvent, desk: Desk) -> None:
    allowed = RULING_KINDS.get(request.kind)
    if allowed is None or desk.organisation.kind in allowed or acts_for_the_hub(desk):
        return
    raise Refused(
        RejectionReason.PUBLISHER_NOT_ALLOWED,
        f"an area of kind {request.kind.value} is for {' or '.join(sorted(allowed))} to declare, and "
        f"{desk.organisation.code!r} is {desk.organisation.kind.value}; give kind interest, grid or other",
        "kind",
    )


def _check_neighbours(request: AreaEvent, geometry: BaseGeometry, desk: Desk) -> None:
    """See that it does not lie on another authority's area of the same kind."""
    for other in ruled_areas(desk.connection):
        if other.kind is not request.kind or other.authority == request.authority:
            continue
        theirs = shapely.from_wkb(other.geometry)
        shared = shapely.area(shapely.intersection(geometry, theirs))
        if shared > MOST_IN_COMMON * min(shapely.area(geometry), shapely.area(theirs)):
            raise Refused(
                RejectionReason.OUTSIDE_AREA,
                f"it has {shared / 1e6:.2f} km2 in common with {other.area_id} ({other.name}) of {other.authority!r}; "
                f"give the border of your own {request.kind.value}, or agree with them first",
                "geometry",
            )


AREA_HANDLER = Handler(
    contract=AREA_EVENT,
    subject=lambda request: str(request.area_id),
    actor=lambda request: ("authority", request.authority),
    handle=handle_area,
)
