"""The view in PostgreSQL with PostGIS: binary COPY for all that is stored.

A plan that is known is updated where it stands, without an index being touched (HOT); its zones are written again only
when they changed. Rows travel by binary COPY: what is new straight into its table, what may be there by way of a
temporary one.
Rows are always taken in the order of the plan ids (then of the overlap ids), so that workers wait for one another but
never in a circle.
"""

# ruff: noqa: S608  (the statements are put together from the names of our own columns)

from __future__ import annotations

from collections.abc import Sequence

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
from meekoppel_hub.platform.database.bulk import copy_new_rows, copy_rows, stage_rows
from meekoppel_hub.platform.database.tables.view import former_places, overlaps, plan_versions, plan_zones, plans

_OVERLAP_COLUMNS = OverlapRow._fields


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

# Of a plan that keeps its zones only one with the same zones is updated here: what the index in memory knew of them may
# be older than what is stored.
_UPDATE_PLANS = f"""
    UPDATE plans SET {_updates(PLAN_COLUMNS[1:], "given")}
    FROM given_plans AS given
    WHERE plans.plan_id = given.plan_id AND plans.version < given.version AND plans.zones_hash = given.zones_hash
    RETURNING plans.plan_id"""

_SAVE_PLANS = f"""
    INSERT INTO plans ({_names(PLAN_COLUMNS)})
    SELECT {_names(PLAN_COLUMNS)} FROM given_plans AS given WHERE given.plan_id = ANY(%b::varchar[])
    ORDER BY given.plan_id COLLATE "C"
    ON CONFLICT (plan_id) DO UPDATE SET {_updates(PLAN_COLUMNS[1:])}
    WHERE plans.version < excluded.version
    RETURNING plan_id"""

_REMOVE_ZONES = f"DELETE FROM plan_zones WHERE plan_id = ANY(%b::varchar[]) RETURNING {_names(PLACE_COLUMNS)}"

# The revision in the condition makes two workers that found the same thing at the same time tell it once.
_SAVE_OVERLAPS = f"""
    INSERT INTO "overlaps" AS stored ({_names(_OVERLAP_COLUMNS)})
    SELECT {_names(_OVERLAP_COLUMNS)} FROM given_overlaps AS given
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
        copy_new_rows(connection, plan_versions, VERSION_COLUMNS, batch.version_rows())
        stage_rows(connection, plans, PLAN_COLUMNS, map(plan_row, batch.newest.values()))
        kept = set(connection.exec_driver_sql(_UPDATE_PLANS).scalars())
        left = [plan_id for plan_id in batch.newest if plan_id not in kept]
        placed = set(connection.exec_driver_sql(_SAVE_PLANS, (left,)).scalars()) if left else set()
        accepted = kept | placed
        removed = _place(connection, batch, sorted(placed))
        copy_new_rows(connection, former_places, PLACE_COLUMNS, batch.former_places(accepted, removed))
        return accepted

    def begin_matching(self, connection: Connection) -> None:
        """Let the few plans of the batch be found by the indexes."""
        connection.exec_driver_sql(_BY_INDEX)

    def write_overlaps(self, connection: Connection, rows: Sequence[OverlapRow]) -> set[OverlapId]:
        """Store pairs, never back to an older version of either plan."""
        if not rows:
            return set()
        stage_rows(connection, overlaps, _OVERLAP_COLUMNS, rows)
        return set(connection.exec_driver_sql(_SAVE_OVERLAPS).scalars())


def _place(connection: Connection, batch: FoldedBatch, plan_ids: Sequence[PlanId]) -> list[Row]:
    """Put the zones of these plans in the place of those that they had; gives where these lay."""
    if not plan_ids:
        return []
    removed = [tuple(row) for row in connection.exec_driver_sql(_REMOVE_ZONES, (list(plan_ids),))]
    copy_rows(connection, plan_zones, ZONE_COLUMNS, batch.zone_rows(plan_ids))
    return removed
