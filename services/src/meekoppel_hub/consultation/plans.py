"""The plans that a request names, as the view has them, and as the organisation that asks may see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from meekoppel_contracts.codes import RejectionReason, Visibility
from meekoppel_contracts.ids import OrgCode
from meekoppel_contracts.plan import ENDED
from meekoppel_hub.consultation.handler import Desk
from meekoppel_hub.consultation.outcome import NotYet, Refused
from meekoppel_hub.platform.database.tables.view import NEWEST, plan_versions, plans
from meekoppel_hub.reading.access import Viewer, is_shared
from meekoppel_hub.reading.collaborations import collaborations_of
from meekoppel_hub.reading.stored import StoredPlan, read_stored

_ENDED = frozenset(status.value for status in ENDED)


def plans_named(desk: Desk, plan_ids: Sequence[str], field: str) -> dict[str, StoredPlan]:
    """Give the newest versions of these plans, in the order in which they are named.

    Args:
        desk: of the request.
        plan_ids: which.
        field: where the request names them.

    Raises:
        NotYet: when the organisation may not see one of them, or there is none.
        Refused: when one of them has ended.
    """
    query = select(plans.c.plan_id, plan_versions.c.event).select_from(NEWEST).where(plans.c.plan_id.in_(plan_ids))
    found = {row.plan_id: read_stored(row.event) for row in desk.connection.execute(query)}
    viewer = viewer_of(desk, desk.organisation.code)
    for plan_id in plan_ids:
        stored = found.get(plan_id)
        if stored is None or not is_shared(viewer, stored.sharing, desk.now):
            raise NotYet(f"there is no plan {plan_id} that {desk.organisation.code!r} may see", field)
        if stored.sharing.withdrawn or stored.plan["status"] in _ENDED:
            raise Refused(
                RejectionReason.NOT_NOW, f"plan {plan_id} has ended; a cooperation is on plans that are to come", field
            )
    return {plan_id: found[plan_id] for plan_id in plan_ids}


def restricted_of(named: Mapping[str, StoredPlan]) -> list[StoredPlan]:
    """Give those that are restricted."""
    return [plan for plan in named.values() if plan.sharing.visibility == Visibility.RESTRICTED.value]


def seen_by_all(desk: Desk, plan: StoredPlan, organisations: Sequence[OrgCode]) -> bool:
    """Tell whether all these organisations may see a plan."""
    return all(is_shared(viewer_of(desk, one), plan.sharing, desk.now) for one in organisations)


def viewer_of(desk: Desk, organisation: OrgCode) -> Viewer:
    """Say who looks, with the collaborations that it is in."""
    return Viewer(organisation, collaborations=collaborations_of(desk.connection, organisation, desk.now))
