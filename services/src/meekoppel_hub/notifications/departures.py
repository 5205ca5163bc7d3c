"""Plans that moved out of an area: whoever was told that a plan lies in its area is told that it left, once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select

from meekoppel_contracts.codes import PlanEventType
from meekoppel_hub.notifications.affected import Affected, Parties, may_be_told
from meekoppel_hub.notifications.changes import Change, PlanChange
from meekoppel_hub.notifications.message import LEFT_AREA
from meekoppel_hub.platform.database.tables.notifications import notifications

Presence = tuple[str, str]
"""A subscription and a plan of which it was last told that it lies in its area."""

_GONE = frozenset({LEFT_AREA, f"plan.{PlanEventType.WITHDRAWN}"})


def plans_that_moved(changes: Iterable[Change]) -> list[str]:
    """List the plans whose zones changed: only these can have left an area."""
    moved = {change.event.plan.plan_id for change in changes if isinstance(change, PlanChange) and _moves(change)}
    return sorted(moved)


def known_presences(connection: Connection, plans: Sequence[str]) -> set[Presence]:
    """Read of which of these plans each subscription was last told that it lies in its area."""
    columns = notifications.c
    query = select(columns.subscription_id, columns.plan_id, columns.event_id, columns.kind)
    told = query.where(columns.plan_id.in_(plans), columns.kind.like("plan.%"))
    newest: dict[Presence, tuple[int, str]] = {}
    for row in connection.execute(told):
        version = int(row.event_id.rsplit("/", 1)[1])
        key = (row.subscription_id, row.plan_id)
        newest[key] = max(newest.get(key, (0, "")), (version, row.kind))
    return {key for key, (_, kind) in newest.items() if kind not in _GONE}


def with_departures(
    changes: Sequence[Change], affected: Sequence[Affected], present: set[Presence], parties: Parties
) -> list[Affected]:
    """Add to who is affected those whose area a plan left, each behind what comes before it; pure.

    Args:
        changes: the batch, in order.
        affected: who is affected by them, in the same order.
        present: what was known before the batch.
        parties: the subscriptions of now; one that is gone is not told.
    """
    told_of: dict[str, list[Affected]] = {}
    for each in affected:
        told_of.setdefault(each.change.event_id, []).append(each)
    present = set(present)
    found: list[Affected] = []
    for change in changes:
        told = told_of.pop(change.event_id, [])
        found.extend(told)
        if isinstance(change, PlanChange):
            found.extend(_departures(change, {each.subscription_id for each in told}, present, parties))
    return found


def _departures(change: PlanChange, told: Iterable[str], present: set[Presence], parties: Parties) -> list[Affected]:
    """Find who was left by this change, and bring `present` up to date with it."""
    plan_id = change.event.plan.plan_id
    inside = {(subscription_id, str(plan_id)) for subscription_id in told}
    left: list[Affected] = []
    if _moves(change):
        for subscription_id, plan in sorted(present - inside):
            party = parties.by_id.get(subscription_id)
            if plan == plan_id:
                present.discard((subscription_id, plan))
                if party is not None and party.area is not None and may_be_told(change, party.organisation):
                    left.append(Affected(change, party.subscription_id, plan_id, left_area=True))
    if change.event.type is PlanEventType.WITHDRAWN:
        present -= inside
    else:
        present |= inside
    return left


def _moves(change: PlanChange) -> bool:
    return "zones" in change.event.changed_fields
