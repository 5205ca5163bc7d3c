from __future__ import annotations

import struct

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from meekoppel_hub.intake.wkb import WkbError, check_flat

SHAPES = [
    "POINT (1 2)",
    "LINESTRING (0 0, 1 1, 2 0)",
    "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (1 1, 2 1, 2 2, 1 1))",
    "MULTIPOINT ((0 0), (1 1))",
    "MULTILINESTRING ((0 0, 1 1), (2 2, 3 3, 4 4))",
    "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5)))",
    "POLYGON EMPTY",
]


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("wkt", SHAPES)
def test_a_flat_geometry_passes_in_both_byte_orders(wkt: str, order: int) -> None:
    check_flat(shapely.to_wkb(shapely.from_wkt(wkt), byte_order=order))


def test_a_geometry_that_names_its_crs_passes() -> None:
    check_flat(shapely.to_wkb(shapely.set_srid(shapely.Point(1, 2), 28992), include_srid=True))


@pytest.mark.parametrize(
    ("wkb", "why"),
    [
        (b"", "cut off"),
        (b"\x01\x01", "cut off"),
        (b"{}", "byte order"),
        (shapely.to_wkb(shapely.Point(1, 2)) + b"!", "left over"),
        (shapely.to_wkb(shapely.Point(1, 2, 3)), "two dimensions"),
        (shapely.to_wkb(shapely.Point(1, 2, 3), flavor="iso"), "two dimensions"),
        (shapely.to_wkb(shapely.from_wkt("GEOMETRYCOLLECTION (POINT (1 2))")), "collection"),
        (struct.pack("<BII", 1, 8, 0), "type 8"),
        (struct.pack("<BII", 1, 4, 1) + struct.pack("<BII", 1, 2, 0), "another type"),
        (struct.pack("<BII", 1, 2, 2**32 - 1), "cut off"),
        (struct.pack("<BII", 1, 6, 2**32 - 1), "cut off"),
    ],
)
def test_what_is_no_flat_geometry_is_refused_with_the_reason(wkb: bytes, why: str) -> None:
    with pytest.raises(WkbError, match=why):
        check_flat(wkb)


@pytest.mark.parametrize("kind", [4, 5, 6, 7])
def test_nesting_that_would_end_the_process_in_geos_is_refused(kind: int) -> None:
    levels = struct.pack("<BII", 1, kind, 1) * 28_000
    with pytest.raises(WkbError):
        check_flat(levels + struct.pack("<BIdd", 1, 1, 1.0, 2.0))


@given(st.sampled_from(SHAPES), st.data())
def test_a_geometry_that_is_cut_anywhere_is_refused(wkt: str, data: st.DataObject) -> None:
    wkb = shapely.to_wkb(shapely.from_wkt(wkt))
    length = data.draw(st.integers(0, len(wkb) - 1))
    with pytest.raises(WkbError):
        check_flat(wkb[:length])
