"""Borders from files, real ones too."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from shapely import box
from shapely.geometry import mapping

from meekoppel_hub.platform.areas import InvalidArea
from meekoppel_hub.platform.boundaries import boundary_from_file, small_enough

RD = 28992
SQUARE, OTHER = box(110_000, 515_000, 111_000, 516_000), box(111_000, 515_000, 112_000, 516_000)
NAMED_RD = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::28992"}}


def features(path: Path, *shapes, **extra) -> Path:
    found = [
        {"type": "Feature", "properties": {"code": f"{number:04}"}, "geometry": mapping(shape)}
        for number, shape in enumerate(shapes, 1)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": found, **extra}))
    return path


def test_one_feature_of_many_is_selected_by_a_property_in_the_crs_that_the_file_names(tmp_path: Path):
    path = features(tmp_path / "all.geojson", SQUARE, OTHER, crs=NAMED_RD)
    assert boundary_from_file(path, RD, select="code=0002").equals(OTHER)


def test_a_file_with_one_feature_needs_no_selection(tmp_path: Path):
    assert boundary_from_file(features(tmp_path / "a.json", SQUARE, crs=NAMED_RD), RD).equals(SQUARE)


def test_several_features_that_are_selected_make_one_area(tmp_path: Path):
    path = tmp_path / "a.geojson"
    features(path, SQUARE, OTHER, crs=NAMED_RD)
    path.write_text(path.read_text().replace("0002", "0001"))
    assert boundary_from_file(path, RD, select="code=0001").area == pytest.approx(2e6)


def test_wkt_is_in_the_hubs_crs(tmp_path: Path):
    path = tmp_path / "a.wkt"
    path.write_text(SQUARE.wkt)
    assert boundary_from_file(path, RD).equals(SQUARE)


@pytest.mark.parametrize("name", ["a.gpkg", "a.shp"])
def test_geopackage_and_shapefile_say_their_crs_themselves(tmp_path: Path, name: str):
    path = tmp_path / name
    wkb = shapely.to_wkb([SQUARE, OTHER])
    pyogrio.raw.write(
        path, wkb, [np.array(["a", "b"], dtype=object)], ["naam"], crs="EPSG:28992", geometry_type="Polygon"
    )
    assert boundary_from_file(path, RD, select="naam=b").equals(OTHER)


@pytest.mark.parametrize(
    ("select", "problem"),
    [
        (None, "holds 2 features; choose with --select name=value out of: code"),
        ("code=9", "no feature with code=9; its properties are: code"),
        ("code", "such as code=0361"),
    ],
)
def test_what_cannot_be_chosen_is_refused_with_what_there_is(tmp_path: Path, select, problem):
    path = features(tmp_path / "all.geojson", SQUARE, OTHER, crs=NAMED_RD)
    with pytest.raises(InvalidArea, match=problem):
        boundary_from_file(path, RD, select=select)


@pytest.mark.parametrize("content", ["{", '{"type":"Point"', "POLYGON"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, content: str):
    path = tmp_path / "a.geojson"
    path.write_text(content)
    with pytest.raises(InvalidArea):
        boundary_from_file(path, RD)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    for name in ("none.geojson", "none.gpkg"):
        with pytest.raises(InvalidArea, match="cannot be read"):
            boundary_from_file(tmp_path / name, RD)


def test_a_crs_that_is_not_known_is_refused(tmp_path: Path):
    named = {"type": "name", "properties": {"name": "my own"}}
    with pytest.raises(InvalidArea, match="my own"):
        boundary_from_file(features(tmp_path / "a.geojson", SQUARE, crs=named), RD)


def test_a_border_with_very_many_points_is_simplified_until_it_fits():
    ring = shapely.Point(110_000, 515_000).buffer(5_000, quad_segs=10_000)
    wkb, tolerance = small_enough(ring)
    assert len(wkb) < 200_000
    assert 0 < tolerance <= 2
    assert shapely.from_wkb(wkb).area == pytest.approx(ring.area, rel=0.001)
    assert small_enough(SQUARE)[1] == 0


def test_a_selection_that_a_single_feature_does_not_fit_is_refused(tmp_path: Path):
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"type": "Feature", "properties": {"code": "A"}, "geometry": mapping(SQUARE)}))
    with pytest.raises(InvalidArea, match="no feature with code=B; its properties are: code"):
        boundary_from_file(path, RD, select="code=B")


@pytest.mark.parametrize(
    ("crs", "told"), [(4326, "such as 1.*, are not in EPSG:4326"), (999_999, "EPSG:999999 is no CRS")]
)
def test_a_crs_that_cannot_be_is_told_in_words(tmp_path: Path, crs: int, told: str):
    path = tmp_path / "a.wkt"
    path.write_text(SQUARE.wkt)
    with pytest.raises(InvalidArea, match=told):
        boundary_from_file(path, RD, crs=crs)
