"""Which tables are live, and which are left from before."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from meekoppel_hub.coordination.rebuilding.adopt import PREVIOUS_SETTING
from meekoppel_hub.coordination.rebuilding.position import live_position
from meekoppel_hub.coordination.rebuilding.tables import tables_of
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.view_state import generation, read_setting, scheme


@dataclass(frozen=True, slots=True)
class ViewStatus:
    """How the view stands.

    Attributes:
        generation: how often other tables took the place of the live ones.
        scheme: which the live tables follow.
        plans: how many.
        versions: how many.
        overlaps: how many pairs meet.
        position: how far coordination is, per partition of the log.
        previous: the tables that were live before: their generation and scheme, until when, and how far; None when
            there are none.
        unfinished: whether there are tables that are being made.
    """

    generation: int
    scheme: int
    plans: int
    versions: int
    overlaps: int
    position: dict[str, int]
    previous: dict[str, Any] | None
    unfinished: bool


def view_status(database: Database, crs: int) -> ViewStatus:
    """Say how the view stands.

    Args:
        database: of the hub.
        crs: EPSG number of the hub's CRS.
    """
    tables = tables_of(database, crs)
    with database.read() as connection:
        noted = read_setting(connection, PREVIOUS_SETTING)
        there = tables.exists(connection, tables.previous)
        position = live_position(connection)
        return ViewStatus(
            generation=generation(connection),
            scheme=scheme(connection) or 0,
            plans=_count(connection, "plans"),
            versions=_count(connection, "plan_versions"),
            overlaps=_count(connection, "overlaps", "WHERE state = 'open'"),
            position={source.lane: offset for source, offset in sorted(position.items(), key=lambda one: one[0].lane)},
            previous=json.loads(noted) if noted and there else None,
            unfinished=tables.exists(connection, tables.next),
        )


def _count(connection: Connection, name: str, condition: str = "") -> int:
    return int(connection.scalar(text(f'SELECT count(*) FROM "{name}" {condition}')) or 0)  # noqa: S608
