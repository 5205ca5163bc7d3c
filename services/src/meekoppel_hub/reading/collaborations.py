"""In which collaborations (samenwerkingsverbanden) an organisation is: what is shared with one, its members see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from meekoppel_contracts.codes import AreaKind
from meekoppel_hub.platform.agreements.in_force import held_at
from meekoppel_hub.platform.database.tables.places import areas


@dataclass(frozen=True, slots=True)
class Membership:
    """One revision of a collaboration; see `held_at`."""

    subject: str
    revision: int
    valid_from: datetime | None
    valid_until: datetime | None
    ended: bool
    members: frozenset[str]


def collaborations_of(connection: Connection, organisation: str, now: datetime) -> frozenset[str]:
    """Give the ids of the collaborations that an organisation is a member of at this moment."""
    members = collaboration_members(connection, now)
    return frozenset(one for one, those in members.items() if organisation in those)


def collaboration_members(connection: Connection, now: datetime) -> dict[str, frozenset[str]]:
    """Give the members of each collaboration, by its id, at this moment."""
    held, _ = held_at(load_memberships(connection), now)
    return {one.subject: one.members for one in held}


def load_memberships(connection: Connection) -> Sequence[Membership]:
    """Read all revisions of all areas that are or were a collaboration; one that is none any more has no members."""
    ever = select(areas.c.area_id).where(areas.c.kind == AreaKind.COLLABORATION.value)
    columns = areas.c
    query = select(
        columns.area_id,
        columns.revision,
        columns.kind,
        columns.valid_from,
        columns.valid_until,
        columns.active,
        columns.members,
    ).where(columns.area_id.in_(ever))
    return [
        Membership(
            subject=row.area_id,
            revision=row.revision,
            valid_from=row.valid_from,
            valid_until=row.valid_until,
            ended=not row.active,
            members=frozenset(row.members.split(",") if row.kind == AreaKind.COLLABORATION.value else ()),
        )
        for row in connection.execute(query)
    ]
