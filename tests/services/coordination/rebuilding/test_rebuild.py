"""The view made again from the log, on both stores, from a real broker."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import shapely
from sqlalchemy import delete, select, text, update

from meekoppel_contracts.codec import decode_overlap_event
from meekoppel_contracts.codes import OverlapEventType, PlanEventType, Status, Visibility
from meekoppel_contracts.topics import AREAS, COORDINATION, PLANS, dead_letters
from meekoppel_hub.coordination.rebuilding import rebuild
from meekoppel_hub.coordination.rebuilding.place import BUSY
from meekoppel_hub.coordination.rebuilding.position import live_position
from meekoppel_hub.coordination.rebuilding.status import view_status
from meekoppel_hub.coordination.rebuilding.tables import tables_of
from meekoppel_hub.coordination.rules_state import RULES_LOCK, Rules
from meekoppel_hub.platform.agreements import national_agreement
from meekoppel_hub.platform.agreements.process import MoratoriumRule
from meekoppel_hub.platform.database.tables.places import (
    agreements,
    areas,
    derived_moratoria,
    moratoria,
    moratorium_versions,
)
from meekoppel_hub.platform.database.tables.stream import offsets, parked
from meekoppel_hub.platform.database.tables.view import (
    REBUILT,
    former_places,
    overlap_versions,
    overlaps,
    plan_versions,
    plan_zones,
    plans,
    view_settings,
)
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.stream import parking
from meekoppel_hub.testing.place_events import agreement_event, area_event, moratorium_event, place_record
from meekoppel_hub.testing.plan_events import CRS, plan_event, zone

A, B, C, D = "NL.a.1", "NL.b.1", "NL.c.1", "NL.d.1"
DECLARED, LIFTED = "NL.gm0546.rest-1", "NL.gm0546.rest-2"
WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
ELSEWHERE = zone(shapely.box(95_000, 463_000, 95_010, 463_010))
CHANGED = PlanEventType.CHANGED


def town(live) -> None:
    """Plans that meet, through some versions: one moves away and back, one is withdrawn, one becomes restricted."""
    live.log.put(plan_event(A), plan_event(B), plan_event(C), plan_event(D))
    live.fold()
    live.log.put(
        plan_event(A, version=2, days=(2, 12), type=CHANGED),
        plan_event(B, version=2, type=PlanEventType.WITHDRAWN),
        moved(D, 2, ELSEWHERE),
    )
    live.fold()
    live.log.put(
        plan_event(C, version=2, visibility=Visibility.RESTRICTED, type=CHANGED),
        moved(D, 3, zone(shapely.box(93_000, 463_000, 93_010, 463_012))),
    )
    live.fold()


def moved(plan_id: str, version: int, place):
    event = plan_event(plan_id, version=version, zones=[place], type=CHANGED)
    return event.model_copy(update={"changed_fields": ("zones",)})


def rows(live, table, *columns):
    with live.database.read() as connection:
        chosen = [table.c[name] for name in columns] or list(table.c)
        return Counter(tuple(row) for row in connection.execute(select(*chosen)))


def same(live, before) -> bool:
    """Tell whether the view says what it said, and show what differs."""
    after = state(live)
    for name, there in before.items():
        for row in (there - after[name]).elements():
            print("before", name, row)
        for row in (after[name] - there).elements():
            print("after ", name, row)
    return after == before


def state(live):
    """All that the view says, revisions and times included, but for keys that only count."""
    columns = {
        table.name: [column.name for column in table.c if column.name not in {"zone_key", "place_key"}]
        for table in (plan_versions, plans, plan_zones, former_places, overlaps, overlap_versions)
    }
    tables = (plan_versions, plans, plan_zones, former_places, overlaps, overlap_versions)
    return {table.name: rows(live, table, *columns[table.name]) for table in tables}


def told(live) -> list[tuple[OverlapEventType, int]]:
    events = [decode_overlap_event(message.value) for message in live.log.records(COORDINATION)]
    return [(event.type, event.revision) for event in events]


def problems(report) -> set[tuple[str, str]]:
    return {(one.id if one.of == "plan" else one.of, one.problem) for one in report.comparison.differences}


@pytest.mark.parametrize("visibility_header", [True, False])
def test_a_rebuilt_view_equals_the_live_one_to_the_last_revision(live, visibility_header) -> None:
    live.log.put(plan_event("NL.e.1"), visibility_header=visibility_header)
    town(live)
    before = state(live)

    report = live.rebuild()

    assert report.comparison.differences == []
    assert same(live, before)
    assert (report.events, report.versions, report.plans, report.to_tell) == (10, 10, 5, 0)
    assert report.adopted.generation == 1


def test_older_versions_are_not_decoded_unless_the_plan_moved(live) -> None:
    live.log.put(plan_event(A), plan_event(B), *(plan_event(A, version=n, days=(n, 20)) for n in range(2, 10)))
    live.fold()
    assert live.rebuild().decoded == 2
    live.start()
    live.log.put(moved(B, 2, ELSEWHERE))
    live.fold()
    assert live.rebuild().decoded == 3


def test_what_was_edited_by_hand_is_found_and_mended(live) -> None:
    town(live)
    before = state(live)
    with live.database.begin() as connection:
        connection.execute(update(plans).where(plans.c.plan_id == A).values(title="Edited"))
        connection.execute(delete(plan_versions).where(plan_versions.c.plan_id == B, plan_versions.c.version == 1))
        connection.execute(update(plan_zones).where(plan_zones.c.plan_id == C).values(buffer_m=99.0))
        connection.execute(delete(plans).where(plans.c.plan_id == D))
        connection.execute(update(overlaps).values(area_m2=7.5, revision=50))

    report = live.rebuild()

    assert problems(report) == {
        (A, "what is listed of it differ from the log"),
        (B, "its versions differ from the log"),
        (C, "its zones differ from the log"),
        (D, "what is listed of it are missing in the view"),
        ("overlap", f"{A} and {C}: the view is wrong about area_m2"),
        ("overlap", f"{A} and {D}: the view is wrong about area_m2"),
        ("overlap", f"{C} and {D}: the view is wrong about area_m2"),
    }
    assert same(live, before)
    assert live.rebuild().comparison.differences == []


def test_a_lost_database_gets_its_view_back_and_goes_on_with_the_revisions(live) -> None:
    town(live)
    before, told_before = state(live), told(live)
    with live.database.begin() as connection:
        for table in (plan_versions, plans, plan_zones, former_places, overlaps, overlap_versions):
            connection.execute(delete(table))
        connection.execute(text("DELETE FROM stream_offsets"))

    report = live.rebuild()

    assert {problem for _, problem in problems(report)} <= {
        "it is missing in the view",
        f"{A} and {C}: they meet, and the view does not say so",
        f"{A} and {D}: they meet, and the view does not say so",
        f"{C} and {D}: they meet, and the view does not say so",
    }
    assert same(live, before)
    live.start()
    live.log.put(plan_event(A, version=3, days=(4, 14), type=CHANGED))
    live.fold()
    assert told(live)[: len(told_before)] == told_before
    (news,) = told(live)[len(told_before) :]
    assert news == (OverlapEventType.CHANGED, before_revision(before, A, D) + 1)


def before_revision(before, first: str, second: str) -> int:
    columns = [column.name for column in overlaps.c]
    found = [dict(zip(columns, row, strict=True)) for row in before["overlaps"]]
    return next(row["revision"] for row in found if (row["first_plan"], row["second_plan"]) == (first, second))


def test_where_other_rules_find_something_else_it_is_told_with_the_swap(live) -> None:
    town(live)
    told_before = told(live)
    national = national_agreement()
    milder = national.severity.model_copy(update={"conflict_heavy": national.severity.opportunity})
    live.agreement = national.model_copy(update={"severity": milder})
    dry = live.rebuild(dry_run=True)
    assert (dry.to_tell, told(live)) == (3, told_before)

    live.rebuild()
    live.start()
    live.send()

    assert {kind for kind, _ in told(live)[len(told_before) :]} == {OverlapEventType.CHANGED}


def test_what_is_folded_meanwhile_is_not_lost_nor_told_twice(live) -> None:
    town(live)

    def meanwhile(step) -> None:
        if step.phase == "newest" and not live.told:
            live.told.append(step)
            live.log.put(plan_event(A, version=3, days=(3, 13), type=CHANGED), plan_event("NL.f.1"))
            live.fold()
            live.log.put(moved(D, 4, ELSEWHERE))  # and this one only the rebuild sees before the swap

    report = live.rebuild(tell=meanwhile)
    live.start()
    live.fold()

    assert report.adopted.caught_up >= 2
    assert report.comparison.differences == []
    assert report.comparison.meanwhile == 2  # A and F
    counted = Counter(event_id for event_id in ids_told(live))
    assert max(counted.values()) == 1
    grown = live.digest()
    assert live.rebuild().comparison.differences == []
    assert live.digest() == grown


def ids_told(live) -> list[bytes | None]:
    return [dict(message.headers)["ce_id"] for message in live.log.records(COORDINATION)]


def test_a_worker_of_before_the_swap_can_store_nothing_any_more(live) -> None:
    town(live)
    live.rebuild()
    live.log.put(plan_event(A, version=3, type=CHANGED))
    with pytest.raises(Exception, match="claimed again"):
        live.fold()
    live.start()
    live.fold()
    assert live.rebuild().comparison.differences == []


def test_the_way_back_leads_to_the_former_tables_caught_up_and_forth_again(live) -> None:
    town(live)
    with live.database.begin() as connection:
        connection.execute(update(plans).where(plans.c.plan_id == A).values(title="Edited"))
    live.rebuild()
    live.start()
    live.log.put(plan_event(B, version=3, type=PlanEventType.RESTORED))
    live.fold()
    now, pairs = live.digest(), live.pairs()

    live.back()

    assert rows(live, plans, "title")[("Edited",)] == 1  # they are the former tables indeed
    assert (live.digest(), live.pairs()) == (now, pairs)
    live.back()
    assert rows(live, plans, "title")[("Edited",)] == 0
    assert (live.digest(), live.pairs()) == (now, pairs)
    assert view_status(live.database, CRS).generation == 3


def test_without_previous_tables_there_is_no_way_back(live) -> None:
    with pytest.raises(SettingsError, match="no previous tables"):
        live.back()


def test_a_dry_run_leaves_everything_as_it_is(live) -> None:
    town(live)
    before = state(live)
    live.rebuild(dry_run=True)
    found = view_status(live.database, CRS)
    assert same(live, before)
    assert (found.generation, found.previous, found.unfinished) == (0, None, False)


def test_two_at_once_are_refused(live) -> None:
    with tables_of(live.database, CRS).alone(), pytest.raises(SettingsError, match=BUSY):
        live.rebuild()


def test_a_rebuild_that_breaks_off_leaves_the_live_view_and_the_next_begins_cleanly(live) -> None:
    town(live)
    before = state(live)

    def break_off(step) -> None:
        if step.phase == "swap":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        live.rebuild(tell=break_off)
    assert same(live, before)
    assert view_status(live.database, CRS).unfinished
    live.rebuild()
    assert same(live, before)


def test_what_is_parked_stays_parked_until_the_operator_releases_it(live) -> None:
    town(live)
    live.log.raw(PLANS, A, b"no avro at all")
    live.log.put(plan_event(A, version=3, days=(1, 3), type=CHANGED))
    live.fold()
    before = state(live)

    report = live.rebuild()

    assert (report.comparison.differences, report.set_aside) == ([], [])
    assert same(live, before)
    with live.database.begin() as connection:
        parking.ask(connection, "coordination", A.encode(), parking.DROP_ASKED)
    live.start()
    live.release()
    assert rows(live, plans, "plan_id", "version")[(A, 3)] == 1
    assert live.rebuild().comparison.differences == []  # what was dropped once stays out


def test_poison_that_nobody_met_yet_is_set_aside_and_the_plan_stays_where_it_was(live) -> None:
    live.log.put(plan_event(A), plan_event(B))
    wrong = plan_event(A, version=2, zones=[zone(shapely.box(0, 0, 1, 1), srid=4326)], type=CHANGED)
    live.log.put(wrong)
    live.log.raw(PLANS, B, b"no avro at all")

    report = live.rebuild()

    assert sorted(one.reason for one in report.set_aside) == ["undecodable", "wrong_crs"]
    assert rows(live, plans, "plan_id", "version") == Counter([(A, 1), (B, 1)])
    assert rows(live, parked, "key", "reason") == Counter([(A.encode(), "wrong_crs"), (B.encode(), "undecodable")])
    live.start()
    live.send()
    assert len(live.log.records(dead_letters("coordination"))) == 2


def test_doubles_in_the_log_are_one_version(live) -> None:
    live.log.put(plan_event(A), plan_event(A), plan_event(B), plan_event(A, version=2, type=CHANGED), plan_event(A))
    live.fold()
    report = live.rebuild()
    assert report.comparison.differences == []
    assert rows(live, plan_versions, "plan_id", "version") == Counter([(A, 1), (A, 2), (B, 1)])


def test_tables_of_an_older_scheme_give_way_and_are_kept(live) -> None:
    town(live)
    before = state(live)
    with live.database.begin() as connection:
        connection.execute(text("ALTER TABLE plans DROP COLUMN ended"))
        connection.execute(text("CREATE TABLE plan_facts (plan_id varchar(240) PRIMARY KEY, version bigint)"))
        connection.execute(delete(view_settings).where(view_settings.c.name == "scheme"))

    report = live.rebuild()

    assert report.comparison.differences == []
    assert same(live, before)
    found = view_status(live.database, CRS)
    assert (found.scheme, found.previous["scheme"]) == (2, 1)
    with pytest.raises(SettingsError, match="follow scheme 1"):
        live.back()


def test_a_large_log_is_read_and_decoded_by_several_processes(live, monkeypatch) -> None:
    town(live)
    before = state(live)
    monkeypatch.setattr(rebuild, "WORTH_PROCESSES", 1)

    report = live.rebuild()

    assert (report.comparison.differences, same(live, before)) == ([], True)


def test_what_was_agreed_comes_back_with_a_lost_database(live) -> None:
    with live.database.begin() as connection:
        connection.execute(text("DELETE FROM stream_offsets"))
    town_area = area_event("NL.gm0546.town", shapely.box(90_000, 460_000, 96_000, 466_000))
    rest = moratorium_event("NL.gm0546.rest", shapely.box(93_000, 463_000, 93_100, 463_100))
    for event in (town_area, agreement_event("NL.gm0546.agreed", areas=("NL.gm0546.town",)), rest):
        record = place_record(event)
        live.log.raw(AREAS, (record.key or b"").decode(), record.value, record.headers)
    live.log.put(plan_event(A))

    live.rebuild()

    assert [sum(rows(live, table).values()) for table in (areas, agreements, moratoria)] == [1, 1, 1]
    with live.database.read() as connection:
        assert sum(end for source, end in live_position(connection).items() if source.topic == AREAS) == 3


def test_a_moratorium_that_is_declared_or_lifted_meanwhile_holds_in_the_rebuilt_view(live) -> None:
    ground = shapely.box(93_000, 463_000, 93_100, 463_100)
    live.place(moratorium_event(LIFTED, ground))
    town(live)
    at_first = open_breaches(live)

    def meanwhile(step) -> None:
        if step.phase == "compare" and not live.told:  # the pairs have been made
            live.told.append(step)
            live.place(moratorium_event(LIFTED, ground, revision=2, lifted=True), moratorium_event(DECLARED, ground))

    live.rebuild(tell=meanwhile)
    after = open_breaches(live), told(live)
    live.start()
    live.send()

    assert ({rest for _, rest in at_first}, {rest for _, rest in after[0]}) == ({LIFTED}, {DECLARED})
    assert told(live) == after[1]
    live.place(moratorium_event(DECLARED, ground, revision=2, lifted=True))
    live.back()
    assert open_breaches(live) == set()


def test_rules_that_change_meanwhile_hold_in_the_rebuilt_view_and_on_the_way_back(live) -> None:
    live.agreement = None
    live.start()
    town(live)
    area = area_event("NL.gm0546.town", shapely.box(90_000, 460_000, 96_000, 466_000))

    def agreed(revision: int, light_m: float):
        given = {"ruleset": "leiden", "version": str(revision), "light_conflict_distance_m": light_m}
        rules = national_agreement().model_copy(update=given)
        return agreement_event("NL.gm0546.agreed", rules, ("NL.gm0546.town",), revision=revision)

    def meanwhile(step) -> None:
        if step.phase == "compare" and not live.told:
            live.told.append(step)
            live.place(area, agreed(1, 70.0))

    live.log.put(plan_event("NL.g.1", zones=[zone(shapely.box(93_050, 463_000, 93_060, 463_010))]))
    live.fold()
    few = open_pairs(live)
    live.rebuild(tell=meanwhile)
    many, said = open_pairs(live), told(live)
    live.start()
    live.place()

    assert few < many
    assert told(live) == said
    assert rulesets(live) == {"leiden/1"}
    live.place(agreed(2, 0.0))
    assert open_pairs(live) == few
    live.back()
    live.start()
    live.place()
    assert (open_pairs(live), rulesets(live)) == (few, {"leiden/2"})


def open_pairs(live) -> set[tuple[str, str]]:
    return {pair for pair, (state, _) in live.pairs().items() if state == "open"}


def rulesets(live) -> set[str]:
    return {rulesets for rulesets, state in rows(live, overlaps, "rulesets", "state") if state == "open"}


def open_breaches(live) -> set[tuple[str, str]]:
    return {pair for pair in open_pairs(live) if pair[1] in {LIFTED, DECLARED}}


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("LOCK TABLE plan_versions IN ROW EXCLUSIVE MODE", "LOCK TABLE former_places IN ROW EXCLUSIVE MODE"),
        (f"SELECT pg_advisory_xact_lock({RULES_LOCK})", "LOCK TABLE view_changes IN ROW EXCLUSIVE MODE"),
    ],
    ids=["plans", "rules"],
)
def test_the_swap_and_a_worker_that_stores_never_wait_in_a_circle(live, first, then) -> None:
    if live.database.dialect == "sqlite":
        first = then = "SELECT 1"  # one writer: the swap waits for it as a whole
    tables, begun = tables_of(live.database, CRS), threading.Event()

    def swap() -> None:
        begun.set()
        with live.database.begin() as connection:
            tables.hold_workers(connection)
            Rules().held(connection)

    with ThreadPoolExecutor(1) as other:
        with live.database.begin() as connection:
            connection.execute(text(first))
            swapping = other.submit(swap)
            begun.wait()
            while live.database.dialect != "sqlite" and not connection.scalar(WAITING):
                time.sleep(0.01)
            connection.execute(text(then))
        swapping.result()


def test_a_completion_that_is_taken_back_lifts_its_moratorium_in_a_view_from_a_lost_database_too(live) -> None:
    live.agreement = None
    live.start()
    resting_long = MoratoriumRule(name="all", months=600)
    resting = national_agreement().model_copy(update={"moratoria": (resting_long,)})
    area = area_event("NL.gm0546.town", shapely.box(90_000, 460_000, 96_000, 466_000))
    live.place(area, agreement_event("NL.gm0546.agreed", resting, ("NL.gm0546.town",)))
    live.log.put(plan_event(A, status=Status.COMPLETED))
    live.fold()
    live.fold()  # coordination reads what it told in topic areas
    with live.database.begin() as connection:
        for table in (*REBUILT, areas, agreements, moratoria, moratorium_versions, derived_moratoria, offsets):
            connection.execute(delete(table))

    live.rebuild()
    live.start()
    live.log.put(plan_event(A, version=2, type=CHANGED))
    live.fold()
    live.fold()

    assert rows(live, moratoria, "revision", "lifted") == {(2, True): 1}
