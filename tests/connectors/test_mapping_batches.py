"""Rows are mapped in batches; nothing of that may be seen in the result."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meekoppel_connectors.mapping import geometry as geometry_module
from meekoppel_connectors.mapping.batch import ReadGeometry
from meekoppel_connectors.mapping.geometry import GeometryReader
from meekoppel_connectors.mapping.read import ROWS_PER_BATCH, read_plans
from meekoppel_connectors.mapping.row import SourceRow
from tests.connectors.feeds import NOW, ROW, configured, mapped

GOOD = [
    "POLYGON((155000 463000, 155010 463000, 155010 463010, 155000 463010, 155000 463000))",
    "POLYGON((155000 463000, 155010 463010, 155010 463000, 155000 463010, 155000 463000))",
    "SRID=4326;POINT(5.38720621 52.15517440)",
    "<urn:ogc:def:crs:EPSG::4326> POINT(52.15517440 5.38720621)",
    "<http://www.opengis.net/def/crs/EPSG/0/28992> POINT(155000 463000)",
    "GEOMETRYCOLLECTION(POINT(155000 463000), LINESTRING(155000 463000, 155001 463001))",
]
BAD = [
    "",
    "POINT EMPTY",
    "POINT(0 0)",
    "POINT(1 1)",
    "SRID=99999;POINT(1 2)",
    "CIRCULARSTRING(155000 463000, 155001 463001, 155002 463000)",
    "POLYGON((1 2",
    "LINESTRING(155000 463000, 155000 463000)",
    "SRID=4326;POINT(500 52)",
]


def reader(folder: Path, **source: Any) -> GeometryReader:
    base = {"format": "csv", "path": "f", "crs": 28992, "geometry": {"wkt": "g"}}
    return GeometryReader(configured(folder, source={**base, **source}), None)


def said(outcome: object) -> object:
    return outcome if isinstance(outcome, ReadGeometry) else str(outcome)


def test_a_batch_gives_of_each_row_what_the_row_alone_gives(tmp_path: Path) -> None:
    texts = (GOOD + BAD) * 5
    random.Random(7).shuffle(texts)
    geometry = reader(tmp_path)
    alone = [said(geometry.of_texts([text])[0]) for text in texts]
    assert [said(outcome) for outcome in geometry.of_texts(texts)] == alone
    assert sum(isinstance(outcome, ReadGeometry) for outcome in alone) == len(GOOD) * 5


def test_the_same_rows_give_the_same_bytes_in_every_order(tmp_path: Path) -> None:
    first = reader(tmp_path).of_texts(GOOD)
    assert reader(tmp_path).of_texts(GOOD[::-1])[::-1] == first


def test_rows_keep_their_order_over_the_bounds_of_batches(tmp_path: Path) -> None:
    count = 2 * ROWS_PER_BATCH + 3
    results = mapped(tmp_path, *({"nr": str(n), "x": "0" if n % 500 == 0 else "111500"} for n in range(count)))
    assert [row.row_number for row in results] == list(range(2, count + 2))
    assert [row.plan_id for row in results] == [f"NL.gm0361.{n}" for n in range(count)]
    assert sum(row.plan is None for row in results) == len(range(0, count, 500))


@pytest.mark.parametrize(
    "geometry",
    [
        shapely.Point(155000, 463000),
        shapely.Point(155000, 463000).wkb,
        shapely.to_wkb(shapely.Point(155000, 463000), include_srid=True, byte_order=0),
        {"type": "Point", "coordinates": [155000, 463000]},
        {"type": "POINT", "coordinates": [155000, 463000, 12.5]},
        {"type": "GEOMETRYCOLLECTION", "geometries": [{"type": "point", "coordinates": [155000, 463000]}]},
    ],
)
def test_geometry_of_a_row_may_be_a_shape_or_binary_or_geojson(tmp_path: Path, geometry: Any) -> None:
    (outcome,) = reader(tmp_path, format="geojson", geometry="native").of_rows([SourceRow({}, geometry)])
    assert isinstance(outcome, ReadGeometry), outcome
    assert shapely.from_wkb(outcome.wkb) == shapely.Point(155000, 463000)


@pytest.mark.parametrize(
    ("geometry", "reason"),
    [
        (None, "geometry_missing"),
        (b"", "geometry_unreadable"),
        (b"\x01\x02\x03", "geometry_unreadable"),
        (bytes.fromhex("0108000000030000000000000000000000"), "geometry_unreadable"),  # a circular string, cut off
        ({}, "geometry_unreadable"),
        ({"type": "Circle", "coordinates": [1, 2]}, "geometry_unreadable"),
        ({"type": "Polygon", "coordinates": [[1, 2]]}, "geometry_unreadable"),
        ({"type": "Point", "coordinates": "here"}, "geometry_unreadable"),
        ({"type": "Point", "coordinates": None}, "geometry_empty"),
        ({"type": "GeometryCollection", "geometries": [None]}, "geometry_unreadable"),
        ({"type": "GeometryCollection"}, "geometry_empty"),
        ("POINT(1 2)", "geometry_missing"),
    ],
)
def test_a_broken_geometry_is_refused_and_leaves_its_neighbours_alone(
    tmp_path: Path, geometry: Any, reason: str
) -> None:
    good = SourceRow({}, shapely.Point(155000, 463000))
    before, broken, after = reader(tmp_path, format="geojson", geometry="native").of_rows(
        [good, SourceRow({}, geometry), good]
    )
    assert before == after
    assert isinstance(before, ReadGeometry)
    assert getattr(broken, "reason", broken) == reason


def test_large_geometries_are_taken_in_portions_and_keep_their_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = reader(tmp_path).of_texts(GOOD + BAD)
    monkeypatch.setattr(geometry_module, "_COORDINATES_AT_ONCE", 7)
    assert list(map(said, reader(tmp_path).of_texts(GOOD + BAD))) == list(map(said, whole))


@pytest.mark.parametrize("kind", ["POINT", "point", "Point", "pOINT"])
def test_the_capitals_of_a_geojson_file_do_not_matter(tmp_path: Path, kind: str) -> None:
    place = {"type": kind, "coordinates": [5.38720621, 52.15517440, 3.5]}
    properties = {name: ROW[name] for name in ("nr", "titel", "van", "tot")}
    feature = {"type": "Feature", "properties": properties, "geometry": place}
    file = {"type": "FeatureCollection", "features": [feature]}
    (tmp_path / "feed.geojson").write_text(json.dumps(file), encoding="utf-8")
    (row,) = read_plans(configured(tmp_path, source={"format": "geojson", "path": "feed.geojson"}), NOW)
    assert row.plan is not None, row.rejections
    assert shapely.from_wkb(row.plan.zones[0].geometry).distance(shapely.Point(155000, 463000)) < 0.5


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_bytes_come_each_row_is_a_valid_geometry_or_a_reason(tmp_path: Path, data: st.DataObject) -> None:
    rows = []
    for text in [*GOOD[:2], "MULTIPOINT((155000 463000),(155001 463001))", "LINESTRING(155000 463000, 155001 463001)"]:
        wkb = bytearray(shapely.from_wkt(text).wkb)
        for place in data.draw(st.lists(st.integers(0, len(wkb) - 1), max_size=4)):
            wkb[place] = data.draw(st.integers(0, 255))
        rows.append(SourceRow({}, bytes(wkb[: data.draw(st.integers(0, len(wkb)))])))
    outcomes = reader(tmp_path, format="geojson", geometry="native").of_rows(rows)
    shapes = [shapely.from_wkb(outcome.wkb) for outcome in outcomes if isinstance(outcome, ReadGeometry)]
    assert len(outcomes) == len(rows)
    assert all(shape.is_valid and not shape.is_empty for shape in shapes)
