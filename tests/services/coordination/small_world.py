"""A small world for hypothesis, in which much meets, often exactly at a boundary: plans of every kind, moratoria."""

from __future__ import annotations

from datetime import timedelta

import shapely
from hypothesis import strategies as st
from shapely import LineString, Point, box

from meekoppel_contracts.areas import MoratoriumEvent
from meekoppel_contracts.codes import (
    Affected,
    Certainty,
    CooperationKind,
    Discipline,
    MoratoriumException,
    NuisanceEffect,
    PlanEventType,
    Precision,
    Status,
    Visibility,
    WorkType,
    ZoneRole,
)
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.ids import PlanId
from meekoppel_contracts.plan import Cooperation, Excavation, Nuisance, Zone
from meekoppel_hub.testing.place_events import moratorium_event
from meekoppel_hub.testing.plan_events import DAY_ZERO, plan_event, zone

X, Y = 93_000.0, 463_000.0
OWNERS = ("gm0361", "liander", "vitens")

_steps = st.sampled_from([0.0, 0.125, 0.25, 5.0, 10.0, 20.0, 30.0, 40.0, 60.0])
_days = st.integers(-2, 20)


@st.composite
def places(draw: st.DrawFn) -> shapely.Geometry:
    x, y = X + draw(_steps), Y + draw(_steps)
    shape = draw(st.sampled_from(["point", "line", "square", "square", "corner", "two"]))
    if shape == "point":
        return Point(x, y)
    if shape == "line":
        return LineString([(x, y), (x + draw(st.sampled_from([0.0, 10.0])), y + 10)])
    if shape == "corner":
        return shapely.Polygon([(x, y), (x + 10, y), (x + 10, y + 3), (x + 3, y + 3), (x + 3, y + 10), (x, y + 10)])
    if shape == "two":
        return shapely.MultiPolygon([box(x, y, x + 4, y + 4), box(x + 20, y, x + 24, y + 4)])
    return box(x, y, x + 10, y + 10)


@st.composite
def zones(draw: st.DrawFn) -> list[Zone]:
    work = ZoneRole.WORK
    roles = st.sampled_from([work, work, ZoneRole.SITE, ZoneRole.INDICATIVE, ZoneRole.DETOUR, ZoneRole.NUISANCE])
    buffers = st.sampled_from([0.0, 0.0, 5.0, 12.5])
    return [
        zone(draw(places()), draw(roles), buffer_m=draw(buffers), name=str(number))
        for number in range(draw(st.sampled_from([1, 1, 2, 3])))
    ]


@st.composite
def nuisance(draw: st.DrawFn) -> Nuisance:
    start = draw(st.one_of(st.none(), _days))
    end = draw(st.one_of(st.none(), _days))
    return Nuisance(
        who=Affected.CAR,
        effect=NuisanceEffect.DETOUR,
        zone_id=draw(st.sampled_from(["0", "1", "2", None])),
        starts=None if start is None else DAY_ZERO + timedelta(days=start, hours=draw(st.sampled_from([0, 6]))),
        ends=None if end is None else DAY_ZERO + timedelta(days=end, hours=draw(st.sampled_from([0, 18]))),
    )


@st.composite
def periods(draw: st.DrawFn) -> dict[str, object]:
    """What a plan may say of its period besides its window and its shift."""
    maybe = st.sampled_from([None, None, None, 0, 1, 3])
    latest, earliest = draw(maybe), draw(maybe)
    return {
        "precision": draw(st.sampled_from([Precision.DAY] * 4 + [Precision.WEEK, Precision.MONTH, Precision.UNKNOWN])),
        "latest_start_days": latest,
        "earliest_end_days": earliest,
        "duration_days": draw(st.sampled_from([None, None, None, 0, 2, 5, 100])),
        "start_confirmed": draw(st.sampled_from([False, False, True])),
        "end_confirmed": draw(st.sampled_from([False, False, True])),
    }


@st.composite
def plan_events(draw: st.DrawFn, plan_id: str, version: int = 1) -> PlanEvent:
    """One version of one plan."""
    start = draw(st.integers(0, 12))
    end = start + draw(st.integers(0, 6))
    event = plan_event(
        plan_id,
        version=version,
        zones=draw(zones()),
        days=(start, end),
        shift=(draw(st.sampled_from([None, 2])), draw(st.sampled_from([None, 4]))),
        certainty=draw(st.sampled_from([Certainty.FIRM] * 3 + [Certainty.POSSIBLE])),
        status=draw(st.sampled_from([Status.PLANNED] * 5 + [Status.COMPLETED])),
        type=draw(st.sampled_from([PlanEventType.CHANGED] * 5 + [PlanEventType.WITHDRAWN])),
        visibility=draw(st.sampled_from([Visibility.PUBLIC] * 4 + [Visibility.RESTRICTED])),
        disciplines=draw(st.sampled_from([[], [Discipline.GAS_LOW], [Discipline.ROAD], list(Discipline)[:3]])),
        initiator=draw(st.sampled_from([None, None, None, OWNERS[0]])),
        title=draw(st.sampled_from(["Works", "Riool Kerkstraat", "Gas Kerkstraat", "Asfalt A12"])),
    )
    said = draw(periods())
    period = event.plan.period.model_copy(
        update={
            "precision": said["precision"],
            "duration_days": said["duration_days"],
            "start_confirmed": said["start_confirmed"],
            "end_confirmed": said["end_confirmed"],
            "latest_start": None if said["latest_start_days"] is None else _shifted(start, said["latest_start_days"]),
            "earliest_end": None if said["earliest_end_days"] is None else _shifted(end, said["earliest_end_days"], -1),
        }
    )
    digs = draw(st.sampled_from([None, True, True, False]))
    opened = draw(st.sampled_from([None, (), (CooperationKind.SHARE_TRENCH,), (CooperationKind.SHARE_TENDER,)]))
    plan = event.plan.model_copy(
        update={
            "period": period,
            "nuisance": tuple(draw(st.lists(nuisance(), max_size=3))),
            "excavation": None if digs is None else Excavation(digs=digs),
            "work_types": draw(st.sampled_from([(), (WorkType.REPLACE,), (WorkType.SURVEY,), (WorkType.CONNECTION,)])),
            "cooperation": None if opened is None else Cooperation(open=True, kinds=opened),
        }
    )
    return event.model_copy(update={"plan": plan})


@st.composite
def histories(draw: st.DrawFn) -> list[PlanEvent]:
    """All versions of some plans, in the order of their versions."""
    return [
        draw(plan_events(f"NL.{OWNERS[number % len(OWNERS)]}.{number}", version))
        for number in range(draw(st.integers(2, 6)))
        for version in range(1, draw(st.integers(1, 3)) + 1)
    ]


@st.composite
def moratoria(draw: st.DrawFn, number: int, plans: list[str]) -> MoratoriumEvent:
    start = draw(_days)
    end = draw(st.one_of(st.none(), st.integers(start, 25)))
    return moratorium_event(
        f"NL.{draw(st.sampled_from(OWNERS))}.rust-{number}",
        draw(places()),
        starts=DAY_ZERO + timedelta(days=start),
        ends=None if end is None else DAY_ZERO + timedelta(days=end),
        lifted=draw(st.sampled_from([False] * 4 + [True])),
        disciplines=draw(st.sampled_from([(), (), (Discipline.ROAD,), (Discipline.GAS_LOW, Discipline.HEAT)])),
        exceptions=draw(st.sampled_from([(), (MoratoriumException.HOUSE_CONNECTION,), (MoratoriumException.OTHER,)])),
        exempt_plans=tuple(draw(st.lists(st.sampled_from(plans), max_size=1))),
        derived_from=draw(st.sampled_from([None, None, *[PlanId(plan) for plan in plans]])),
    )


def _shifted(day: int, days: object, way: int = 1) -> object:
    assert isinstance(days, int)
    return DAY_ZERO + timedelta(days=day + way * days)
