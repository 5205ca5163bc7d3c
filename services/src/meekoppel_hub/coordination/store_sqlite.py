"""The view in SQLite: statements prepared once and run over the rows, R*Tree for the search. One writer at a time."""

# ruff: noqa: S608  (the statements are put together from the names of our own columns)

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Table, select
from sqlalchemy.dialects.sqlite import Insert, insert

from meekoppel_contracts.ids import OverlapId, PlanId
from meekoppel_hub.coordination.agreement import Agreement
from meekoppel_hub.coordination.fold import PLACE_COLUMNS, PLAN_COLUMNS, VERSION_COLUMNS, ZONE_COLUMNS, FoldedBatch, Row
from meekoppel_hub.coordination.overlap import OverlapRow
from meekoppel_hub.coordination.queries import among
from meekoppel_hub.coordination.store_rows import HeldPlan, Near
from meekoppel_hub.coordination.windows import DAY_US
from meekoppel_hub.coordination.zones import MATCHED_ROLES
from meekoppel_hub.platform.database.tables.view import former_places, overlaps, plan_versions, plan_zones, plans

_OVERLAP_COLUMNS = tuple(field.name for field in fields(OverlapRow))
_overlap = attrgetter(*_OVERLAP_COLUMNS)


def _upsert(table: Table, columns: Sequence[str], *keys: str) -> Insert:
    statement = insert(table)
    updates = {name: statement.excluded[name] for name in columns if name not in keys}
    return statement.on_conflict_do_update(index_elements=list(keys), set_=updates)


_SAVE_VERSIONS = insert(plan_versions).on_conflict_do_nothing()
_SAVE_PLANS = _upsert(plans, PLAN_COLUMNS, "plan_id")
_SAVE_OVERLAPS = _upsert(overlaps, _OVERLAP_COLUMNS, "overlap_id")
_SAVE_PLACES = insert(former_places).on_conflict_do_nothing()
_PLACES = [plan_zones.c[name] for name in PLACE_COLUMNS]
_SAVE_ZONES = f"INSERT INTO plan_zones ({', '.join(ZONE_COLUMNS)}) VALUES ({', '.join('?' for _ in ZONE_COLUMNS)})"
_REMOVE_ZONES = "DELETE FROM plan_zones WHERE plan_id IN (SELECT value FROM json_each(?))"

# CROSS JOIN keeps the order: from the few plans that changed, by the R*Tree, to what is near them.
# The days of both shifts and of the tolerance together can close the gap: more than matching asks, never less.
_NEAR = f"""
    SELECT mine.zone_key, other.zone_key, other.plan_id
    FROM json_each(:plans) AS changed
    CROSS JOIN plans AS my ON my.plan_id = changed.value
    CROSS JOIN plan_zones AS mine ON mine.plan_id = my.plan_id
    CROSS JOIN plan_zone_boxes AS boxes ON boxes.max_x >= mine.min_x - :reach AND boxes.min_x <= mine.max_x + :reach
                                       AND boxes.max_y >= mine.min_y - :reach AND boxes.min_y <= mine.max_y + :reach
    CROSS JOIN plan_zones AS other ON other.zone_key = boxes.zone_key
    CROSS JOIN plans AS its ON its.plan_id = other.plan_id
    WHERE my.ended IS NULL AND its.ended IS NULL AND my.initiator <> its.initiator
      AND mine.role IN (SELECT value FROM json_each(:roles)) AND other.role IN (SELECT value FROM json_each(:roles))
      AND its.starts_us - my.ends_us <= (:tolerance + its.shift_earlier_days + my.shift_later_days) * {DAY_US}
      AND my.starts_us - its.ends_us <= (:tolerance + my.shift_earlier_days + its.shift_later_days) * {DAY_US}"""


class SqliteStore:
    """The view in SQLite; see `ViewStore`."""

    def save(self, connection: Connection, batch: FoldedBatch) -> None:
        """Store the newest versions."""
        _write(connection, _SAVE_VERSIONS, VERSION_COLUMNS, batch.versions)
        known = select(plans.c.plan_id, plans.c.version).where(among(connection, plans.c.plan_id, batch.plan_ids))
        stored = {row.plan_id: row.version for row in connection.execute(known)}
        newer = [row for row in batch.plans if row[1] > stored.get(row[0], 0)]
        accepted = {row[0] for row in newer}
        _write(connection, _SAVE_PLANS, PLAN_COLUMNS, newer)
        removed = connection.execute(select(*_PLACES).where(among(connection, plan_zones.c.plan_id, accepted))).all()
        connection.exec_driver_sql(_REMOVE_ZONES, (json.dumps(sorted(accepted)),))
        zones = batch.zones_of(accepted)
        if zones:
            connection.exec_driver_sql(_SAVE_ZONES, zones)
        _write(connection, _SAVE_PLACES, PLACE_COLUMNS, batch.former_places(accepted, map(tuple, removed)))

    def near(self, connection: Connection, plan_ids: Collection[PlanId], agreement: Agreement) -> list[Near]:
        """Find what may meet the plans, by the R*Tree over the boxes."""
        values = {
            "plans": json.dumps(list(plan_ids)),
            "roles": json.dumps(sorted(MATCHED_ROLES)),
            "reach": agreement.reach_m,
            "tolerance": agreement.opportunity.time_tolerance_days,
        }
        return [Near(*row) for row in connection.exec_driver_sql(_NEAR, values)]

    def hold(self, connection: Connection, plan_ids: Collection[PlanId]) -> Mapping[PlanId, HeldPlan]:
        """Read the plans; this transaction is the only writer, so they cannot change."""
        statement = select(plans.c.plan_id, plans.c.version, plans.c.title)
        rows = connection.execute(statement.where(among(connection, plans.c.plan_id, plan_ids)))
        return {row.plan_id: HeldPlan(row.version, row.title) for row in rows}

    def write_overlaps(self, connection: Connection, rows: Sequence[OverlapRow]) -> set[OverlapId]:
        """Store pairs; as the only writer, all of them, at the versions that `hold` gave."""
        _write(connection, _SAVE_OVERLAPS, _OVERLAP_COLUMNS, [_overlap(row) for row in rows])
        return {row.overlap_id for row in rows}


def _write(connection: Connection, statement: Insert, columns: Sequence[str], rows: Sequence[Row]) -> None:
    values: list[dict[str, Any]] = [dict(zip(columns, row, strict=True)) for row in rows]
    if values:
        connection.execute(statement, values)
