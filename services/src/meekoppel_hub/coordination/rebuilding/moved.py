"""Find where plans lay before they lay where they lie now, for looking at the view as of an earlier moment.

Versions are decoded only where a plan moved: an event names the fields that changed, and `zones` among them is found
in its bytes.
"""

# ruff: noqa: S608  (the statements are put together from the names of our own tables)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Row, text

from meekoppel_hub.coordination.fold import PLACE_COLUMNS, fold
from meekoppel_hub.coordination.plan_change import Row as ViewRow
from meekoppel_hub.coordination.rebuilding.newest import VERSION, change_of, pages, share_of_plans
from meekoppel_hub.coordination.rebuilding.tables import ViewTables, tables_of
from meekoppel_hub.coordination.rebuilding.working import Advance, Job, run_jobs
from meekoppel_hub.platform.database import Database, open_database
from meekoppel_hub.platform.database.tables.view import former_places
from meekoppel_hub.platform.errors import PoisonRecord

_ZONES_CHANGED = b"\x0azones".hex()
"""How Avro writes the string `zones`: its length (5, zigzag), then its letters. Found by chance, it costs a decode."""


@dataclass(frozen=True, slots=True)
class MovedShare(Job[int]):
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

    def run(self, advance: Advance) -> int:
        """Fill the new table with it; gives how many records were decoded."""
        database = open_database(self.url)
        try:
            return fill_share(database, tables_of(database, self.crs), self)
        finally:
            database.close()


def fill_moved(database: Database, tables: ViewTables, url: str, crs: int, workers: int) -> int:
    """Fill the new `former_places` from the new `plan_versions`.

    Args:
        database: the live database.
        tables: of the store.
        url: of the database, for other processes.
        crs: EPSG number of the hub's CRS.
        workers: in how many processes.

    Returns:
        How many records were decoded.
    """
    jobs = [MovedShare(url, crs, number, workers) for number in range(workers)]
    decoded = fill_share(database, tables, jobs[0]) if workers == 1 else sum(run_jobs(jobs, lambda _: None))
    same = " AND ".join(f"zone.{name} = place.{name}" for name in PLACE_COLUMNS)
    places = tables.next.name(former_places.name)
    with database.begin() as connection:  # where a plan lies now is no former place
        connection.execute(
            text(f"""
                DELETE FROM {places} WHERE place_key IN (
                    SELECT place.place_key FROM {places} AS place
                    JOIN {tables.next.name("plan_zones")} AS zone ON {same})""")
        )
    return decoded


def fill_share(database: Database, tables: ViewTables, job: MovedShare) -> int:
    """Fill the new table with one share of the plans, in this process."""
    decoded = 0
    with tables.writing(former_places, PLACE_COLUMNS) as writer:
        for rows in pages(database, _moved(database, tables, job)):
            decoded += len(rows)
            writer.write(sorted(_places(rows, job.crs)))
    return decoded


def _moved(database: Database, tables: ViewTables, job: MovedShare) -> str:
    """Select the first version of each plan that moved, and all that moved it but the last."""
    versions = tables.next.name("plan_versions")
    found = f"position('\\x{_ZONES_CHANGED}'::bytea IN v.event)"
    if database.dialect == "sqlite":
        found = f"instr(v.event, x'{_ZONES_CHANGED}')"
    return f"""
        WITH moved AS (
            SELECT plan_id, version FROM {versions} AS v WHERE {share_of_plans(job.number, job.of)} AND {found} > 0
        ), latest AS (
            SELECT plan_id, max(version) AS version FROM moved GROUP BY plan_id
        ), earliest AS (
            SELECT v.plan_id, min(v.version) AS version
            FROM {versions} AS v JOIN latest ON latest.plan_id = v.plan_id GROUP BY v.plan_id
        ), wanted AS (SELECT * FROM moved UNION SELECT * FROM earliest)
        SELECT {VERSION} FROM wanted
        JOIN latest ON latest.plan_id = wanted.plan_id AND latest.version > wanted.version
        JOIN {versions} AS v ON v.plan_id = wanted.plan_id AND v.version = wanted.version"""


def _places(rows: Sequence[Row[ViewRow]], crs: int) -> set[ViewRow]:
    try:
        changes = [change_of(row) for row in rows]
        batch = fold(changes, crs)
    except PoisonRecord:
        if len(rows) == 1:  # superseded: only where it lay is not known
            return set()
        return {place for row in rows for place in _places([row], crs)}
    return {(change.plan_id, *box) for change in changes for box in batch.boxes_of(change)}
