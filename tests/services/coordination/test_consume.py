"""What coordination makes of a batch of the log, in both stores."""

from typing import Any

import pytest
import shapely
from sqlalchemy import select

from meekoppel_contracts.codec import encode_plan_event
from meekoppel_contracts.codes import (
    Affected,
    Certainty,
    Discipline,
    NuisanceEffect,
    OverlapEventType,
    OverlapKind,
    PlanEventType,
    Status,
    Visibility,
    WorkType,
    ZoneRole,
)
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.ids import PlanId, overlap_id
from meekoppel_contracts.plan import Excavation, Nuisance
from meekoppel_hub.coordination import pairing
from meekoppel_hub.coordination.facts import facts_of
from meekoppel_hub.coordination.matching import match
from meekoppel_hub.coordination.queries import load_plans
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.view import overlaps, plan_versions, plan_zones, plans
from meekoppel_hub.platform.errors import PoisonRecord
from meekoppel_hub.platform.stream.records import LogRecord, PartitionId
from meekoppel_hub.testing.plan_events import DAY_ZERO, log_record, plan_event, zone
from meekoppel_hub.testing.scope import DirectScope

DETECTED, CHANGED, RESOLVED = OverlapEventType.DETECTED, OverlapEventType.CHANGED, OverlapEventType.RESOLVED
PAIR = overlap_id(PlanId("NL.gm0361.a"), PlanId("NL.liander.b"))
FAR = shapely.box(95_000, 463_000, 95_010, 463_010)


def a(version: int = 1, **about: Any) -> PlanEvent:
    return plan_event("NL.gm0361.a", version=version, **about)


def b(version: int = 1, **about: Any) -> PlanEvent:
    return plan_event("NL.liander.b", version=version, **about)


def stored(view: Any, *columns: Any) -> list[tuple[Any, ...]]:
    with view.database.read() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(*columns[:2]))]


def types(told: list[Any]) -> list[tuple[str, OverlapEventType]]:
    return [(topic, event.type) for topic, event in told]


class Crashing(DirectScope):
    """A batch that ends after its first transaction."""

    def commit(self) -> Any:
        raise ConnectionError("killed")


def test_two_plans_that_meet_are_told_once(view):
    assert view.take(a()) == []
    told = view.take(b())
    assert types(told) == [("coordination", DETECTED)]
    event = told[0][1]
    assert (event.overlap_id, event.revision, event.kind) == (PAIR, 1, OverlapKind.CONFLICT_HEAVY)
    assert (event.first.plan_id, event.second.plan_id) == ("NL.gm0361.a", "NL.liander.b")
    assert (event.first.title, event.ruleset, event.srid) == ("Works", "national/1", 28992)
    message = view.published[0]
    assert (message.key, message.event_id) == (b"NL.gm0361.a", f"{PAIR}/1")
    assert dict(message.headers)["ce_subject"] == PAIR.encode()


def test_two_plans_that_meet_within_one_batch_are_told_once(view):
    assert types(view.take(a(), b())) == [("coordination", DETECTED)]


def test_an_empty_batch_is_committed(view):
    assert view.apply([]) == []


def test_a_new_version_that_changes_no_fact_of_the_pair_is_not_told_but_noted(view):
    view.take(a(), b())
    assert view.take(a(2, title="Other words")) == []
    (row,) = view.pairs()
    assert (row.first_version, row.second_version, row.revision) == (2, 1, 1)


def test_a_changed_fact_is_told_with_a_higher_revision(view):
    view.take(a(), b())
    told = view.take(b(2, certainty=Certainty.POSSIBLE))
    assert types(told) == [("coordination", CHANGED)]
    assert (told[0][1].kind, told[0][1].revision) == (OverlapKind.CONFLICT_LIGHT, 2)


@pytest.mark.parametrize(
    "end",
    [{"type": PlanEventType.WITHDRAWN}, {"status": Status.COMPLETED}, {"zones": [zone(FAR)]}, {"days": (200, 201)}],
)
def test_a_pair_that_no_longer_meets_is_resolved_and_kept(view, end: dict[str, Any]):
    view.take(a(), b())
    told = view.take(b(2, **end))
    assert types(told) == [("coordination", RESOLVED)]
    (row,) = view.pairs()
    assert (row.state, row.second_version, row.revision) == ("resolved", 2, 2)


def test_a_resolved_pair_that_meets_again_is_detected_again(view):
    view.take(a(), b())
    view.take(b(2, zones=[zone(FAR)]))
    told = view.take(b(3))
    assert types(told) == [("coordination", DETECTED)]
    assert told[0][1].revision == 3


def test_a_pair_of_one_initiator_is_resolved_when_it_becomes_so(view):
    view.take(a(), b())
    told = view.take(b(2, initiator="gm0361"))
    assert types(told) == [("coordination", RESOLVED)]
    assert "both plans are of gm0361" in told[0][1].explanation


def test_an_older_version_is_history_and_changes_nothing_else(view):
    view.take(a(3, zones=[zone(FAR)]), b())
    assert view.take(a(2)) == []
    assert view.pairs() == []
    assert stored(view, plan_versions.c.plan_id, plan_versions.c.version) == [
        ("NL.gm0361.a", 2),
        ("NL.gm0361.a", 3),
        ("NL.liander.b", 1),
    ]
    assert stored(view, plans.c.plan_id, plans.c.version) == [("NL.gm0361.a", 3), ("NL.liander.b", 1)]
    assert stored(view, plan_zones.c.plan_id, plan_zones.c.min_x)[0][1] == pytest.approx(95_000, abs=0.01)


def test_what_matching_needs_of_a_plan_is_read_back_as_it_was_stored(view):
    event = a(shift=(3, None), disciplines=[Discipline.ROAD, Discipline.GAS_LOW], cooperates=True)
    details = {
        "work_types": (WorkType.REPLACE, WorkType.NEW),
        "excavation": Excavation(digs=True, area_m2=12.5),
        "nuisance": (
            Nuisance(who=Affected.CAR, effect=NuisanceEffect.CLOSED, zone_id="2", starts=DAY_ZERO, ends=DAY_ZERO),
        ),
        "zones": (zone(FAR), zone(FAR, ZoneRole.NUISANCE, name="2", buffer_m=3.0)),
    }
    event = event.model_copy(update={"plan": event.plan.model_copy(update=details)})
    view.take(event)
    with view.database.read() as connection:
        loaded = load_plans(connection, ["NL.gm0361.a"])
    assert loaded.plans == [facts_of(event)]
    (facts,) = loaded.plans
    assert (facts.work_types, facts.digs, facts.area_m2, facts.trench_length_m) == ("new,replace", True, 12.5, None)
    assert stored(view, plan_zones.c.zone_no, plan_zones.c.periods) == [
        (0, None),
        (1, f"[[{facts.starts_us}, {facts.starts_us}]]"),
    ]


def test_several_versions_in_one_batch_leave_the_newest(view):
    view.take(a(2, title="second"), a(3, title="third"), a(1, title="first"))
    assert stored(view, plans.c.version, plans.c.title) == [(3, "third")]
    assert len(stored(view, plan_versions.c.plan_id, plan_versions.c.version)) == 3


def test_the_same_batch_again_changes_nothing(view):
    view.take(a(), b())
    before = view.digest()
    zones = stored(view, plan_zones.c.plan_id, plan_zones.c.zone_key)
    assert view.take(a(), b()) == []
    assert view.digest() == before
    assert stored(view, plan_zones.c.plan_id, plan_zones.c.zone_key) == zones


def test_zones_are_replaced_with_their_plan(view):
    view.take(a(zones=[zone(FAR, name="1"), zone(FAR, name="2")]))
    view.take(a(2, zones=[zone(FAR, name="3")]))
    assert stored(view, plan_zones.c.plan_id, plan_zones.c.zone_no) == [("NL.gm0361.a", 0)]


def test_a_crash_between_the_phases_is_made_good_when_the_batch_comes_again(view):
    view.take(a())
    items = [view.processor.decode(log_record(b()))]
    with pytest.raises(ConnectionError):
        view.apply(items, Crashing(view.database))
    assert view.pairs() == []
    assert types(view.apply(items)) == [("coordination", DETECTED)]


def test_a_newer_version_stored_meanwhile_leaves_the_pair_to_the_worker_that_stored_it(
    postgis_database: Database, make_view: Any, monkeypatch: pytest.MonkeyPatch
):
    """What was matched at an older version is not written; whoever stored the newer one matches it."""
    view, other = make_view(postgis_database), make_view(postgis_database)
    view.take(a(), b())
    crashed = Crashing(postgis_database)

    def meanwhile(*arguments: Any) -> Any:
        with pytest.raises(ConnectionError):
            other.apply([other.processor.decode(log_record(a(9)))], crashed)
        return match(*arguments)

    monkeypatch.setattr(pairing, "match", meanwhile)
    assert view.take(b(2, zones=[zone(FAR)])) == []
    (row,) = view.pairs()
    assert (row.state, row.first_version, row.second_version) == ("open", 1, 1)
    monkeypatch.undo()
    assert types(other.take(a(9))) == [("coordination", RESOLVED)]


def test_a_restricted_plan_is_told_in_the_restricted_topic_only(view):
    told = view.take(a(), b(visibility=Visibility.RESTRICTED))
    assert types(told) == [("coordination-restricted", DETECTED)]


def test_a_pair_that_becomes_restricted_ends_in_the_open_topic_without_details(view):
    view.take(a(title="Open works"), b(title="Open cable"))
    told = view.take(b(2, visibility=Visibility.RESTRICTED, title="Secret cable", certainty=Certainty.POSSIBLE))
    assert types(told) == [("coordination", RESOLVED), ("coordination-restricted", DETECTED)]
    farewell, beginning = told[0][1], told[1][1]
    assert (farewell.first.title, farewell.second.title, farewell.second.version) == ("", "", 1)
    assert (farewell.revision, beginning.revision) == (2, 3)
    assert farewell.kind is OverlapKind.CONFLICT_HEAVY
    assert "Secret" not in farewell.model_dump_json()
    assert "firm" not in farewell.explanation


def test_a_pair_that_becomes_restricted_and_ends_at_once_says_only_that_it_ended(view):
    view.take(a(), b())
    told = view.take(b(2, visibility=Visibility.RESTRICTED, title="Secret", zones=[zone(FAR)]))
    assert types(told) == [("coordination", RESOLVED)]
    assert (told[0][1].second.version, told[0][1].second.title) == (1, "")


def test_a_resolved_pair_stays_restricted_when_it_keeps_what_was_found_while_it_was(view):
    view.take(a(), b(visibility=Visibility.RESTRICTED))
    view.take(b(2, zones=[zone(FAR)]))
    assert stored(view, overlaps.c.state, overlaps.c.restricted) == [("resolved", True)]


def test_a_pair_that_is_opened_up_moves_to_the_open_topic(view):
    view.take(a(), b(visibility=Visibility.RESTRICTED))
    told = view.take(b(2))
    assert types(told) == [("coordination-restricted", RESOLVED), ("coordination", DETECTED)]


def test_no_event_id_is_used_twice(view):
    view.take(a(), b())
    view.take(b(2, visibility=Visibility.RESTRICTED))
    view.take(b(3, certainty=Certainty.IDEA))
    view.take(b(4, type=PlanEventType.WITHDRAWN))
    view.take(b(5))
    ids = [message.event_id for message in view.published]
    assert len(ids) == len(set(ids)) == 7


def record(value: bytes | None, key: bytes | None = b"NL.gm0361.a") -> LogRecord:
    return LogRecord(PartitionId("plans", 0), 7, 0, key, value, ())


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (record(None), "tombstone"),
        (record(b"not avro"), "undecodable"),
        (record(b""), "undecodable"),
        (record(encode_plan_event(a()), key=b"NL.gm0361.other"), "wrong_key"),
        (record(encode_plan_event(a()), key=None), "wrong_key"),
        (record(encode_plan_event(a(0))), "missing_version"),
        (record(encode_plan_event(a().model_copy(update={"recorded_at": None}))), "missing_time"),
    ],
)
def test_a_record_that_can_never_succeed_is_poison(sqlite_database, make_view, bad: LogRecord, reason: str):
    with pytest.raises(PoisonRecord) as poison:
        make_view(sqlite_database).processor.decode(bad)
    assert poison.value.reason == reason


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (zone(FAR, srid=4326), "wrong_crs"),
        (zone(shapely.Point()), "invalid_geometry"),
        (zone(shapely.Point(float("nan"), 1)), "invalid_geometry"),
        (zone(FAR).model_copy(update={"geometry": b"\x01\x02"}), "invalid_geometry"),
    ],
)
def test_a_zone_that_cannot_be_matched_is_poison_and_nothing_of_it_is_stored(view, place: Any, reason: str):
    with pytest.raises(PoisonRecord) as poison:
        view.take(a(zones=[place]))
    assert poison.value.reason == reason
    assert "NL.gm0361.a version 1" in poison.value.detail
    assert stored(view, plans.c.plan_id, plans.c.version) == []
