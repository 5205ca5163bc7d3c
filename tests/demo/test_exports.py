"""Every organisation's file, read by its own connector."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import shapely

from meekoppel_connectors.config import load_config
from meekoppel_connectors.preview import preview
from meekoppel_contracts.codes import Visibility
from meekoppel_hub.demo.connector import CONFIGURATION, set_up_connector
from meekoppel_hub.demo.dice import SEED
from meekoppel_hub.demo.exports import EXPORTS, export_plans
from meekoppel_hub.demo.organisations import ORGANISATIONS
from meekoppel_hub.demo.plans import first_plans
from meekoppel_hub.demo.town import build_town

FIRST_DAY = date(2026, 3, 1)
CODES = [one.code for one in ORGANISATIONS]


@pytest.fixture(scope="module")
def plans():
    drawn = first_plans(build_town(SEED), FIRST_DAY, SEED)
    return {code: [plan for plan in drawn if plan.owner == code] for code in CODES}


def read(folder):
    return preview(load_config(folder / CONFIGURATION), datetime(2026, 3, 1, tzinfo=UTC), limit=10_000)


@pytest.fixture
def export(tmp_path, plans):
    """Export all plans of an organisation and read them with its connector."""

    def exported(code):
        set_up_connector(code, tmp_path)
        export_plans(code, plans[code], tmp_path)
        return read(tmp_path)

    return exported


@pytest.mark.parametrize("code", CODES)
def test_a_connector_takes_over_every_plan_and_rejects_every_mistake(code, export, plans):
    taken = export(code)

    assert taken.plans == len(plans[code])
    assert taken.rejected == 4
    reasons = {rejection.reason for rejection in taken.rejections}
    assert {"date_unreadable", "invalid", "unknown_code"} < reasons
    assert reasons & {"coordinates_zero", "outside_area"}


@pytest.mark.parametrize("code", CODES)
def test_a_plan_stands_where_it_was_drawn_and_when(code, export, plans):
    taken = export(code).shown

    for drawn, (_, plan) in zip(plans[code], taken, strict=True):
        (zone,) = plan.zones
        read_shape = shapely.from_wkb(zone.geometry)
        assert read_shape.centroid.distance(drawn.shape.centroid) < 0.5, plan.plan_id
        assert abs((plan.period.earliest_start.date() - drawn.start).days) <= 1
        assert abs((plan.period.latest_end.date() - drawn.end).days) <= 1
        assert plan.title == drawn.title


@pytest.mark.parametrize("code", CODES)
def test_an_export_that_is_repeated_reads_the_same(code, export):
    assert export(code).shown == export(code).shown


def test_some_plans_are_restricted_and_some_of_those_name_the_municipality(export):
    restricted = [plan for _, plan in export("glaslokaal").shown if plan.visibility is Visibility.RESTRICTED]
    named = [
        plan for plan in restricted if plan.shared_with and "gemeente-rijnvoorde" in plan.shared_with.organisations
    ]

    assert 0 < len(named) < len(restricted)
    assert {code for plan in named for code in plan.shared_with.organisations} == {"gemeente-rijnvoorde"}


def test_the_files_are_of_many_formats_and_reference_systems():
    formats = {one.file_name.rsplit(".", 1)[1] for one in ORGANISATIONS}

    assert formats == {
        "gpkg",
        "csv",
        "geojson",
        "shp",
        "xlsx",
        "xml",
    }
    assert {export.crs for export in EXPORTS.values()} == {28992, 4326, 4258, 25831}
