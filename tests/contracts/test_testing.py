"""The examples that other distributions test with."""

from __future__ import annotations

import pytest
import shapely
from pydantic import ValidationError

from meekoppel_contracts import CODECS
from meekoppel_contracts.testing import (
    example_plan,
    example_zone,
    point_wkb,
    rectangle_wkb,
)
from tests.contracts.examples import EXAMPLES


@pytest.mark.parametrize("subject", CODECS)
def test_every_contract_has_an_example_and_it_can_travel(subject: str) -> None:
    example = EXAMPLES[subject]

    assert CODECS[subject].decode(CODECS[subject].encode(example)) == example


def test_a_packed_rectangle_is_a_valid_polygon_of_its_size() -> None:
    polygon = shapely.from_wkb(rectangle_wkb(155_000, 463_000, 120, 8))

    assert polygon.is_valid
    assert polygon.bounds == (155_000, 463_000, 155_120, 463_008)
    assert polygon.area == 960


def test_a_packed_point_is_where_it_was_said() -> None:
    assert shapely.from_wkb(point_wkb(155_000, 463_000)).coords[0] == (155_000, 463_000)


def test_changes_replace_fields_and_are_validated() -> None:
    assert example_plan(title="Gasleiding Hogeweg").title == "Gasleiding Hogeweg"
    assert example_zone(buffer_m=5).buffer_m == 5
    with pytest.raises(ValidationError):
        example_plan(title="")
