from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from meekoppel_connectors.errors import ConfigError
from meekoppel_connectors.mapping.batch import ReadGeometry
from meekoppel_connectors.mapping.crs import area_of
from meekoppel_connectors.mapping.geometry import GeometryReader
from meekoppel_connectors.mapping.reasons import Reason, Unreadable
from meekoppel_connectors.mapping.report import MappingReport
from meekoppel_connectors.mapping.reprojection import Reprojection
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.mapping.validity import repaired
from tests.connectors.feeds import configured

BOWTIE = "POLYGON((155000 463000, 155010 463010, 155010 463000, 155000 463010, 155000 463000))"
SQUARE = "POLYGON((155000 463000, 155010 463000, 155010 463010, 155000 463010, 155000 463000))"


def reader(folder: Path, geometry: Any = None, file_crs: CRS | None = None, **options: Any) -> GeometryReader:
    source = {"format": "csv", "path": "f", "crs": 28992, "geometry": geometry or {"wkt": "g"}, **options}
    return GeometryReader(configured(folder, source={k: v for k, v in source.items() if v is not None}), file_crs)


def read(folder: Path, text: str, **options: Any) -> BaseGeometry:
    (outcome,) = reader(folder, **options).of_texts([text])
    return shapely.from_wkb(taken(outcome).wkb)


def taken(outcome: ReadGeometry | Unreadable) -> ReadGeometry:
    assert isinstance(outcome, ReadGeometry), outcome
    return outcome


def refused(outcome: ReadGeometry | Unreadable) -> Unreadable:
    assert isinstance(outcome, Unreadable), outcome
    return outcome


def reason(folder: Path, text: str, **options: Any) -> Reason:
    (outcome,) = reader(folder, **options).of_texts([text])
    return refused(outcome).reason


@pytest.mark.parametrize(
    "text",
    [
        "Point (155000 463000)",
        "POINT Z (155000 463000 3)",
        "POINT ZM (155000 463000 3 4)",
        "SRID=28992;POINT(155000 463000)",
        "srid = 28992 ; point(155000 463000)",
        "<http://www.opengis.net/def/crs/EPSG/9.9.1/28992> POINT (155000 463000)",
        "<http://www.opengis.net/def/crs/EPSG/0/28992> POINT (155000 463000)",
        "<urn:ogc:def:crs:EPSG::28992> POINT (155000 463000)",
        "<http://www.opengis.net/def/crs/OGC/1.3/CRS84> POINT (5.38720621 52.15517440)",
        "SRID=4326;POINT(5.38720621 52.15517440)",
    ],
)
def test_every_spelling_of_well_known_text_gives_the_same_point(tmp_path: Path, text: str) -> None:
    point = read(tmp_path, text)
    assert not point.has_z
    assert point.distance(shapely.Point(155000, 463000)) < 0.5


def test_a_crs_before_the_text_goes_before_that_of_the_configuration(tmp_path: Path) -> None:
    point = read(tmp_path, "SRID=28992;POINT(155000 463000)", crs=4326)
    assert (point.x, point.y) == (155000, 463000)


def test_longitude_and_latitude_are_brought_to_the_hubs_crs(tmp_path: Path) -> None:
    point = read(tmp_path, "POINT(5.38720621 52.15517440)", crs=4326)
    assert point.distance(shapely.Point(155000, 463000)) < 0.5


def test_axis_order_yx_reads_latitude_first(tmp_path: Path) -> None:
    point = read(tmp_path, "POINT(52.15517440 5.38720621)", crs=4326, axis_order="yx")
    assert point.distance(shapely.Point(155000, 463000)) < 0.5


def test_coordinates_are_rounded_to_a_millimetre(tmp_path: Path) -> None:
    assert read(tmp_path, "POINT(155000.00049 463000.0012)").coords[0] == (155000.0, 463000.001)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("POINT EMPTY", Reason.GEOMETRY_EMPTY),
        ("GEOMETRYCOLLECTION EMPTY", Reason.GEOMETRY_EMPTY),
        ("POINT(155000)", Reason.GEOMETRY_UNREADABLE),
        ("POLYGON((1 2", Reason.GEOMETRY_UNREADABLE),
        ("CIRCULARSTRING(155000 463000, 155001 463001, 155002 463000)", Reason.GEOMETRY_UNREADABLE),
        ("TIN(((155000 463000, 155000 463001, 155001 463001, 155000 463000)))", Reason.GEOMETRY_UNREADABLE),
        ("SRID=99999;POINT(1 2)", Reason.CRS_UNKNOWN),
        ("POINT(0 0)", Reason.COORDINATES_ZERO),
        ("LINESTRING(155000 463000, 0 0)", Reason.COORDINATES_ZERO),
        ("POINT(463000 155000)", Reason.OUTSIDE_AREA),
        ("POINT(5.38 52.15)", Reason.OUTSIDE_AREA),
        ("POINT(NaN 463000)", Reason.OUTSIDE_AREA),
        ("LINESTRING(155000 463000, 155000 463000)", Reason.GEOMETRY_INVALID),
        ("POLYGON((155000 463000, 155010 463010, 155020 463020, 155000 463000))", Reason.GEOMETRY_INVALID),
    ],
)
def test_a_geometry_that_the_hub_cannot_take_is_refused_with_its_reason(
    tmp_path: Path, text: str, expected: Reason
) -> None:
    assert reason(tmp_path, text) is expected


def test_zero_is_looked_for_in_the_coordinates_of_the_source(tmp_path: Path) -> None:
    assert reason(tmp_path, "POINT(0 0)", crs=4326) is Reason.COORDINATES_ZERO


def test_an_invalid_polygon_is_repaired(tmp_path: Path) -> None:
    (outcome,) = reader(tmp_path).of_texts([BOWTIE])
    repaired = shapely.from_wkb(taken(outcome).wkb)
    assert repaired.is_valid
    assert repaired.area == pytest.approx(50, abs=0.01)
    assert taken(outcome).repaired


def test_a_valid_polygon_is_not_called_repaired(tmp_path: Path) -> None:
    (outcome,) = reader(tmp_path).of_texts([SQUARE])
    assert not taken(outcome).repaired


def test_parts_that_overlap_are_joined_and_lose_no_area(tmp_path: Path) -> None:
    other = "((155005 463000, 155015 463000, 155015 463010, 155005 463010, 155005 463000))"
    assert read(tmp_path, f"MULTIPOLYGON({SQUARE.removeprefix('POLYGON')}, {other})").area == pytest.approx(150)


def test_a_polygon_of_which_a_repair_leaves_next_to_nothing_is_rejected(tmp_path: Path) -> None:
    spike = (
        "POLYGON((155000 463000, 155010 463000, 155010 463000.001, 155000 463000, 155005 463000.001, 155000 463000))"
    )
    (outcome,) = reader(tmp_path).of_texts([spike])
    assert refused(outcome).reason is Reason.GEOMETRY_INVALID


def test_what_only_rounding_made_invalid_is_kept_even_when_nothing_may_be_repaired(tmp_path: Path) -> None:
    sliver = "POLYGON((155000 463000, 155010 463000, 155010 463010, 155005 463000.0004, 155000 463010, 155000 463000))"
    assert shapely.from_wkt(sliver).is_valid
    (outcome,) = reader(tmp_path, repair=False).of_texts([sliver])
    assert shapely.from_wkb(taken(outcome).wkb).is_valid
    assert not taken(outcome).repaired


def test_an_invalid_polygon_is_rejected_when_nothing_may_be_repaired(tmp_path: Path) -> None:
    assert reason(tmp_path, BOWTIE, repair=False) is Reason.GEOMETRY_INVALID


def test_of_a_collection_the_parts_of_the_highest_dimension_are_taken(tmp_path: Path) -> None:
    inner = f"GEOMETRYCOLLECTION({SQUARE}, POINT EMPTY)"
    assert read(tmp_path, f"GEOMETRYCOLLECTION(POINT(155000 463000), {inner})").equals(shapely.from_wkt(SQUARE))
    points = read(tmp_path, "GEOMETRYCOLLECTION(POINT(155000 463000), MULTIPOINT((155001 463000)))")
    assert points.geom_type == "MultiPoint"


def test_points_come_from_columns_with_decimal_commas(tmp_path: Path) -> None:
    row = SourceRow({"x": "155000,25", "y": "463.000,50"}, number=2)
    (outcome,) = reader(tmp_path, {"x": "x", "y": "y"}).of_rows([row])
    point = shapely.from_wkb(taken(outcome).wkb)
    assert (point.x, point.y) == (155000.25, 463000.5)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"x": "", "y": "463000"}, Reason.GEOMETRY_MISSING),
        ({"x": "east", "y": "463000"}, Reason.GEOMETRY_UNREADABLE),
        ({"x": "0", "y": "0.0"}, Reason.COORDINATES_ZERO),
    ],
)
def test_columns_without_a_usable_point_are_refused(tmp_path: Path, values: dict[str, str], expected: Reason) -> None:
    (outcome,) = reader(tmp_path, {"x": "x", "y": "y"}).of_rows([SourceRow(values, number=2)])
    assert refused(outcome).reason is expected


def test_without_any_crs_the_configuration_must_give_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"source\.crs: must be given"):
        reader(tmp_path, {"x": "x", "y": "y"}, crs=None)
    with pytest.raises(ConfigError, match=r"source\.crs: must be given"):
        reader(tmp_path, crs=None).of_texts([SQUARE])


def test_the_crs_of_the_file_is_used_when_the_configuration_gives_none(tmp_path: Path) -> None:
    native = reader(tmp_path, "native", CRS.from_epsg(4326), crs=None, format="geojson")
    (outcome,) = native.of_rows([SourceRow({}, shapely.Point(5.38720621, 52.15517440, 7), number=1)])
    point = shapely.from_wkb(taken(outcome).wkb)
    assert point.distance(shapely.Point(155000, 463000)) < 0.5


def test_the_area_of_rd_new_holds_the_netherlands_and_not_much_more() -> None:
    west, south, east, north = area_of(28992)
    assert west < 13_600
    assert east > 277_900
    assert south < 306_900
    assert north > 619_300
    assert np.all(np.abs((west, south, east, north)) < 1_000_000)


def test_a_scribble_is_refused_before_its_repair_fills_the_memory() -> None:
    angles = np.linspace(0, 2 * np.pi, 20_000)
    radii = 400 + 100 * np.random.default_rng(1).random((len(angles), 2))
    scribble = shapely.Polygon([112_000, 516_000] + radii * np.column_stack([np.cos(angles), np.sin(angles)]))
    begin = time.process_time()
    with pytest.raises(Unreadable, match="crosses itself more than 10,000 times"):
        repaired(scribble)
    assert time.process_time() - begin < 5


def test_a_large_polygon_with_one_crossing_is_repaired() -> None:
    circle = shapely.get_coordinates(shapely.Point(112_000, 516_000).buffer(500, quad_segs=2_000))
    circle[[10, 11]] = circle[[11, 10]]
    assert repaired(shapely.Polygon(circle)).is_valid


def test_metres_under_a_crs_in_degrees_are_said_as_they_stand_in_the_source(tmp_path: Path) -> None:
    (outcome,) = reader(tmp_path, crs=4326).of_texts(["POINT(155000 463000)"])
    assert refused(outcome).message.startswith("155000, 463000 leads to no place in EPSG:28992; check source.crs")


def test_what_was_not_converted_is_not_counted(tmp_path: Path) -> None:
    report = MappingReport()
    report.note_conversion("WGS 84", Reprojection("a way", 1.0, None, lambda points: points), 0)
    assert list(report.sentences()) == []
