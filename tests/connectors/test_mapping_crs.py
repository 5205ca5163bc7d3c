from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import shapely
from pyproj import CRS

from meekoppel_connectors.mapping.batch import ReadGeometry
from meekoppel_connectors.mapping.crs import flat, named_crs, northing_first
from meekoppel_connectors.mapping.geometry import GeometryReader
from meekoppel_connectors.mapping.reasons import Reason, Unreadable
from meekoppel_connectors.mapping.report import MappingReport
from tests.connectors.feeds import configured

AMERSFOORT = shapely.Point(155000, 463000)


def outcome_of(
    folder: Path, text: str, report: MappingReport | None = None, hub: int = 28992, **source: Any
) -> ReadGeometry | Unreadable:
    base = {"format": "csv", "path": "f", "crs": 28992, "geometry": {"wkt": "g"}}
    config = configured(folder, source={**base, **source}, hub_crs=hub)
    return GeometryReader(config, None, report).of_texts([text])[0]


def lies_at_amersfoort(outcome: ReadGeometry | Unreadable) -> bool:
    assert isinstance(outcome, ReadGeometry), outcome
    return bool(shapely.from_wkb(outcome.wkb).distance(AMERSFOORT) < 1)


@pytest.mark.parametrize(
    "name",
    [
        "28992",
        "EPSG:28992",
        "epsg:28992",
        "urn:ogc:def:crs:EPSG::28992",
        "urn:ogc:def:crs:EPSG:9.9.1:28992",
        "http://www.opengis.net/def/crs/EPSG/0/28992",
        "https://www.opengis.net/def/crs/EPSG/0/28992",
        " EPSG:28992 ",
    ],
)
def test_every_spelling_of_a_crs_is_the_same_crs(name: str) -> None:
    assert named_crs(name).to_epsg() == 28992


def test_a_crs_that_nobody_knows_is_refused_with_its_name() -> None:
    with pytest.raises(Unreadable, match=r"http://example\.org/rd") as caught:
        named_crs("http://example.org/rd")
    assert caught.value.reason is Reason.CRS_UNKNOWN


@pytest.mark.parametrize(("epsg", "first"), [(4326, True), (4258, True), (3035, True), (28992, False), (31370, False)])
def test_the_authority_says_which_axis_comes_first(epsg: int, first: bool) -> None:
    assert northing_first(CRS.from_epsg(epsg)) is first


def test_a_crs_with_height_counts_as_the_one_without() -> None:
    assert flat(CRS.from_epsg(7415)).to_epsg() == 28992
    assert flat(CRS.from_epsg(4979)).to_epsg() == 4326


@pytest.mark.parametrize(
    "text",
    [
        "<urn:ogc:def:crs:EPSG::4326> POINT(52.15517440 5.38720621)",
        "<http://www.opengis.net/def/crs/EPSG/0/4326> POINT(5.38720621 52.15517440)",
    ],
)
def test_of_a_crs_by_address_the_order_that_lies_in_the_hubs_area_is_taken(tmp_path: Path, text: str) -> None:
    report = MappingReport()
    assert lies_at_amersfoort(outcome_of(tmp_path, text, report))
    assert report.axes_swapped == int("urn" in text)


def test_a_crs_by_address_that_could_be_read_in_either_order_is_refused(tmp_path: Path) -> None:
    text = "<http://www.opengis.net/def/crs/EPSG/0/4326> POINT(40 41)"
    outcome = outcome_of(tmp_path, text, hub=32637)
    assert isinstance(outcome, Unreadable)
    assert outcome.reason is Reason.AXIS_ORDER_UNCLEAR
    assert isinstance(outcome_of(tmp_path, text, hub=32637, axis_order="yx"), ReadGeometry)


def test_an_address_that_has_easting_first_is_read_as_written(tmp_path: Path) -> None:
    report = MappingReport()
    assert lies_at_amersfoort(outcome_of(tmp_path, "<urn:ogc:def:crs:EPSG::28992> POINT(155000 463000)", report))
    assert report.axes_swapped == 0


def test_a_short_name_or_number_before_the_text_means_longitude_first(tmp_path: Path) -> None:
    assert lies_at_amersfoort(outcome_of(tmp_path, "SRID=4326;POINT(5.38720621 52.15517440)"))
    assert lies_at_amersfoort(outcome_of(tmp_path, "<EPSG:4326> POINT(5.38720621 52.15517440)"))
    swapped = outcome_of(tmp_path, "SRID=4326;POINT(52.15517440 5.38720621)")
    assert isinstance(swapped, Unreadable)
    assert swapped.reason is Reason.OUTSIDE_AREA


def test_two_spellings_of_one_crs_in_a_file_give_the_same_bytes(tmp_path: Path) -> None:
    first = outcome_of(tmp_path, "<http://www.opengis.net/def/crs/EPSG/0/31370> POINT(154000 213000)", hub=31370)
    assert isinstance(first, ReadGeometry)
    for name in ("<http://www.opengis.net/def/crs/EPSG/9.9.1/31370>", "SRID=31370;", "<urn:ogc:def:crs:EPSG::31370>"):
        assert outcome_of(tmp_path, f"{name} POINT(154000 213000)", hub=31370) == first


def test_swapped_coordinates_are_refused_with_the_setting_that_mends_them(tmp_path: Path) -> None:
    outcome = outcome_of(tmp_path, "POINT(52.15517440 5.38720621)", crs=4326)
    assert isinstance(outcome, Unreadable)
    assert "axis_order: yx" in outcome.message


@pytest.mark.parametrize("swapped", [False, True])
def test_degrees_under_a_crs_in_metres_are_refused_where_that_crs_would_take_them(
    tmp_path: Path, swapped: bool
) -> None:
    """The area of the British National Grid holds 1.5, 53.8: a point in the sea west of Scilly."""
    options = {"axis_order": "yx"} if swapped else {}
    text = "POINT(53.8 1.5)" if swapped else "POINT(1.5 53.8)"
    outcome = outcome_of(tmp_path, text, hub=27700, crs=27700, **options)
    assert isinstance(outcome, Unreadable)
    assert (outcome.reason, "degrees" in outcome.message) == (Reason.OUTSIDE_AREA, True)
