"""What is found step by step equals what plain loops find in the end, whatever the order of arrival."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from meekoppel_contracts.codes import OverlapEventType, OverlapKind
from meekoppel_contracts.events import PlanEvent
from meekoppel_hub.coordination.explanation import explain
from meekoppel_hub.coordination.phrases import DUTCH
from meekoppel_hub.coordination.rebuild import match_all
from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.platform.agreements import national_agreement
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.view import (
    former_places,
    overlap_versions,
    overlaps,
    plan_versions,
    plan_zones,
    plans,
)
from tests.services.coordination import plain_loops, small_world

AGREEMENT = national_agreement().model_copy(
    update={
        "light_conflict_distance_m": 20.0,
        "opportunity": national_agreement().opportunity.model_copy(
            update={"distance_m": 30.0, "time_tolerance_days": 5}
        ),
    }
)
BY_BUFFERS_ONLY = AGREEMENT.model_copy(update={"light_conflict_distance_m": 0.0})


def empty(database: Database) -> None:
    with database.begin() as connection:
        for table in (overlap_versions, overlaps, former_places, plan_zones, plan_versions, plans):
            connection.execute(delete(table))


def batches(draw: Any, events: list[PlanEvent]) -> list[list[PlanEvent]]:
    cut, rest = [], list(events)
    while rest:
        size = draw(st.integers(1, 5))
        cut.append(rest[:size])
        rest = rest[size:]
    return cut


EXAMPLES = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@EXAMPLES
@given(data=st.data())
def test_any_order_of_arrival_gives_what_plain_loops_give(database: Database, make_view: Any, data: st.DataObject):
    events = data.draw(small_world.histories())
    repeated = data.draw(st.lists(st.sampled_from(events), max_size=4))
    arrivals = data.draw(st.permutations(events + repeated))
    rules = data.draw(st.sampled_from([AGREEMENT, BY_BUFFERS_ONLY]))
    empty(database)
    view = make_view(database, rules)
    for batch in batches(data.draw, arrivals):
        view.take(*batch)

    expected = plain_loops.all_meetings(events, rules)
    newest = plain_loops.newest(events)
    open_pairs = [row for row in view.pairs() if row.state == "open"]
    assert {(row.first_plan, row.second_plan) for row in open_pairs} == set(expected)
    for row in open_pairs:
        found = expected[row.first_plan, row.second_plan]
        versions = (newest[row.first_plan].version, newest[row.second_plan].version)
        assert (row.first_version, row.second_version, row.kind) == (*versions, found.kind)
        assert row.area_m2 == pytest.approx(found.area_m2, abs=0.051)
        assert row.distance_m == pytest.approx(found.distance_m, abs=0.0051)
        assert (row.severity, row.overlap_days, row.gap_days) == (found.severity, found.overlap_days, found.gap_days)
        assert (row.score is not None) == (found.kind is OverlapKind.OPPORTUNITY)

    with database.read() as connection:
        from_nothing = match_all(connection, Rulebook.everywhere(rules))
    assert {
        (m.overlap_id, m.kind.value, m.area_m2, m.distance_m, m.score, explain(m, DUTCH), m.location)
        for m in from_nothing
    } == {
        (r.overlap_id, r.kind, r.area_m2, r.distance_m, r.score, r.explanation_nl, bytes(r.location))
        for r in open_pairs
    }

    grown = view.digest()
    empty(database)
    replayed = make_view(database, rules)
    replayed.take(*events)
    assert replayed.digest() == grown


@EXAMPLES
@given(data=st.data())
def test_who_follows_the_events_knows_the_open_pairs(sqlite_database: Database, make_view: Any, data: st.DataObject):
    """The events alone, the highest revision of each topic counting, tell which pairs are open and where."""
    arrivals = data.draw(st.permutations(data.draw(small_world.histories())))
    empty(sqlite_database)
    view = make_view(sqlite_database, AGREEMENT)
    known: dict[str, dict[str, Any]] = {"coordination": {}, "coordination-restricted": {}}
    seen: dict[str, int] = {}
    for batch in batches(data.draw, arrivals):
        for topic, event in view.take(*batch):
            assert event.revision == seen.get(event.overlap_id, 0) + 1
            seen[event.overlap_id] = event.revision
            was_open = event.overlap_id in known[topic]
            assert was_open == (event.type is not OverlapEventType.DETECTED)
            if event.type is OverlapEventType.RESOLVED:
                del known[topic][event.overlap_id]
            else:
                known[topic][event.overlap_id] = (event.kind.value, event.area_m2, event.score)
    for topic, restricted in (("coordination", False), ("coordination-restricted", True)):
        open_pairs = [row for row in view.pairs() if row.state == "open" and row.restricted is restricted]
        assert known[topic] == {row.overlap_id: (row.kind, row.area_m2, row.score) for row in open_pairs}
