"""The rows of pairs, read and written while tables become live; plain names of tables mean those that do."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import islice

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from meekoppel_contracts.ids import OverlapId, PlanId
from meekoppel_hub.coordination.overlap import OverlapRow
from meekoppel_hub.coordination.queries import among
from meekoppel_hub.coordination.rebuilding.told import VERSION_COLUMNS, version_row
from meekoppel_hub.platform.database.tables.view import overlap_versions, overlaps, plans

OVERLAP_COLUMNS = OverlapRow._fields
_OVERLAP = [overlaps.c[name] for name in OVERLAP_COLUMNS]


def as_row(row: OverlapRow) -> tuple[object, ...]:
    """Write a pair in the order of `OVERLAP_COLUMNS`."""
    return tuple(getattr(row, name) for name in OVERLAP_COLUMNS)


def all_pairs(connection: Connection) -> set[OverlapId]:
    """List all pairs."""
    return set(connection.execute(select(overlaps.c.overlap_id)).scalars())


def load_pairs(connection: Connection, wanted: Collection[OverlapId]) -> dict[OverlapId, OverlapRow]:
    """Load pairs as they stand."""
    if not wanted:
        return {}
    rows = connection.execute(select(*_OVERLAP).where(among(connection, overlaps.c.overlap_id, wanted)))
    return {row.overlap_id: OverlapRow(*row) for row in rows}


def write_pairs(connection: Connection, rows: Collection[OverlapRow], gone: Collection[OverlapId]) -> None:
    """Write pairs over what stood there, and take away those that never were."""
    named = [row.overlap_id for row in rows] + list(gone)
    if named:
        connection.execute(delete(overlaps).where(among(connection, overlaps.c.overlap_id, named)))
    if rows:
        connection.execute(insert(overlaps), [dict(zip(OVERLAP_COLUMNS, as_row(row), strict=True)) for row in rows])


def keep_versions(connection: Connection, told: Iterable[tuple[OverlapRow, bytes]]) -> None:
    """Keep what was told; a revision that is there already is left as it is."""
    dialect = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = dialect(overlap_versions).on_conflict_do_nothing()
    rows = (dict(zip(VERSION_COLUMNS, version_row(row, event), strict=True)) for row, event in told)
    while some := list(islice(rows, 2_000)):
        connection.execute(statement, some)


def forget_versions(connection: Connection, wanted: Collection[OverlapId], told: Mapping[OverlapId, int]) -> None:
    """Take away revisions that were made on the way and never told.

    Args:
        connection: of the open transaction.
        wanted: of which pairs.
        told: the last revision that was told of each.
    """
    table = overlap_versions
    if not wanted:
        return
    query = select(table.c.overlap_id, table.c.revision).where(among(connection, table.c.overlap_id, wanted))
    untold = [row for row in connection.execute(query) if row.revision > told.get(row.overlap_id, 0)]
    for row in untold:
        connection.execute(delete(table).where(table.c.overlap_id == row.overlap_id, table.c.revision == row.revision))


def titles_of(connection: Connection, wanted: Collection[PlanId]) -> dict[PlanId, str]:
    """Give the titles of plans; of one that is not there, none."""
    titles = dict.fromkeys(wanted, "")
    if wanted:
        rows = connection.execute(
            select(plans.c.plan_id, plans.c.title).where(among(connection, plans.c.plan_id, wanted))
        )
        titles.update({row.plan_id: row.title for row in rows})
    return titles
