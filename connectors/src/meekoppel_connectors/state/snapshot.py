"""The last snapshot, and beside it the rows of the running run, so that neither has to fit in memory.

The rows of a run are staged in temporary tables, then compared with the snapshot page by page: first the plans that
the source holds, in its order, then the live plans that it does not hold.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from meekoppel_connectors.difference import Change, KnownPlan, Pairing, SnapshotState, Verdict
from meekoppel_connectors.mapping.row import MappedRow, Rejection
from meekoppel_connectors.state.rejected_rows import stage_rejections
from meekoppel_contracts.ids import PlanId
from meekoppel_contracts.plan import ENDED, Plan

PAGE = 1000

_STAGING = (
    """CREATE TEMP TABLE IF NOT EXISTS incoming (
        position INTEGER PRIMARY KEY,
        plan_id TEXT NOT NULL UNIQUE,
        content_hash BLOB NOT NULL,
        content BLOB NOT NULL
    )""",
    """CREATE TEMP TABLE IF NOT EXISTS rejected_plans (plan_id TEXT PRIMARY KEY) WITHOUT ROWID""",
    """CREATE TEMP TABLE IF NOT EXISTS rejected_now (
        row_number INTEGER, field TEXT, reason TEXT, message TEXT, source_id TEXT, row_values TEXT
    )""",
    "DELETE FROM temp.incoming",
    "DELETE FROM temp.rejected_plans",
    "DELETE FROM temp.rejected_now",
)

_SEEN = """
    SELECT i.position, i.content, s.state, s.unreadable, c.content
    FROM temp.incoming i
    LEFT JOIN snapshot s ON s.plan_id = i.plan_id
    LEFT JOIN snapshot_content c ON c.plan_id = i.plan_id
    WHERE i.position > ? AND (s.plan_id IS NULL OR s.state <> 'live' OR s.content_hash <> i.content_hash)
    ORDER BY i.position LIMIT ?
"""
_NOT_SEEN = """
    SELECT s.plan_id, s.unreadable, c.content,
           EXISTS (SELECT 1 FROM temp.rejected_plans r WHERE r.plan_id = s.plan_id)
    FROM snapshot s JOIN snapshot_content c ON c.plan_id = s.plan_id
    WHERE s.plan_id > ? AND s.state = 'live'
      AND NOT EXISTS (SELECT 1 FROM temp.incoming i WHERE i.plan_id = s.plan_id)
    ORDER BY s.plan_id LIMIT ?
"""
_SAME = """
    UPDATE snapshot SET last_seen_run = ?, unreadable = 0
    WHERE state = 'live' AND EXISTS (
        SELECT 1 FROM temp.incoming i
        WHERE i.plan_id = snapshot.plan_id AND i.content_hash = snapshot.content_hash
    )
"""
_SAVE = """
    INSERT INTO snapshot (plan_id, content_hash, status, latest_end, state, last_seen_run)
    VALUES (:plan_id, :hash, :status, :latest_end, :state, :run)
    ON CONFLICT (plan_id) DO UPDATE SET
        content_hash = :hash, status = :status, latest_end = :latest_end, state = :state, unreadable = 0,
        last_seen_run = CASE WHEN :seen THEN :run ELSE last_seen_run END
"""
_SAVE_CONTENT = """
    INSERT INTO snapshot_content (plan_id, content) VALUES (?, ?)
    ON CONFLICT (plan_id) DO UPDATE SET content = excluded.content
"""


def _content(plan: Plan) -> bytes:
    return plan.model_dump_json().encode()


def _hash(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def sortable(moment: datetime) -> str:
    """Write a moment in UTC and in one width, so that texts compare as moments do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


class Snapshot:
    """The plans as they were last published, and the rows of the run that is going on.

    `clear_staging` and `stage` belong to one transaction, all the rest to another: the one that also fills the outbox.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def clear_staging(self) -> None:
        """Forget the rows of an earlier run."""
        for statement in _STAGING:
            self._connection.execute(statement)

    def stage(self, row: MappedRow) -> bool:
        """Set one row of the source aside for the comparison; False when it is rejected.

        That is also so when a row before it has the same plan id.
        """
        rejections = row.rejections if row.plan is None else self._stage_plan(row.plan, row.row_number)
        if rejections and row.plan_id is not None:
            self._connection.execute("INSERT OR IGNORE INTO temp.rejected_plans VALUES (?)", (row.plan_id,))
        stage_rejections(self._connection, rejections)
        return not rejections

    def _stage_plan(self, plan: Plan, row_number: int) -> tuple[Rejection, ...]:
        content = _content(plan)
        cursor = self._connection.execute(
            "INSERT OR IGNORE INTO temp.incoming (plan_id, content_hash, content) VALUES (?, ?, ?)",
            (plan.plan_id, _hash(content), content),
        )
        if cursor.rowcount == 0:
            message = f"another row before it has plan id {plan.plan_id} too; give every plan an id of its own"
            return (_rejection(row_number, "id", "duplicate_id", message, plan.plan_id),)
        return ()

    def accepted(self) -> int:
        """Count the plans that this run staged."""
        return self._count("SELECT count(*) FROM temp.incoming")

    def live(self, as_of: datetime) -> int:
        """Count the plans that are live: shared, not ended by their status, and not past their end."""
        ended = tuple(sorted(ENDED))
        marks = ", ".join("?" * len(ended))
        return self._count(
            f"SELECT count(*) FROM snapshot WHERE state = 'live' AND status NOT IN ({marks}) AND latest_end > ?",  # noqa: S608 - question marks only
            *ended,
            sortable(as_of),
        )

    def keep_same(self, run: int) -> int:
        """Note that the plans whose content is the same were seen in this run, and count them."""
        return self._connection.execute(_SAME, (run,)).rowcount

    def pairings(self) -> Iterator[Pairing]:
        """Give every plan whose content is not simply the same, in the snapshot and now.

        The caller may `save` a change before it takes the next pairing.
        """
        yield from self._seen()
        yield from self._not_seen()

    def _seen(self) -> Iterator[Pairing]:
        last = 0
        while page := self._connection.execute(_SEEN, (last, PAGE)).fetchall():
            for last, now, state, unreadable, before in page:  # noqa: B007 - the last one begins the next page
                known = None if state is None else _known(before, state, unreadable)
                yield Pairing(known, Plan.model_validate_json(now))

    def _not_seen(self) -> Iterator[Pairing]:
        last = ""
        while page := self._connection.execute(_NOT_SEEN, (last, PAGE)).fetchall():
            for last, unreadable, before, rejected in page:  # noqa: B007 - the last one begins the next page
                yield Pairing(_known(before, SnapshotState.LIVE, unreadable), None, bool(rejected))

    def save(self, change: Change, run: int) -> None:
        """Hold a plan as a change leaves it."""
        if change.verdict is Verdict.KEPT:
            self._connection.execute("UPDATE snapshot SET unreadable = 1 WHERE plan_id = ?", (change.plan.plan_id,))
            return
        content = _content(change.plan)
        values = {
            "plan_id": change.plan.plan_id,
            "hash": _hash(content),
            "status": change.plan.status.value,
            "latest_end": sortable(change.plan.period.latest_end),
            "state": change.state.value,
            "run": run,
            "seen": change.state is SnapshotState.LIVE,
        }
        self._connection.execute(_SAVE, values)
        self._connection.execute(_SAVE_CONTENT, (change.plan.plan_id, content))

    def plans(self, state: SnapshotState) -> Iterator[Plan]:
        """Give all plans of one state, by plan id."""
        query = """SELECT c.content FROM snapshot s JOIN snapshot_content c ON c.plan_id = s.plan_id
                   WHERE s.state = ? ORDER BY s.plan_id"""
        for (content,) in self._connection.execute(query, (state.value,)):
            yield Plan.model_validate_json(content)

    def _count(self, query: str, *values: Any) -> int:
        return int(self._connection.execute(query, values).fetchone()[0])


def _known(content: bytes, state: str, unreadable: int) -> KnownPlan:
    return KnownPlan(Plan.model_validate_json(content), SnapshotState(state), bool(unreadable))


def _rejection(row_number: int, field: str, reason: str, message: str, plan_id: PlanId) -> Rejection:
    return Rejection(row_number, field, reason, message, source_id=plan_id, values={})
