"""Moratoria: found from either side, derived from completed works, taken back; on both stores."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import shapely
from shapely import LineString, box

from meekoppel_contracts.codec import decode_moratorium_event
from meekoppel_contracts.codes import (
    Discipline,
    MoratoriumEventType,
    MoratoriumOrigin,
    OverlapEventType,
    OverlapKind,
    PlanEventType,
    Status,
    Visibility,
    WorkType,
)
from meekoppel_contracts.topics import AREAS
from meekoppel_hub.coordination.derivation import after_months
from meekoppel_hub.coordination.rebuild import match_all
from meekoppel_hub.coordination.rules_state import rules_now
from meekoppel_hub.platform.agreements import parse_agreement
from meekoppel_hub.platform.stream.records import LogRecord, PartitionId
from meekoppel_hub.testing.place_events import agreement_event, area_event, moratorium_event
from meekoppel_hub.testing.plan_events import DAY_ZERO, plan_event, zone
from tests.services.coordination.conftest import NOW

STREET = box(93_000, 463_000, 93_100, 463_010)
TOWN = box(90_000, 460_000, 96_000, 466_000)
REST, AREA, RULES = "NL.gm0546.rust", "NL.gm0546.gemeente", "NL.gm0546.afspraken"
DAY = timedelta(days=1)
AGREED = parse_agreement(
    "ruleset: leiden\nversion: '1'\n"
    "moratoria: [{name: redesign, work_types: [redesign], months: 60, exceptions: [leak_repair]},"
    " {name: utilities, work_types: [replace], months: 24}]\n"
).rules


def works(plan_id: str, version: int = 1, **changes: Any) -> Any:
    kinds = changes.pop("work_types", (WorkType.REPLACE,))
    happened = PlanEventType.REGISTERED if version == 1 else PlanEventType.CHANGED
    event = plan_event(
        plan_id,
        version=version,
        type=changes.pop("type", happened),
        zones=[zone(changes.pop("place", STREET))],
        disciplines=[Discipline.ROAD],
        **changes,
    )
    return event.model_copy(update={"plan": event.plan.model_copy(update={"work_types": kinds})})


def breaches(view: Any) -> list[tuple[str, str | None, str]]:
    return [(row.first_plan, row.moratorium_id, row.state) for row in view.pairs() if row.kind == "moratorium_breach"]


def derived(view: Any) -> list[Any]:
    return [decode_moratorium_event(message.value) for message in view.published if message.topic == AREAS]


def read_back(view: Any) -> None:
    """Let coordination read what it published itself to topic `areas`."""
    told = [message for message in view.published if message.topic == AREAS]
    records = [LogRecord(PartitionId(AREAS, 0), n, 0, one.key, one.value, ()) for n, one in enumerate(told)]
    view.apply([view.processor.decode(record) for record in records])


def test_a_plan_that_comes_after_a_moratorium_breaks_it(view):
    view.place(moratorium_event(REST, STREET))
    ((topic, event),) = view.take(works("NL.vitens.1"))
    assert (topic, event.type, event.kind) == ("coordination", OverlapEventType.DETECTED, OverlapKind.MORATORIUM_BREACH)
    assert (event.first.plan_id, event.second.plan_id, event.moratorium_id) == ("NL.vitens.1", REST, REST)
    assert event.second.organisation == "gm0546"


def test_a_moratorium_that_comes_after_a_plan_finds_it(view):
    view.take(works("NL.vitens.1"))
    ((_, event),) = view.place(moratorium_event(REST, STREET))
    assert event.kind is OverlapKind.MORATORIUM_BREACH


def test_a_breach_ends_when_the_moratorium_is_lifted_moved_or_exempts_the_plan(view):
    view.take(works("NL.vitens.1"))
    elsewhere = box(95_000, 463_000, 95_100, 463_010)
    for number, change in enumerate(({"lifted": True}, {"exempt_plans": ("NL.vitens.1",)}, {"place": elsewhere}), 1):
        view.place(moratorium_event(REST, STREET, revision=2 * number - 1))
        place = change.pop("place", STREET)
        ((_, event),) = view.place(moratorium_event(REST, place, revision=2 * number, **change))
        assert event.type is OverlapEventType.RESOLVED
    assert breaches(view) == [("NL.vitens.1", REST, "resolved")]


def test_a_breach_ends_when_the_plan_moves(view):
    view.place(moratorium_event(REST, STREET, ends=DAY_ZERO + 5 * DAY))
    view.take(works("NL.vitens.1"))
    ((_, event),) = view.take(works("NL.vitens.1", 2, days=(20, 30)))
    assert event.type is OverlapEventType.RESOLVED


def test_another_worker_sees_a_moratorium_that_this_one_stored(view, make_view, database):
    other = make_view(database)
    other.take(works("NL.vitens.9", place=box(90_000, 460_000, 90_010, 460_010)))
    view.place(moratorium_event(REST, STREET))
    ((_, event),) = other.take(works("NL.vitens.1"))
    assert event.kind is OverlapKind.MORATORIUM_BREACH


def test_step_by_step_is_what_matching_from_nothing_finds(view, database):
    view.place(moratorium_event(REST, LineString([(93_000, 463_005), (93_200, 463_005)])))
    view.take(works("NL.vitens.1"), works("NL.liander.1", place=box(93_150, 463_000, 93_160, 463_010)))
    with database.read() as connection:
        found = {one.overlap_id for one in match_all(connection, rules_now(connection))}
    assert found == {row.overlap_id for row in view.pairs() if row.state == "open"}
    assert len(breaches(view)) == 2


@pytest.fixture
def leiden(view):
    """A town in which the ground rests after works."""
    view.place(area_event(AREA, TOWN), agreement_event(RULES, AGREED, (AREA,)))
    view.work_besides()
    return view


def test_completed_works_let_the_ground_rest_for_as_long_as_agreed(leiden):
    leiden.take(works("NL.vitens.1", status=Status.IN_PROGRESS))
    assert derived(leiden) == []
    leiden.take(works("NL.vitens.1", 2, status=Status.COMPLETED))
    (event,) = derived(leiden)
    assert (event.type, event.origin) == (MoratoriumEventType.DECLARED, MoratoriumOrigin.DERIVED)
    assert (event.authority, event.derived_from, event.revision) == ("gm0546", "NL.vitens.1", 2)
    assert (event.starts, event.ends) == (DAY_ZERO + 10 * DAY, datetime(2029, 3, 11, tzinfo=event.starts.tzinfo))
    assert shapely.from_wkb(event.geometry).equals(STREET)


def test_the_kind_of_work_decides_on_the_term_and_the_exceptions(leiden):
    leiden.take(works("NL.gm0546.1", status=Status.COMPLETED, work_types=(WorkType.REDESIGN,)))
    (event,) = derived(leiden)
    assert event.ends == event.starts.replace(year=event.starts.year + 5)
    assert [one.value for one in event.exceptions] == ["leak_repair"]


def test_who_digs_where_works_were_completed_is_told(leiden):
    leiden.take(works("NL.gm0546.1", status=Status.COMPLETED, work_types=(WorkType.REDESIGN,)))
    leiden.take(works("NL.liander.1", days=(100, 110)))
    read_back(leiden)
    ((plan, _, state),) = breaches(leiden)
    assert (plan, state) == ("NL.liander.1", "open")


def test_a_completion_that_is_taken_back_lifts_the_moratorium_and_the_breach(leiden):
    leiden.take(works("NL.gm0546.1", status=Status.COMPLETED, work_types=(WorkType.REDESIGN,)))
    leiden.take(works("NL.liander.1", days=(100, 110)))
    read_back(leiden)
    leiden.take(works("NL.gm0546.1", 2, status=Status.IN_PROGRESS, work_types=(WorkType.REDESIGN,)))
    declared, lifted = derived(leiden)
    assert (lifted.type, lifted.revision, lifted.moratorium_id) == ("lifted", 2, declared.moratorium_id)
    read_back(leiden)
    assert [state for _, _, state in breaches(leiden)] == ["resolved"]
    leiden.take(works("NL.gm0546.1", 3, status=Status.COMPLETED, work_types=(WorkType.REDESIGN,)))
    assert derived(leiden)[-1].type is MoratoriumEventType.DECLARED


@pytest.mark.parametrize("again", [1, 2])
def test_what_was_said_is_not_said_again(leiden, again):
    leiden.take(works("NL.vitens.1", status=Status.COMPLETED))
    leiden.take(works("NL.vitens.1", again, status=Status.COMPLETED))
    assert len(derived(leiden)) == 1


def test_a_corrected_place_changes_the_moratorium(leiden):
    leiden.take(works("NL.vitens.1", status=Status.COMPLETED))
    leiden.take(works("NL.vitens.1", 2, status=Status.COMPLETED, place=box(93_000, 463_000, 93_050, 463_010)))
    assert [event.type.value for event in derived(leiden)] == ["declared", "changed"]


def test_a_later_agreement_does_not_change_the_term_of_works_that_were_completed_before(leiden):
    leiden.take(works("NL.vitens.1", status=Status.COMPLETED))
    shorter = AGREED.model_copy(update={"moratoria": (), "version": "2"})
    leiden.place(agreement_event(RULES, shorter, (AREA,), revision=2))
    leiden.work_besides()
    leiden.take(works("NL.liander.1", status=Status.COMPLETED))
    assert [event.derived_from for event in derived(leiden)] == ["NL.vitens.1"]


@pytest.mark.parametrize(
    "changes",
    [
        {"visibility": Visibility.RESTRICTED},
        {"type": PlanEventType.WITHDRAWN},
        {"work_types": (WorkType.SURVEY,)},
        {"place": box(80_000, 450_000, 80_010, 450_010)},
        {"status": Status.CANCELLED},
    ],
)
def test_what_leaves_no_rest(leiden, changes):
    leiden.take(works("NL.vitens.1", **{"status": Status.COMPLETED, **changes}))
    assert derived(leiden) == []


def test_works_of_long_ago_leave_none_that_is_over_by_now(leiden):
    leiden.clock = lambda: NOW + 4_000 * DAY
    leiden.take(works("NL.vitens.1", status=Status.COMPLETED))
    assert derived(leiden) == []


def test_months_are_counted_as_people_do():
    assert after_months(datetime(2027, 1, 31), 1) == datetime(2027, 2, 28)  # noqa: DTZ001 - the zone does not matter
    assert after_months(datetime(2027, 11, 30), 3) == datetime(2028, 2, 29)  # noqa: DTZ001
