"""The live view against what the log says: checksums per plan, and its pairs against a match from nothing.

Both sides are compared up to the same place of the log. Plans that one of the two has folded beyond it are left out
and counted: they differ because time passes, not because something is wrong.
"""

# ruff: noqa: S608  (the statements are put together from the names of our own tables)

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection, Table, select, text

from meekoppel_contracts.ids import OverlapId
from meekoppel_hub.coordination.digest import PAIR_COLUMNS
from meekoppel_hub.coordination.overlap import OPEN, OverlapRow
from meekoppel_hub.coordination.rebuilding.position import live_position
from meekoppel_hub.coordination.rebuilding.tables import ViewTables
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.view import overlaps, plan_versions, plan_zones, plans
from meekoppel_hub.platform.stream.bulk import Positions

_ONLY_LIVE, _ONLY_LOG = 1, 2


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which the live view is not what the log says.

    Attributes:
        of: `plan` or `overlap`.
        id: of the plan or the pair.
        problem: what is wrong with the live view, in words.
    """

    of: str
    id: str
    problem: str


@dataclass(slots=True)
class Comparison:
    """What the comparison found.

    Attributes:
        plans: how many plans the live view had.
        overlaps: how many open pairs it had.
        meanwhile: how many plans were left out, because they changed while the view was rebuilt.
        differences: all that is wrong, plans first.
    """

    plans: int = 0
    overlaps: int = 0
    meanwhile: int = 0
    differences: list[Difference] = field(default_factory=list)


def compare_plans(database: Database, tables: ViewTables, position: Positions) -> Comparison:
    """Compare the plans of the live view with those that were made from the log.

    Args:
        database: that holds both.
        tables: of the store.
        position: up to where the log was read.
    """
    with _snapshot(database) as connection:
        if not tables.exists(connection, tables.live):
            return Comparison()
        tables.prepare_checksums(connection)
        return _Comparing(connection, tables, position).run()


def compare_pairs(
    database: Database, tables: ViewTables, position: Positions, rows: Iterable[OverlapRow], comparison: Comparison
) -> None:
    """Compare the pairs of the live view; what differs goes with the rest.

    Args:
        database: that holds both.
        tables: of the store.
        position: up to where the log was read.
        rows: the pairs that were matched from nothing.
        comparison: of the plans.
    """
    with _snapshot(database) as connection:
        if tables.exists(connection, tables.live):
            _Comparing(connection, tables, position).add_pairs(rows, comparison)


@contextmanager
def _snapshot(database: Database) -> Iterator[Connection]:
    with database.read() as connection:
        if database.dialect == "postgresql":
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        yield connection


class _Comparing:
    """One comparison, in one snapshot of the database."""

    def __init__(self, connection: Connection, tables: ViewTables, position: Positions) -> None:
        self._connection = connection
        self._tables = tables
        live = live_position(connection)
        self._bounds = {
            source: min(offset, live.get(source, 0))
            for source, offset in position.items()
            if offset != live.get(source, 0)
        }

    def run(self) -> Comparison:
        """Compare the plans."""
        later = self._later()
        found: dict[str, list[str]] = {}
        for plan_id, problem in self._plan_problems():
            found.setdefault(plan_id, []).append(problem)
        result = Comparison(self._count(plans), meanwhile=len(later))
        for plan_id, problems in sorted(found.items()):
            if plan_id not in later:
                result.differences.append(Difference("plan", plan_id, "; ".join(problems)))
        return result

    def add_pairs(self, rows: Iterable[OverlapRow], comparison: Comparison) -> None:
        """Compare the pairs."""
        live = self._live_pairs()
        comparison.overlaps = len(live)
        comparison.differences += _pair_differences(live, rows, self._later())

    def _count(self, table: Table) -> int:
        return int(self._connection.scalar(text(f"SELECT count(*) FROM {self._tables.live.name(table.name)}")) or 0)

    def _beyond(self) -> str:
        """Write the condition for versions that stand beyond where both sides have read."""
        parts = [
            f"""(topic = '{source.topic}' AND "partition" = {source.partition} AND "offset" >= {bound})"""
            for source, bound in self._bounds.items()
        ]
        return f"({' OR '.join(parts)})" if parts else "false"

    def _later(self) -> set[str]:
        if not self._bounds:
            return set()
        names = [place.name(plan_versions.name) for place in (self._tables.live, self._tables.next)]
        query = " UNION ".join(f"SELECT plan_id FROM {name} WHERE {self._beyond()}" for name in names)
        return set(self._connection.execute(text(query)).scalars())

    def _plan_problems(self) -> Iterator[tuple[str, str]]:
        wanted = (
            (plan_versions, ("version", "event"), f"WHERE NOT {self._beyond()}", "its versions"),
            (plans, tuple(column.name for column in plans.c if column.name != "plan_id"), "", "what is listed of it"),
            (plan_zones, tuple(c.name for c in plan_zones.c if c.name not in {"zone_key", "plan_id"}), "", "its zones"),
        )
        missing: set[str] = set()
        for table, columns, condition, what in wanted:
            for plan_id, only in self._differing(table, self._in_both(table, columns), condition):
                if only == _ONLY_LOG and table is plan_versions:
                    missing.add(plan_id)
                    yield plan_id, "it is missing in the view"
                elif only == _ONLY_LIVE and table is plan_versions:
                    missing.add(plan_id)
                    yield plan_id, "it is not in the log"
                elif plan_id not in missing:
                    yield plan_id, f"{what} {_amount(only)}"

    def _in_both(self, table: Table, columns: Sequence[str]) -> list[str]:
        there = self._connection.execute(text(f"SELECT * FROM {self._tables.live.name(table.name)} LIMIT 0")).keys()
        return [name for name in columns if name in there]

    def _differing(self, table: Table, columns: Sequence[str], condition: str) -> Iterator[tuple[str, int | None]]:
        """Give the plans whose rows differ, and on which side alone there are any."""
        checksum = self._tables.checksum(columns)
        sides = " UNION ALL ".join(
            f"""SELECT plan_id, {side} AS side, count(*) AS n, {checksum} AS checksum
                FROM {place.name(table.name)} {condition} GROUP BY plan_id"""
            for side, place in ((_ONLY_LIVE, self._tables.live), (_ONLY_LOG, self._tables.next))
        )
        query = f"""
            SELECT plan_id, count(*) AS sides, min(side) AS side FROM ({sides}) AS both_sides GROUP BY plan_id
            HAVING count(*) = 1 OR min(n) <> max(n) OR min(checksum) <> max(checksum)"""
        for row in self._connection.execute(text(query)):
            yield row.plan_id, row.side if row.sides == 1 else None

    def _live_pairs(self) -> Mapping[OverlapId, Mapping[str, object]]:
        table = self._tables.live.table(overlaps)
        columns = [table.c[name] for name in self._in_both(overlaps, PAIR_COLUMNS)]
        rows = self._connection.execute(select(*columns).where(table.c.state == OPEN)).mappings()
        return {row["overlap_id"]: dict(row) for row in rows}


def _amount(only: int | None) -> str:
    if only is None:
        return "differ from the log"
    return "are missing in the view" if only == _ONLY_LOG else "are not in the log"


def _pair_differences(
    live: Mapping[OverlapId, Mapping[str, object]], rows: Iterable[OverlapRow], later: set[str]
) -> list[Difference]:
    made = {row.overlap_id: row for row in rows if row.state == OPEN}
    found = []
    for overlap in sorted(live.keys() | made.keys()):
        row, there = made.get(overlap), live.get(overlap)
        sides = (row.first_plan, row.second_plan) if row else (there["first_plan"], there["second_plan"])  # type: ignore[index]
        if later.intersection(map(str, sides)):
            continue
        problem = _pair_problem(row, there)
        if problem:
            found.append(Difference("overlap", overlap, f"{sides[0]} and {sides[1]}: {problem}"))
    return found


def _pair_problem(row: OverlapRow | None, there: Mapping[str, object] | None) -> str:
    if there is None:
        return "they meet, and the view does not say so"
    if row is None:
        return "they do not meet, and the view says so"
    names = [name for name, value in there.items() if value != getattr(row, name)]
    return f"the view is wrong about {', '.join(names)}" if names else ""
