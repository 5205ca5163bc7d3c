"""Moratoria by hand: an authority lets the ground rest somewhere in its area, changes that, or lifts it."""

from __future__ import annotations

from typing import Any

import shapely
from sqlalchemy import select

from meekoppel_contracts.areas import MoratoriumEvent
from meekoppel_contracts.codes import MoratoriumEventType, MoratoriumOrigin, RejectionReason
from meekoppel_contracts.ids import DERIVED_MORATORIUM, PlanId, split_plan_id
from meekoppel_contracts.registry import MORATORIUM_EVENT
from meekoppel_contracts.topics import AREAS
from meekoppel_hub.consultation.handler import Desk, Handler
from meekoppel_hub.consultation.outcome import NotYet, Refused
from meekoppel_hub.consultation.places import acts_for_the_hub, check_own_id, read_geometry, ruled_areas, says_the_same
from meekoppel_hub.platform.database.tables.view import plans

_OUTSIDE_M = 1.0
"""A zone that was drawn along the border may lie so far outside of it."""


def handle_moratorium(request: MoratoriumEvent, desk: Desk) -> None:
    """Take over a moratorium, what changed in it, or that it is lifted.

    Raises:
        NotYet: when one is lifted that the hub does not know.
        Refused: when it is not for this organisation to declare, or cannot be used.
    """
    check_own_id(request.moratorium_id, "moratorium", desk)
    _check_by_hand(request)
    before = desk.head(MORATORIUM_EVENT, request.moratorium_id)
    if request.type is MoratoriumEventType.LIFTED:
        _lift(request, before, desk)
        return
    _check_place(request, desk)
    if before is None:
        _check_no_plan(request, desk)
    declared = request.model_copy(
        update={
            "type": MoratoriumEventType.DECLARED if before is None else MoratoriumEventType.CHANGED,
            "origin": MoratoriumOrigin.DECLARED,
            "derived_from": None,
            "lifted_at": None,
            "lifted_reason": None,
        }
    )
    if before is None or not says_the_same(declared, before):
        number = {"revision": desk.next_revision(before), "recorded_at": desk.now}
        desk.tell(declared.model_copy(update=number), AREAS)


def _check_by_hand(request: MoratoriumEvent) -> None:
    local_id = split_plan_id(PlanId(request.moratorium_id))[2]
    if local_id.startswith(DERIVED_MORATORIUM):
        raise Refused(
            RejectionReason.NOT_NOW,
            f"{request.moratorium_id} follows from a completed plan by the agreement of the area; it goes when the "
            "completion is taken back. Declare one of your own with another id",
            "moratorium_id",
        )


def _lift(request: MoratoriumEvent, before: Any, desk: Desk) -> None:
    if before is None:
        raise NotYet(f"the hub knows no moratorium {request.moratorium_id}; there is nothing to lift", "moratorium_id")
    if before.lifted_at is None:
        lifted = {
            "type": MoratoriumEventType.LIFTED,
            "lifted_at": desk.now,
            "lifted_reason": request.lifted_reason,
            "revision": desk.next_revision(before),
            "recorded_at": desk.now,
        }
        desk.tell(before.model_copy(update=lifted), AREAS)


def _check_no_plan(request: MoratoriumEvent, desk: Desk) -> None:
    """See that no plan has the same id: a pair names its two sides by their ids."""
    if desk.connection.execute(select(plans.c.version).where(plans.c.plan_id == request.moratorium_id)).first():
        message = f"{request.moratorium_id} is the id of a plan; give the moratorium one of its own"
        raise Refused(RejectionReason.OTHER, message, "moratorium_id")


def _check_place(request: MoratoriumEvent, desk: Desk) -> None:
    zone = read_geometry(request.geometry, request.srid, desk.connection, surface=False)
    if acts_for_the_hub(desk):
        return
    own = ruled_areas(desk.connection, desk.organisation.code)
    if not own:
        raise Refused(
            RejectionReason.OUTSIDE_AREA,
            f"{desk.organisation.code!r} has no area in which it rules; declare it first with `meekoppel areas apply`",
            "geometry",
        )
    ground = shapely.union_all([shapely.from_wkb(area.geometry) for area in own])
    if not shapely.covers(shapely.buffer(ground, _OUTSIDE_M), zone):
        names = ", ".join(sorted(area.name for area in own))
        message = f"the zone lies outside of the areas of {desk.organisation.code!r} ({names}); keep it within"
        raise Refused(RejectionReason.OUTSIDE_AREA, message, "geometry")


MORATORIUM_HANDLER = Handler(
    contract=MORATORIUM_EVENT,
    subject=lambda request: str(request.moratorium_id),
    actor=lambda request: ("authority", request.authority),
    handle=handle_moratorium,
)
