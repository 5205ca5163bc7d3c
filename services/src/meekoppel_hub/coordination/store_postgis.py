"""The view in PostgreSQL with PostGIS: arrays for the bulk load, GiST for the search, share locks for the matching.

Rows travel as one array per column (`unnest`), in binary: as fast as COPY here, without a table in between. Locks are
always taken in the order of the plan ids (then of the overlap ids), so that workers wait for one another but never in a
circle.
"""

# ruff: noqa: S608  (the statements are put together from the names of our own columns)

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql

from meekoppel_contracts.ids import OverlapId, PlanId
from meekoppel_hub.coordination.agreement import Agreement
from meekoppel_hub.coordination.fold import (
    PLACE_COLUMNS,
    PLAN_COLUMNS,
    VERSION_COLUMNS,
    ZONE_COLUMNS,
    FoldedBatch,
    Row,
)
from meekoppel_hub.coordination.overlap import OverlapRow
from meekoppel_hub.coordination.store_rows import HeldPlan, Near
from meekoppel_hub.coordination.windows import DAY_US
from meekoppel_hub.coordination.zones import MATCHED_ROLES
from meekoppel_hub.platform.database.tables.view import former_places, overlaps, plan_versions, plan_zones, plans

_OVERLAP_COLUMNS = tuple(field.name for field in fields(OverlapRow))
_overlap = attrgetter(*_OVERLAP_COLUMNS)


def _arrays(table: Table, columns: Sequence[str]) -> str:
    """Write `unnest(…)` for rows of these columns."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
    types = [table.c[name].type.compile(dialect).split("(")[0] for name in columns]
    return f"unnest({', '.join(f'%b::{kind}[]' for kind in types)})"


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def _updates(columns: Sequence[str]) -> str:
    return ", ".join(f'"{name}" = excluded."{name}"' for name in columns)


_SAVE_VERSIONS = f"""
    INSERT INTO plan_versions ({_names(VERSION_COLUMNS)})
    SELECT * FROM {_arrays(plan_versions, VERSION_COLUMNS)}
    ON CONFLICT (plan_id, version) DO NOTHING"""

_SAVE_PLANS = f"""
    INSERT INTO plans ({_names(PLAN_COLUMNS)})
    SELECT * FROM {_arrays(plans, PLAN_COLUMNS)} AS given({_names(PLAN_COLUMNS)})
    ORDER BY given.plan_id COLLATE "C"
    ON CONFLICT (plan_id) DO UPDATE SET {_updates(PLAN_COLUMNS[1:])}
    WHERE plans.version < excluded.version
    RETURNING plan_id"""

_REMOVE_ZONES = f"DELETE FROM plan_zones WHERE plan_id = ANY(%b::varchar[]) RETURNING {_names(PLACE_COLUMNS)}"

_SAVE_PLACES = f"""
    INSERT INTO former_places ({_names(PLACE_COLUMNS)})
    SELECT * FROM {_arrays(former_places, PLACE_COLUMNS)} ON CONFLICT DO NOTHING"""

_SAVE_ZONES = f"""
    INSERT INTO plan_zones ({_names(ZONE_COLUMNS)})
    SELECT * FROM {_arrays(plan_zones, ZONE_COLUMNS)}"""

# The planner takes `&&` to find fifty times what it finds, and would read whole tables to join it. From the few plans
# that changed, by the indexes, is the way at every size, also while the tables grow faster than their statistics.
# Holds until the end of the transaction.
_BY_INDEX = """
    SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
           set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)"""

# The days of both shifts and of the tolerance together can close the gap: more than matching asks, never less.
_NEAR = """
    SELECT mine.zone_key, other.zone_key, other.plan_id
    FROM plans AS my
    JOIN plan_zones AS mine ON mine.plan_id = my.plan_id
    JOIN plan_zones AS other ON other.box && box(
        point(mine.min_x - %b::float8, mine.min_y - %b::float8),
        point(mine.max_x + %b::float8, mine.max_y + %b::float8))
    JOIN plans AS its ON its.plan_id = other.plan_id
    WHERE my.plan_id = ANY(%b::varchar[]) AND my.ended IS NULL AND its.ended IS NULL
      AND my.initiator <> its.initiator
      AND mine.role = ANY(%b::varchar[]) AND other.role = ANY(%b::varchar[])
      AND its.starts_us - my.ends_us <= (%b::bigint + its.shift_earlier_days + my.shift_later_days) * %b::bigint
      AND my.starts_us - its.ends_us <= (%b::bigint + my.shift_earlier_days + its.shift_later_days) * %b::bigint"""

_HOLD = """
    SELECT plan_id, version, title FROM plans WHERE plan_id = ANY(%b::varchar[])
    ORDER BY plan_id COLLATE "C" FOR SHARE"""

# The revision in the condition makes two workers that found the same thing at the same time tell it once.
_SAVE_OVERLAPS = f"""
    INSERT INTO "overlaps" AS stored ({_names(_OVERLAP_COLUMNS)})
    SELECT * FROM {_arrays(overlaps, _OVERLAP_COLUMNS)} AS given({_names(_OVERLAP_COLUMNS)})
    ORDER BY given.overlap_id COLLATE "C"
    ON CONFLICT (overlap_id) DO UPDATE SET {_updates(_OVERLAP_COLUMNS[1:])}
    WHERE stored.first_version <= excluded.first_version AND stored.second_version <= excluded.second_version
      AND (stored.revision < excluded.revision
           OR stored.revision = excluded.revision AND
              (stored.first_version, stored.second_version) <> (excluded.first_version, excluded.second_version))
    RETURNING overlap_id"""


class PostgisStore:
    """The view in PostgreSQL with PostGIS; see `ViewStore`."""

    def save(self, connection: Connection, batch: FoldedBatch) -> None:
        """Store the newest versions."""
        _write(connection, _SAVE_VERSIONS, batch.versions)
        accepted = {row.plan_id for row in _write(connection, _SAVE_PLANS, batch.plans)}
        removed = connection.exec_driver_sql(_REMOVE_ZONES, (sorted(accepted),)) if accepted else ()
        _write(connection, _SAVE_ZONES, batch.zones_of(accepted))
        _write(connection, _SAVE_PLACES, batch.former_places(accepted, map(tuple, removed)))

    def near(self, connection: Connection, plan_ids: Collection[PlanId], agreement: Agreement) -> list[Near]:
        """Find what may meet the plans, by the GiST index over the boxes."""
        roles = sorted(MATCHED_ROLES)
        within = (agreement.opportunity.time_tolerance_days, DAY_US)
        values = (*[agreement.reach_m] * 4, list(plan_ids), roles, roles, *within, *within)
        connection.exec_driver_sql(_BY_INDEX)
        return [Near(*row) for row in connection.exec_driver_sql(_NEAR, values)]

    def hold(self, connection: Connection, plan_ids: Collection[PlanId]) -> Mapping[PlanId, HeldPlan]:
        """Keep the plans from changing, by a share lock on each row."""
        rows = connection.exec_driver_sql(_HOLD, (list(plan_ids),))
        return {row.plan_id: HeldPlan(row.version, row.title) for row in rows}

    def write_overlaps(self, connection: Connection, rows: Sequence[OverlapRow]) -> set[OverlapId]:
        """Store pairs, never back to an older version of either plan."""
        return {row.overlap_id for row in _write(connection, _SAVE_OVERLAPS, [_overlap(row) for row in rows])}


def _write(connection: Connection, statement: str, rows: Sequence[Row]) -> list[Any]:
    """Run a statement over rows, which it takes as one array per column; give what it returns."""
    if not rows:
        return []
    result = connection.exec_driver_sql(statement, tuple(list(column) for column in zip(*rows, strict=True)))
    return list(result) if result.returns_rows else []
