"""When rules change: note it, so that no worker matches by the old ones any more, and match again what it concerns.

1. Areas and agreements are stored, and the generation of the rules is raised, in one transaction. It waits for every
   phase two that is under way, since these hold the rules as they are; every one that begins later sees the new rules.
2. Plans that were matched by the old rules are matched again, in chunks by plan id, each in a transaction of its own
   between other work. How far that has come stands in the database: any worker goes on with it, also after a crash.

So when a change is finished no pair is left under the old rules, whatever was folded meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Connection, Select, exists, func, insert, or_, select, update

from meekoppel_contracts.ids import PlanId
from meekoppel_hub.coordination.places import PlaceChange, save_places
from meekoppel_hub.coordination.rules_state import RulesState, read_state, write_state
from meekoppel_hub.platform.agreements.in_force import Box, load_in_force
from meekoppel_hub.platform.database.tables.places import rules_changes
from meekoppel_hub.platform.database.tables.view import plan_zones, plans

log = structlog.get_logger(__name__)

CHUNK = 500
"""So many plans are matched again in one transaction."""

_LONGEST_CAUSE = 300
_UNFINISHED = rules_changes.c.finished_at.is_(None)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Plans that are to be matched again by the rules of a generation; `last` when none come after them."""

    generation: int
    plan_ids: Sequence[PlanId]
    last: bool


def take_over(connection: Connection, changes: Sequence[PlaceChange], cause: str, now: datetime) -> bool:
    """Store what topic `areas` says, and let the rules that follow from it hold from now on.

    Args:
        connection: a transaction of its own.
        changes: areas and agreements; none when it is only time that passed.
        cause: what it comes of, in words; at most 300 characters are kept.
        now: the moment at which rules are taken.

    Returns:
        Whether the rules changed; the plans concerned are then to be matched again.
    """
    state = read_state(connection, lock="change")
    before = load_in_force(connection, state.as_of)
    save_places(connection, changes)
    moment = max(now, state.as_of)
    changed, boxes = before.changes_to(load_in_force(connection, moment))
    generation = state.generation + 1 if changed else state.generation
    write_state(connection, RulesState(generation, moment))
    if changed:
        _note(connection, generation, cause, boxes, now)
    return changed


def is_unfinished(connection: Connection) -> bool:
    """Tell whether plans are still to be matched again."""
    return connection.execute(select(rules_changes.c.generation).where(_UNFINISHED).limit(1)).first() is not None


def settled_generation(connection: Connection) -> int:
    """Tell by which generation of the rules at least all pairs are, or a later one."""
    oldest = connection.scalar(select(func.min(rules_changes.c.generation)).where(_UNFINISHED))
    return read_state(connection).generation if oldest is None else int(oldest) - 1


def match_again_since(connection: Connection, generation: int) -> None:
    """Have all that rules after a generation concern matched again: the pairs are others, made by its rules."""
    again = update(rules_changes).where(rules_changes.c.generation > generation)
    connection.execute(again.values(after_plan="", matched=0, finished_at=None))


def next_chunk(connection: Connection) -> Chunk | None:
    """Take the next plans that are to be matched again, and keep other workers from taking them.

    Returns:
        None when there are none, or when another worker is at it.
    """
    columns = rules_changes.c
    oldest = select(rules_changes).where(_UNFINISHED).order_by(columns.generation).limit(1)
    row = connection.execute(oldest.with_for_update(skip_locked=True)).first()
    if row is None:
        return None
    concerned = concerned_plans(json.loads(row.concerns)).where(plans.c.plan_id > row.after_plan)
    plan_ids = [row.plan_id for row in connection.execute(concerned.order_by(plans.c.plan_id).limit(CHUNK))]
    return Chunk(row.generation, plan_ids, len(plan_ids) < CHUNK)


def note_progress(connection: Connection, chunk: Chunk, now: datetime) -> None:
    """Note that a chunk was matched again, in the transaction that wrote its pairs."""
    columns = rules_changes.c
    values: dict[str, object] = {"matched": columns.matched + len(chunk.plan_ids)}
    if chunk.plan_ids:
        values["after_plan"] = chunk.plan_ids[-1]
    if chunk.last:
        values["finished_at"] = now
    row = connection.execute(
        update(rules_changes)
        .where(columns.generation == chunk.generation)
        .values(**values)
        .returning(columns.matched, columns.total, columns.begun_at)
    ).one()
    seconds = round((now - row.begun_at).total_seconds(), 1)
    told = log.info if chunk.last or row.matched % (20 * CHUNK) == 0 else log.debug
    name = "rules_changed" if chunk.last else "rules_changing"
    told(name, generation=chunk.generation, matched=row.matched, of=row.total, seconds=seconds)


def _note(connection: Connection, generation: int, cause: str, boxes: list[Box] | None, now: datetime) -> None:
    total = connection.scalar(select(func.count()).select_from(concerned_plans(boxes).subquery())) or 0
    connection.execute(
        insert(rules_changes).values(
            generation=generation,
            cause=f"{generation}: {cause}"[:_LONGEST_CAUSE],
            concerns=json.dumps(boxes),
            after_plan="",
            matched=0,
            total=total,
            begun_at=now,
        )
    )
    log.info("rules_changing", generation=generation, cause=cause, plans=total)


def concerned_plans(boxes: Sequence[Sequence[float]] | None) -> Select[tuple[PlanId]]:
    """Select the plans that can still meet others, of which a zone lies in one of the boxes."""
    live = select(plans.c.plan_id).where(plans.c.ended.is_(None))
    if boxes is None:
        return live
    zone = plan_zones.c
    within = [
        (zone.min_x <= max_x) & (zone.max_x >= min_x) & (zone.min_y <= max_y) & (zone.max_y >= min_y)
        for min_x, min_y, max_x, max_y in boxes
    ]
    return live.where(exists().where(zone.plan_id == plans.c.plan_id, or_(*within)))
