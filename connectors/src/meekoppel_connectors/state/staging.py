"""The rows of the run that is going on, in temporary tables: outside the state file, and not in memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from meekoppel_connectors.mapping.row import MappedRow, Rejection, SourceRow, duplicate
from meekoppel_connectors.state.rejected_rows import stage_rejections
from meekoppel_connectors.state.snapshot import content_hash, content_of, sortable
from meekoppel_contracts.ids import PlanId
from meekoppel_contracts.plan import Plan

_TABLES = (
    """CREATE TEMP TABLE IF NOT EXISTS incoming (
        position INTEGER PRIMARY KEY,
        plan_id TEXT NOT NULL UNIQUE,
        content_hash BLOB NOT NULL,
        content BLOB NOT NULL,
        row_number INTEGER NOT NULL,
        occurred_at TEXT,
        source_hash BLOB
    )""",
    """CREATE TEMP TABLE IF NOT EXISTS seen (
        plan_id TEXT PRIMARY KEY,
        how TEXT NOT NULL CHECK (how IN ('held', 'same', 'removed')),
        row_number INTEGER NOT NULL,
        occurred_at TEXT
    ) WITHOUT ROWID""",
    """CREATE TEMP TABLE IF NOT EXISTS rejected_plans (plan_id TEXT PRIMARY KEY) WITHOUT ROWID""",
    """CREATE TEMP TABLE IF NOT EXISTS touched (plan_id TEXT PRIMARY KEY) WITHOUT ROWID""",
    """CREATE TEMP TABLE IF NOT EXISTS rejected_now (
        row_number INTEGER, field TEXT, reason TEXT, message TEXT, source_id TEXT, row_values TEXT, plan_id TEXT
    )""",
)
_PLANS = ("incoming", "seen", "rejected_plans")


class Staging:
    """Sets the rows of a source aside for the comparison with the snapshot."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        for table in _TABLES:
            connection.execute(table)

    def clear(self) -> None:
        """Forget all rows."""
        self.clear_plans()
        self._connection.execute("DELETE FROM temp.rejected_now")

    def clear_plans(self) -> None:
        """Forget the rows that were compared; rejections stay until they are kept."""
        for table in _PLANS:
            self._connection.execute(f"DELETE FROM temp.{table}")  # noqa: S608 - our own names

    def stage(self, row: MappedRow, source_hash: bytes | None = None) -> bool:
        """Set one row aside; False when it is rejected, also when a row before it has the same plan id.

        Args:
            row: what the row of the source became.
            source_hash: tells the row of the source from others, as `mapping.recognition` computes it.
        """
        rejections = row.rejections
        if row.plan is not None:
            rejections = self._stage_plan(row.plan, row, source_hash)
        elif row.removed and row.plan_id is not None:
            self._see(row.plan_id, "removed", row.row_number, row.occurred_at)
        if rejections and row.plan_id is not None:
            self._connection.execute("INSERT OR IGNORE INTO temp.rejected_plans VALUES (?)", (row.plan_id,))
        stage_rejections(self._connection, rejections, row.plan_id)
        return not rejections

    def stage_same(self, row: SourceRow, plan: PlanId) -> bool:
        """Note that a row is as when its plan was last taken over; False when a row before it has the same plan id."""
        if self._see(plan, "same", row.number, None):
            return True
        stage_rejections(self._connection, (self._duplicate(plan, row.number, row.values),), plan)
        return False

    def has(self, plan: PlanId) -> bool:
        """Tell whether a row of this plan was set aside, be it to be held or as removed."""
        return self._first_row(plan) is not None

    def touch(self, plan: PlanId) -> bool:
        """Note that a plan was touched in this run; False when it was before."""
        return self._connection.execute("INSERT OR IGNORE INTO temp.touched VALUES (?)", (plan,)).rowcount == 1

    def accepted(self) -> int:
        """Count the plans that were set aside, those that are removed left out."""
        query = "SELECT count(*) FROM temp.seen WHERE how <> 'removed'"
        return int(self._connection.execute(query).fetchone()[0])

    def _see(self, plan: PlanId, how: str, row_number: int, occurred_at: datetime | None) -> bool:
        moment = None if occurred_at is None else sortable(occurred_at)
        cursor = self._connection.execute(
            "INSERT OR IGNORE INTO temp.seen VALUES (?, ?, ?, ?)", (plan, how, row_number, moment)
        )
        return cursor.rowcount == 1

    def _stage_plan(self, plan: Plan, row: MappedRow, source_hash: bytes | None) -> tuple[Rejection, ...]:
        if not self._see(plan.plan_id, "held", row.row_number, row.occurred_at):
            return (self._duplicate(plan.plan_id, row.row_number, row.values),)
        content = content_of(plan)
        moment = None if row.occurred_at is None else sortable(row.occurred_at)
        self._connection.execute(
            """INSERT INTO temp.incoming (plan_id, content_hash, content, row_number, occurred_at, source_hash)
               VALUES (?, ?, ?, ?, ?, ?)""",
            (plan.plan_id, content_hash(content), content, row.row_number, moment, source_hash),
        )
        return ()

    def _first_row(self, plan: PlanId) -> int | None:
        found = self._connection.execute("SELECT row_number FROM temp.seen WHERE plan_id = ?", (plan,)).fetchone()
        return None if found is None else int(found[0])

    def _duplicate(self, plan: PlanId, row_number: int, values: Mapping[str, Any]) -> Rejection:
        return duplicate(plan, row_number, self._first_row(plan) or 0, values)
