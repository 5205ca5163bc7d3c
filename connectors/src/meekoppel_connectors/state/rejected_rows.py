"""The rows that did not become plans: row number, field, reason and the values, kept for the last runs."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from meekoppel_connectors.mapping.row import Rejection
from meekoppel_contracts.ids import PlanId

RUNS_KEPT = 10
MOST = 100_000
"""Of rejected changes, which are kept until they are settled."""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """One reason why one row of a run did not become a plan.

    Attributes:
        row_number: the line, or the record from 1, that the user sees in the source.
        field: the source field, or the plan field where no single source field is to blame.
        reason: a short code.
        message: what is wrong and what to do.
        source_id: the row's own id, where it could be read.
        values: the row as the source has it, dates and the like as text.
    """

    row_number: int
    field: str
    reason: str
    message: str
    source_id: str | None
    values: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Give it as a dict for JSON."""
        return asdict(self)


def stage_rejections(
    connection: sqlite3.Connection, rejections: Iterable[Rejection], plan: PlanId | None = None
) -> None:
    """Set the rejections of one row aside until the run is stored."""
    connection.executemany(
        "INSERT INTO temp.rejected_now VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (
                each.row_number,
                _whole(each.field),
                str(each.reason),
                _whole(each.message),
                None if each.source_id is None else _whole(each.source_id),
                _whole(json.dumps(dict(each.values), default=str, ensure_ascii=False)),
                plan,
            )
            for each in rejections
        ),
    )


def keep_rejections(connection: sqlite3.Connection, run: int) -> None:
    """Store the rejections of a whole source with their run, and drop those of runs long past.

    Of a source that tells its changes those of all runs are dropped: the whole of it tells them again.
    """
    connection.execute(
        """DELETE FROM rejected_rows
           WHERE run <= ? OR EXISTS (SELECT 1 FROM meta WHERE key = 'cursor')""",
        (run - RUNS_KEPT,),
    )
    _keep(connection, run)


def forget_rejections(connection: sqlite3.Connection) -> None:
    """Drop all rejections, before a source of changes is read from its beginning and tells them again."""
    connection.execute("DELETE FROM rejected_rows")


def keep_unsettled(connection: sqlite3.Connection, run: int) -> None:
    """Store the rejections of some changes; one goes when its plan is taken over or removed, and not before.

    A plan that was set aside was so after its rejections: what follows it is staged after these changes are stored.
    """
    connection.execute("DELETE FROM temp.rejected_now WHERE plan_id IN (SELECT plan_id FROM temp.seen)")
    connection.execute(
        """DELETE FROM rejected_rows
           WHERE plan_id IN (SELECT plan_id FROM temp.seen UNION SELECT plan_id FROM temp.rejected_plans)"""
    )
    _keep(connection, run)
    connection.execute("DELETE FROM rejected_rows WHERE rowid <= (SELECT max(rowid) FROM rejected_rows) - ?", (MOST,))


def rejections_of(connection: sqlite3.Connection, run: int | None) -> tuple[RejectedRow, ...]:
    """Give the rejections of a run, by row; of all runs when it is None."""
    rows = connection.execute(
        """SELECT row_number, field, reason, message, source_id, row_values
           FROM rejected_rows WHERE run = coalesce(?, run) ORDER BY run, row_number, rowid""",
        (run,),
    )
    return tuple(
        RejectedRow(number, field, reason, message, source_id, json.loads(values))
        for number, field, reason, message, source_id, values in rows
    )


def _keep(connection: sqlite3.Connection, run: int) -> None:
    connection.execute(
        """INSERT INTO rejected_rows (run, row_number, field, reason, message, source_id, row_values, plan_id)
           SELECT ?, row_number, field, reason, message, source_id, row_values, plan_id FROM temp.rejected_now""",
        (run,),
    )
    connection.execute("DELETE FROM temp.rejected_now")


def _whole(text: str) -> str:
    """Put a question mark for half a character, which the JSON of some programs holds and no file may."""
    return text.encode(errors="replace").decode()
