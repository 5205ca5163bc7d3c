"""Follow what other workers store, so that the index in memory is as true as the database.

Each worker notes in `view_changes` which plans it stored, in the transaction that stores them. Before matching, a
worker catches up: it reads what was committed since it last looked, and takes these plans anew. What it stored itself
it takes directly. Three things make this exact:

- *Nothing that commits late is skipped.* PostgreSQL gives no order of commits; so a worker remembers the snapshot in
  which it last looked, and reads what that snapshot did not show (`pg_visible_in_snapshot`). SQLite has one writer, and
  its sequence is the order.
- *What a worker matched is still so when it commits.* At the end of its first transaction a worker takes a lock alone;
  before it writes pairs it takes the same lock together with others, and looks once more which plans were stored since
  it caught up. Pairs with these are left to whoever stored them: that worker matches them after this one committed.
- *When in doubt, the index is loaded anew*: after a crash of the database, when another view was put in the place of
  this one (`generation`), or when what it would have to catch up with was removed already. Of a transaction of its own
  whose end it did not see, a worker reads the plans again as if another had stored them.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

import structlog
from sqlalchemy import BigInteger, Connection, delete, insert, literal, select, text
from sqlalchemy.dialects import postgresql, sqlite

from meekoppel_contracts.ids import PlanId
from meekoppel_hub.coordination import metrics
from meekoppel_hub.coordination.candidates import CandidateIndex, IndexedPlan, IndexedZone, as_dated, as_indexed
from meekoppel_hub.coordination.facts import FACT_COLUMNS
from meekoppel_hub.coordination.fold import FoldedBatch
from meekoppel_hub.coordination.plan_change import PlanChange
from meekoppel_hub.coordination.queries import among
from meekoppel_hub.coordination.windows import DAY_US
from meekoppel_hub.platform.database.tables.view import plan_zones, plans, view_changes
from meekoppel_hub.platform.database.view_state import GENERATION_SETTING, read_setting, write_setting
from meekoppel_hub.platform.errors import TransientError

log = structlog.get_logger(__name__)

KEPT = timedelta(minutes=10)
REMOVED_SETTING = "changes_removed"
"""Up to where changes were removed; whoever has not read so far loads anew."""
_REMOVED_EVERY = timedelta(minutes=1)
_AT_ONCE = 20_000
_ENDED = FACT_COLUMNS.index("ended")
# One number for the whole view, beside that of `create`. The order of commits: alone, or together.
_COMMIT_LOCK = 7_364_002

_CATCH_UP = {
    "postgresql": """
        SELECT pg_current_snapshot()::text AS position, changes.worker, changes.batch, changes.plans,
               (SELECT plans FROM view_changes WHERE seq = 0) AS life,
               (SELECT value FROM view_settings WHERE name = 'generation') AS generation,
               COALESCE((SELECT value FROM view_settings WHERE name = 'changes_removed')::xid8
                        > pg_snapshot_xmin(CAST(:since AS pg_snapshot)), false) AS behind
        FROM (SELECT 1) AS one LEFT JOIN view_changes AS changes
          ON changes.seq > 0 AND changes.xid >= pg_snapshot_xmin(CAST(:since AS pg_snapshot))
         AND NOT pg_visible_in_snapshot(changes.xid, CAST(:since AS pg_snapshot))""",
    "sqlite": """
        SELECT (SELECT COALESCE(max(seq), 0) FROM view_changes) AS position,
               changes.worker, changes.batch, changes.plans,
               (SELECT plans FROM view_changes WHERE seq = 0) AS life,
               (SELECT value FROM view_settings WHERE name = 'generation') AS generation,
               COALESCE(CAST((SELECT value FROM view_settings WHERE name = 'changes_removed') AS INTEGER) > :since, 0)
                   AS behind
        FROM (SELECT 1) AS one LEFT JOIN view_changes AS changes ON changes.seq > :since""",
}
_NOW = {
    "postgresql": "SELECT pg_current_snapshot()::text",
    "sqlite": "SELECT COALESCE(max(seq), 0) FROM view_changes",
}
_INDEXED = [
    plans.c.plan_id,
    plans.c.version,
    plans.c.initiator,
    plans.c.zones_hash,
    plans.c.starts_us - plans.c.shift_earlier_days * literal(DAY_US, BigInteger),
    plans.c.ends_us + plans.c.shift_later_days * literal(DAY_US, BigInteger),
    plan_zones.c.role,
    plan_zones.c.min_x,
    plan_zones.c.min_y,
    plan_zones.c.max_x,
    plan_zones.c.max_y,
]

Fields = Sequence[Any]
Source = Callable[[Connection, Collection[PlanId] | None], Iterator[Sequence[Fields]]]
"""Gives what can meet others, as rows of `CandidateIndex.fill`: all of it, or of some ids. What it leaves out cannot.

The rows of one plan come together, but may begin in one part and end in the next."""


class Follower:
    """Keeps an index in memory true to the view. Not for several threads at once.

    Args:
        index: what is kept; empty at first, loaded when it is first needed.
        sources: what stands in it.
    """

    def __init__(self, index: CandidateIndex, sources: Sequence[Source]) -> None:
        self.index = index
        self._sources = sources
        self._worker = uuid.uuid4().hex
        self._batch = 0
        self._unsure: set[int] = set()
        self._loaded = False
        self._since: Any = None
        self._life: str | None = None
        self._generation: str | None = None
        self._removed_at: datetime | None = None

    def note(self, connection: Connection, plan_ids: Collection[PlanId], now: datetime) -> None:
        """Tell other workers which plans this transaction stores; the last that it does.

        Until `took` says that it was committed, it counts as one whose end was not seen.
        """
        self._batch += 1
        self._unsure.add(self._batch)
        if not plan_ids:
            return
        if self._life is None:
            self._begin_life(connection, now)
        row = {"worker": self._worker, "batch": self._batch, "plans": "\n".join(plan_ids), "written_at": now}
        connection.execute(insert(view_changes), [row])
        self._remove_old(connection, now)
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_COMMIT_LOCK})")

    def took(self, stored: Sequence[PlanChange], batch: FoldedBatch) -> None:
        """Take what the transaction that was noted last has stored and committed.

        Args:
            stored: the changes of the batch that are stored now.
            batch: tells where their zones lie.
        """
        self._unsure.discard(self._batch)
        if not self._loaded:
            return
        known = self.index.zones_hash_of
        live = [change for change in stored if change.facts[_ENDED] is None]
        placed = [change for change in live if known(change.facts[0]) != change.zones_hash]
        moved = {change.facts[0] for change in placed}
        self.index.remove(change.facts[0] for change in stored if change.facts[_ENDED] is not None)
        self.index.put_dates(as_dated(change) for change in live if change.facts[0] not in moved)
        self.index.put(as_indexed(change, batch.boxes_of(change)) for change in placed)

    def catch_up(self, connection: Connection) -> set[PlanId] | None:
        """Take what others stored since the last time.

        Returns:
            The plans that were taken anew; None when all of them were.
        """
        changed = self._look(connection) if self._loaded else None
        if changed is None:
            self._load(connection)
            return None
        self._take(connection, changed)
        return changed

    def changed_meanwhile(self, connection: Connection) -> set[PlanId]:
        """Tell which plans were stored since this transaction caught up; until it ends, nobody stores any more.

        They are taken anew the next time, as all that was stored since.

        Raises:
            TransientError: when another view was put in the place of this one.
        """
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock_shared({_COMMIT_LOCK})")
        since = self._since
        changed = self._look(connection)
        self._since = since
        if changed is None:
            raise TransientError("the view was put in the place of another while its plans were matched")
        return changed

    def _look(self, connection: Connection) -> set[PlanId] | None:
        rows = connection.execute(text(_CATCH_UP[connection.dialect.name]), {"since": self._since}).all()
        state = rows[0]
        if state.behind or state.life != self._life or state.generation != self._generation:
            return None
        self._since = state.position
        changed: set[PlanId] = set()
        for row in rows:
            if row.plans is not None and (row.worker != self._worker or row.batch in self._unsure):
                changed.update(row.plans.split("\n"))
        return changed

    def _take(self, connection: Connection, changed: Collection[PlanId]) -> None:
        if not changed:
            return
        found = [
            plan for source in self._sources for rows in _whole(source(connection, changed)) for plan in _plans(rows)
        ]
        self.index.remove(set(changed) - {plan.plan_id for plan in found})
        self.index.put(found)

    def _load(self, connection: Connection) -> None:
        """Load everything. What is stored while it is read is read again when catching up."""
        with metrics.PHASE_SECONDS.labels("load").time():
            self._since = connection.execute(text(_NOW[connection.dialect.name])).scalar_one()
            self._life = connection.scalar(select(view_changes.c.plans).where(view_changes.c.seq == 0))
            self._generation = read_setting(connection, GENERATION_SETTING)
            self.index.clear()
            for source in self._sources:
                for rows in _whole(source(connection, None)):
                    self.index.fill(rows)
        self._loaded = True
        log.info("index_loaded", plans=len(self.index), generation=self._generation)

    def _begin_life(self, connection: Connection, now: datetime) -> None:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        row = {"seq": 0, "worker": "", "batch": 0, "plans": uuid.uuid4().hex, "written_at": now}
        connection.execute(dialect.insert(view_changes).on_conflict_do_nothing(), [row])

    def _remove_old(self, connection: Connection, now: datetime) -> None:
        """Remove what every worker has had time to read; whoever has not loads anew."""
        if self._removed_at is not None and now - self._removed_at < _REMOVED_EVERY:
            return
        self._removed_at = now
        old = delete(view_changes).where(view_changes.c.seq > 0, view_changes.c.written_at < now - KEPT)
        if connection.dialect.name == "postgresql":
            # What some snapshot may not show yet stays: `behind` compares with the oldest of a worker's snapshot.
            shown_to_all = old.where(text("xid < pg_snapshot_xmin(pg_current_snapshot())"))
            numbers = connection.execute(shown_to_all.returning(text("xid::text::bigint"))).scalars()
            removed = [number + 1 for number in numbers]
        else:
            removed = list(connection.execute(old.returning(view_changes.c.seq)).scalars())
        if removed:
            known = read_setting(connection, REMOVED_SETTING)
            write_setting(connection, REMOVED_SETTING, str(max([int(known or 0), *removed])))


def indexed_plans(connection: Connection, plan_ids: Collection[PlanId] | None) -> Iterator[Sequence[Fields]]:
    """Give the plans that can still meet others, with their zones, as they are stored; all of them, or some."""
    query = (
        select(*_INDEXED)
        .select_from(plans.outerjoin(plan_zones, plan_zones.c.plan_id == plans.c.plan_id))
        .where(plans.c.ended.is_(None))
        .order_by(plans.c.plan_id)
    )
    if plan_ids is None:
        query = query.execution_options(yield_per=_AT_ONCE)
    else:
        query = query.where(among(connection, plans.c.plan_id, plan_ids))
    yield from connection.execute(query).partitions(_AT_ONCE)


def _plans(rows: Sequence[Fields]) -> Iterator[IndexedPlan]:
    for plan_id, group in groupby(rows, key=itemgetter(0)):
        zones = list(group)
        _, version, owner, zones_hash, *_ = zones[0]
        kept = [
            IndexedZone(role, tuple(box), from_us, until_us)
            for _, _, _, _, from_us, until_us, role, *box in zones
            if role
        ]
        yield IndexedPlan(plan_id, version, owner, zones_hash, kept)


def _whole(parts: Iterator[Sequence[Fields]]) -> Iterator[Sequence[Fields]]:
    """Cut the rows so that those of a plan stay together."""
    held: list[Fields] = []
    for part in parts:
        held += part
        last = held[-1][0]
        cut = next(place for place in range(len(held) - 1, -1, -1) if place == 0 or held[place - 1][0] != last)
        if cut:
            yield held[:cut]
        held = held[cut:]
    if held:
        yield held
