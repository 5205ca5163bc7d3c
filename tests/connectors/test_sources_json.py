from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import shapely

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.opening import open_source, source_class
from tests.connectors.real_sets import json_file

COLLECTIONS_WITHOUT_END: Any = {"type": "Point", "coordinates": [4.7, 52.6]}
for _ in range(100):
    COLLECTIONS_WITHOUT_END = {"type": "GeometryCollection", "geometries": [COLLECTIONS_WITHOUT_END]}


def rows(path: Path, **options: Any) -> list[SourceRow]:
    settings = source_class("json").settings_type.model_validate({"format": "json", "path": path, **options})
    return list(open_source(settings).snapshot())


def text_file(folder: Path, text: bytes) -> Path:
    path = folder / "feed.json"
    path.write_bytes(text)
    return path


def test_every_entry_of_the_named_list_is_a_row_with_flat_fields(tmp_path: Path) -> None:
    path = json_file(tmp_path, {"n": 2, "data": {"works": [{"a": {"b": 1}, "c": "007"}, {"c": None}]}})
    assert [row.values for row in rows(path, record="data/works")] == [{"a.b": 1, "c": "007"}, {"c": None}]


def test_a_file_that_is_a_list_itself_needs_no_record(tmp_path: Path) -> None:
    assert [row.values for row in rows(json_file(tmp_path, [{"a": 1}, {"a": 2}]))] == [{"a": 1}, {"a": 2}]


def test_fields_of_objects_in_a_list_become_lists_of_values(tmp_path: Path) -> None:
    path = json_file(tmp_path, [{"lanes": [{"type": "a"}, {"type": "b", "order": 2}], "roads": ["A1", "A2"]}])
    assert rows(path)[0].values == {"lanes.type": ["a", "b"], "lanes.order": [2], "roads": ["A1", "A2"]}


@pytest.mark.parametrize("kind", ["Point", "POINT", "point"])
def test_a_geometry_in_geojson_is_the_rows_own_also_with_its_type_in_capitals(tmp_path: Path, kind: str) -> None:
    path = json_file(tmp_path, [{"id": 1, "geo": {"shape": {"type": kind, "coordinates": [4.7, 52.6]}}}])
    (row,) = rows(path, shape="geo/shape")
    assert isinstance(row.geometry, shapely.Point)
    assert (row.geometry.wkt, row.values) == ("POINT (4.7 52.6)", {"id": 1})


@pytest.mark.parametrize(
    ("geometry", "said"),
    [
        ({"type": "Circle", "coordinates": [1, 2]}, "'Circle', which GeoJSON does not know"),
        ({"type": "Point", "coordinates": ["4,7", "52,6"]}, "no GeoJSON"),
        ({"type": "LineString", "coordinates": [[1, 2]]}, "no GeoJSON"),
        ({"type": "GeometryCollection", "geometries": 5}, "its geometries are no list"),
        (COLLECTIONS_WITHOUT_END, "collections within collections"),
    ],
)
def test_a_geometry_that_is_none_spoils_its_own_row_only(tmp_path: Path, geometry: Any, said: str) -> None:
    first, second = rows(json_file(tmp_path, [{"id": 1, "geometry": geometry}, {"id": 2}]))
    assert said in str(first.fault)
    assert first.values["id"] == 1
    assert second.fault is None


def test_objects_within_objects_without_end_spoil_their_own_row_only(tmp_path: Path) -> None:
    deep: Any = {"end": 1}
    for _ in range(300):
        deep = {"a": deep}
    first, second = rows(json_file(tmp_path, [{"id": 1, "deep": deep}, {"id": 2}]))
    assert (first.fault, first.values) == ("holds objects within objects, more than 50 deep", {"id": 1})
    assert second.fault is None


def test_an_entry_that_is_no_object_is_kept_as_a_row_with_a_fault(tmp_path: Path) -> None:
    first, second = rows(json_file(tmp_path, ["what", {"id": 2}]))
    assert (first.fault, first.values) == ("is no object with fields", {"value": "what"})
    assert second.fault is None


@pytest.mark.parametrize("text", [b"<html>503</html>", b"", b'[{"id": 1}, {"id"', b'[{"id": NaN}]'])
def test_what_is_no_whole_json_is_said_so(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(SourceError, match=r"feed\.json: is no JSON, or is damaged"):
        rows(text_file(tmp_path, text))


def test_a_list_that_is_not_there_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    assert rows(json_file(tmp_path, {"works": []}), record="works") == []
    with pytest.raises(SourceError, match=r"has no list work; check source\.record"):
        rows(json_file(tmp_path, {"works": []}), record="work")
    with pytest.raises(SourceError, match=r"set source\.record"):
        rows(json_file(tmp_path, {"works": []}))


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    assert rows(text_file(tmp_path, b'\xef\xbb\xbf[{"id": 1}]'))[0].values == {"id": 1}
