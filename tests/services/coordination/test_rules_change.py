"""Rules that change while a view is at work: with several workers, at a border, by the course of time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import box
from sqlalchemy import delete

from meekoppel_contracts.codes import Discipline, OverlapEventType, OverlapKind, PlanEventType
from meekoppel_hub.coordination.rebuild import match_all
from meekoppel_hub.coordination.rules_state import rules_now
from meekoppel_hub.coordination.simulation import simulate
from meekoppel_hub.platform.agreements import Agreement, national_agreement
from meekoppel_hub.platform.agreements.progress import rules_progress
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables import places as place_tables
from meekoppel_hub.platform.database.tables.view import overlap_versions, overlaps, plan_versions, plan_zones, plans
from meekoppel_hub.testing.place_events import agreement_event, area_event
from meekoppel_hub.testing.plan_events import plan_event, zone
from meekoppel_hub.testing.scope import DirectScope
from tests.services.coordination.conftest import NOW

X, Y = 93_000.0, 463_000.0
WEST, EAST = box(X, Y, X + 1_000, Y + 1_000), box(X + 1_000, Y, X + 2_000, Y + 1_000)
W_AREA, E_AREA = "NL.west.gemeente", "NL.east.gemeente"
W_RULES, E_RULES = "NL.west.afspraken", "NL.east.afspraken"


def rules(name: str, light_m: float = 0.0, version: str = "1") -> Agreement:
    return national_agreement().model_copy(
        update={
            "ruleset": name,
            "version": version,
            "light_conflict_distance_m": light_m,
            "opportunity": national_agreement().opportunity.model_copy(update={"distance_m": 0.0}),
        }
    )


def plan(plan_id: str, at: float, version: int = 1, size: float = 10.0) -> Any:
    happened = PlanEventType.REGISTERED if version == 1 else PlanEventType.CHANGED
    place = box(X + at, Y + 500, X + at + size, Y + 510)
    return plan_event(plan_id, version=version, zones=[zone(place)], disciplines=[Discipline.ROAD], type=happened)


def open_pairs(view: Any) -> list[tuple[str, str, str]]:
    return sorted((row.first_plan, row.kind, row.rulesets) for row in view.pairs() if row.state == "open")


def from_nothing(database: Database) -> set[tuple[Any, ...]]:
    with database.read() as connection:
        found = match_all(connection, rules_now(connection))
    return {(one.overlap_id, one.kind.value, ",".join(one.rulesets), one.severity.value) for one in found}


def stored(view: Any) -> set[tuple[Any, ...]]:
    return {(row.overlap_id, row.kind, row.rulesets, row.severity) for row in view.pairs() if row.state == "open"}


def test_plans_that_are_there_are_matched_again_when_an_agreement_is_applied(view):
    view.take(plan("NL.a.1", 100), plan("NL.b.1", 150))
    assert open_pairs(view) == []
    view.place(area_event(W_AREA, WEST), agreement_event(W_RULES, rules("west", 50), (W_AREA,)))
    ((topic, event),) = view.work_besides()
    assert (topic, event.type, event.kind) == ("coordination", OverlapEventType.DETECTED, OverlapKind.CONFLICT_LIGHT)
    assert event.ruleset == "west/1"
    assert rules_progress(view.database) is None


def test_plans_that_come_later_are_matched_by_the_new_rules_at_once(view):
    view.place(area_event(W_AREA, WEST), agreement_event(W_RULES, rules("west", 50), (W_AREA,)))
    told = view.take(plan("NL.a.1", 100), plan("NL.b.1", 150))
    assert [event.ruleset for _, event in told] == ["west/1"]


def test_outside_of_the_area_nothing_changes(view):
    view.take(plan("NL.a.1", 1_500), plan("NL.b.1", 1_550))
    view.place(area_event(W_AREA, WEST), agreement_event(W_RULES, rules("west", 50), (W_AREA,)))
    assert view.work_besides() == []


def test_within_the_margin_outside_the_border_the_agreement_holds(view):
    view.take(plan("NL.a.1", 1_040), plan("NL.b.1", 1_080))
    view.place(area_event(W_AREA, WEST, margin_m=60.0), agreement_event(W_RULES, rules("west", 50), (W_AREA,)))
    assert [event.ruleset for _, event in view.work_besides()] == ["west/1"]


def test_on_a_border_both_rule_sets_are_applied_and_named_and_the_heavier_counts(view):
    view.take(plan("NL.a.1", 950), plan("NL.b.1", 1_020))
    view.place(area_event(W_AREA, WEST), area_event(E_AREA, EAST))
    view.place(agreement_event(W_RULES, rules("west", 100), (W_AREA,)))
    view.work_besides()
    view.place(agreement_event(E_RULES, rules("east", 20), (E_AREA,)))
    view.work_besides()
    ((_, kind, named),) = open_pairs(view)
    assert kind == "conflict_light"
    assert set(named.split(",")) == {"west/1", "east/1"}


def test_a_new_version_resolves_what_only_the_old_one_found(view):
    view.take(plan("NL.a.1", 100), plan("NL.b.1", 150))
    view.place(area_event(W_AREA, WEST), agreement_event(W_RULES, rules("west", 50), (W_AREA,)))
    view.work_besides()
    view.place(agreement_event(W_RULES, rules("west", 5, "2"), (W_AREA,), revision=2))
    assert [event.type for _, event in view.work_besides()] == [OverlapEventType.RESOLVED]
    assert open_pairs(view) == []


def test_a_version_that_finds_the_same_is_named_without_telling_anybody(view):
    view.take(plan("NL.a.1", 100, size=30), plan("NL.b.1", 110))
    view.place(area_event(W_AREA, WEST), agreement_event(W_RULES, rules("west", 50), (W_AREA,)))
    view.work_besides()
    view.place(agreement_event(W_RULES, rules("west", 50, "2"), (W_AREA,), revision=2))
    assert view.work_besides() == []
    assert open_pairs(view) == [("NL.a.1", "conflict_heavy", "west/2")]


def test_an_agreement_that_is_ended_gives_way_to_the_default(view):
    view.take(plan("NL.a.1", 100), plan("NL.b.1", 150))
    view.place(area_event(W_AREA, WEST), agreement_event(W_RULES, rules("west", 50), (W_AREA,)))
    view.work_besides()
    view.place(agreement_event(W_RULES, rules("west", 50), (W_AREA,), revision=2, ended=True))
    assert [event.type for _, event in view.work_besides()] == [OverlapEventType.RESOLVED]


def test_an_area_that_moves_concerns_the_plans_where_it_was_and_where_it_is(view):
    view.take(plan("NL.a.1", 100), plan("NL.b.1", 150), plan("NL.a.2", 1_500), plan("NL.b.2", 1_550))
    view.place(area_event(W_AREA, WEST), agreement_event(W_RULES, rules("west", 50), (W_AREA,)))
    view.work_besides()
    view.place(area_event(W_AREA, EAST, revision=2))
    told = {(event.type, event.first.plan_id) for _, event in view.work_besides()}
    assert told == {(OverlapEventType.RESOLVED, "NL.a.1"), (OverlapEventType.DETECTED, "NL.a.2")}


def test_rules_that_begin_later_hold_when_their_time_has_come(view):
    view.take(plan("NL.a.1", 100), plan("NL.b.1", 150))
    begins = NOW + timedelta(days=3)
    view.place(area_event(W_AREA, WEST), agreement_event(W_RULES, rules("west", 50), (W_AREA,), valid=(begins, None)))
    assert view.work_besides() == []
    view.clock = lambda: begins
    assert [event.type for _, event in view.work_besides()] == [OverlapEventType.DETECTED]


def test_a_change_is_gone_on_with_by_another_worker(view, make_view, database: Database, monkeypatch):
    monkeypatch.setattr("meekoppel_hub.coordination.rules_change.CHUNK", 2)
    for number in range(6):
        view.take(plan(f"NL.a.{number}", number * 150), plan(f"NL.b.{number}", number * 150 + 50))
    view.place(area_event(W_AREA, WEST), agreement_event(W_RULES, rules("west", 45), (W_AREA,)))
    assert view.processor.work_besides(DirectScope(database))
    assert rules_progress(database) == (2, 12)
    make_view(database).work_besides()
    assert stored(view) == from_nothing(database)
    assert len(open_pairs(view)) == 6


def test_no_pair_is_left_under_old_rules_when_they_change_while_workers_match(view, make_view, database: Database):
    """Four workers fold plans that meet while two agreements come and go."""
    view.place(area_event(W_AREA, WEST), area_event(E_AREA, EAST))
    workers = [make_view(database) for _ in range(4)]

    def fold(number: int) -> None:
        worker = workers[number % len(workers)]
        for version in range(1, 4):
            worker.take(plan(f"NL.o{number}.1", 60.0 * (number + version), version))
            worker.work_besides()

    def agree() -> None:
        for revision in range(1, 6):
            west, east = rules("west", 20.0 * revision, f"{revision}"), rules("east", 90.0 / revision, f"{revision}")
            view.place(agreement_event(W_RULES, west, (W_AREA,), revision=revision))
            view.place(agreement_event(E_RULES, east, (E_AREA,), revision=revision))

    with ThreadPoolExecutor(5) as pool:
        # One thread per worker: a worker is never in two threads at once.
        each = [pool.submit(lambda n=n: [fold(m) for m in range(n, 24, 4)]) for n in range(4)]
        each.append(pool.submit(agree))
        for one in each:
            one.result()
    view.work_besides()
    assert rules_progress(database) is None
    assert stored(view) == from_nothing(database)
    assert stored(view)


def empty(database: Database) -> None:
    with database.begin() as connection:
        for table in (overlaps, overlap_versions, plan_zones, plan_versions, plans):
            connection.execute(delete(table))
        for table in (place_tables.areas, place_tables.agreements, place_tables.rules_changes):
            connection.execute(delete(table))


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    places=st.lists(st.integers(0, 24).map(lambda step: step * 80.0), min_size=2, max_size=7),
    before=st.sampled_from([None, 0.0, 70.0]),
    after=st.sampled_from([0.0, 35.0, 75.0, 150.0]),
    everywhere=st.booleans(),
)
def test_what_is_simulated_is_what_applying_it_then_does(database, make_view, places, before, after, everywhere):
    empty(database)
    view = make_view(database)
    view.take(*(plan(f"NL.o{number}.1", at) for number, at in enumerate(places)))
    view.place(area_event(W_AREA, WEST, margin_m=30.0))
    if before is not None:
        view.place(agreement_event(W_RULES, rules("west", before), (W_AREA,)))
    view.work_besides()
    areas = () if everywhere and before is None else (W_AREA,)
    proposed = agreement_event(W_RULES, rules("west", after, "2"), areas, revision=2)
    held = stored(view)

    expected = simulate(database, proposed, NOW)

    assert stored(view) == held, "the live view is not touched"
    view.place(proposed)
    told = view.work_besides()
    assert {(event.overlap_id, event.type, event.kind.value) for _, event in told} == {
        (overlap_id, one.type, one.after.kind) for overlap_id, one in expected.expected.items()
    }
    assert stored(view) == from_nothing(database)
