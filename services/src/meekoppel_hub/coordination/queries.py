"""Reading the view for matching, the same for both stores. Each query is one statement for the whole batch."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields

import numpy as np
from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Connection,
    Text,
    and_,
    any_,
    func,
    literal,
    or_,
    select,
)

from meekoppel_contracts.ids import OverlapId, PlanId
from meekoppel_hub.coordination.facts import FACT_COLUMNS, PlanFacts
from meekoppel_hub.coordination.overlap import OverlapRow
from meekoppel_hub.coordination.zone_periods import from_text
from meekoppel_hub.coordination.zones import MATCHED_ROLES, Indexes, ZoneTable, zone_table
from meekoppel_hub.platform.database.tables.view import overlaps, plan_zones, plans

_FACTS = [plans.c[name] for name in FACT_COLUMNS]
_OVERLAP = [overlaps.c[field.name] for field in fields(OverlapRow)]
_ZONES = [plan_zones.c[name] for name in ("zone_key", "zone_no", "role", "wkb", "buffer_m", "periods")]


@dataclass(frozen=True, slots=True)
class LoadedPlans:
    """Plans with their matched zones, as they stood in one moment.

    Attributes:
        plans: ordered by plan id.
        zones: their zones, ordered by plan and number.
        zone_index: the place of each zone in `zones`, by its key in the database. A zone's key is new with every
            version of its plan: what is not found here belongs to another version.
    """

    plans: list[PlanFacts]
    zones: ZoneTable
    zone_index: dict[int, int]

    def pairs(self, near: Iterable[tuple[int, int]]) -> tuple[Indexes, Indexes]:
        """Turn pairs of zone keys into pairs of places in `zones`; pairs of other versions are left out."""
        index = self.zone_index
        found = [(index[one], index[other]) for one, other in near if one in index and other in index]
        table = np.array(found, dtype=np.int64).reshape(-1, 2)
        return table[:, 0], table[:, 1]


def among(connection: Connection, column: Column[str], values: Collection[str]) -> ColumnElement[bool]:
    """Test a text column against many values, bound as one parameter."""
    if connection.dialect.name == "postgresql":
        return column == any_(literal(list(values), ARRAY(Text)))
    return column.in_(select(func.json_each(json.dumps(list(values))).table_valued("value").c.value))


def load_versions(connection: Connection, plan_ids: Collection[PlanId]) -> dict[PlanId, int]:
    """Give the versions of plans as they stand now."""
    statement = select(plans.c.plan_id, plans.c.version).where(among(connection, plans.c.plan_id, plan_ids))
    return {row.plan_id: row.version for row in connection.execute(statement)}


def load_plans(connection: Connection, plan_ids: Collection[PlanId]) -> LoadedPlans:
    """Load plans with their matched zones, in one statement: facts and zones of the same version."""
    zone_of_plan = and_(plan_zones.c.plan_id == plans.c.plan_id, plan_zones.c.role.in_(sorted(MATCHED_ROLES)))
    statement = (
        select(*_FACTS, *_ZONES)
        .select_from(plans.outerjoin(plan_zones, zone_of_plan))
        .where(among(connection, plans.c.plan_id, plan_ids))
    )
    found: dict[PlanId, PlanFacts] = {}
    zones = []
    for row in connection.execute(statement):
        if row.plan_id not in found:
            found[row.plan_id] = PlanFacts(*row[: len(_FACTS)])
        if row.zone_key is not None:
            zones.append((row.plan_id, *row[len(_FACTS) :]))
    ordered = sorted(found)
    place = {plan_id: index for index, plan_id in enumerate(ordered)}
    zones.sort(key=lambda zone: (zone[0], zone[2]))
    return LoadedPlans(
        plans=[found[plan_id] for plan_id in ordered],
        zones=zone_table(
            [
                (place[plan_id], role, bytes(wkb), buffer_m, from_text(periods))
                for plan_id, _, _, role, wkb, buffer_m, periods in zones
            ]
        ),
        zone_index={zone[1]: index for index, zone in enumerate(zones)},
    )


def open_overlaps(connection: Connection, plan_ids: Collection[PlanId]) -> list[tuple[PlanId, PlanId]]:
    """List the open pairs in which any of the plans takes part: lower plan id first."""
    mine = or_(among(connection, overlaps.c.first_plan, plan_ids), among(connection, overlaps.c.second_plan, plan_ids))
    rows = connection.execute(
        select(overlaps.c.first_plan, overlaps.c.second_plan).where(overlaps.c.state == "open", mine)
    )
    return [(row.first_plan, row.second_plan) for row in rows]


def load_overlaps(connection: Connection, ids: Collection[OverlapId]) -> dict[OverlapId, OverlapRow]:
    """Load the rows of pairs, open and resolved."""
    rows = connection.execute(select(*_OVERLAP).where(among(connection, overlaps.c.overlap_id, ids)))
    return {row.overlap_id: OverlapRow(*row) for row in rows}
