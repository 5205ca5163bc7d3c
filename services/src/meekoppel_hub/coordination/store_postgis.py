"""The view in PostgreSQL with PostGIS: binary COPY and arrays for the bulk load.

A plan that is known is updated where it stands, without an index being touched (HOT); its zones are written again only
when they changed. Rows travel as one array per column (`unnest`), in binary; history is copied straight into its table.
Rows are always taken in the order of the plan ids (then of the overlap ids), so that workers wait for one another but
never in a circle.
"""

# ruff: noqa: S608  (the statements are put together from the names of our own columns)

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.exc import IntegrityError

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
from meekoppel_hub.platform.database.bulk import column_type, copy_rows
from meekoppel_hub.platform.database.tables.view import former_places, overlaps, plan_versions, plan_zones, plans

_OVERLAP_COLUMNS = tuple(field.name for field in fields(OverlapRow))
_overlap = attrgetter(*_OVERLAP_COLUMNS)


def _arrays(table: Table, columns: Sequence[str]) -> str:
    """Write the arrays of `unnest(…)` for rows of these columns."""
    return ", ".join(f"%b::{column_type(table, name)}[]" for name in columns)


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def _updates(columns: Sequence[str], source: str = "excluded") -> str:
    return ", ".join(f'"{name}" = {source}."{name}"' for name in columns)


# What phase one stores is stored again when the batch comes again: its commit need not wait for the disk. The one that
# stores the offset does. From the few that changed, by the indexes, is the way at every size, also while the tables
# grow faster than their statistics. Both hold until the end of the transaction.
_NEED_NOT_WAIT = "SELECT set_config('synchronous_commit', 'off', true)"
_BY_INDEX = """
    SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
           set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)"""

_SAVE_VERSIONS = f"""
    INSERT INTO plan_versions ({_names(VERSION_COLUMNS)})
    SELECT * FROM unnest({_arrays(plan_versions, VERSION_COLUMNS)})
    ON CONFLICT (plan_id, version) DO NOTHING"""

# Of a plan that keeps its zones only one with the same zones is updated here: what the index in memory knew of them may
# be older than what is stored.
_UPDATE_PLANS = f"""
    UPDATE plans SET {_updates(PLAN_COLUMNS[1:], "given")}
    FROM unnest({_arrays(plans, PLAN_COLUMNS)}) AS given({_names(PLAN_COLUMNS)})
    WHERE plans.plan_id = given.plan_id AND plans.version < given.version AND plans.zones_hash = given.zones_hash
    RETURNING plans.plan_id"""

_SAVE_PLANS = f"""
    INSERT INTO plans ({_names(PLAN_COLUMNS)})
    SELECT * FROM unnest({_arrays(plans, PLAN_COLUMNS)}) AS given({_names(PLAN_COLUMNS)})
    ORDER BY given.plan_id COLLATE "C"
    ON CONFLICT (plan_id) DO UPDATE SET {_updates(PLAN_COLUMNS[1:])}
    WHERE plans.version < excluded.version
    RETURNING plan_id"""

_REMOVE_ZONES = f"DELETE FROM plan_zones WHERE plan_id = ANY(%b::varchar[]) RETURNING {_names(PLACE_COLUMNS)}"

_SAVE_PLACES = f"""
    INSERT INTO former_places ({_names(PLACE_COLUMNS)})
    SELECT * FROM unnest({_arrays(former_places, PLACE_COLUMNS)}) ON CONFLICT DO NOTHING"""

_SAVE_ZONES = f"""
    INSERT INTO plan_zones ({_names(ZONE_COLUMNS)})
    SELECT * FROM unnest({_arrays(plan_zones, ZONE_COLUMNS)})"""

# The revision in the condition makes two workers that found the same thing at the same time tell it once.
_SAVE_OVERLAPS = f"""
    INSERT INTO "overlaps" AS stored ({_names(_OVERLAP_COLUMNS)})
    SELECT * FROM unnest({_arrays(overlaps, _OVERLAP_COLUMNS)}) AS given({_names(_OVERLAP_COLUMNS)})
    ORDER BY given.overlap_id COLLATE "C"
    ON CONFLICT (overlap_id) DO UPDATE SET {_updates(_OVERLAP_COLUMNS[1:])}
    WHERE stored.first_version <= excluded.first_version AND stored.second_version <= excluded.second_version
      AND (stored.revision < excluded.revision
           OR stored.revision = excluded.revision AND
              (stored.first_version, stored.second_version, stored.ruleset, stored.rulesets)
              <> (excluded.first_version, excluded.second_version, excluded.ruleset, excluded.rulesets))
    RETURNING overlap_id"""


class PostgisStore:
    """The view in PostgreSQL with PostGIS; see `ViewStore`."""

    def save(self, connection: Connection, batch: FoldedBatch) -> set[PlanId]:
        """Store the newest versions."""
        connection.exec_driver_sql(_NEED_NOT_WAIT)
        connection.exec_driver_sql(_BY_INDEX)
        _save_versions(connection, batch)
        rows = [plan_row(change) for change in batch.newest.values()]
        kept = {row.plan_id for row in _write(connection, _UPDATE_PLANS, [row for row in rows if row[1] > 1])}
        left = [row for row in rows if row[0] not in kept]
        placed = {row.plan_id for row in _write(connection, _SAVE_PLANS, left)}
        removed = connection.exec_driver_sql(_REMOVE_ZONES, (sorted(placed),)) if placed else ()
        places = [tuple(row) for row in removed]
        _write(connection, _SAVE_ZONES, batch.zone_rows(sorted(placed)))
        _write(connection, _SAVE_PLACES, batch.former_places(kept | placed, places))
        return kept | placed

    def begin_matching(self, connection: Connection) -> None:
        """Let the few plans of the batch be found by the indexes."""
        connection.exec_driver_sql(_BY_INDEX)

    def write_overlaps(self, connection: Connection, rows: Sequence[OverlapRow]) -> set[OverlapId]:
        """Store pairs, never back to an older version of either plan."""
        return {row.overlap_id for row in _write(connection, _SAVE_OVERLAPS, [_overlap(row) for row in rows])}


def _save_versions(connection: Connection, batch: FoldedBatch) -> None:
    """Copy the history; where some of it is there already (the batch came again), leave that as it is."""
    rows = batch.version_rows()
    try:
        with connection.begin_nested():
            copy_rows(connection, plan_versions, VERSION_COLUMNS, rows)
    except IntegrityError:
        _write(connection, _SAVE_VERSIONS, rows)


def _write(connection: Connection, statement: str, rows: Iterable[Row]) -> list[Any]:
    """Run a statement over rows, which it takes as one array per column; give what it returns."""
    columns = list(zip(*rows, strict=True))
    if not columns:
        return []
    result = connection.exec_driver_sql(statement, tuple(list(column) for column in columns))
    return list(result) if result.returns_rows else []
