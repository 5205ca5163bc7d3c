"""All pairs of the new view from nothing, with the revisions under which they were last told."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, select

from meekoppel_contracts.ids import OverlapId, PlanId
from meekoppel_hub.coordination.facts import FACT_COLUMNS, PlanFacts, facts_of_moratorium
from meekoppel_hub.coordination.matching import match_from_nothing, meetings
from meekoppel_hub.coordination.meeting import Meeting
from meekoppel_hub.coordination.overlap import Announcement, OverlapRow, Pair, settle
from meekoppel_hub.coordination.plan_table import plan_table
from meekoppel_hub.coordination.queries import among
from meekoppel_hub.coordination.rebuild import Zone, resting_zones, stored_moratoria
from meekoppel_hub.coordination.rebuilding.place import Place
from meekoppel_hub.coordination.rebuilding.retelling import retell
from meekoppel_hub.coordination.rebuilding.told import Told
from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.coordination.threads import Threads
from meekoppel_hub.coordination.zone_periods import from_text
from meekoppel_hub.coordination.zones import zone_table
from meekoppel_hub.platform.database.tables.view import plan_zones, plans

_AT_ONCE = 5_000


@dataclass(slots=True)
class Settled:
    """The pairs of a view, and what is to be told of them.

    Attributes:
        rows: all that meet or met.
        untold: those of which something is to be told, with that.
    """

    rows: list[OverlapRow] = field(default_factory=list)
    untold: dict[OverlapId, tuple[Announcement, ...]] = field(default_factory=dict)


def meetings_of(connection: Connection, place: Place, rulebook: Rulebook) -> list[Meeting]:
    """Match all plans of a view, and the moratoria that hold, whatever its overlaps say."""
    taking_part = _plans_of(connection, place) + moratoria_of(connection)
    taking_part.sort(key=lambda one: one[0].plan_id)
    facts = [one for one, _ in taking_part]
    zones = zone_table([(index, *zone) for index, (_, own) in enumerate(taking_part) for zone in own])
    verdicts = match_from_nothing(plan_table(facts), zones, rulebook, Threads(os.cpu_count() or 1))
    return meetings(facts, verdicts, rulebook)


def moratoria_of(connection: Connection) -> list[tuple[PlanFacts, list[Zone]]]:
    """Load the moratoria, as they take part in matching."""
    return [(facts_of_moratorium(event), resting_zones(event)) for event in stored_moratoria(connection)]


def _plans_of(connection: Connection, place: Place) -> list[tuple[PlanFacts, list[Zone]]]:
    table, zones = place.table(plans), place.table(plan_zones)
    reading = connection.execution_options(stream_results=True, max_row_buffer=_AT_ONCE)
    found = reading.execute(select(*(table.c[name] for name in FACT_COLUMNS)).where(table.c.ended.is_(None)))
    known: dict[PlanId, tuple[PlanFacts, list[tuple[int, Zone]]]]
    known = {row.plan_id: (PlanFacts(*row), []) for row in found}
    query = select(zones.c.plan_id, zones.c.zone_no, zones.c.role, zones.c.wkb, zones.c.buffer_m, zones.c.periods)
    for plan_id, number, role, wkb, buffer_m, periods in reading.execute(query):
        if plan_id in known:
            known[plan_id][1].append((number, (role, bytes(wkb), buffer_m, from_text(periods))))
    return [(facts, [zone for _, zone in sorted(own)]) for facts, own in known.values()]


def settle_all(connection: Connection, place: Place, found: Iterable[Meeting], told: Told, now: datetime) -> Settled:
    """Give each pair that meets, or of which was told, its row.

    Args:
        connection: that sees the view's plans.
        place: of the view.
        found: how its plans meet.
        told: what was last told.
        now: the time that news gets.
    """
    settled = Settled()
    seen = set()
    for meeting in found:
        pair = Pair(meeting.first, meeting.second, meeting)
        seen.add(pair.overlap_id)
        _take(settled, pair, told.rows.get(pair.overlap_id), now)
    gone = [row for overlap, row in told.rows.items() if overlap not in seen]
    sides = facts_of(connection, place, {plan for row in gone if row.state == "open" for plan in _plans(row)})
    for row in gone:
        first, second = (sides.get(plan) for plan in _plans(row))
        if row.state == "open" and first is not None and second is not None:
            _take(settled, Pair(first, second, None), row, now)
        else:
            outcome = retell(None, row, now)
            assert outcome is not None
            _note(settled, outcome.row, outcome.announcements)
    return settled


def _take(settled: Settled, pair: Pair, told: OverlapRow | None, now: datetime) -> None:
    outcome = settle(pair, told, now)
    if outcome is not None:
        _note(settled, outcome.row, outcome.announcements)


def _note(settled: Settled, row: OverlapRow, announcements: tuple[Announcement, ...]) -> None:
    settled.rows.append(row)
    if announcements:
        settled.untold[row.overlap_id] = announcements


def _plans(row: OverlapRow) -> tuple[PlanId, PlanId]:
    return row.first_plan, row.second_plan


def facts_of(connection: Connection, place: Place, plan_ids: Collection[PlanId]) -> Mapping[PlanId, PlanFacts]:
    """Load the facts of plans and moratoria, those that have ended too."""
    if not plan_ids:
        return {}
    table = place.table(plans)
    query = select(*(table.c[name] for name in FACT_COLUMNS)).where(among(connection, table.c.plan_id, plan_ids))
    facts = {row.plan_id: PlanFacts(*row) for row in connection.execute(query)}
    return facts | {one.plan_id: one for one, _ in moratoria_of(connection) if one.plan_id in plan_ids}
