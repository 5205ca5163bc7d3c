"""The area that surfaces share, found without building it, is the area of GEOS's intersection."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from meekoppel_hub.coordination.shared_area import shared_area

_corners = st.tuples(st.integers(0, 12), st.integers(0, 12))


@st.composite
def surfaces(draw: st.DrawFn) -> shapely.Geometry:
    """Valid surfaces on a coarse raster: edges often coincide, rings turn either way, some have holes or parts."""
    ring = draw(st.lists(_corners, min_size=3, max_size=40))
    shape = shapely.make_valid(shapely.Polygon(ring))
    parts = [part for part in shapely.get_parts([shape]).tolist() if part.geom_type == "Polygon"]
    if not parts:
        return shapely.box(0, 0, 5, 5)
    solid = shapely.MultiPolygon(parts) if draw(st.booleans()) else max(parts, key=lambda part: part.area)
    moved = shapely.transform(solid, lambda points: points * 1.7 + np.array([155_000.0, 463_000.0]))
    return moved.reverse() if draw(st.booleans()) else moved


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(surfaces(), surfaces()), min_size=1, max_size=8))
def test_the_shared_area_is_that_of_the_intersection(pairs: list[tuple[shapely.Geometry, shapely.Geometry]]) -> None:
    one, other = (np.array(side, dtype=object) for side in zip(*pairs, strict=True))
    assert shared_area(one, other) == pytest.approx(shapely.area(shapely.intersection(one, other)), abs=1e-6)


def test_surfaces_that_touch_share_nothing() -> None:
    one, other = (
        np.array([shapely.box(0, 0, 10, 10)] * 2),
        np.array([shapely.box(10, 0, 20, 10), shapely.box(0, 10, 9, 20)]),
    )
    assert shared_area(one, other).tolist() == [0.0, 0.0]


def test_a_surface_shares_all_of_itself_with_itself() -> None:
    corner = shapely.Polygon([(0, 0), (10, 0), (10, 3), (3, 3), (3, 10), (0, 10)])
    assert shared_area(np.array([corner]), np.array([corner])) == pytest.approx([corner.area])
