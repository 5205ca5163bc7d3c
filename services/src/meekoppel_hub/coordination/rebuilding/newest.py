"""Decode the newest version of each plan into `plans` and `plan_zones`; the older ones are not read."""

# ruff: noqa: S608  (the statements are put together from the names of our own tables)

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, text

from meekoppel_hub.coordination.fold import PLAN_COLUMNS, ZONE_COLUMNS, FoldedBatch, fold, plan_row
from meekoppel_hub.coordination.plan_change import PlanChange, read_event
from meekoppel_hub.coordination.rebuilding.held_back import Spot
from meekoppel_hub.coordination.rebuilding.tables import ViewTables, tables_of
from meekoppel_hub.coordination.rebuilding.working import Advance, Job, run_jobs
from meekoppel_hub.platform.database import Database, open_database
from meekoppel_hub.platform.database.tables.view import plan_zones, plans
from meekoppel_hub.platform.errors import PoisonRecord
from meekoppel_hub.platform.stream.records import PartitionId

_AT_ONCE = 2_000
VERSION = 'v.plan_id, v.version, v.topic, v."partition", v."offset", v.event'


@dataclass(frozen=True, slots=True)
class Fallen:
    """A newest version that can never be folded: the plan stays at the one before.

    Attributes:
        plan_id: the plan.
        version: the version.
        spot: where its record stands.
        reason: as for a record that is set aside.
        detail: in words.
    """

    plan_id: str
    version: int
    spot: Spot
    reason: str
    detail: str


@dataclass(slots=True)
class Filled:
    """What came of the newest versions.

    Attributes:
        plans: how many plans were written.
        decoded: how many records were decoded for that.
        fallen: versions that could not be folded.
    """

    plans: int = 0
    decoded: int = 0
    fallen: list[Fallen] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class NewestShare(Job[Filled]):
    """One process's part of the plans.

    Attributes:
        url: of the database.
        crs: EPSG number of the hub's CRS.
        number: which share.
        of: of how many.
    """

    url: str
    crs: int
    number: int
    of: int

    def run(self, advance: Advance) -> Filled:
        """Fill the new tables with it."""
        database = open_database(self.url)
        try:
            return _Filling(database, tables_of(database, self.crs), self, advance).run()
        finally:
            database.close()


def fill_newest(database: Database, tables: ViewTables, url: str, crs: int, workers: int, advance: Advance) -> Filled:
    """Fill the new `plans` and `plan_zones` from the new `plan_versions`.

    Args:
        database: the live database.
        tables: of the store.
        url: of the database, for other processes.
        crs: EPSG number of the hub's CRS.
        workers: in how many processes.
        advance: is told how many more plans were done.
    """
    jobs = [NewestShare(url, crs, number, workers) for number in range(workers)]
    parts = [_Filling(database, tables, jobs[0], advance).run()] if len(jobs) == 1 else run_jobs(jobs, advance)
    total = Filled()
    for part in parts:
        total.plans += part.plans
        total.decoded += part.decoded
        total.fallen += part.fallen
    with database.begin() as connection:
        _forget(connection, tables, total.fallen)
    return total


class _Filling:
    """Fills one share of the plans."""

    def __init__(self, database: Database, tables: ViewTables, job: NewestShare, advance: Advance) -> None:
        self._database = database
        self._versions = tables.next.name("plan_versions")
        self._tables = tables
        self._job = job
        self._advance = advance
        self._filled = Filled()

    def run(self) -> Filled:
        """Decode and write."""
        with ExitStack() as stack:
            into_plans = stack.enter_context(self._tables.writing(plans, PLAN_COLUMNS))
            into_zones = stack.enter_context(self._tables.writing(plan_zones, ZONE_COLUMNS))
            for rows in pages(self._database, self._newest()):
                for batch in self._fold(rows):
                    into_plans.write(map(plan_row, batch.newest.values()))
                    into_zones.write(batch.zone_rows(batch.plan_ids))
                    self._filled.plans += len(batch.newest)
                self._advance(len(rows))
        return self._filled

    def _newest(self) -> str:
        mine = share_of_plans(self._job.number, self._job.of)
        return f"""
            SELECT {VERSION} FROM (
                SELECT plan_id, max(version) AS version FROM {self._versions} AS v WHERE {mine} GROUP BY plan_id
            ) AS newest JOIN {self._versions} AS v ON v.plan_id = newest.plan_id AND v.version = newest.version"""

    def _fold(self, rows: Sequence[Row[Any]]) -> Iterator[FoldedBatch]:
        try:
            yield fold([self._change(row) for row in rows], self._job.crs)
        except PoisonRecord:  # one of them: find it
            for row in rows:
                batch = self._fold_one(row)
                if batch is not None:
                    yield batch

    def _fold_one(self, row: Row[Any] | None) -> FoldedBatch | None:
        """Fold a version, or the next older one that can be folded."""
        while row is not None:
            try:
                return fold([self._change(row)], self._job.crs)
            except PoisonRecord as poison:
                spot = (row.topic, row.partition, row.offset)
                self._filled.fallen.append(Fallen(row.plan_id, row.version, spot, poison.reason, poison.detail))
                row = self._older(row.plan_id, row.version)
        return None

    def _older(self, plan_id: str, version: int) -> Row[Any] | None:
        statement = f"""
            SELECT {VERSION} FROM {self._versions} AS v WHERE v.plan_id = :plan AND v.version < :version
            ORDER BY v.version DESC LIMIT 1"""
        with self._database.read() as connection:
            return connection.execute(text(statement), {"plan": plan_id, "version": version}).first()

    def _change(self, row: Row[Any]) -> PlanChange:
        self._filled.decoded += 1
        return change_of(row)


def change_of(row: Row[Any]) -> PlanChange:
    """Read the event of a version; its row has the columns `VERSION`.

    Raises:
        PoisonRecord: when it is no plan event, or not of that version.
    """
    change = read_event(bytes(row.event), PartitionId(row.topic, row.partition), row.offset)
    if (change.plan_id, change.version) != (row.plan_id, row.version):
        said = f"the headers say {row.plan_id} version {row.version}, the event {change.plan_id} {change.version}"
        raise PoisonRecord("headers_differ", said)
    return change


def share_of_plans(number: int, of: int) -> str:
    """Write the condition for the plans of one share; a plan is in one only."""
    return "true" if of == 1 else f"abs(hashtext(v.plan_id)::bigint) % {of} = {number}"


def pages(database: Database, statement: str) -> Iterator[Sequence[Row[Any]]]:
    """Give what a statement selects, some thousands of rows at a time."""
    with database.read() as connection:
        reading = connection.execution_options(stream_results=True, max_row_buffer=_AT_ONCE)
        yield from reading.execute(text(statement.replace(":", r"\:"))).partitions(_AT_ONCE)


def _forget(connection: Connection, tables: ViewTables, fallen: Sequence[Fallen]) -> None:
    statement = text(f"DELETE FROM {tables.next.name('plan_versions')} WHERE plan_id = :plan AND version = :version")
    for one in fallen:
        connection.execute(statement, {"plan": one.plan_id, "version": one.version})
