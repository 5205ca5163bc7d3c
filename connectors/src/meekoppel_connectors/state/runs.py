"""The record of runs: when, as of which moment, how each ended, and its counts."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from meekoppel_connectors.state.snapshot import sortable


class Outcome(StrEnum):
    """How a run ended, or how far it is.

    `running` reads the source; `stored` has its differences in the outbox, not all of them published yet;
    `published` is done; `guarded` was stopped by the guard; `failed` stored nothing; `interrupted` was ended before
    it stored anything.
    """

    RUNNING = "running"
    STORED = "stored"
    PUBLISHED = "published"
    GUARDED = "guarded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


READ_THE_SOURCE = (Outcome.STORED, Outcome.PUBLISHED, Outcome.GUARDED)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run, as it is remembered; times in UTC."""

    id: int
    started: datetime
    as_of: datetime
    finished: datetime | None
    outcome: Outcome
    counts: dict[str, int]
    message: str | None

    def to_dict(self) -> dict[str, Any]:
        """Give it as a dict for JSON, times as text."""
        times = {name: getattr(self, name) for name in ("started", "as_of", "finished")}
        return asdict(self) | {name: time and time.isoformat() for name, time in times.items()}


class Runs:
    """The runs of one connector."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def begin(self, started: datetime, as_of: datetime) -> int:
        """Open a run and give its number; a run that was still open was interrupted."""
        self._connection.execute(
            "UPDATE runs SET outcome = ? WHERE outcome = ?", (Outcome.INTERRUPTED.value, Outcome.RUNNING.value)
        )
        cursor = self._connection.execute(
            "INSERT INTO runs (started, as_of, outcome) VALUES (?, ?, ?)",
            (sortable(started), sortable(as_of), Outcome.RUNNING.value),
        )
        return int(cursor.lastrowid or 0)

    def note(
        self,
        run: int,
        outcome: Outcome,
        *,
        counts: Mapping[str, int] | None = None,
        message: str | None = None,
        finished: datetime | None = None,
    ) -> None:
        """Note how far a run is; what is not given stays as it is."""
        self._connection.execute(
            """UPDATE runs SET outcome = ?, counts = coalesce(?, counts), message = coalesce(?, message),
               finished = coalesce(?, finished) WHERE id = ?""",
            (
                outcome.value,
                None if counts is None else json.dumps(dict(counts)),
                message,
                None if finished is None else sortable(finished),
                run,
            ),
        )

    def outbox_emptied(self) -> None:
        """Note that all that earlier runs stored is published."""
        self._connection.execute(
            "UPDATE runs SET outcome = ? WHERE outcome = ?", (Outcome.PUBLISHED.value, Outcome.STORED.value)
        )

    def last_moment(self) -> datetime | None:
        """Give the latest moment of which the stored snapshot tells; None when there is none."""
        (moment,) = self._connection.execute(
            "SELECT max(as_of) FROM runs WHERE outcome IN (?, ?)", (Outcome.STORED.value, Outcome.PUBLISHED.value)
        ).fetchone()
        return None if moment is None else datetime.fromisoformat(moment)

    def last(self, limit: int) -> tuple[RunRecord, ...]:
        """Give the last runs, newest first."""
        rows = self._connection.execute(
            "SELECT id, started, as_of, finished, outcome, counts, message FROM runs ORDER BY id DESC LIMIT ?", (limit,)
        )
        return tuple(_record(row) for row in rows)

    def last_that_read(self) -> int | None:
        """Give the number of the last run that read its source to the end; None when there is none."""
        marks = ", ".join("?" * len(READ_THE_SOURCE))
        (run,) = self._connection.execute(
            f"SELECT max(id) FROM runs WHERE outcome IN ({marks})",  # noqa: S608 - question marks only
            [outcome.value for outcome in READ_THE_SOURCE],
        ).fetchone()
        return None if run is None else int(run)


def _record(row: tuple[Any, ...]) -> RunRecord:
    number, started, as_of, finished, outcome, counts, message = row
    return RunRecord(
        id=number,
        started=datetime.fromisoformat(started),
        as_of=datetime.fromisoformat(as_of),
        finished=None if finished is None else datetime.fromisoformat(finished),
        outcome=Outcome(outcome),
        counts=json.loads(counts),
        message=message,
    )
