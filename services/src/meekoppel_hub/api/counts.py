"""Live counts, for the front page and the metrics."""

from __future__ import annotations

from sqlalchemy import Connection, Select, func, select

from meekoppel_contracts.codes import Visibility
from meekoppel_hub.platform.database.tables.organisations import organisations
from meekoppel_hub.platform.database.tables.stream import outbox, parked
from meekoppel_hub.platform.database.tables.view import overlaps, plans


def public_counts(connection: Connection) -> dict[str, int]:
    """Count what anybody may know of: organisations, public plans, and open overlaps between public plans."""
    is_public = (plans.c.visibility == Visibility.PUBLIC.value) & plans.c.withdrawn.is_(False)
    shared = select(plans.c.plan_id).where(is_public)
    open_pairs = overlaps.c.first_plan.in_(shared) & overlaps.c.second_plan.in_(shared) & (overlaps.c.state == "open")
    return {
        "organisations": _count(connection, select(func.count()).select_from(organisations)),
        "public plans": _count(connection, select(func.count()).select_from(plans).where(is_public)),
        "open overlaps between public plans": _count(
            connection, select(func.count()).select_from(overlaps).where(open_pairs)
        ),
    }


def plans_by_status(connection: Connection) -> list[tuple[str, int]]:
    """Count the plans that are shared now, per status."""
    query = select(plans.c.status, func.count()).where(plans.c.withdrawn.is_(False)).group_by(plans.c.status)
    return [(status, count) for status, count in connection.execute(query)]


def overlaps_by_kind(connection: Connection) -> list[tuple[str, str, int]]:
    """Count the pairs per kind and state."""
    query = select(overlaps.c.kind, overlaps.c.state, func.count()).group_by(overlaps.c.kind, overlaps.c.state)
    return [(kind, state, count) for kind, state, count in connection.execute(query)]


def outbox_by_service(connection: Connection) -> list[tuple[str, int]]:
    """Count what each service has still to publish."""
    query = select(outbox.c.service, func.count()).group_by(outbox.c.service)
    return [(service, count) for service, count in connection.execute(query)]


def parked_by_service(connection: Connection) -> list[tuple[str, int]]:
    """Count the records that each service set aside."""
    query = select(parked.c.service, func.count()).group_by(parked.c.service)
    return [(service, count) for service, count in connection.execute(query)]


def _count(connection: Connection, query: Select[int]) -> int:
    return connection.execute(query).scalar_one()
