"""Moratoria in matching: they stand in the index like plans, and are loaded like plans."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Select, select

from meekoppel_contracts.codec import decode_moratorium_event
from meekoppel_contracts.ids import PlanId
from meekoppel_hub.coordination.facts import FOR_EVER_US, PlanFacts, facts_of_moratorium
from meekoppel_hub.coordination.following import Fields
from meekoppel_hub.coordination.plan_change import ZoneRow
from meekoppel_hub.coordination.queries import among
from meekoppel_hub.coordination.zones import MORATORIUM_ROLE
from meekoppel_hub.platform.database.tables.places import moratoria, moratorium_versions

_INDEXED = [
    moratoria.c[name]
    for name in ("moratorium_id", "revision", "authority", "starts_us", "ends_us", "min_x", "min_y", "max_x", "max_y")
]


def indexed_moratoria(connection: Connection, ids: Collection[PlanId] | None) -> Iterator[Sequence[Fields]]:
    """Give the moratoria that were not lifted, as they are stored; all of them, or some."""
    query = select(*_INDEXED).where(~moratoria.c.lifted).order_by(moratoria.c.moratorium_id)
    if ids is not None:
        query = query.where(among(connection, moratoria.c.moratorium_id, ids))
    rows = connection.execute(query).all()
    if rows:
        yield [
            (
                row.moratorium_id,
                row.revision,
                row.authority,
                row.revision,
                row.starts_us,
                FOR_EVER_US if row.ends_us is None else row.ends_us,
                MORATORIUM_ROLE,
                row.min_x,
                row.min_y,
                row.max_x,
                row.max_y,
            )
            for row in rows
        ]


def load_moratoria(connection: Connection, ids: Collection[PlanId]) -> dict[PlanId, tuple[PlanFacts, list[ZoneRow]]]:
    """Load moratoria as matching sees them, lifted ones too; ids that are none are passed over."""
    if not ids:
        return {}
    query = _newest().where(among(connection, moratoria.c.moratorium_id, ids))
    found = {}
    for framed in connection.scalars(query):
        event = decode_moratorium_event(bytes(framed))
        facts = facts_of_moratorium(event)
        found[facts.plan_id] = (facts, [ZoneRow(MORATORIUM_ROLE, event.geometry, 0.0, None)])
    return found


def _newest() -> Select[Any]:
    newest = (moratorium_versions.c.moratorium_id == moratoria.c.moratorium_id) & (
        moratorium_versions.c.revision == moratoria.c.revision
    )
    return select(moratorium_versions.c.event).select_from(moratorium_versions.join(moratoria, newest))
