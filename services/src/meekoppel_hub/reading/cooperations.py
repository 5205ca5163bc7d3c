"""Cooperations as one viewer may see them: those on restricted plans are for their parties alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, select

from meekoppel_contracts.codec import COOPERATION_EVENTS
from meekoppel_contracts.coordination import CooperationEvent
from meekoppel_contracts.registry import COOPERATION_EVENT
from meekoppel_hub.platform.database.tables.consultation import (
    cooperation_parties,
    cooperation_plans,
    cooperations,
    heads,
    history,
)
from meekoppel_hub.reading.access import Viewer

_ROWS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class CooperationFilter:
    """Which cooperations are asked for; what is empty asks for all.

    Attributes:
        states: one of these.
        organisation: a party.
        plan_id: one of its plans.
    """

    states: tuple[str, ...] = ()
    organisation: str | None = None
    plan_id: str | None = None


def visible_cooperations(
    connection: Connection, viewer: Viewer, wanted: CooperationFilter, after: str | None
) -> Iterator[CooperationEvent]:
    """Give the newest state of each cooperation that the viewer may see, by id, after a given one."""
    conditions = [*_seen_by(viewer), *_conditions(wanted)]
    query = (
        select(cooperations.c.cooperation_id, heads.c.value)
        .join(heads, (heads.c.subject == cooperations.c.cooperation_id) & (heads.c.contract == COOPERATION_EVENT))
        .order_by(cooperations.c.cooperation_id)
        .limit(_ROWS_AT_ONCE)
    )
    while True:
        page = [*conditions, cooperations.c.cooperation_id > after] if after is not None else conditions
        rows = connection.execute(query.where(*page)).all()
        for row in rows:
            yield COOPERATION_EVENTS.decode(bytes(row.value))
        if len(rows) < _ROWS_AT_ONCE:
            return
        after = rows[-1].cooperation_id


def cooperation_history(connection: Connection, viewer: Viewer, cooperation_id: str) -> list[CooperationEvent]:
    """Give all states of a cooperation, oldest first; none when there is none that the viewer may see."""
    known = select(cooperations.c.cooperation_id).where(
        cooperations.c.cooperation_id == cooperation_id, *_seen_by(viewer)
    )
    if connection.execute(known).first() is None:
        return []
    query = select(history.c.value).where(history.c.contract == COOPERATION_EVENT, history.c.subject == cooperation_id)
    values = connection.execute(query.order_by(history.c.revision)).scalars()
    return [COOPERATION_EVENTS.decode(bytes(value)) for value in values]


def cooperation_entry(event: CooperationEvent) -> dict[str, Any]:
    """Write a state of a cooperation."""
    return event.model_dump(mode="json")


def _seen_by(viewer: Viewer) -> list[ColumnElement[bool]]:
    if viewer.operator:
        return []
    party = exists().where(
        cooperation_parties.c.cooperation_id == cooperations.c.cooperation_id,
        cooperation_parties.c.organisation == (viewer.organisation or ""),
    )
    return [~cooperations.c.restricted | party]


def _conditions(wanted: CooperationFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.states:
        conditions.append(cooperations.c.state.in_(wanted.states))
    for table, column, value in (
        (cooperation_parties, "organisation", wanted.organisation),
        (cooperation_plans, "plan_id", wanted.plan_id),
    ):
        if value is not None:
            of_this = table.c.cooperation_id == cooperations.c.cooperation_id
            conditions.append(exists().where(of_this, table.c[column] == value))
    return conditions
