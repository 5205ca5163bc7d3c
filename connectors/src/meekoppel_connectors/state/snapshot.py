"""The last snapshot, and beside it the rows of the running run, so that neither has to fit in memory.

The rows of a run are staged in temporary tables (`staging`), then compared with the snapshot page by page: first the
plans that the source holds, in its order, then the live plans that it does not hold, or says are gone.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from meekoppel_connectors.difference import Change, KnownPlan, Pairing, SnapshotState, Verdict
from meekoppel_contracts.ids import PlanId
from meekoppel_contracts.plan import ENDED, Plan

PAGE = 1000

_SEEN = """
    SELECT i.position, i.content, i.row_number, i.occurred_at, s.state, s.unreadable, c.content
    FROM temp.incoming i
    LEFT JOIN snapshot s ON s.plan_id = i.plan_id
    LEFT JOIN snapshot_content c ON c.plan_id = i.plan_id
    WHERE i.position > ? AND (s.plan_id IS NULL OR s.state <> 'live' OR s.content_hash <> i.content_hash)
      AND NOT (? AND coalesce(i.occurred_at < s.occurred_at, 0))
    ORDER BY i.position LIMIT ?
"""
_NOT_SEEN = """
    SELECT s.plan_id, s.unreadable, c.content,
           EXISTS (SELECT 1 FROM temp.rejected_plans r WHERE r.plan_id = s.plan_id)
    FROM snapshot s JOIN snapshot_content c ON c.plan_id = s.plan_id
    WHERE s.plan_id > ? AND s.state = 'live'
      AND NOT EXISTS (SELECT 1 FROM temp.seen n WHERE n.plan_id = s.plan_id)
    ORDER BY s.plan_id LIMIT ?
"""
# CROSS JOIN keeps SQLite from going through the whole snapshot for the few plans of which a source of changes tells.
_REMOVED = """
    SELECT r.plan_id, s.unreadable, c.content, r.occurred_at
    FROM temp.seen r CROSS JOIN snapshot s ON s.plan_id = r.plan_id JOIN snapshot_content c ON c.plan_id = r.plan_id
    WHERE r.plan_id > ? AND r.how = 'removed' AND s.state = 'live' AND NOT coalesce(r.occurred_at < s.occurred_at, 0)
    ORDER BY r.plan_id LIMIT ?
"""
_UNREADABLE = """
    SELECT r.plan_id, s.unreadable, c.content
    FROM temp.rejected_plans r CROSS JOIN snapshot s ON s.plan_id = r.plan_id
    JOIN snapshot_content c ON c.plan_id = r.plan_id
    WHERE r.plan_id > ? AND s.state = 'live' AND NOT EXISTS (SELECT 1 FROM temp.seen n WHERE n.plan_id = r.plan_id)
    ORDER BY r.plan_id LIMIT ?
"""
_KEEP_SAME = """
    UPDATE snapshot SET unreadable = 0, source_hash = i.source_hash, row_number = i.row_number,
        occurred_at = max(coalesce(i.occurred_at, snapshot.occurred_at), coalesce(snapshot.occurred_at, i.occurred_at))
    FROM temp.incoming i
    WHERE snapshot.plan_id IN (SELECT plan_id FROM temp.incoming) AND i.plan_id = snapshot.plan_id
      AND i.content_hash = snapshot.content_hash AND snapshot.state = 'live'
"""
_READABLE_AGAIN = """
    UPDATE snapshot SET unreadable = 0
    WHERE plan_id IN (SELECT plan_id FROM temp.seen WHERE how = 'same') AND unreadable
"""
_SAVE = """
    INSERT INTO snapshot (plan_id, content_hash, status, latest_end, state, row_number, occurred_at, source_hash)
    VALUES (:plan_id, :hash, :status, :latest_end, :state, :row_number, :occurred_at,
            (SELECT source_hash FROM temp.incoming WHERE plan_id = :plan_id))
    ON CONFLICT (plan_id) DO UPDATE SET
        content_hash = :hash, status = :status, latest_end = :latest_end, state = :state, unreadable = 0,
        row_number = CASE WHEN :row_number THEN :row_number ELSE row_number END,
        occurred_at = coalesce(:occurred_at, occurred_at), source_hash = excluded.source_hash
"""
_SAVE_CONTENT = """
    INSERT INTO snapshot_content (plan_id, content) VALUES (?, ?)
    ON CONFLICT (plan_id) DO UPDATE SET content = excluded.content
"""


def content_of(plan: Plan) -> bytes:
    """Give a plan as the snapshot holds it."""
    return plan.model_dump_json().encode()


def content_hash(content: bytes) -> bytes:
    """Give what tells one content from another."""
    return hashlib.sha256(content).digest()


def sortable(moment: datetime) -> str:
    """Write a moment in UTC and in one width, so that texts compare as moments do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


class Snapshot:
    """The plans as they were last published; all calls belong to the transaction that also fills the outbox."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def live(self, as_of: datetime) -> int:
        """Count the plans that are live: shared, not ended by their status, and not past their end."""
        ended = tuple(sorted(ENDED))
        marks = ", ".join("?" * len(ended))
        return self._count(
            f"SELECT count(*) FROM snapshot WHERE state = 'live' AND status NOT IN ({marks}) AND latest_end > ?",  # noqa: S608 - question marks only
            *ended,
            sortable(as_of),
        )

    def recognised(self, hashes: Sequence[bytes]) -> dict[bytes, PlanId]:
        """Find the live plans whose rows had one of these hashes when they were last taken over."""
        marks = ", ".join("?" * len(hashes))
        query = f"SELECT source_hash, plan_id FROM snapshot WHERE source_hash IN ({marks}) AND state = 'live'"  # noqa: S608 - question marks only
        return {found: PlanId(plan) for found, plan in self._connection.execute(query, hashes)}

    def keep_same(self) -> int:
        """Note that the plans whose content is the same were seen in this run, and count them."""
        same = self._connection.execute(_KEEP_SAME).rowcount
        self._connection.execute(_READABLE_AGAIN)
        return same + self._count("SELECT count(*) FROM temp.seen WHERE how = 'same'")

    def seen(self, *, newer_only: bool = False) -> Iterator[Pairing]:
        """Give every plan that the source holds and whose content is not simply the same, in the source's order.

        The caller may `save` a change before it takes the next pairing.

        Args:
            newer_only: leave out what is older, by the source's own time, than what the snapshot holds.
        """
        last = 0
        while page := self._connection.execute(_SEEN, (last, newer_only, PAGE)).fetchall():
            for last, now, number, occurred_at, state, unreadable, before in page:  # noqa: B007 - begins the next page
                known = None if state is None else _known(before, state, unreadable)
                yield Pairing(known, Plan.model_validate_json(now), occurred_at=_moment(occurred_at), row_number=number)

    def not_seen(self) -> Iterator[Pairing]:
        """Give every live plan that the source does not hold; `save` as for `seen`."""
        for _, unreadable, before, rejected in self._by_plan(_NOT_SEEN):
            yield Pairing(_known(before, SnapshotState.LIVE, unreadable), None, bool(rejected))

    def removed(self) -> Iterator[Pairing]:
        """Give every live plan of which the source says that it is gone; `save` as for `seen`."""
        for _, unreadable, before, occurred_at in self._by_plan(_REMOVED):
            known = _known(before, SnapshotState.LIVE, unreadable)
            yield Pairing(known, None, removed=True, occurred_at=_moment(occurred_at))

    def unreadable(self) -> Iterator[Pairing]:
        """Give every live plan whose row was rejected in this run; `save` as for `seen`."""
        for _, unreadable, before in self._by_plan(_UNREADABLE):
            yield Pairing(_known(before, SnapshotState.LIVE, unreadable), None, row_rejected=True)

    def save(self, change: Change) -> None:
        """Hold a plan as a change leaves it."""
        if change.verdict is Verdict.KEPT:
            self._connection.execute("UPDATE snapshot SET unreadable = 1 WHERE plan_id = ?", (change.plan.plan_id,))
            return
        content = content_of(change.plan)
        values = {
            "plan_id": change.plan.plan_id,
            "hash": content_hash(content),
            "status": change.plan.status.value,
            "latest_end": sortable(change.plan.period.latest_end),
            "state": change.state.value,
            "row_number": change.row_number,
            "occurred_at": None if change.occurred_at is None else sortable(change.occurred_at),
        }
        self._connection.execute(_SAVE, values)
        self._connection.execute(_SAVE_CONTENT, (change.plan.plan_id, content))

    def plans(self, state: SnapshotState) -> Iterator[Plan]:
        """Give all plans of one state, by plan id."""
        query = """SELECT c.content FROM snapshot s JOIN snapshot_content c ON c.plan_id = s.plan_id
                   WHERE s.state = ? ORDER BY s.plan_id"""
        for (content,) in self._connection.execute(query, (state.value,)):
            yield Plan.model_validate_json(content)

    def _by_plan(self, query: str) -> Iterator[tuple[Any, ...]]:
        """Give the rows of a query page by page: what comes between two pages may change the snapshot."""
        last = ""
        while page := self._connection.execute(query, (last, PAGE)).fetchall():
            yield from page
            last = page[-1][0]

    def _count(self, query: str, *values: Any) -> int:
        return int(self._connection.execute(query, values).fetchone()[0])


def _known(content: bytes, state: str, unreadable: int) -> KnownPlan:
    return KnownPlan(Plan.model_validate_json(content), SnapshotState(state), bool(unreadable))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
