"""The view in SQLite: statements prepared once and run over the rows. One writer at a time."""

# ruff: noqa: S608  (the statements are put together from the names of our own columns)

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection

from meekoppel_contracts.ids import OverlapId, PlanId
from meekoppel_hub.coordination.fold import (
    PLACE_COLUMNS,
    PLAN_COLUMNS,
    VERSION_COLUMNS,
    ZONE_COLUMNS,
    FoldedBatch,
    plan_row,
)
from meekoppel_hub.coordination.overlap import OverlapRow
from meekoppel_hub.coordination.plan_change import Row

_OVERLAP_COLUMNS = tuple(field.name for field in fields(OverlapRow))
_overlap = attrgetter(*_OVERLAP_COLUMNS)


def _insert(table: str, columns: Sequence[str]) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' for _ in columns)})"


def _upsert(table: str, columns: Sequence[str], key: str) -> str:
    updates = ", ".join(f'"{name}" = excluded."{name}"' for name in columns if name != key)
    return f"{_insert(table, columns)} ON CONFLICT ({key}) DO UPDATE SET {updates}"


_SAVE_VERSIONS = f"{_insert('plan_versions', VERSION_COLUMNS)} ON CONFLICT DO NOTHING"
_SAVE_PLANS = _upsert("plans", PLAN_COLUMNS, "plan_id")
_SAVE_OVERLAPS = _upsert("overlaps", _OVERLAP_COLUMNS, "overlap_id")
_SAVE_PLACES = f"{_insert('former_places', PLACE_COLUMNS)} ON CONFLICT DO NOTHING"
_SAVE_ZONES = _insert("plan_zones", ZONE_COLUMNS)
_AMONG = "plan_id IN (SELECT value FROM json_each(?))"
_KNOWN = f"SELECT plan_id, version, zones_hash FROM plans WHERE {_AMONG}"
_PLACES = f"SELECT {', '.join(PLACE_COLUMNS)} FROM plan_zones WHERE {_AMONG}"
_REMOVE_ZONES = f"DELETE FROM plan_zones WHERE {_AMONG}"


class SqliteStore:
    """The view in SQLite; see `ViewStore`."""

    def save(self, connection: Connection, batch: FoldedBatch) -> set[PlanId]:
        """Store the newest versions."""
        _write(connection, _SAVE_VERSIONS, batch.version_rows())
        known = {row[0]: row[1:] for row in connection.exec_driver_sql(_KNOWN, (json.dumps(batch.plan_ids),))}
        newer = [change for change in batch.newest.values() if change.version > known.get(change.plan_id, (0, 0))[0]]
        _write(connection, _SAVE_PLANS, [plan_row(change) for change in newer])
        placed = [
            change.plan_id
            for change in newer
            if change.plan_id not in known or known[change.plan_id][1] != change.zones_hash
        ]
        removed = _place(connection, batch, placed)
        accepted = {change.plan_id for change in newer}
        _write(connection, _SAVE_PLACES, batch.former_places(accepted, removed))
        return accepted

    def begin_matching(self, connection: Connection) -> None:
        """Nothing to prepare: this transaction is the only writer."""

    def write_overlaps(self, connection: Connection, rows: Sequence[OverlapRow]) -> set[OverlapId]:
        """Store pairs; as the only writer, all of them."""
        _write(connection, _SAVE_OVERLAPS, [_overlap(row) for row in rows])
        return {row.overlap_id for row in rows}


def _place(connection: Connection, batch: FoldedBatch, plan_ids: Sequence[PlanId]) -> list[Row]:
    """Put the zones of these plans in the place of those that they had; gives where these lay."""
    if not plan_ids:
        return []
    ids = (json.dumps(plan_ids),)
    removed = [tuple(row) for row in connection.exec_driver_sql(_PLACES, ids)]
    connection.exec_driver_sql(_REMOVE_ZONES, ids)
    _write(connection, _SAVE_ZONES, batch.zone_rows(plan_ids))
    return removed


def _write(connection: Connection, statement: str, rows: Iterable[Row]) -> None:
    bound = [tuple(_bound(value) for value in row) for row in rows]
    if bound:
        connection.exec_driver_sql(statement, bound)


def _bound(value: Any) -> Any:
    """Write a moment as SQLAlchemy reads it here: UTC, without saying so."""
    return value.replace(tzinfo=None).isoformat(" ", "microseconds") if type(value) is datetime else value
