"""Reading the view for matching, the same for both stores. Each query is one statement for the whole batch."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Connection,
    Text,
    any_,
    func,
    literal,
    select,
    union_all,
)

from meekoppel_contracts.ids import OverlapId, PlanId
from meekoppel_hub.coordination.facts import FACT_COLUMNS, PlanFacts
from meekoppel_hub.coordination.overlap import OverlapRow
from meekoppel_hub.coordination.plan_change import PlanChange, ZoneRow
from meekoppel_hub.coordination.zone_periods import from_text
from meekoppel_hub.coordination.zones import Indexes, ZoneTable, boxes, zone_table
from meekoppel_hub.platform.database.tables.view import overlaps, plan_zones, plans

_FACTS = [plans.c[name] for name in FACT_COLUMNS]
_OVERLAP = [overlaps.c[name] for name in OverlapRow._fields]
_ZONES = [plan_zones.c[name] for name in ("zone_no", *ZoneRow._fields)]


@dataclass(frozen=True, slots=True)
class LoadedPlans:
    """Plans with their matched zones.

    Attributes:
        plans: ordered by plan id.
        zones: their zones, ordered by plan and number.
        place: the index of each plan in `plans`.
    """

    plans: list[PlanFacts]
    zones: ZoneTable
    place: Mapping[PlanId, int]

    def zone_pairs(self, plan_pairs: Collection[tuple[PlanId, PlanId]], reach_m: float) -> tuple[Indexes, Indexes]:
        """Pair the zones of pairs of plans whose boxes lie within the reach; gives indexes in `zones`."""
        known = [(self.place[one], self.place[other]) for one, other in plan_pairs if {one, other} <= self.place.keys()]
        one, other = np.array(known, dtype=np.int64).reshape(-1, 2).T
        begins = np.searchsorted(self.zones.plan, np.arange(len(self.plans) + 1))
        counts = np.diff(begins)
        combinations = counts[one] * counts[other]
        pair = np.repeat(np.arange(len(one)), combinations)
        number = np.arange(len(pair)) - np.repeat(np.cumsum(combinations) - combinations, combinations)
        wide = counts[other][pair]
        left = begins[one[pair]] + number // np.maximum(wide, 1)
        right = begins[other[pair]] + number % np.maximum(wide, 1)
        box = boxes(self.zones.shapes, self.zones.buffer_m)
        near = (box[left, :2] - reach_m <= box[right, 2:]).all(axis=1)
        near &= (box[right, :2] - reach_m <= box[left, 2:]).all(axis=1)
        return left[near], right[near]


def among(connection: Connection, column: Column[str], values: Collection[str]) -> ColumnElement[bool]:
    """Test a text column against many values, bound as one parameter."""
    if connection.dialect.name == "postgresql":
        return column == any_(literal(list(values), ARRAY(Text)))
    return column.in_(select(func.json_each(json.dumps(list(values))).table_valued("value").c.value))


Others = Callable[[Connection, Collection[PlanId]], Mapping[PlanId, tuple[PlanFacts, Sequence[ZoneRow]]]]
"""Loads what takes part in matching and is no plan, by its ids."""


def load_plans(
    connection: Connection,
    plan_ids: Collection[PlanId],
    at_hand: Iterable[PlanChange] = (),
    others: Others = lambda *_: {},
) -> LoadedPlans:
    """Load plans with their matched zones, in one statement: facts and zones of the same version.

    Args:
        connection: a transaction.
        plan_ids: which plans.
        at_hand: those of them that need not be read: what is stored of them is known.
        others: gives those that are no plans.
    """
    facts = {change.plan_id: PlanFacts(*change.facts) for change in at_hand}
    zones: dict[PlanId, Sequence[ZoneRow]] = {change.plan_id: change.zones for change in at_hand}
    unread = [plan_id for plan_id in plan_ids if plan_id not in facts]
    if unread:
        read: dict[PlanId, list[tuple[int, ZoneRow]]] = {}
        query = select(*_FACTS, *_ZONES).select_from(
            plans.outerjoin(plan_zones, plan_zones.c.plan_id == plans.c.plan_id)
        )
        for row in connection.execute(query.where(among(connection, plans.c.plan_id, unread))).all():
            plan_id = row[0]
            if plan_id not in facts:
                facts[plan_id] = PlanFacts(*row[: len(_FACTS)])
                read[plan_id] = []
            number, role, wkb, buffer_m, periods = row[len(_FACTS) :]
            if number is not None:
                read[plan_id].append((number, ZoneRow(role, bytes(wkb), buffer_m, periods)))
        zones |= {plan_id: [zone for _, zone in sorted(found)] for plan_id, found in read.items()}
        for one, (its_facts, its_zones) in others(connection, [one for one in unread if one not in facts]).items():
            facts[one], zones[one] = its_facts, its_zones
    return _side_by_side(facts, zones)


def _side_by_side(facts: Mapping[PlanId, PlanFacts], zones: Mapping[PlanId, Sequence[ZoneRow]]) -> LoadedPlans:
    ordered = sorted(facts)
    rows = [
        (index, zone.role, zone.wkb, zone.buffer_m, from_text(zone.periods))
        for index, plan_id in enumerate(ordered)
        for zone in zones[plan_id]
    ]
    place = {plan_id: index for index, plan_id in enumerate(ordered)}
    return LoadedPlans([facts[plan_id] for plan_id in ordered], zone_table(rows), place)


def overlaps_of(connection: Connection, plan_ids: Collection[PlanId]) -> dict[OverlapId, OverlapRow]:
    """Load the pairs in which any of the plans takes part, open and resolved."""
    sides = (overlaps.c.first_plan, overlaps.c.second_plan)
    query = union_all(*(select(*_OVERLAP).where(among(connection, side, plan_ids)) for side in sides))
    return {row[0]: OverlapRow(*row) for row in connection.execute(query).all()}
