from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from meekoppel_connectors.mapping.row import MappedRow
from meekoppel_connectors.sources.pushed.street_manager import message_row
from meekoppel_contracts.codes import Status
from tests.connectors.real_sets import json_file, read_with, real

PERMIT: dict[str, Any] = {
    "event_reference": 1,
    "event_type": "WORK_START",
    "event_time": "2026-06-04T08:00:00.000Z",
    "object_type": "PERMIT",
    "object_reference": "TSR1-01",
    "version": 1,
    "object_data": {
        "promoter_organisation": "Thames Water",
        "street_name": "HIGH STREET",
        "town": "LONDON",
        "works_location_coordinates": "LINESTRING(501251.53 222574.64,501305.92 222506.65)",
        "proposed_start_date": "2026-06-09T23:00:00.000Z",
        "proposed_start_time": "2026-06-10T06:30:00.000Z",
        "proposed_end_date": "2026-06-11T23:00:00.000Z",
        "proposed_end_time": None,
        "work_status_ref": "planned",
        "activity_type": "Remedial works",
        "traffic_management_type_ref": "road_closure",
        "collaborative_working": "Yes",
    },
}


def read(folder: Path, message: Any) -> MappedRow:
    (row,) = read_with("street-manager", folder, json_file(folder, message))
    return row


def test_a_permit_becomes_a_plan_whose_last_day_counts_whole(tmp_path: Path) -> None:
    plan = read(tmp_path, PERMIT).plan
    assert plan is not None
    assert plan.plan_id == "GB.street-manager.TSR1-01"
    assert plan.period.earliest_start.isoformat() == "2026-06-10T06:30:00+00:00"
    assert plan.period.latest_end.isoformat() == "2026-06-12T22:59:59+00:00"
    assert (plan.status, plan.cooperation is not None and plan.cooperation.open) == (Status.PLANNED, True)


def test_a_message_in_the_envelope_of_sns_is_the_same(tmp_path: Path) -> None:
    envelope = {"Type": "Notification", "TopicArn": "arn:x", "Message": json.dumps(PERMIT)}
    assert read(tmp_path, envelope).plan == read(tmp_path, PERMIT).plan


def test_a_change_carries_when_it_was_made() -> None:
    moment = message_row(PERMIT).occurred_at
    assert moment is not None
    assert moment.isoformat() == "2026-06-04T08:00:00+00:00"


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        ({**PERMIT, "object_type": "SECTION_58"}, "is a section 58 (a ban on works), and no plan"),
        ({**PERMIT, "object_type": "NEW_THING"}, "tells of a NEW_THING, and no plan"),
        ({"Type": "SubscriptionConfirmation", "Token": "t"}, "asks to confirm a subscription, and is no plan"),
        ({"Type": "Notification", "Message": "hello"}, "holds a Message that is no JSON"),
        ({"object_type": "PERMIT"}, "has no object_data, which every message has"),
        ([PERMIT], "is no message of Street Manager"),
    ],
)
def test_what_is_no_plan_is_rejected_with_its_reason(tmp_path: Path, message: Any, fault: str) -> None:
    rejections = read(tmp_path, message).rejections
    assert ("row_unreadable", fault) in [(each.reason, each.message) for each in rejections]


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("permit_notification_message.json", Status.IN_PROGRESS),
        ("notification_event.json", Status.IN_PROGRESS),
        ("activity_notification_message.json", Status.CANCELLED),
    ],
)
def test_a_real_message_becomes_a_plan(tmp_path: Path, name: str, status: Status) -> None:
    (row,) = read_with("street-manager", tmp_path, real(f"streetmanager/{name}"))
    assert row.plan is not None, row.rejections
    assert row.plan.status is status


@pytest.mark.parametrize("name", ["section58_notification_message.json", "subscription_confirmation_event.json"])
def test_a_real_message_without_a_plan_is_rejected(tmp_path: Path, name: str) -> None:
    (row,) = read_with("street-manager", tmp_path, real(f"streetmanager/{name}"))
    assert row.plan is None
    assert any(each.message.endswith("no plan") for each in row.rejections)
