import json
from pathlib import Path

import pytest
import shapely

import meekoppel_contracts
from meekoppel_contracts.codes import NotificationCategory, OverlapEventType, OverlapKind, PlanEventType
from meekoppel_hub.notifications.affected import Affected
from meekoppel_hub.notifications.changes import OverlapChange, PlanChange
from meekoppel_hub.notifications.message import LASTS, message_for, notification_id

SOURCE = "urn:meekoppel:hub:NL"
SCHEMAS = Path(meekoppel_contracts.__file__).parent / "schemas"
BLIND = "a plan of another organisation (restricted: no details)."


def overlap_message(event, lane="NL.org-a.1", restricted=False):
    return message_for(Affected(OverlapChange(event, restricted, (100.0, 100.0)), "sub_1", lane), SOURCE)


def plan_message(event):
    zones = [shapely.from_wkb(zone.geometry) for zone in event.plan.zones]
    return message_for(Affected(PlanChange(event, False, zones), "sub_1", event.plan.plan_id), SOURCE)


def test_the_body_is_a_structured_cloud_event(plan_event):
    event = plan_event(version=3, kind=PlanEventType.CHANGED)
    message = plan_message(event)
    document = json.loads(message.body)
    data = document.pop("data")
    assert document == {
        "specversion": "1.0",
        "id": message.notification_id,
        "source": SOURCE,
        "type": "nl.meekoppel.notification.plan.v1",
        "subject": "NL.org-a.1",
        "time": "2026-11-20T09:00:00Z",
        "datacontenttype": "application/json",
    }
    assert data["category"] == "info"
    assert data["organisation"] == "org-a"
    assert data["changed_fields"] == ["zones"]
    assert data["plan"]["version"] == 3
    assert data["expires_at"] == (event.recorded_at + LASTS).isoformat().replace("+00:00", "Z")


def test_the_text_of_a_plan_says_who_what_when_and_what_changed(plan_event):
    text = plan_message(plan_event(kind=PlanEventType.CHANGED)).text
    assert text == (
        "Name of org-a: plan “Sewer of NL.org-a.1” (NL.org-a.1), 2027-03-01 to 2027-04-01, was changed: zones."
    )


def test_the_id_is_the_same_for_the_same_event_and_another_for_another_party():
    assert notification_id("sub_1", "NL.a.1/1") == notification_id("sub_1", "NL.a.1/1")
    assert notification_id("sub_1", "NL.a.1/1") != notification_id("sub_2", "NL.a.1/1")
    assert notification_id("sub_1", "NL.a.1/1") != notification_id("sub_1", "NL.a.1/2")


def test_each_side_of_an_overlap_reads_of_its_own_plan_first(overlap_event):
    first, second = overlap_message(overlap_event()), overlap_message(overlap_event(), lane="NL.org-b.1")
    assert json.loads(first.body)["data"]["overlap"]["own"]["plan_id"] == "NL.org-a.1"
    assert json.loads(second.body)["data"]["overlap"]["own"]["plan_id"] == "NL.org-b.1"
    assert second.text.startswith(
        "Heavy conflict: plan “Title of NL.org-b.1” (NL.org-b.1) meets plan “Title of NL.org-a.1”"
    )


@pytest.mark.parametrize(
    ("meeting", "kind", "expected"),
    [
        (OverlapKind.CONFLICT_HEAVY, OverlapEventType.DETECTED, NotificationCategory.WARNING),
        (OverlapKind.CONFLICT_LIGHT, OverlapEventType.CHANGED, NotificationCategory.WARNING),
        (OverlapKind.CONFLICT_HEAVY, OverlapEventType.RESOLVED, NotificationCategory.INFO),
        (OverlapKind.OPPORTUNITY, OverlapEventType.DETECTED, NotificationCategory.INFO),
    ],
)
def test_conflicts_warn_until_they_are_resolved(overlap_event, meeting, kind, expected):
    assert overlap_message(overlap_event(meeting=meeting, kind=kind)).category is expected


def test_a_restricted_pair_tells_nothing_of_the_other_plan(overlap_event):
    message = overlap_message(overlap_event(), restricted=True)
    assert message.text == f"Heavy conflict: plan “Title of NL.org-a.1” (NL.org-a.1) meets {BLIND}"
    assert message.other_plan_id is None
    data = json.loads(message.body)["data"]
    assert (data["organisation"], data["overlap"]["other"]) == (None, None)
    for secret in ("org-b", "Title of NL.org-b.1", "12.5", "location", "Their work zones"):
        assert secret not in message.body


def test_a_resolved_restricted_pair_keeps_the_secret_too(overlap_event):
    message = overlap_message(overlap_event(kind=OverlapEventType.RESOLVED), restricted=True)
    assert message.text == f"Plan “Title of NL.org-a.1” (NL.org-a.1) no longer meets {BLIND}"


@pytest.mark.parametrize("restricted", [False, True])
def test_the_body_about_an_overlap_follows_its_json_schema(node, tmp_path, overlap_event, restricted):
    assert problems(node, tmp_path, "webhook-overlap", overlap_message(overlap_event(), restricted=restricted)) == []


def test_the_body_about_a_plan_follows_its_json_schema(node, tmp_path, plan_event):
    message = plan_message(plan_event(version=3, kind=PlanEventType.CHANGED))
    assert problems(node, tmp_path, "webhook-plan", message) == []
    assert problems(node, tmp_path, "webhook-overlap", message) != []


def problems(node, tmp_path, schema, message):
    """What Node's ajv finds in a body; it may hold more than the schema says, but not less."""
    file = tmp_path / "body.json"
    file.write_text(json.dumps({**json.loads(message.body), "later": 1}), "utf-8")
    return node.run("check_json.mjs", SCHEMAS / "json" / f"{schema}.json", file)
