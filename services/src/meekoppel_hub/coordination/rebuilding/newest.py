"""Decode the newest version of each plan into `plans` and `plan_zones`; where plans lay before, into `former_places`.

Older versions are decoded only where a plan moved: an event names the fields that changed, and `zones` among them is
found in its bytes.
"""

# ruff: noqa: S608  (the statements are put together from the names of our own tables)

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, text

from meekoppel_hub.coordination.fold import PLACE_COLUMNS, PLAN_COLUMNS, ZONE_COLUMNS, FoldedBatch, fold, plan_row
from meekoppel_hub.coordination.plan_change import PlanChange, read_event
from meekoppel_hub.coordination.rebuilding.held_back import Spot
from meekoppel_hub.coordination.rebuilding.tables import ViewTables, Writer, tables_of
from meekoppel_hub.coordination.rebuilding.working import Advance, Job, run_jobs
from meekoppel_hub.platform.database import Database, open_database
from meekoppel_hub.platform.database.tables.view import former_places, plan_zones, plans
from meekoppel_hub.platform.errors import PoisonRecord
from meekoppel_hub.platform.stream.records import PartitionId

_AT_ONCE = 2_000
_ZONES_CHANGED = b"\x0azones"
"""How Avro writes the string `zones`: its length (5, zigzag), then its letters. Found by chance, it costs a decode."""

_COLUMNS = 'v.plan_id, v.version, v.topic, v."partition", v."offset", v.event'


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
        decoded: how many records were decoded for that, and for where plans lay before.
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
    """Fill the new `plans`, `plan_zones` and `former_places` from the new `plan_versions`.

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
        _leave_where_they_are(connection, tables)
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
            for rows in self._pages(self._newest()):
                for batch in self._fold(rows):
                    into_plans.write(map(plan_row, batch.newest.values()))
                    into_zones.write(batch.zone_rows(batch.plan_ids))
                    self._filled.plans += len(batch.newest)
                self._advance(len(rows))
        with self._tables.writing(former_places, PLACE_COLUMNS) as into_places:
            self._fill_places(into_places)
        return self._filled

    def _newest(self) -> str:
        return f"""
            SELECT {_COLUMNS} FROM (
                SELECT plan_id, max(version) AS version FROM {self._versions} AS v {self._mine()} GROUP BY plan_id
            ) AS newest JOIN {self._versions} AS v ON v.plan_id = newest.plan_id AND v.version = newest.version"""

    def _moved(self) -> str:
        """Select the first version of each plan that moved, and all that moved it but the last."""
        return f"""
            WITH moved AS (
                SELECT plan_id, version FROM {self._versions} AS v {self._mine()} {self._zones_changed()}
            ), latest AS (
                SELECT plan_id, max(version) AS version FROM moved GROUP BY plan_id
            ), earliest AS (
                SELECT v.plan_id, min(v.version) AS version
                FROM {self._versions} AS v JOIN latest ON latest.plan_id = v.plan_id GROUP BY v.plan_id
            ), wanted AS (SELECT * FROM moved UNION SELECT * FROM earliest)
            SELECT {_COLUMNS} FROM wanted
            JOIN latest ON latest.plan_id = wanted.plan_id AND latest.version > wanted.version
            JOIN {self._versions} AS v ON v.plan_id = wanted.plan_id AND v.version = wanted.version
            ORDER BY v.plan_id"""

    def _mine(self) -> str:
        if self._job.of == 1:
            return "WHERE true"
        return f"WHERE abs(hashtext(v.plan_id)::bigint) % {self._job.of} = {self._job.number}"

    def _zones_changed(self) -> str:
        mark = _ZONES_CHANGED.hex()
        if self._database.dialect == "postgresql":
            return f"AND position('\\x{mark}'::bytea IN v.event) > 0"
        return f"AND instr(v.event, x'{mark}') > 0"

    def _pages(self, statement: str) -> Iterator[Sequence[Row[Any]]]:
        with self._database.read() as connection:
            reading = connection.execution_options(stream_results=True, max_row_buffer=_AT_ONCE)
            yield from reading.execute(text(statement.replace(":", r"\:"))).partitions(_AT_ONCE)

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
            SELECT {_COLUMNS} FROM {self._versions} AS v WHERE v.plan_id = :plan AND v.version < :version
            ORDER BY v.version DESC LIMIT 1"""
        with self._database.read() as connection:
            return connection.execute(text(statement), {"plan": plan_id, "version": version}).first()

    def _change(self, row: Row[Any]) -> PlanChange:
        self._filled.decoded += 1
        change = read_event(bytes(row.event), PartitionId(row.topic, row.partition), row.offset)
        if (change.plan_id, change.version) != (row.plan_id, row.version):
            said = f"the headers say {row.plan_id} version {row.version}, the event {change.plan_id} {change.version}"
            raise PoisonRecord("headers_differ", said)
        return change

    def _fill_places(self, writer: Writer) -> None:
        for rows in self._pages(self._moved()):
            changes = []
            for row in rows:
                try:
                    changes.append(self._change(row))
                except PoisonRecord:  # superseded: only where it lay is not known
                    continue
            batch = fold(changes, self._job.crs)
            writer.write(sorted({(change.plan_id, *box) for change in changes for box in batch.boxes_of(change)}))


def _forget(connection: Connection, tables: ViewTables, fallen: Sequence[Fallen]) -> None:
    statement = text(f"DELETE FROM {tables.next.name('plan_versions')} WHERE plan_id = :plan AND version = :version")
    for one in fallen:
        connection.execute(statement, {"plan": one.plan_id, "version": one.version})


def _leave_where_they_are(connection: Connection, tables: ViewTables) -> None:
    """Take away the former places where a plan lies now."""
    same = " AND ".join(f"zone.{name} = place.{name}" for name in PLACE_COLUMNS)
    connection.execute(
        text(f"""
            DELETE FROM {tables.next.name("former_places")} WHERE place_key IN (
                SELECT place.place_key FROM {tables.next.name("former_places")} AS place
                JOIN {tables.next.name("plan_zones")} AS zone ON {same})""")
    )
