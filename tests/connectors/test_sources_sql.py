from __future__ import annotations

import importlib
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import shapely
from pydantic import ValidationError

from meekoppel_connectors.errors import ConfigError, SourceAway, SourceError
from meekoppel_connectors.mapping.read import read_plans
from meekoppel_connectors.sources.opening import source_class
from meekoppel_connectors.sources.source import Reached
from meekoppel_connectors.sources.sql.cursor import asked, kept, looking_back
from meekoppel_connectors.sources.sql.settings import RemovedFlag, SqlSettings
from tests.connectors.databases import sql_source, sqlite_file, until_end
from tests.connectors.feeds import NOW, configured

TABLE = "CREATE TABLE plans (id INTEGER PRIMARY KEY, title TEXT, wkt TEXT, changed TEXT)"
WKT = {"wkt": "wkt"}
CURSOR = {"time": "changed", "id": "id", "overlap_seconds": 0}


def filled(folder: Path, *rows: str, table: str = TABLE) -> str:
    path = sqlite_file(folder, table, *(f"INSERT INTO plans VALUES {row}" for row in rows))
    return f"sqlite:///{path}"


# settings


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://reader:geheim99@db.example/gis",
        "postgresql://reader@db.example/gis?password=geheim99",
        "mssql+pyodbc:///?odbc_connect=DRIVER%3Dx%3BPWD%3Dgeheim99",
    ],
)
def test_a_password_in_the_configuration_is_refused_without_being_repeated(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match=r"source\.url: holds a password.*password_variable") as caught:
        configured(tmp_path, source={"format": "sql", "url": url, "table": "plans"})
    assert "geheim99" not in str(caught.value)


def test_an_address_that_is_none_is_said() -> None:
    with pytest.raises(ValidationError, match="is no database address; write it as postgresql://"):
        sql_source(url="db.example", table="plans")


@pytest.mark.parametrize("what", [{}, {"table": "plans", "query": "SELECT 1"}])
def test_either_a_table_or_a_query_is_read(what: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="give either table or query"):
        sql_source(url="sqlite:///x.db", **what)


def test_the_place_shows_neither_password_nor_parameters() -> None:
    settings = SqlSettings(format="sql", url="postgresql://reader@db.example/gis?sslmode=require", table="works.plans")
    assert settings.place == "postgresql://reader@db.example/gis (works.plans)"


def test_an_sqlite_file_counts_from_the_folder_of_the_configuration(tmp_path: Path) -> None:
    filled(tmp_path, "(1, 'a', 'POINT (111500 516500)', NULL)")
    source = {"format": "sql", "url": "sqlite:///plans.db", "table": "plans", "crs": 28992, "geometry": WKT}
    plan = {"id": {"field": "id"}, "title": {"field": "title"}, "period": {"earliest_start": "2026-04-01",
            "latest_end": "2026-04-30"}}  # fmt: skip
    (row,) = read_plans(configured(tmp_path, plan, source=source), NOW)
    assert row.plan is not None
    assert row.plan.plan_id == "NL.gm0361.1"


def test_what_is_missing_to_read_databases_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("meekoppel_connectors.sources.sql.query")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    importlib.invalidate_caches()
    with pytest.raises(SourceError, match=r"needs sqlalchemy.*pip install 'meekoppel-connectors\[sql\]'"):
        source_class("sql")


# a table or query of SQLite


def test_a_table_is_read_by_its_primary_key(tmp_path: Path) -> None:
    url = filled(tmp_path, "(2, 'b', 'POINT (1 2)', NULL)", "(1, '007', NULL, NULL)")
    rows = list(sql_source(url=url, table="plans", geometry=WKT).snapshot())
    assert [(row.number, row.values["id"], row.values["title"]) for row in rows] == [(1, 1, "007"), (2, 2, "b")]


def test_colons_and_percent_signs_of_a_query_are_the_owners_own(tmp_path: Path) -> None:
    url = filled(tmp_path, "(1, '100% :a', 'POINT (1 2)', NULL)")
    query = "SELECT id, wkt, '12:30 :x' AS at, title LIKE '%:a%' AS found FROM plans -- the end\n;"
    (row,) = sql_source(url=url, query=query, geometry=WKT).snapshot()
    assert (row.values["at"], row.values["found"]) == ("12:30 :x", 1)


def test_wkb_of_any_database_is_geometry(tmp_path: Path) -> None:
    point = shapely.to_wkb(shapely.Point(1, 2)).hex()
    url = filled(
        tmp_path, f"(1, X'{point}')", "(2, X'00')", "(3, NULL)", table="CREATE TABLE plans (id INTEGER, shape)"
    )
    first, second, third = sql_source(url=url, table="plans", geometry_column="shape").snapshot()
    assert first.geometry == shapely.Point(1, 2)
    assert second.fault is not None
    assert second.fault.startswith("has a geometry in shape that cannot be read")
    assert (third.geometry, third.fault) == (None, None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"table": "plan"}, r"has no table or view 'plan'; did you mean 'plans'\?"),
        ({"query": "SELECT titel FROM plans"}, "refuses the question: no such column: titel"),
        ({"query": "DELETE FROM plans"}, "attempt to write a readonly database"),
        ({"query": "SELECT id, id FROM plans"}, "gives two columns named 'id'; name them apart with AS"),
        ({"table": "plans", "geometry_column": "g"}, r"has no column 'g', which source\.geometry_column names"),
    ],
)
def test_what_the_database_does_not_have_is_said(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    if "geometry_column" not in options:
        options = {"geometry": WKT, **options}
    with pytest.raises(SourceError, match=message):
        list(sql_source(url=filled(tmp_path), **options).snapshot())


def test_a_file_that_is_not_there_is_said_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no such file"):
        sql_source(url=f"sqlite:///{tmp_path}/none.db", table="plans", geometry=WKT).describe()
    assert list(tmp_path.iterdir()) == []


def test_a_kind_of_database_without_its_driver_is_said() -> None:
    with pytest.raises(SourceError, match="needs a driver that is not installed; pip install 'oracledb'"):
        sql_source(url="oracle+oracledb://reader@db.example/gis", table="plans", geometry=WKT).describe()


def test_a_server_that_is_away_is_away() -> None:
    with pytest.raises(SourceAway, match="Connection refused"):
        sql_source(url="postgresql://reader@127.0.0.1:1/gis", table="plans").describe()


# changes


def test_changes_go_on_exactly_where_they_stopped_among_rows_of_one_time(tmp_path: Path) -> None:
    rows = [f"({number}, 't', 'POINT (1 2)', '2026-03-01T10:00:00')" for number in range(1, 2501)]
    source = sql_source(url=filled(tmp_path, *rows), table="plans", geometry=WKT, cursor=CURSOR)
    reading = iter(source.changes(None))
    before = []
    for item in reading:
        if isinstance(item, Reached):
            break
        before.append(item.values["id"])
    assert len(before) == 1000
    after, last = until_end(source, item.cursor)
    assert before + after == list(range(1, 2501))
    assert until_end(source, last) == ([], last)


def test_a_source_without_changes_keeps_its_cursor(tmp_path: Path) -> None:
    source = sql_source(url=filled(tmp_path), table="plans", geometry=WKT, cursor=CURSOR)
    assert until_end(source, None) == ([], "")
    assert until_end(source, "") == ([], "")


def test_a_row_without_a_time_is_read_at_every_run(tmp_path: Path) -> None:
    url = filled(tmp_path, "(1, 'a', NULL, NULL)", "(2, 'b', NULL, '2026-03-01T10:00:00')")
    source = sql_source(url=url, table="plans", geometry=WKT, cursor=CURSOR)
    ids, cursor = until_end(source, None)
    assert ids == [1, 2]
    assert until_end(source, cursor) == ([1], cursor)


@pytest.mark.parametrize(
    ("cursor", "message"),
    [
        ({"time": "change", "id": "id"}, r"has no column 'change', which source\.cursor names; did you mean 'changed'"),
        ({"time": "changed", "id": "nr"}, r"has no column 'nr', which source\.cursor names; it has id, title"),
    ],
)
def test_a_cursor_column_that_is_not_there_is_said(tmp_path: Path, cursor: dict[str, str], message: str) -> None:
    with pytest.raises(SourceError, match=message):
        list(sql_source(url=filled(tmp_path), table="plans", geometry=WKT, cursor=cursor).changes(None))


def test_the_cursor_of_another_source_is_refused(tmp_path: Path) -> None:
    source = sql_source(url=filled(tmp_path), table="plans", geometry=WKT, cursor=CURSOR)
    with pytest.raises(SourceError, match="the state holds the cursor of another source"):
        list(source.changes("https://feed.example/page/3"))


MOMENT = datetime(2026, 3, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("time", "earlier"),
    [
        (MOMENT, MOMENT - timedelta(seconds=60)),
        (date(2026, 3, 1), date(2026, 3, 1)),
        (1_772_359_200, 1_772_359_140),
        (1_772_359_200_000, 1_772_359_140_000),
        (4711, None),
        ("2026-03-01 10:00:00", "2026-03-01 09:59:00"),
        ("2026-03-01T10:00:00Z", "2026-03-01T09:59:00Z"),
        ("2026-03-01", "2026-03-01"),
        ("v17", None),
    ],
)
def test_a_reading_looks_back_in_the_form_in_which_times_are_kept(time: Any, earlier: Any) -> None:
    assert looking_back(time, 60) == earlier


@pytest.mark.parametrize("value", [MOMENT, date(2026, 3, 1), 17, 1.5, "2026-03-01T10:00:00", "@home"])
def test_a_kept_time_comes_back_as_it_was(value: Any) -> None:
    assert asked(kept(value, 1).time) == value


@pytest.mark.parametrize(
    ("values", "value", "gone"),
    [
        (None, None, False), (None, "", False), (None, False, False), (None, 0, False), (None, "nee", False),
        (None, True, True), (None, MOMENT, True), (("D", "X"), "D", True), (("D",), "true", False),
    ],
)  # fmt: skip
def test_a_flag_says_whether_a_record_is_gone(values: tuple[str, ...] | None, value: Any, gone: bool) -> None:
    assert RemovedFlag(field="gone", values=values).says_so(value) is gone
