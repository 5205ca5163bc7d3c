from __future__ import annotations

import numpy as np
import pytest
import shapely

from meekoppel_contracts.codes import RejectionReason
from meekoppel_hub.intake.geometry import area_of_use, check_geometries
from meekoppel_hub.platform.errors import SettingsError

DUTCH = area_of_use(28992)
GOOD = shapely.box(111_000, 516_000, 111_100, 516_010)


@pytest.mark.parametrize(
    ("geometry", "reason", "why"),
    [
        (shapely.from_wkt("POLYGON EMPTY"), RejectionReason.INVALID_GEOMETRY, "empty"),
        (b"no geometry", RejectionReason.INVALID_GEOMETRY, "byte order"),
        (shapely.from_wkt("LINESTRING (111000 516000, 111000 516000)"), RejectionReason.INVALID_GEOMETRY, "not valid"),
        (
            shapely.from_wkt("POLYGON ((111000 516000, 111010 516010, 111010 516000, 111000 516010, 111000 516000))"),
            RejectionReason.INVALID_GEOMETRY,
            "Self-intersection",
        ),
        (shapely.points(np.inf, 516_000), RejectionReason.INVALID_GEOMETRY, "finite"),
        (
            shapely.to_wkb(shapely.Point(111_000, 516_000))[:-8] + b"\xff" * 8,
            RejectionReason.INVALID_GEOMETRY,
            "finite",
        ),
        (shapely.Point(0, 0), RejectionReason.OUTSIDE_AREA, "0,0"),
        (shapely.Point(4.75, 52.63), RejectionReason.OUTSIDE_AREA, "EPSG:28992 is used from"),
        (shapely.LineString([(111_000, 516_000), (900_000, 516_000)]), RejectionReason.OUTSIDE_AREA, "900000"),
    ],
)
def test_a_zone_that_cannot_be_used_is_rejected_with_the_reason(geometry, reason, why, plan, zone) -> None:
    (rejection,) = check_geometries([plan(zones=(zone(GOOD), zone(geometry)))], DUTCH)
    assert rejection is not None
    assert rejection.reason is reason
    assert why in rejection.message
    assert rejection.field == "plan.zones[1].geometry"


def test_a_zone_whose_bytes_name_another_crs_is_rejected(plan, zone) -> None:
    wkb = shapely.to_wkb(shapely.set_srid(shapely.Point(111_000, 516_000), 3857), include_srid=True)
    (rejection,) = check_geometries([plan(zones=(zone(wkb),))], DUTCH)
    assert rejection is not None
    assert rejection.reason is RejectionReason.WRONG_CRS


def test_each_plan_of_a_batch_has_its_own_verdict(plan, zone) -> None:
    bad = plan(zones=(zone(shapely.Point(0, 0)),))
    verdicts = check_geometries([plan(), bad, plan(), bad, plan()], DUTCH)
    assert [verdict is None for verdict in verdicts] == [True, False, True, False, True]


def test_the_first_fault_of_a_plan_is_the_one_that_is_told(plan, zone) -> None:
    two_faults = plan(zones=(zone(GOOD), zone(shapely.Point(0, 0)), zone(b"no geometry")))
    (rejection,) = check_geometries([two_faults], DUTCH)
    assert rejection is not None
    assert rejection.field == "plan.zones[1].geometry"


def test_no_plans_give_no_verdicts() -> None:
    assert check_geometries([], DUTCH) == []


def test_a_point_at_0_0_is_refused_where_the_area_of_use_holds_it(plan, zone) -> None:
    british = area_of_use(27700)
    assert british.min_x < 0 < british.max_x
    (rejection,) = check_geometries([plan(zones=(zone(shapely.Point(0, 0), srid=27700),))], british)
    assert rejection is not None
    assert rejection.reason is RejectionReason.OUTSIDE_AREA


@pytest.mark.parametrize(("crs", "why"), [(4326, "not projected in metres"), (2263, "metres"), (999_999, "not known")])
def test_a_crs_that_cannot_be_a_hubs_is_refused_in_one_sentence(crs: int, why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        area_of_use(crs)
