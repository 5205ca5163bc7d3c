from datetime import UTC, datetime

import pytest
import shapely
from sqlalchemy import func, select

from meekoppel_contracts.codec import (
    encode_assessment_event,
    encode_cooperation_event,
    encode_overlap_event,
    encode_plan_event,
)
from meekoppel_contracts.codes import PlanEventType, Visibility
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.plan import SharedWith
from meekoppel_contracts.testing import example_assessment, example_cooperation
from meekoppel_hub.notifications.consume import NotificationsProcessor
from meekoppel_hub.notifications.metrics import PASSED_OVER
from meekoppel_hub.platform.database.tables.notifications import deliveries, notifications
from meekoppel_hub.platform.database.tables.places import areas
from meekoppel_hub.platform.deliveries import list_deliveries
from meekoppel_hub.platform.errors import PoisonRecord
from meekoppel_hub.platform.stream.records import LogRecord, PartitionId
from meekoppel_hub.platform.subscriptions import pause_subscription, remove_subscription
from meekoppel_hub.testing.scope import DirectScope

TOWN = shapely.box(0, 0, 200, 200)


def record(topic, event):
    value = encode_plan_event(event) if isinstance(event, PlanEvent) else encode_overlap_event(event)
    return LogRecord(PartitionId(topic, 0), 0, 0, b"key", value, ())


@pytest.fixture
def processor(database, clock):
    return NotificationsProcessor(database, "NL", clock)


@pytest.fixture
def apply(processor, database):
    def handle(*records):
        processor.apply([processor.decode(each) for each in records], DirectScope(database))

    return handle


@pytest.fixture
def lanes(database):
    """The lanes of all deliveries with their states, in the order in which they are sent."""
    return lambda: [(d.plan_id, d.state.value) for d in reversed(list_deliveries(database))]


def test_a_plan_in_an_area_becomes_a_delivery(subscribe, apply, lanes, plan_event):
    subscribe("town", area=TOWN)
    apply(record("plans", plan_event()))
    assert lanes() == [("NL.org-a.1", "due")]


def test_both_owners_of_an_overlap_are_told(subscribe, apply, lanes, overlap_event):
    subscribe("org-a")
    subscribe("org-b")
    subscribe("org-c")
    apply(record("coordination", overlap_event()))
    assert lanes() == [("NL.org-a.1", "due"), ("NL.org-b.1", "due")]


def test_the_same_events_handled_twice_give_no_second_delivery(subscribe, apply, database, plan_event, overlap_event):
    subscribe("org-a", own_overlaps=True, area=TOWN)
    records = (record("plans", plan_event()), record("coordination", overlap_event()))
    apply(*records)
    apply(*records)
    apply(*records, *records)
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(notifications)) == 2
        assert connection.scalar(select(func.count()).select_from(deliveries)) == 2


def test_a_new_version_gives_a_new_delivery(subscribe, apply, lanes, plan_event):
    subscribe("town", area=TOWN)
    apply(record("plans", plan_event(version=1)))
    apply(record("plans", plan_event(version=2)))
    assert lanes() == [("NL.org-a.1", "due")] * 2


MOVED = {"kind": PlanEventType.CHANGED, "at": (900.0, 900.0)}


@pytest.mark.parametrize("together", [False, True], ids=["in two batches", "in one batch"])
def test_a_plan_that_moves_out_of_an_area_is_told_once_more(subscribe, apply, database, plan_event, together):
    subscribe("town", area=TOWN)
    events = [plan_event(version=1), plan_event(version=2, **MOVED), plan_event(version=3, **MOVED)]
    records = [record("plans", event) for event in events]
    for batch in [records] if together else [[each] for each in records]:
        apply(*batch)
    apply(*records)
    told = list(reversed(list_deliveries(database)))
    assert [each.kind for each in told] == ["plan.registered", "plan.left_area"]
    assert told[1].text.endswith("It no longer lies in your area.")


def test_a_plan_that_comes_back_into_an_area_is_told_again(subscribe, apply, database, plan_event):
    subscribe("town", area=TOWN)
    back = plan_event(version=3, kind=PlanEventType.CHANGED)
    apply(*[record("plans", event) for event in (plan_event(version=1), plan_event(version=2, **MOVED), back)])
    kinds = [each.kind for each in reversed(list_deliveries(database))]
    assert kinds == ["plan.registered", "plan.left_area", "plan.changed"]


def test_a_plan_that_was_withdrawn_or_never_was_there_does_not_leave(subscribe, apply, database, plan_event):
    subscribe("town", area=TOWN)
    withdrawn = plan_event(version=2, kind=PlanEventType.WITHDRAWN)
    far = plan_event("NL.org-a.2", version=2, **MOVED)
    moved = plan_event(version=3, **MOVED)
    apply(*[record("plans", event) for event in (plan_event(version=1), withdrawn, moved, far)])
    assert [each.kind for each in reversed(list_deliveries(database))] == ["plan.registered", "plan.withdrawn"]


def test_a_subscription_added_later_is_told_from_then_on(subscribe, apply, lanes, plan_event):
    apply(record("plans", plan_event(version=1)))
    subscribe("town", area=TOWN)
    apply(record("plans", plan_event(version=2)))
    assert len(lanes()) == 1


def test_a_restricted_plan_reaches_no_stranger(subscribe, apply, database, plan_event):
    subscribe("town", area=TOWN)
    friend, _ = subscribe("friend", area=TOWN)
    event = plan_event(visibility=Visibility.RESTRICTED, shared_with=["friend"])
    apply(record("plans-restricted", event))
    assert [each.subscription_id for each in list_deliveries(database)] == [friend.subscription_id]


def test_a_restricted_pair_is_told_without_details(subscribe, apply, database, overlap_event):
    subscribe("org-a")
    apply(record("coordination-restricted", overlap_event()))
    [delivery] = list_deliveries(database)
    assert delivery.text.endswith("meets a plan of another organisation (restricted: no details).")
    assert delivery.other_plan_id is None


def test_what_comes_for_a_paused_subscription_is_held(subscribe, apply, lanes, database, clock, plan_event):
    subscription, _ = subscribe("town", area=TOWN)
    pause_subscription(database, subscription.subscription_id, clock=clock)
    apply(record("plans", plan_event()))
    assert lanes() == [("NL.org-a.1", "held")]


def test_a_removed_subscription_is_not_told(subscribe, apply, lanes, database, clock, plan_event):
    subscription, _ = subscribe("town", area=TOWN)
    remove_subscription(database, subscription.subscription_id, clock=clock)
    apply(record("plans", plan_event()))
    assert lanes() == []


def test_whoever_delivers_is_woken_when_there_is_something(subscribe, database, clock, plan_event):
    woken = []
    processor = NotificationsProcessor(database, "NL", clock, on_queued=lambda: woken.append(True))
    subscribe("town", area=TOWN)
    processor.apply([], DirectScope(database))
    assert woken == []
    processor.apply([processor.decode(record("plans", plan_event()))], DirectScope(database))
    assert woken == [True]


def test_bytes_that_follow_no_contract_are_poison(processor):
    for topic in ("plans", "plans-restricted", "coordination", "coordination-restricted"):
        for value in (None, b"", b"\x00\x00\x00\x00\x01", b"nonsense"):
            with pytest.raises(PoisonRecord):
                processor.decode(LogRecord(PartitionId(topic, 0), 0, 0, b"key", value, ()))


def test_members_of_a_collaboration_hear_of_a_plan_that_is_shared_with_it(
    subscribe, apply, lanes, database, plan_event
):
    subscribe("member", area=TOWN)
    subscribe("other", area=TOWN)
    event = plan_event(visibility=Visibility.RESTRICTED)
    shared = SharedWith(collaborations=("NL.org-a.together",))
    event = event.model_copy(update={"plan": event.plan.model_copy(update={"shared_with": shared})})
    collaboration(database, "NL.org-a.together", "org-a,member")
    apply(record("plans-restricted", event))
    assert lanes() == [("NL.org-a.1", "due")]


def collaboration(database, area_id, members):
    row = {
        "area_id": area_id,
        "revision": 1,
        "authority": "org-a",
        "kind": "collaboration",
        "name": "Together",
        "active": True,
        "members": members,
        "margin_m": 0.0,
        "wkb": b"",
        **dict.fromkeys(("min_x", "min_y", "max_x", "max_y"), 0.0),
        "recorded_at": datetime(2026, 11, 1, tzinfo=UTC),
        "event": b"",
    }
    with database.begin() as connection:
        connection.execute(areas.delete())
        connection.execute(areas.insert(), row)


def test_what_parties_say_and_agree_is_passed_over_counted_and_holds_up_nothing(subscribe, apply, lanes, overlap_event):
    subscribe("org-a")
    said = (encode_assessment_event(example_assessment()), encode_cooperation_event(example_cooperation()))
    before = passed_over("assessment-event")
    values = (*said, encode_overlap_event(overlap_event()))
    apply(*(LogRecord(PartitionId("coordination", 0), n, 0, b"key", value, ()) for n, value in enumerate(values)))
    assert lanes() == [("NL.org-a.1", "due")]
    assert passed_over("assessment-event") == before + 1


def passed_over(contract):
    return PASSED_OVER.labels(contract)._value.get()


def test_a_contract_of_a_newer_hub_waits_and_is_not_passed_over(processor):
    with pytest.raises(PoisonRecord, match="no contract has schema id"):
        processor.decode(LogRecord(PartitionId("coordination", 0), 0, 0, b"key", b"\0\0\0\x7f\xff\0", ()))


def test_an_event_without_its_number_is_poison(processor, plan_event):
    with pytest.raises(PoisonRecord, match="not_numbered"):
        processor.decode(record("plans", plan_event(version=0)))


def test_a_zone_that_is_no_geometry_is_poison(processor, plan_event):
    event = plan_event()
    broken = event.plan.zones[0].model_copy(update={"geometry": b"\x01\x02"})
    plan = event.plan.model_copy(update={"zones": (broken,)})
    with pytest.raises(PoisonRecord, match="invalid_geometry"):
        processor.decode(record("plans", event.model_copy(update={"plan": plan})))
