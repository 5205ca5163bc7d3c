"""Keeping events small: a geometry with more vertices than an event has room for is simplified, step by step.

An event is to be at most 64 kB, which is some 4,000 vertices; the hub's inbox takes four times that, so that a plan
never fails on the last byte. Of the tolerances the smallest that suffices is taken, for all zones of the plan, always
from the source's own geometry: the same plan gives the same bytes at every run. The zone says the tolerance.
"""

from __future__ import annotations

import shapely

from meekoppel_connectors.mapping.reasons import Reason, Unreadable
from meekoppel_contracts.codec import encode_plan_event
from meekoppel_contracts.codes import PlanEventType
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.ids import OrgCode
from meekoppel_contracts.plan import Plan, Zone

TARGET_EVENT_BYTES = 64 * 1024
TOLERANCES_M = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
"""Up to less than a lane's width: with more, a zone could come to lie on the other side of a street."""


def fitted(plan: Plan, publisher: OrgCode) -> Plan:
    """Give the plan with no more vertices than its event has room for.

    Raises:
        Unreadable: when it is too large even with the largest tolerance.
    """
    size = _event_bytes(plan, publisher)
    if size <= TARGET_EVENT_BYTES:
        return plan
    for tolerance_m in TOLERANCES_M:
        smaller = plan.model_copy(update={"zones": tuple(_simplified(zone, tolerance_m) for zone in plan.zones)})
        if _event_bytes(smaller, publisher) <= TARGET_EVENT_BYTES:
            return smaller
    raise Unreadable(
        Reason.TOO_LARGE,
        f"is an event of {size:,} bytes, and {TARGET_EVENT_BYTES:,} are allowed, which a simplification by "
        f"{TOLERANCES_M[-1]:g} m does not reach; draw it with fewer vertices, or as several plans",
    )


def _simplified(zone: Zone, tolerance_m: float) -> Zone:
    shape = shapely.from_wkb(zone.geometry)
    simple = shapely.simplify(shape, tolerance_m, preserve_topology=True)
    if not shapely.is_valid(simple) or shapely.get_num_coordinates(simple) == shapely.get_num_coordinates(shape):
        return zone
    wkb = bytes(shapely.to_wkb(simple, byte_order=1, output_dimension=2))
    return zone.model_copy(update={"geometry": wkb, "simplified_m": tolerance_m})


def _event_bytes(plan: Plan, publisher: OrgCode) -> int:
    """Give the size of the largest event that can carry a plan."""
    names = tuple(Plan.model_fields)
    event = PlanEvent(type=PlanEventType.CHANGED, publisher=publisher, changed_fields=names, plan=plan)
    return len(encode_plan_event(event))
