from __future__ import annotations

import pytest
from shapely import Point

from meekoppel_connectors.guessing.countries import country_of, hub_crs_of
from meekoppel_connectors.guessing.guess import Confidence
from meekoppel_connectors.guessing.places import guess_columns, guess_crs, names_its_crs, points_of
from meekoppel_connectors.guessing.sample import sample_of

ALKMAAR_RD = [(111500.5, 516500.0), (111900.0, 516100.0)]
BRUGES_LAMBERT = [(66997.8, 210458.2), (71000.0, 211500.0)]
LONDON_GRID = [(530100.0, 180200.0), (501251.0, 222574.0)]
ALKMAAR_DEGREES = [(4.75, 52.63), (4.76, 52.64)]


@pytest.mark.parametrize(
    ("points", "crs"),
    [(ALKMAAR_RD, 28992), (BRUGES_LAMBERT, 31370), (LONDON_GRID, 27700), (ALKMAAR_DEGREES, 4326)],
)
def test_the_crs_is_told_by_the_range_of_the_numbers(points: list[tuple[float, float]], crs: int) -> None:
    guess = guess_crs(points, None)
    assert guess is not None
    assert (guess.value.crs, guess.value.swapped) == (crs, False)


def test_latitude_first_is_seen() -> None:
    guess = guess_crs([(y, x) for x, y in ALKMAAR_DEGREES], 4326)
    assert guess is not None
    assert guess.value.swapped
    assert guess.confidence is not Confidence.SURE


def test_northing_first_is_seen_and_unsure() -> None:
    guess = guess_crs([(y, x) for x, y in BRUGES_LAMBERT], None)
    assert guess is not None
    assert (guess.value.crs, guess.confidence) != (31370, Confidence.SURE)


def test_numbers_that_fit_two_systems_are_unsure_and_name_the_other() -> None:
    guess = guess_crs(ALKMAAR_RD, None)
    assert guess is not None
    assert guess.confidence is Confidence.UNSURE
    assert any("British" in other for other in guess.alternatives)


def test_the_crs_of_the_hub_decides_between_two_that_fit() -> None:
    guess = guess_crs(ALKMAAR_RD, None, hub=27700)
    assert guess is not None
    assert guess.value.crs == 27700


def test_a_geojson_in_metres_is_not_in_degrees_whatever_it_says() -> None:
    guess = guess_crs(BRUGES_LAMBERT, 4326)
    assert guess is not None
    assert guess.value.crs == 31370


def test_what_the_source_says_in_metres_is_believed() -> None:
    guess = guess_crs(ALKMAAR_RD, 27700)
    assert guess is not None
    assert (guess.value.crs, guess.confidence) == (27700, Confidence.SURE)


def test_points_at_zero_do_not_count() -> None:
    guess = guess_crs([(0.0, 0.0)] * 9 + BRUGES_LAMBERT, None)
    assert guess is not None
    assert guess.value.crs == 31370


def test_columns_with_decimal_commas_are_coordinates() -> None:
    sample = sample_of([{"X": "111500,5", "Y": "516500,25"}, {"X": "111.900,0", "Y": "516.100,0"}])
    guess = guess_columns(sample)
    assert guess is not None
    assert (guess.value.x, guess.value.y) == ("X", "Y")
    assert points_of(sample, guess.value) == [(111500.5, 516500.25), (111900.0, 516100.0)]


def test_well_known_text_goes_before_columns_of_numbers() -> None:
    sample = sample_of([{"x": "1", "y": "2", "plaats": "SRID=28992;POINT (111500 516500)"}])
    guess = guess_columns(sample)
    assert guess is not None
    assert guess.value.wkt == "plaats"
    assert names_its_crs(sample, guess.value)
    assert points_of(sample, guess.value) == [(111500.0, 516500.0)]


def test_a_source_with_geometry_needs_no_columns() -> None:
    guess = guess_columns(sample_of([{"x": "1", "y": "2"}], geometries=(Point(1, 2),)))
    assert guess is not None
    assert guess.value.names == ()


def test_a_table_without_coordinates_has_none() -> None:
    assert guess_columns(sample_of([{"titel": "Riool", "x": "onbekend"}])) is None


@pytest.mark.parametrize(
    ("points", "crs", "code", "hub"),
    [
        (ALKMAAR_DEGREES, 4326, "NL", 28992),
        ([(13.4, 52.5)], 4326, "DE", 25833),
        ([(4.8, 43.9)], 4326, "FR", 2154),
        ([(-93.7, 41.6)], 4326, "US", 26915),
        (BRUGES_LAMBERT, 31370, "BE", 31370),
        (LONDON_GRID, 27700, "GB", 27700),
    ],
)
def test_the_country_gives_the_crs_of_its_hub(points: list[tuple[float, float]], crs: int, code: str, hub: int) -> None:
    country = country_of(points, crs)
    assert country is not None
    assert (country.code, hub_crs_of(country, points, crs)) == (code, hub)
