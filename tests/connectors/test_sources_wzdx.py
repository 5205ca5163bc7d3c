from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.opening import open_source, source_class
from meekoppel_contracts.codes import Certainty, Status, ZoneRole
from tests.connectors.real_sets import counted, json_file, read_with, real

LINE = {"type": "LineString", "coordinates": [[-93.61, 41.62], [-93.62, 41.63]]}
SCENARIOS = {
    "arrow_board_ok": (1, 0),
    "camera_error": (1, 0),
    "scenario1_simple_linestring": (5, 5),
    "scenario1_simple_multipoint": (5, 5),
    "scenario2_laneshift_linestring": (1, 1),
    "scenario3_shoulder_bidirectional_linestring": (2, 2),
    "scenario4_detour_linestring": (4, 4),
    "scenario5_recurring_linestring": (4, 4),
    "scenario6_multi_lane_closure_linestring": (1, 1),
    "scenario7_mobileoperation_linestring": (2, 2),
    "scenario8_local_access_only_bidirectional_linestring": (2, 2),
}


def event(number: int, geometry: Any = LINE, kind: str = "work-zone", **properties: Any) -> dict[str, Any]:
    core = {
        "event_type": kind,
        "data_source_id": "1",
        "road_names": ["I-80", "I-35"],
        "direction": "northbound",
        "description": "Resurfacing",
        "update_date": "2026-05-01T14:00:00Z",
        "related_road_events": [{"type": "related-detour", "id": "9"}],
    }
    dates = {"start_date": "2026-06-01T08:00:00Z", "end_date": "2026-06-05T17:00:00Z"}
    verified = {"is_start_date_verified": True, "is_end_date_verified": False, "vehicle_impact": "some-lanes-closed"}
    lanes = {"lanes": [{"order": 1, "status": "open"}, {"order": 2, "status": "closed"}]}
    details = {"core_details": core, **dates, **verified, **lanes, **properties}
    return {"id": f"event-{number}", "type": "Feature", "properties": details, "geometry": geometry}


def device(number: int) -> dict[str, Any]:
    core = {"device_type": "arrow-board", "data_source_id": "1", "road_names": ["I-80"]}
    point = {"type": "Point", "coordinates": [-93.6, 41.6]}
    return {"id": f"device-{number}", "type": "Feature", "properties": {"core_details": core}, "geometry": point}


def feed(folder: Path, *features: Any, version: str = "4.2", **info: Any) -> Path:
    source = {"data_source_id": "1", "organization_name": "Test City 1", "contact_name": "Sam Soliel"}
    about = {"publisher": "TestDOT", "contact_email": "fred@testdot.example", "version": version}
    whole = {"feed_info": {**about, "data_sources": [source], **info}, "type": "FeatureCollection"}
    return json_file(folder, {**whole, "features": list(features)}, "feed.geojson")


def rows(path: Path) -> list[SourceRow]:
    return list(
        open_source(source_class("wzdx").settings_type.model_validate({"format": "wzdx", "path": path})).snapshot()
    )


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_example_of_the_specification_is_read_as_counted(tmp_path: Path, scenario: str) -> None:
    read, plans = SCENARIOS[scenario]
    found = read_with("wzdx", tmp_path, real(f"wzdx/{scenario}_example.geojson"))
    devices = {"row_unreadable": read - plans} if read > plans else {}
    assert counted(found) == (read, plans, devices)


def test_the_examples_hold_28_features() -> None:
    assert {f"{name}_example.geojson" for name in SCENARIOS} == {file.name for file in real("wzdx").iterdir()}
    assert sum(read for read, _ in SCENARIOS.values()) == 28


def test_a_twin_with_work_zone_detour_points_and_device_gives_plans_and_one_rejection(tmp_path: Path) -> None:
    points = {"type": "MultiPoint", "coordinates": LINE["coordinates"]}
    detour = event(2, kind="detour", is_start_date_verified=False)
    found = read_with("wzdx", tmp_path, feed(tmp_path, event(1), detour, event(3, points), device(4)))
    assert counted(found) == (4, 3, {"row_unreadable": 1})
    zone, detour_plan = found[0].plan, found[1].plan
    assert zone is not None
    assert detour_plan is not None
    assert (zone.status, zone.certainty, zone.zones[0].role) == (Status.IN_PROGRESS, Certainty.FIRM, ZoneRole.WORK)
    assert (detour_plan.status, detour_plan.certainty) == (Status.PLANNED, Certainty.PROBABLE)
    assert detour_plan.zones[0].role is ZoneRole.DETOUR
    assert zone.initiator.name == "Test City 1"


def test_a_device_is_rejected_as_what_it_is(tmp_path: Path) -> None:
    (row,) = rows(feed(tmp_path, device(1)))
    assert row.fault == "is a field device (arrow-board), and no plan; leave device feeds out of the source"


def test_lanes_related_events_and_the_feeds_own_words_become_fields(tmp_path: Path) -> None:
    (row,) = rows(feed(tmp_path, event(1)))
    assert row.values["lanes.status"] == ["open", "closed"]
    assert row.values["core_details.related_road_events.id"] == ["9"]
    assert row.values["feed_info.publisher"] == "TestDOT"
    assert row.values["data_source.organization_name"] == "Test City 1"
    assert row.occurred_at is not None
    assert row.occurred_at.isoformat() == "2026-05-01T14:00:00+00:00"


def test_the_contacts_of_the_feed_are_persons_and_stay_out(tmp_path: Path) -> None:
    (row,) = rows(feed(tmp_path, event(1)))
    assert not {"Sam Soliel", "fred@testdot.example"} & set(map(str, row.values.values()))


def test_a_feature_without_core_details_spoils_its_own_row_only(tmp_path: Path) -> None:
    first, second = rows(feed(tmp_path, {"id": "x", "type": "Feature", "properties": None}, event(2)))
    assert "has no core_details" in str(first.fault)
    assert second.fault is None


@pytest.mark.parametrize("version", ["3.1", "5.0", ""])
def test_another_version_is_refused_with_its_number(tmp_path: Path, version: str) -> None:
    with pytest.raises(SourceError, match=rf"is WZDx {version}.*; this format is for 4\.x"):
        rows(feed(tmp_path, event(1), version=version))


def test_plain_geojson_is_not_taken_for_a_feed(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="has no feed_info"):
        rows(json_file(tmp_path, {"type": "FeatureCollection", "features": []}))


def test_an_empty_feed_is_read_as_one_without_events(tmp_path: Path) -> None:
    assert rows(feed(tmp_path)) == []


@pytest.mark.parametrize("sources", [{"a": 1}, ["x"], 5])
def test_data_sources_that_are_none_do_not_end_the_reading(tmp_path: Path, sources: Any) -> None:
    (row,) = rows(feed(tmp_path, event(1), data_sources=sources))
    assert row.fault is None


def test_a_time_of_change_that_utc_does_not_have_says_nothing(tmp_path: Path) -> None:
    feature = event(1)
    feature["properties"]["core_details"]["update_date"] = "0001-01-01T00:00:00+14:00"
    (row,) = rows(feed(tmp_path, feature))
    assert (row.fault, row.occurred_at) == (None, None)
