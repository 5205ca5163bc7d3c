from __future__ import annotations

from collections.abc import Iterator

import pytest
import shapely
from pyproj import CRS
from sqlalchemy import text

from meekoppel_connectors.errors import Fatal, SourceAway, SourceError
from meekoppel_connectors.sources.source import Reached
from tests.connectors.databases import PASSWORD_VARIABLE, Gis, gis, until_end

POINT = "ST_SetSRID(ST_MakePoint(111500, 516500), 28992)"


@pytest.fixture
def database(postgis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gis]:
    with gis(postgis_url) as made:
        monkeypatch.setenv(PASSWORD_VARIABLE, made.password)
        yield made


def insert(number: int, time: str = "now()", geometry: str = POINT) -> str:
    return f"INSERT INTO works.plans (id, title, geom, updated_at) VALUES ({number}, 't', {geometry}, {time})"


def test_a_table_tells_its_columns_and_its_crs(database: Gis) -> None:
    database.do(insert(1))
    found = database.source(table="works.plans").describe()
    assert found.fields == ("id", "title", "updated_at", "deleted")
    assert (found.fixed, found.crs) == (True, CRS.from_epsg(28992))


def test_geometry_of_a_query_comes_with_its_srid(database: Gis) -> None:
    database.do(insert(1))
    source = database.source(query="SELECT id, ST_Transform(geom, 4326) AS shape FROM works.plans")
    assert source.describe().crs == CRS.from_epsg(4326)
    (row,) = source.snapshot()
    assert isinstance(row.geometry, shapely.Point)
    assert (round(row.geometry.x, 2), round(row.geometry.y, 2)) == (4.74, 52.63)
    assert row.values == {"id": 1}


def test_geography_is_geometry_too(database: Gis) -> None:
    database.do(insert(1))
    source = database.source(query="SELECT id, ST_Transform(geom, 4326)::geography AS shape FROM works.plans")
    assert source.describe().crs == CRS.from_epsg(4326)
    (row,) = source.snapshot()
    assert isinstance(row.geometry, shapely.Point)


def test_arcs_are_made_straight(database: Gis) -> None:
    database.do(insert(1, geometry="'SRID=28992;CURVEPOLYGON(CIRCULARSTRING(0 0, 100 0, 0 0))'"))
    (row,) = database.source(table="works.plans").snapshot()
    assert isinstance(row.geometry, shapely.Polygon)
    assert row.geometry.area == pytest.approx(3.14159 * 50**2, rel=0.005)


def test_a_geometry_of_a_kind_that_is_no_plan_marks_its_row(database: Gis) -> None:
    triangle = "'SRID=28992;TIN(((0 0, 1 0, 0 1, 0 0)))'"
    database.do(insert(1, geometry=triangle), insert(2))
    first, second = database.source(table="works.plans").snapshot()
    assert first.fault is not None
    assert first.fault.startswith("has a geometry in geom that cannot be read")
    assert second.fault is None


def test_rows_in_another_srid_than_the_first_are_marked(database: Gis) -> None:
    database.do(insert(1), insert(2))
    query = "SELECT id, CASE id WHEN 1 THEN geom ELSE ST_SetSRID(geom, 31370) END AS shape FROM works.plans ORDER BY id"
    _, second = database.source(query=query).snapshot()
    assert second.fault == "has geometry in SRID 31370, where the first has 28992; transform it in a query"


def test_of_two_geometries_one_is_to_be_chosen(database: Gis) -> None:
    database.do(insert(1), "ALTER TABLE works.plans ADD centre geometry(Point, 28992)")
    with pytest.raises(SourceError, match=r"has geometry in geom, centre; set source\.geometry_column"):
        database.source(table="works.plans").describe()
    chosen = database.source(table="works.plans", geometry_column="geom").describe()
    assert "centre" not in chosen.fields


def test_values_of_postgresql_become_plain_ones(database: Gis) -> None:
    query = f"""SELECT '{{"a": {{"b": [1, 2]}}}}'::jsonb AS props, ARRAY['x', 'y'] AS parts, 12.50::numeric AS depth,
        '[2026-04-01,2026-05-01)'::daterange AS period, 'infinity'::timestamptz AS until,
        '6f1c0f3e-0000-4000-8000-000000000001'::uuid AS id, {POINT} AS geom"""
    source = database.source(query=query)
    assert source.describe().fixed is False
    (row,) = source.snapshot()
    assert {name: str(value) for name, value in row.values.items()} == {
        "props.a.b": "[1, 2]", "parts": "['x', 'y']", "depth": "12.5", "period.lower": "2026-04-01",
        "period.upper": "2026-05-01", "until": "infinity", "id": "6f1c0f3e-0000-4000-8000-000000000001",
    }  # fmt: skip


def test_a_reading_is_of_one_moment_while_others_write(database: Gis) -> None:
    database.do(*(insert(number) for number in range(1, 3001)))
    reading = database.source(table="works.plans").snapshot()
    next(reading)
    database.do("UPDATE works.plans SET title = 'new'", "DELETE FROM works.plans WHERE id > 2000")
    rest = list(reading)
    assert len(rest) == 2999
    assert {row.values["title"] for row in rest} == {"t"}


def test_a_reading_of_any_size_begins_at_once(database: Gis) -> None:
    query = f"SELECT generate_series(1, 2000000000) AS id, {POINT} AS geom"
    reading = database.source(query=query).snapshot()
    assert [next(reading).values["id"] for _ in range(3)] == [1, 2, 3]
    reading.close()


def test_a_query_cannot_write(database: Gis) -> None:
    database.do(
        """CREATE FUNCTION works.empty() RETURNS integer LANGUAGE sql AS
           'DELETE FROM works.plans RETURNING 1'"""
    )
    with pytest.raises(SourceError, match="read-only transaction"):
        list(database.source(query=f"SELECT works.empty() AS id, {POINT} AS geom").snapshot())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"table": "plans"}, r"has no table or view 'plans'; did you mean works\.plans\?"),
        ({"table": "work.plans"}, r"has no schema 'work'; it has .*works"),
        ({"table": 'plans"; DROP TABLE works.plans; --'}, "has no schema 'plans\"; DROP TABLE works'"),
        ({"query": "SELECT titel, geom FROM works.plans"}, 'refuses the question: column "titel" does not exist'),
        ({"query": "SELECT id FROM works.plans"}, "has no column with geometry"),
    ],
)
def test_what_the_database_does_not_have_is_said(database: Gis, options: dict[str, str], message: str) -> None:
    with pytest.raises(SourceError, match=message):
        database.source(**options).describe()
    database.do(insert(1))  # the table is still there


def test_a_wrong_password_is_for_a_person_to_mend_and_is_not_shown(
    database: Gis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, "geheim-en-fout")
    with pytest.raises(SourceError, match="does not let the connector in") as caught:
        database.source(table="works.plans").describe()
    assert "geheim" not in f"{caught.value!r} {caught.value.__cause__}"


def test_a_password_that_is_not_set_is_said_with_its_variable(database: Gis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSWORD_VARIABLE)
    with pytest.raises(Fatal, match=f"Set the environment variable {PASSWORD_VARIABLE}"):
        database.source(table="works.plans").describe()


def test_a_connection_that_breaks_half_way_is_away(database: Gis) -> None:
    query = f"SELECT generate_series(1, 2000000000) AS id, {POINT} AS geom"
    reading = database.source(query=query).snapshot()
    next(reading)
    database.do(
        """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE application_name = 'meekoppel-connector' AND datname = current_database()"""
    )
    with pytest.raises(SourceAway):
        list(reading)


# changes


CURSOR = {"time": "updated_at", "id": "id"}


def test_a_change_comes_with_its_time_and_the_flag_of_removed_records(database: Gis) -> None:
    source = database.source(table="works.plans", cursor={**CURSOR, "overlap_seconds": 0}, removed={"field": "deleted"})
    database.do(insert(1), insert(2))
    _, cursor = until_end(source, None)
    database.do("UPDATE works.plans SET deleted = true, updated_at = '2027-01-01T00:00Z' WHERE id = 1")
    row, _ = source.changes(cursor)
    assert not isinstance(row, Reached)
    assert (row.values["id"], row.removed) == (1, True)
    assert row.occurred_at is not None
    assert row.occurred_at.isoformat() == "2027-01-01T00:00:00+00:00"


@pytest.mark.parametrize(("overlap", "found"), [(60, [1, 2]), (0, [])])
def test_a_row_that_is_committed_late_with_an_older_time_is_found_by_looking_back(
    database: Gis, overlap: int, found: list[int]
) -> None:
    source = database.source(table="works.plans", cursor={**CURSOR, "overlap_seconds": overlap})
    with database.engine.connect() as slow:
        slow.execute(text(insert(1)))  # now() is when this transaction began
        database.do(insert(2))
        ids, cursor = until_end(source, None)
        assert ids == [2]
        slow.commit()
    ids, after = until_end(source, cursor)
    assert ids == found
    assert after == cursor


def test_rows_of_one_moment_are_passed_one_by_one_to_the_microsecond(database: Gis) -> None:
    times = ["'2026-03-01 10:00:00.000001Z'", "'2026-03-01 10:00:00.000001Z'", "'2026-03-01 10:00:00.000002Z'"]
    database.do(*(insert(number, time) for number, time in enumerate(times, start=1)))
    source = database.source(table="works.plans", cursor={**CURSOR, "overlap_seconds": 0})
    assert until_end(source, '["@2026-03-01T10:00:00.000001+00:00", 1]') == (
        [2, 3], '["@2026-03-01T10:00:00.000002+00:00", 3]',
    )  # fmt: skip
