from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import shapely
from pyproj import CRS

from meekoppel_connectors.errors import Fatal, SourceAway, SourceError
from meekoppel_connectors.mapping.read import read_plans
from meekoppel_connectors.sources.arcgis.feature_service import ArcGisLayer
from meekoppel_connectors.sources.arcgis.layer import crs_of
from meekoppel_connectors.sources.arcgis.settings import ArcGisSettings
from meekoppel_connectors.sources.arcgis.shapes import esri_shape
from meekoppel_connectors.sources.opening import open_source
from meekoppel_connectors.sources.source import Reached
from tests.connectors.arcgis_server import LAYER, FeatureLayer, error, esri_field, milliseconds, square
from tests.connectors.feeds import NOW, configured
from tests.connectors.web import Reply, Web, web


@pytest.fixture
def server() -> Iterator[Web]:
    with web() as served:
        yield served


@pytest.fixture
def layer() -> FeatureLayer:
    found = FeatureLayer()
    for number in range(1, 9):
        found.add(number)
    return found


def source(url: str, **options: Any) -> ArcGisLayer:
    opened = open_source(ArcGisSettings.model_validate({"format": "arcgis", "url": url, **options}))
    assert isinstance(opened, ArcGisLayer)
    return opened


def ids(reading: Any) -> list[int]:
    return [row.values["OBJECTID"] for row in reading if not isinstance(row, Reached)]


# reading


def test_every_feature_is_read_over_pages_by_object_id(server: Web, layer: FeatureLayer) -> None:
    rows = list(source(layer.serve(server)).snapshot())
    assert ids(rows) == list(range(1, 9))
    assert [row.number for row in rows] == list(range(1, 9))
    pages = [each["where"] for each in layer.queries if "outFields" in each]
    ranges = ((1, 3), (4, 6), (7, 8))
    assert pages == [f"(1=1) AND OBJECTID >= {first} AND OBJECTID <= {last}" for first, last in ranges]
    assert not any("resultOffset" in each for each in layer.queries)


def test_the_layer_tells_fields_crs_and_count(server: Web, layer: FeatureLayer) -> None:
    found = source(layer.serve(server), where="OBJECTID > 2").describe()
    assert (found.crs, found.row_count, found.fixed) == (CRS.from_epsg(28992), 6, True)
    assert found.fields[:3] == ("OBJECTID", "nr", "titel")


def test_an_answer_that_is_cut_off_by_its_size_is_asked_for_in_smaller_parts(server: Web, layer: FeatureLayer) -> None:
    layer.max_points = 5
    assert ids(source(layer.serve(server)).snapshot()) == list(range(1, 9))


def test_a_feature_that_is_too_large_even_alone_is_said(server: Web, layer: FeatureLayer) -> None:
    layer.max_points = 4
    with pytest.raises(SourceError, match="cannot give feature 1 as a whole"):
        list(source(layer.serve(server)).snapshot())


def test_a_page_at_which_the_server_fails_is_asked_for_in_smaller_parts(server: Web, layer: FeatureLayer) -> None:
    def fails_at_several(query: dict[str, str]) -> Any:
        first, _, last = query.get("where", "").partition(">= ")[2].partition(" AND OBJECTID <= ")
        return error(500, "Error performing query operation") if last and first != last else None

    layer.on_query = fails_at_several
    assert ids(source(layer.serve(server)).snapshot()) == list(range(1, 9))


def test_features_that_are_left_out_without_a_word_are_noticed(server: Web, layer: FeatureLayer) -> None:
    def leaves_out(query: dict[str, str]) -> Any:
        return layer._feature_set(query, [1, 2]) if query.get("where", "").endswith("<= 3") else None

    layer.on_query = leaves_out
    with pytest.raises(SourceAway, match="leaves out 1 features that it says it has, such as 3"):
        list(source(layer.serve(server)).snapshot())


def test_features_that_are_deleted_meanwhile_are_no_trouble(server: Web, layer: FeatureLayer) -> None:
    reading = source(layer.serve(server)).snapshot()
    first = next(reading)
    layer.features = [each for each in layer.features if each["attributes"]["OBJECTID"] not in {5, 8}]
    assert ids([first, *reading]) == [1, 2, 3, 4, 6, 7]


def test_a_list_of_ids_that_is_cut_off_is_noticed(server: Web, layer: FeatureLayer) -> None:
    layer.on_query = lambda query: {"objectIds": [1, 2]} if "returnIdsOnly" in query else None
    with pytest.raises(SourceAway, match="counts 8 features, but gives the ids of 2 only"):
        list(source(layer.serve(server)).snapshot())


def test_a_layer_without_features_is_empty(server: Web) -> None:
    assert list(source(FeatureLayer().serve(server)).snapshot()) == []


def test_only_the_features_and_fields_that_are_asked_for_come(server: Web, layer: FeatureLayer) -> None:
    chosen = source(layer.serve(server), where="nr = '0002' OR nr = '0007'", out_fields=["nr"])
    assert [row.values for row in chosen.snapshot()] == [
        {"OBJECTID": 2, "nr": "0002"}, {"OBJECTID": 7, "nr": "0007"},
    ]  # fmt: skip
    assert chosen.describe().fields == ("OBJECTID", "nr")


def test_a_long_question_is_posted(server: Web, layer: FeatureLayer) -> None:
    where = " OR ".join(f"nr = '{number:04d}'" for number in range(1, 200))
    assert len(list(source(layer.serve(server), where=where).snapshot())) == 8
    assert {each.method for each in server.asked if "query" in each.path} == {"POST"}


# values


def test_times_are_utc_and_codes_stay_or_become_names(server: Web, layer: FeatureLayer) -> None:
    url = layer.serve(server)
    first = next(source(url).snapshot())
    assert first.values["van"] == datetime(2026, 4, 1, tzinfo=UTC)
    assert first.values["status"] == 1
    assert next(source(url, domains="names").snapshot()).values["status"] == "Gepland"


def test_a_subtype_has_names_of_its_own(server: Web, layer: FeatureLayer) -> None:
    layer.fields.append(esri_field("soort", "Integer"))
    layer.says = {
        "typeIdField": "soort",
        "types": [
            {"id": 7, "name": "Warmte", "domains": {"status": {"type": "codedValue", "codedValues": [
                {"code": 1, "name": "Aangevraagd"}]}}},
            {"id": 8, "name": "Riool", "domains": {"status": {"type": "inherited"}}},
        ],
    }  # fmt: skip
    layer.features[0]["attributes"]["soort"] = 7
    layer.features[1]["attributes"]["soort"] = 8
    first, second, *_ = source(layer.serve(server), domains="names").snapshot()
    assert (first.values["soort"], first.values["status"]) == ("Warmte", "Aangevraagd")
    assert (second.values["soort"], second.values["status"]) == ("Riool", "Gepland")


def test_times_of_an_unknown_zone_have_none(server: Web, layer: FeatureLayer) -> None:
    layer.says = {"datesInUnknownTimezone": True}
    assert next(source(layer.serve(server)).snapshot()).values["van"].tzinfo is None


def test_a_time_that_does_not_exist_marks_its_row(server: Web, layer: FeatureLayer) -> None:
    layer.features[0]["attributes"]["van"] = 10**17
    first, second, *_ = source(layer.serve(server)).snapshot()
    assert first.fault == "has 100000000000000000 in van, which is no time that exists"
    assert second.fault is None


# geometry


HOLE = [[2, 2], [4, 2], [4, 4], [2, 4], [2, 2]]  # counter-clockwise


@pytest.mark.parametrize(
    ("written", "wkt"),
    [
        ({"x": 1, "y": 2, "z": 3}, "POINT (1 2)"),
        ({"x": "NaN", "y": "NaN"}, "POINT EMPTY"),
        ({"points": [[1, 2], [3, 4, 9]]}, "MULTIPOINT (1 2, 3 4)"),
        ({"paths": [[[1, 2], [3, 4]]]}, "LINESTRING (1 2, 3 4)"),
        ({"paths": [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]}, "MULTILINESTRING ((1 2, 3 4), (5 6, 7 8))"),
        ({"rings": []}, "POLYGON EMPTY"),
        ({"rings": [*square(0, 0)["rings"], HOLE]},
         "POLYGON ((0 0, 0 10, 10 10, 10 0, 0 0), (2 2, 4 2, 4 4, 2 4, 2 2))"),
        ({"rings": [*square(0, 0, 100)["rings"], [[40, 40], [70, 40], [70, 70], [40, 70], [40, 40]],
                    *square(50, 50)["rings"], [[52, 52], [54, 52], [54, 54], [52, 52]]]},
         "MULTIPOLYGON (((0 0, 0 100, 100 100, 100 0, 0 0), (40 40, 70 40, 70 70, 40 70, 40 40)), "
         "((50 50, 50 60, 60 60, 60 50, 50 50), (52 52, 54 52, 54 54, 52 52)))"),
        ({"rings": [HOLE]}, "POLYGON ((2 2, 4 2, 4 4, 2 4, 2 2))"),
        ({"xmin": 0, "ymin": 0, "xmax": 1, "ymax": 1}, "POLYGON ((1 0, 1 1, 0 1, 0 0, 1 0))"),
    ],
)  # fmt: skip
def test_geometry_is_read_as_esri_writes_it(written: dict[str, Any], wkt: str) -> None:
    shape = esri_shape(written)
    assert shape is not None
    expected = shapely.from_wkt(wkt)
    assert shapely.equals(shape, expected) or (shape.is_empty and expected.is_empty)
    assert shape.geom_type == expected.geom_type


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ({"curveRings": [[[0, 0], {"c": [[3, 3], [1, 4]]}]]}, "has a geometry with curves"),
        ({"rings": [[[0, 0], [1, 1]]]}, "has a geometry that cannot be read"),
        ({"paths": [[["a", 0], [1, 1]]]}, "has a geometry that cannot be read"),
        ({"spatialReference": {}}, "has a geometry that cannot be read: it is of a kind that is not known"),
    ],
)
def test_a_geometry_that_is_none_marks_its_row_and_not_the_others(
    server: Web, layer: FeatureLayer, written: dict[str, Any], fault: str
) -> None:
    layer.features[0]["geometry"] = written
    first, second, *_ = source(layer.serve(server)).snapshot()
    assert str(first.fault).startswith(fault)
    assert second.fault is None


def test_a_feature_without_geometry_has_none(server: Web, layer: FeatureLayer) -> None:
    layer.features[0]["geometry"] = None
    assert next(source(layer.serve(server)).snapshot()).geometry is None


@pytest.mark.parametrize(
    ("written", "crs"),
    [
        ({"wkid": 102100, "latestWkid": 3857}, "EPSG:3857"),
        ({"wkid": 102100}, "ESRI:102100"),
        ({"wkt": CRS.from_epsg(31370).to_wkt("WKT1_ESRI")}, "EPSG:31370"),
    ],
)
def test_a_crs_is_known_by_each_way_of_naming_it(written: dict[str, Any], crs: str) -> None:
    found = crs_of(written, "here")
    assert found is not None
    assert found.is_exact_same(CRS.from_user_input(crs)) or found.to_epsg(20) == CRS.from_user_input(crs).to_epsg()


def test_coordinates_in_another_crs_than_asked_for_are_refused(server: Web, layer: FeatureLayer) -> None:
    with pytest.raises(SourceError, match=r"gives coordinates in .*28992.* instead of .*4326.*set out_sr"):
        list(source(layer.serve(server), out_sr=4326).snapshot())


def test_gdal_reads_the_same_from_this_server(server: Web, layer: FeatureLayer) -> None:
    hole = [[111_510, 516_510], [111_520, 516_510], [111_520, 516_520], [111_510, 516_510]]
    layer.features[0]["geometry"] = {"rings": [*square(111_500, size=100)["rings"], hole]}
    url = layer.serve(server)
    found = json.loads(subprocess.check_output([sys.executable, "-c", BY_GDAL, url], timeout=60))
    rows = list(source(url).snapshot())
    assert CRS.from_user_input(found["crs"]) == source(url).describe().crs
    assert len(rows) == len(found["wkb"]) == 8
    for row, other in zip(rows, shapely.from_wkb(found["wkb"]), strict=True):
        assert isinstance(row.geometry, shapely.Polygon)
        assert row.geometry.equals(other)
    assert found["nr"] == [row.values["nr"] for row in rows]
    assert [datetime.fromisoformat(text) for text in found["van"]] == [row.values["van"] for row in rows]


BY_GDAL = """
import json, sys
from pyogrio import raw
url = f"ESRIJSON:{sys.argv[1]}/query?where=1%3D1&outFields=*&f=json&orderByFields=OBJECTID"
meta, _, wkb, columns = raw.read(url, datetime_as_string=True)
found = {name: column.tolist() for name, column in zip(meta["fields"], columns)}
print(json.dumps({"crs": meta["crs"], "wkb": [each.hex() for each in wkb], "nr": found["nr"], "van": found["van"]}))
"""
"""In a process of its own: GDAL does not let other threads run, that of the server among them, while it waits."""


# refusals


def test_a_token_is_sent_from_the_environment(
    server: Web, layer: FeatureLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer.token = "geheim-token"
    monkeypatch.setenv("ARCGIS_TOKEN", "geheim-token")
    auth = {"kind": "query", "name": "token", "secret_variable": "ARCGIS_TOKEN"}
    url = layer.serve(server)
    assert len(list(source(url, auth=auth).snapshot())) == 8
    with pytest.raises(SourceError, match=r"wants another proof of who asks \(499, Token Required\)"):
        source(url).describe()
    monkeypatch.setenv("ARCGIS_TOKEN", "geheim-maar-fout")
    with pytest.raises(SourceError, match="498, Invalid token") as caught:
        source(url, auth=auth).describe()
    assert "geheim" not in str(caught.value)
    monkeypatch.delenv("ARCGIS_TOKEN")
    with pytest.raises(Fatal, match="ARCGIS_TOKEN"):
        source(url, auth=auth).describe()


def test_a_condition_that_is_none_is_said(server: Web, layer: FeatureLayer) -> None:
    with pytest.raises(SourceError, match=r"refuses the question \(400.*'where' clause is invalid.*check source"):
        list(source(layer.serve(server), where="gemeente =").snapshot())


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (error(429, "Too many requests"), r"too busy \(429"),
        (error(504, "Your request has timed out."), r"fails at the question \(504"),
        (Reply(b"<html>Bad gateway</html>", 502), "502"),
    ],
)
def test_what_may_pass_is_away(server: Web, layer: FeatureLayer, answer: Any, problem: str) -> None:
    layer.on_query = lambda _query: answer
    with pytest.raises(SourceAway, match=problem):
        list(source(layer.serve(server)).snapshot())


def test_a_service_is_no_layer_and_its_layers_are_named(server: Web) -> None:
    service = LAYER.removesuffix("/0")
    server.pages[service] = b'{"layers": [{"id": 0, "name": "Werken"}, {"id": 3, "name": "Omleidingen"}]}'
    with pytest.raises(SourceError, match=r"is a service.*0 \(Werken\), 3 \(Omleidingen\)"):
        source(f"{server.url}{service}").describe()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"out_fields": ["titl"]}, r"has no field 'titl', which source\.out_fields names; did you mean 'titel'"),
        ({"cursor": {"time": "EditDate"}}, r"has no field 'EditDate', which source\.cursor names"),
        ({"cursor": {"time": "titel"}}, "titel is no field with times"),
    ],
)
def test_a_field_that_is_not_there_is_said(
    server: Web, layer: FeatureLayer, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(SourceError, match=message):
        source(layer.serve(server), **options).describe()


# changes


CURSOR = {"cursor": {"time": "last_edited_date", "overlap_seconds": 60}}
UTC_EDITS = {"editFieldsInfo": {"editDateField": "last_edited_date", "dateFieldsTimeReference": {"timeZone": "UTC"}}}


def follow(reading: Any) -> tuple[list[int], str]:
    read = list(reading)
    assert isinstance(read[-1], Reached)
    return ids(read), read[-1].cursor


def test_only_what_was_edited_is_read_again_and_what_has_no_time(server: Web, layer: FeatureLayer) -> None:
    layer.says = UTC_EDITS
    layer.features[3]["attributes"]["last_edited_date"] = None
    following = source(layer.serve(server), **CURSOR)
    first, cursor = follow(following.changes(None))
    assert first == list(range(1, 9))
    layer.add(9, last_edited_date=milliseconds(2026, 3, 1, 13))
    found, cursor = follow(following.changes(cursor))
    assert found == [1, 2, 3, 4, 5, 6, 7, 8, 9]  # an hour earlier, but the last reading took a moment: looked back
    layer.features[1]["attributes"]["last_edited_date"] = milliseconds(2026, 3, 1, 14)
    found, cursor = follow(following.changes(cursor))
    assert found == [2, 4, 9]
    assert follow(following.changes(cursor))[0] == [2, 4]


def test_a_change_carries_when_it_was_edited(server: Web, layer: FeatureLayer) -> None:
    row = next(source(layer.serve(server), **CURSOR).changes(None))
    assert not isinstance(row, Reached)
    assert row.occurred_at == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_where_conditions_may_be_in_another_zone_it_looks_back_further(server: Web, layer: FeatureLayer) -> None:
    url = layer.serve(server)
    list(source(url, **CURSOR).changes('["2026-03-01T12:00:00.000+00:00", 8]'))
    layer.says = UTC_EDITS
    list(source(url, **CURSOR).changes('["2026-03-01T12:00:00.000+00:00", 8]'))
    wheres = [each["where"] for each in layer.queries if "returnIdsOnly" in each]
    assert "TIMESTAMP '2026-02-28 21:59:00'" in wheres[0]
    assert "TIMESTAMP '2026-03-01 11:59:00'" in wheres[1]


def test_an_edit_during_the_reading_is_not_lost(server: Web, layer: FeatureLayer) -> None:
    """The cursor stays behind by as long as the reading took, so that a page that was read too early is read again."""
    layer.says = UTC_EDITS
    following = source(layer.serve(server), cursor={"time": "last_edited_date", "overlap_seconds": 0})
    reading = following.changes(None)
    next(reading)
    server.closing.wait(1.2)
    layer.features[0]["attributes"]["last_edited_date"] = milliseconds(2026, 3, 1, 12)
    layer.features[7]["attributes"]["last_edited_date"] = milliseconds(2026, 3, 1, 12, 0, 1)
    _, cursor = follow(reading)
    assert 1 in follow(following.changes(cursor))[0]


def test_the_cursor_of_another_source_is_refused(server: Web, layer: FeatureLayer) -> None:
    with pytest.raises(SourceError, match="the state holds the cursor of another source"):
        list(source(layer.serve(server), **CURSOR).changes('["v1", 3]'))


# with a mapping


def test_features_become_plans(server: Web, layer: FeatureLayer, tmp_path: Path) -> None:
    layer.features[2]["geometry"] = {"curveRings": [[[0, 0], {"c": [[3, 3], [1, 4]]}]]}
    plan = {
        "id": {"field": "nr"}, "title": {"field": "titel"},
        "status": {"field": "status", "codes": {"Gepland": "planned"}},
        "period": {"earliest_start": {"field": "van"}, "latest_end": {"field": "tot"}},
    }  # fmt: skip
    config = configured(tmp_path, plan, source={"format": "arcgis", "url": layer.serve(server), "domains": "names"})
    rows = list(read_plans(config, NOW))
    assert [row.plan is not None for row in rows] == [True, True, False, *[True] * 5]
    assert next((each.reason, each.source_id) for each in rows[2].rejections) == ("row_unreadable", "0003")
