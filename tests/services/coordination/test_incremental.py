"""What is found step by step equals what plain loops find in the end, whatever the order of arrival."""

from __future__ import annotations

import math
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, box
from sqlalchemy import delete

from meekoppel_contracts.codes import (
    Certainty,
    Discipline,
    OverlapEventType,
    OverlapKind,
    PlanEventType,
    Status,
    Visibility,
    ZoneRole,
)
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.plan import Zone
from meekoppel_hub.coordination.agreement import Agreement, national_agreement
from meekoppel_hub.coordination.rebuild import match_all
from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.view import (
    former_places,
    overlap_versions,
    overlaps,
    plan_versions,
    plan_zones,
    plans,
)
from meekoppel_hub.testing.plan_events import plan_event, zone

X, Y = 93_000.0, 463_000.0
DAY = timedelta(days=1)
AGREEMENT = national_agreement().model_copy(
    update={
        "light_conflict_distance_m": 20.0,
        "opportunity": national_agreement().opportunity.model_copy(
            update={"distance_m": 30.0, "time_tolerance_days": 5}
        ),
    }
)
BY_BUFFERS_ONLY = AGREEMENT.model_copy(update={"light_conflict_distance_m": 0.0})
OWNERS = ("gm0361", "liander", "vitens")


# --- the plain loops ---------------------------------------------------------------------------------------------


def has_ended(event: PlanEvent) -> bool:
    over = (Status.COMPLETED, Status.CANCELLED, Status.NOT_EXECUTED)
    return event.type is PlanEventType.WITHDRAWN or event.plan.status in over


def separation(one: Zone, other: Zone) -> float:
    shapes = [shapely.from_wkb(zone.geometry) for zone in (one, other)]
    widths = sum(0.0 if shape.geom_type == "Polygon" else 0.125 for shape in shapes)
    return max(0.0, shapes[0].distance(shapes[1]) - widths)


def surface(zone: Zone) -> shapely.Geometry:
    shape = shapely.from_wkb(zone.geometry)
    return shape if shape.geom_type == "Polygon" else shape.buffer(0.125)


def days_between(one: PlanEvent, other: PlanEvent) -> tuple[int, int, int]:
    """Days of overlap, of gap, and of the gap that is left after the best shift."""
    early, late = sorted((one.plan.period, other.plan.period), key=lambda period: period.earliest_start)
    shared = min(early.latest_end, late.latest_end) - late.earliest_start
    if shared >= timedelta(0):
        return math.floor(shared / DAY) + 1, 0, 0
    gap = math.ceil(-shared / DAY)
    shift = max(early.can_shift_later_days or 0, late.can_shift_earlier_days or 0)
    return 0, gap, max(0, gap - shift)


def expected_meeting(one: PlanEvent, other: PlanEvent, rules: Agreement) -> tuple[Any, ...] | None:
    if one.plan.initiator.organisation == other.plan.initiator.organisation or has_ended(one) or has_ended(other):
        return None
    core = (ZoneRole.WORK, ZoneRole.SITE)
    matched = (*core, ZoneRole.INDICATIVE)
    couples = [(p, q) for p in one.plan.zones for q in other.plan.zones if p.role in matched and q.role in matched]
    core_couples = [(p, q) for p, q in couples if p.role in core and q.role in core]
    if not couples:
        return None
    overlap, gap, rest = days_between(one, other)
    firm = one.plan.certainty is Certainty.FIRM and other.plan.certainty is Certainty.FIRM
    nearest = min(separation(p, q) for p, q in couples)
    buffered = any(separation(p, q) <= p.buffer_m + q.buffer_m + 1e-6 for p, q in couples)
    if overlap and firm and any(separation(p, q) <= 1e-6 for p, q in core_couples):
        kind, couples = OverlapKind.CONFLICT_HEAVY, core_couples
    elif overlap and (nearest <= 1e-6 or buffered or nearest <= rules.light_conflict_distance_m + 1e-6):
        kind = OverlapKind.CONFLICT_LIGHT
    elif nearest <= rules.opportunity.distance_m + 1e-6 and rest <= rules.opportunity.time_tolerance_days:
        kind = OverlapKind.OPPORTUNITY
    else:
        return None
    mine = shapely.union_all([surface(p) for p, _ in couples])
    its = shapely.union_all([surface(q) for _, q in couples])
    area = shapely.union_all([surface(p).intersection(surface(q)) for p, q in couples if separation(p, q) <= 1e-6]).area
    assert area <= mine.intersection(its).area + 1e-6
    return kind.value, area, min(separation(p, q) for p, q in couples), overlap, gap


def expected_pairs(events: list[PlanEvent], rules: Agreement) -> dict[tuple[str, str], tuple[Any, ...]]:
    newest: dict[str, PlanEvent] = {}
    for event in events:
        if event.version > newest.get(event.plan.plan_id, event.model_copy(update={"version": 0})).version:
            newest[event.plan.plan_id] = event
    found = {}
    for first, second in combinations(sorted(newest), 2):
        meeting = expected_meeting(newest[first], newest[second], rules)
        if meeting is not None:
            found[first, second] = (newest[first].version, newest[second].version, *meeting)
    return found


# --- a small world where much meets, often exactly at a boundary ---------------------------------------------------

steps = st.sampled_from([0.0, 0.125, 0.25, 5.0, 10.0, 20.0, 30.0, 40.0, 60.0])


@st.composite
def places(draw: st.DrawFn) -> shapely.Geometry:
    x, y = X + draw(steps), Y + draw(steps)
    shape = draw(st.sampled_from(["point", "line", "square"]))
    if shape == "point":
        return Point(x, y)
    if shape == "line":
        return LineString([(x, y), (x + draw(st.sampled_from([0.0, 10.0])), y + 10)])
    return box(x, y, x + 10, y + 10)


@st.composite
def zone_lists(draw: st.DrawFn) -> list[Zone]:
    roles = st.sampled_from([ZoneRole.WORK, ZoneRole.WORK, ZoneRole.SITE, ZoneRole.INDICATIVE, ZoneRole.DETOUR])
    buffers = st.sampled_from([0.0, 0.0, 5.0, 12.5])
    return [
        zone(draw(places()), draw(roles), buffer_m=draw(buffers), name=str(number))
        for number in range(draw(st.sampled_from([1, 1, 2, 3])))
    ]


@st.composite
def histories(draw: st.DrawFn) -> list[PlanEvent]:
    """All versions of some plans, in the order of their versions."""
    events = []
    for number in range(draw(st.integers(2, 6))):
        owner = OWNERS[number % len(OWNERS)]
        for version in range(1, draw(st.integers(1, 3)) + 1):
            start = draw(st.integers(0, 12))
            events.append(
                plan_event(
                    f"NL.{owner}.{number}",
                    version=version,
                    zones=draw(zone_lists()),
                    days=(start, start + draw(st.integers(0, 6))),
                    shift=(draw(st.sampled_from([None, 2])), draw(st.sampled_from([None, 4]))),
                    certainty=draw(st.sampled_from([Certainty.FIRM, Certainty.FIRM, Certainty.POSSIBLE])),
                    status=draw(st.sampled_from([Status.PLANNED] * 5 + [Status.COMPLETED])),
                    type=draw(st.sampled_from([PlanEventType.CHANGED] * 5 + [PlanEventType.WITHDRAWN])),
                    visibility=draw(st.sampled_from([Visibility.PUBLIC] * 4 + [Visibility.RESTRICTED])),
                    disciplines=draw(st.sampled_from([[], [Discipline.GAS_LOW], [Discipline.ROAD]])),
                    initiator=draw(st.sampled_from([None, None, None, OWNERS[0]])),
                )
            )
    return events


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
    events = data.draw(histories())
    repeated = data.draw(st.lists(st.sampled_from(events), max_size=4))
    arrivals = data.draw(st.permutations(events + repeated))
    rules = data.draw(st.sampled_from([AGREEMENT, BY_BUFFERS_ONLY]))
    empty(database)
    view = make_view(database, rules)
    for batch in batches(data.draw, arrivals):
        view.take(*batch)

    expected = expected_pairs(events, rules)
    open_pairs = [row for row in view.pairs() if row.state == "open"]
    assert {(row.first_plan, row.second_plan) for row in open_pairs} == set(expected)
    for row in open_pairs:
        first_version, second_version, kind, area, distance, overlap, gap = expected[row.first_plan, row.second_plan]
        assert (row.first_version, row.second_version, row.kind) == (first_version, second_version, kind)
        assert row.area_m2 == pytest.approx(area, abs=0.051)
        assert row.distance_m == pytest.approx(distance, abs=0.0051)
        assert (row.overlap_days, row.gap_days) == (overlap, gap)
        assert (row.score is not None) == (kind == OverlapKind.OPPORTUNITY.value)

    with database.read() as connection:
        from_nothing = match_all(connection, Rulebook.everywhere(rules))
    found = {
        (m.overlap_id, m.kind.value, m.area_m2, m.distance_m, m.score, m.explanation, m.location) for m in from_nothing
    }
    assert found == {
        (r.overlap_id, r.kind, r.area_m2, r.distance_m, r.score, r.explanation, bytes(r.location)) for r in open_pairs
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
    arrivals = data.draw(st.permutations(data.draw(histories())))
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
