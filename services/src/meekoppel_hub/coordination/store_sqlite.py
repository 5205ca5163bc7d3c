"""The view in SQLite: statements prepared once and run over the rows. One writer at a time."""

# ruff: noqa: S608  (the statements are put together from the names of our own columns)

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Table

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
from meekoppel_hub.platform.database.tables.base import UtcDateTime
from meekoppel_hub.platform.database.tables.view import former_places, overlaps, plan_versions, plan_zones, plans

_OVERLAP_COLUMNS = OverlapRow._fields


class RowInsert:
    """Writes rows into a table by one statement, prepared once.

    Args:
        table: where to.
        columns: of the table, in the order of the values of a row.
        conflict: what to do with a row whose key is there already, as SQL; nothing given, it is an error.
    """

    def __init__(self, table: Table, columns: Sequence[str], conflict: str = "") -> None:
        names, marks = ", ".join(f'"{name}"' for name in columns), ", ".join("?" for _ in columns)
        self._statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks}) {conflict}'
        self._moments = [place for place, name in enumerate(columns) if isinstance(table.c[name].type, UtcDateTime)]

    def write(self, connection: Connection, rows: Iterable[Row]) -> None:
        """Write rows, within the transaction of the connection; moments in them are in UTC."""
        values = [_bound(row, self._moments) for row in rows] if self._moments else list(rows)
        if values:
            connection.exec_driver_sql(self._statement, values)


def _bound(row: Row, moments: Sequence[int]) -> Row:
    """Write moments as SQLAlchemy reads them here: UTC, without saying so. Most values are left as they are."""
    values = list(row)
    for place in moments:
        moment = values[place]
        if moment is not None:
            values[place] = moment.isoformat(" ", "microseconds").removesuffix("+00:00")
    return tuple(values)


def _updates(columns: Sequence[str], key: str) -> str:
    updates = ", ".join(f'"{name}" = excluded."{name}"' for name in columns if name != key)
    return f"ON CONFLICT ({key}) DO UPDATE SET {updates}"


_VERSIONS = RowInsert(plan_versions, VERSION_COLUMNS, "ON CONFLICT DO NOTHING")
_PLANS = RowInsert(plans, PLAN_COLUMNS, _updates(PLAN_COLUMNS, "plan_id"))
_OVERLAPS = RowInsert(overlaps, _OVERLAP_COLUMNS, _updates(_OVERLAP_COLUMNS, "overlap_id"))
_FORMER_PLACES = RowInsert(former_places, PLACE_COLUMNS, "ON CONFLICT DO NOTHING")
_ZONES = RowInsert(plan_zones, ZONE_COLUMNS)
_AMONG = "plan_id IN (SELECT value FROM json_each(?))"
_KNOWN = f"SELECT plan_id, version, zones_hash FROM plans WHERE {_AMONG}"
_PLACES = f"SELECT {', '.join(PLACE_COLUMNS)} FROM plan_zones WHERE {_AMONG}"
_REMOVE_ZONES = f"DELETE FROM plan_zones WHERE {_AMONG}"


class SqliteStore:
    """The view in SQLite; see `ViewStore`."""

    def save(self, connection: Connection, batch: FoldedBatch) -> set[PlanId]:
        """Store the newest versions."""
        _VERSIONS.write(connection, batch.version_rows())
        known = {row[0]: row[1:] for row in connection.exec_driver_sql(_KNOWN, (json.dumps(batch.plan_ids),))}
        newer = [change for change in batch.newest.values() if change.version > known.get(change.plan_id, (0, 0))[0]]
        _PLANS.write(connection, map(plan_row, newer))
        placed = [
            change.plan_id
            for change in newer
            if change.plan_id not in known or known[change.plan_id][1] != change.zones_hash
        ]
        removed = _place(connection, batch, placed)
        accepted = {change.plan_id for change in newer}
        _FORMER_PLACES.write(connection, batch.former_places(accepted, removed))
        return accepted

    def begin_matching(self, connection: Connection) -> None:
        """Nothing to prepare: this transaction is the only writer."""

    def write_overlaps(self, connection: Connection, rows: Sequence[OverlapRow]) -> set[OverlapId]:
        """Store pairs; as the only writer, all of them."""
        _OVERLAPS.write(connection, rows)
        return {row.overlap_id for row in rows}


def _place(connection: Connection, batch: FoldedBatch, plan_ids: Sequence[PlanId]) -> list[Row]:
    """Put the zones of these plans in the place of those that they had; gives where these lay."""
    if not plan_ids:
        return []
    ids = (json.dumps(plan_ids),)
    removed = [tuple(row) for row in connection.exec_driver_sql(_PLACES, ids)]
    connection.exec_driver_sql(_REMOVE_ZONES, ids)
    _ZONES.write(connection, batch.zone_rows(plan_ids))
    return removed
