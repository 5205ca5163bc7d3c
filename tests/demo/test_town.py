from __future__ import annotations

import pytest
from shapely import box

from meekoppel_hub.demo.dice import SEED
from meekoppel_hub.demo.town import build_town

EXTENT = box(140_000, 455_000, 146_000, 460_000)


@pytest.fixture(scope="module")
def town():
    return build_town(SEED)


def test_the_same_seed_gives_the_same_town(town):
    assert build_town(SEED) == town


def test_another_seed_gives_another_town(town):
    assert build_town(SEED + 1) != town


def test_a_town_has_streets_of_every_kind(town):
    quarters = {street.quarter for street in town.streets}

    assert {"Centrum", "Ring", "Uitvalsweg", "Componistenbuurt", "De Wetering", "Buitengebied"} <= quarters
    assert len(town.streets) > 150


def test_every_street_has_a_name_of_its_own(town):
    names = [street.name for street in town.streets]

    assert len(set(names)) == len(names)


def test_everything_lies_within_the_town_and_is_long_enough_to_dig_in(town):
    for way in (*town.streets, *town.waters):
        assert EXTENT.covers(way.axis), way.name
        assert way.axis.is_simple, way.name
        assert way.axis.length > 100, way.name
