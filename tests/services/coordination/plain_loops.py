"""The rules of docs/matching.md once more, as a planner would apply them by hand: one pair at a time, in plain Python.

Nothing here is shared with the code that is tested but the contracts and the agreement. Slow on purpose.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations

import shapely

from meekoppel_contracts.areas import MoratoriumEvent
from meekoppel_contracts.codes import (
    Certainty,
    MoratoriumException,
    OverlapKind,
    PlanEventType,
    Precision,
    Severity,
    Status,
    WorkType,
    ZoneRole,
)
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.plan import Plan, Zone
from meekoppel_hub.platform.agreements import Agreement

DAY = timedelta(days=1)
A_HAIR = 1e-6
FOR_EVER = datetime.max.replace(tzinfo=UTC)

CORE = (ZoneRole.WORK, ZoneRole.SITE)
WORKS = (*CORE, ZoneRole.INDICATIVE)
UNSURE = {Precision.WEEK: 7, Precision.MONTH: 31, Precision.QUARTER: 92, Precision.YEAR: 366}
LOWER = {Severity.HIGH: Severity.MEDIUM, Severity.MEDIUM: Severity.LOW}

Interval = tuple[datetime, datetime]


@dataclass(frozen=True)
class Found:
    """What there is to say of a pair; areas and distances not rounded."""

    kind: OverlapKind
    severity: Severity
    area_m2: float
    distance_m: float
    overlap_days: int
    gap_days: int
    parts: tuple[float, ...] = ()
    score: float | None = None


# --- time ------------------------------------------------------------------------------------------------------------


def window(plan: Plan) -> Interval:
    return plan.period.earliest_start, plan.period.latest_end


def core(plan: Plan) -> Interval:
    """From when to when there is work for certain."""
    period = plan.period
    slack = UNSURE.get(period.precision, 0) * DAY
    begun, until = period.earliest_start + slack, period.latest_end - slack
    if period.duration_days is not None:
        length = min(period.duration_days * DAY, period.latest_end - period.earliest_start)
        begun, until = period.latest_end - length, period.earliest_start + length
    if period.start_confirmed:
        begun = period.earliest_start
    if period.end_confirmed:
        until = period.latest_end
    return period.latest_start or begun, period.earliest_end or until


def shared(one: Interval, other: Interval) -> timedelta:
    """How long both go on; negative when there is time between."""
    return min(one[1], other[1]) - max(one[0], other[0])


def begun_days(length: timedelta) -> int:
    return math.floor(length / DAY) + 1 if length >= timedelta(0) else 0


def gap_and_shift(one: Plan, other: Plan) -> tuple[int, int]:
    early, late = sorted((one.period, other.period), key=lambda period: period.earliest_start)
    between = late.earliest_start - early.latest_end
    if between <= timedelta(0):
        return 0, 0
    gap = math.ceil(between / DAY)
    return gap, min(gap, max(early.can_shift_later_days or 0, late.can_shift_earlier_days or 0))


def held(plan: Plan, zone: Zone, *, for_certain: bool) -> list[Interval]:
    """When a zone of nuisance or a detour holds: as the plan's nuisance says of it, else as long as the plan lasts."""
    whole = window(plan)
    said = [
        (entry.starts or whole[0], entry.ends or whole[1])
        for entry in plan.nuisance
        if entry.zone_id == zone.zone_id and (entry.starts or entry.ends)
    ]
    said = [interval for interval in said if interval[0] <= interval[1]]
    if zone.role in WORKS or not said:
        return [core(plan) if for_certain else whole]
    inside = [(max(start, whole[0]), min(end, whole[1])) for start, end in said]
    joined: list[Interval] = []
    for start, end in sorted(interval for interval in inside if interval[0] <= interval[1]):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


# --- place -----------------------------------------------------------------------------------------------------------


def surface(geometry: bytes) -> shapely.Geometry:
    shape = shapely.from_wkb(geometry)
    return shape if shape.geom_type in ("Polygon", "MultiPolygon") else shape.buffer(0.125)


def apart(one: bytes, other: bytes) -> float:
    shapes = [shapely.from_wkb(geometry) for geometry in (one, other)]
    widths = sum(0.0 if shape.geom_type in ("Polygon", "MultiPolygon") else 0.125 for shape in shapes)
    distance: float = shapes[0].distance(shapes[1])
    return max(0.0, distance - widths)


def touch(one: bytes, other: bytes) -> bool:
    return apart(one, other) <= A_HAIR


def area_of(couples: Iterable[tuple[bytes, bytes]]) -> float:
    """What couples of zones share, counted once where zones lie over one another."""
    pieces = [surface(p).intersection(surface(q)) for p, q in couples if touch(p, q)]
    area: float = shapely.union_all(pieces).area if pieces else 0.0
    return area


# --- the rules -------------------------------------------------------------------------------------------------------


def over(event: PlanEvent) -> bool:
    ended = (Status.COMPLETED, Status.CANCELLED, Status.NOT_EXECUTED)
    return event.type is PlanEventType.WITHDRAWN or event.plan.status in ended


def firm(*plans: Plan) -> bool:
    return all(plan.certainty is Certainty.FIRM for plan in plans)


def meeting(one: PlanEvent, other: PlanEvent, rules: Agreement) -> Found | None:
    """How two plans meet under one agreement; the plans in the order of their ids."""
    a, b = one.plan, other.plan
    if a.initiator.organisation == b.initiator.organisation or over(one) or over(other):
        return None
    couples = [(p, q) for p in a.zones for q in b.zones if p.role in WORKS and q.role in WORKS]
    together = begun_days(shared(window(a), window(b)))
    gap, shift = gap_and_shift(a, b)

    def found(kind: OverlapKind, severity: Severity, zones: list[tuple[Zone, Zone]], days: int) -> Found:
        shapes = [(p.geometry, q.geometry) for p, q in zones]
        return Found(kind, severity, area_of(shapes), min(apart(*shape) for shape in shapes), days, gap)

    solid = [(p, q) for p, q in couples if p.role in CORE and q.role in CORE]
    certain = shared(core(a), core(b)) >= timedelta(0)
    solid = [(p, q) for p, q in solid if touch(p.geometry, q.geometry)]
    if firm(a, b) and certain and solid:
        return found(OverlapKind.CONFLICT_HEAVY, rules.severity.conflict_heavy, solid, together)
    hits = [(p, q, *days_held(a, p, b, q)) for p, q in detours(a, b) if touch(p.geometry, q.geometry)]
    hits = [hit for hit in hits if hit[2]]
    on_detour = [(p, q) for p, q, _, _ in hits]
    longest = max((days for _, _, days, _ in hits), default=0)
    severity = rules.severity.detour_hit
    if firm(a, b) and any(sure for *_, sure in hits):
        return found(OverlapKind.DETOUR_HIT, severity, on_detour, longest)
    near = rules.light_conflict_distance_m
    close = [
        (p, q) for p, q in couples if apart(p.geometry, q.geometry) <= max(p.buffer_m + q.buffer_m, near, 0.0) + A_HAIR
    ]
    if together and close:
        return found(OverlapKind.CONFLICT_LIGHT, rules.severity.conflict_light, close, together)
    nuisance = [(p, q, days_held(a, p, b, q)[0]) for p, q in hindrances(a, b) if touch(p.geometry, q.geometry)]
    nuisance = [hindrance for hindrance in nuisance if hindrance[2]]
    if nuisance:
        longest = max(days for *_, days in nuisance)
        light = rules.severity.conflict_light
        return found(OverlapKind.CONFLICT_LIGHT, light, [(p, q) for p, q, _ in nuisance], longest)
    if hits:
        return found(OverlapKind.DETOUR_HIT, LOWER.get(severity, severity), on_detour, longest)
    limit, patience = rules.opportunity.distance_m, rules.opportunity.time_tolerance_days
    within = [(p, q) for p, q in couples if apart(p.geometry, q.geometry) <= limit + A_HAIR]
    if within and gap - shift <= patience:
        chance = found(OverlapKind.OPPORTUNITY, rules.severity.opportunity, within, together)
        return with_score(chance, a, b, shift, rules)
    return None


def detours(a: Plan, b: Plan) -> Iterator[tuple[Zone, Zone]]:
    for p in a.zones:
        for q in b.zones:
            if (p.role is ZoneRole.DETOUR and q.role in CORE) or (q.role is ZoneRole.DETOUR and p.role in CORE):
                yield p, q


def hindrances(a: Plan, b: Plan) -> Iterator[tuple[Zone, Zone]]:
    others = (*CORE, ZoneRole.NUISANCE)
    for p in a.zones:
        for q in b.zones:
            roles = (p.role, q.role)
            if ZoneRole.NUISANCE in roles and all(role in others for role in roles):
                yield p, q


def days_held(a: Plan, p: Zone, b: Plan, q: Zone) -> tuple[int, bool]:
    """For how many days both zones hold, and whether they do so at the same time for certain."""

    def pairs(*, for_certain: bool) -> Iterator[timedelta]:
        for mine in held(a, p, for_certain=for_certain):
            for its in held(b, q, for_certain=for_certain):
                yield shared(mine, its)

    days = sum(begun_days(length) for length in pairs(for_certain=False))
    return days, any(length >= timedelta(0) for length in pairs(for_certain=True))


def with_score(found: Found, a: Plan, b: Plan, shift: int, rules: Agreement) -> Found:
    certain = shared(core(a), core(b)) >= timedelta(0)
    left = found.gap_days - shift
    limit, patience = rules.opportunity.distance_m, rules.opportunity.time_tolerance_days
    place = 100.0 if limit == 0 else max(0.0, 100 * (1 - round(found.distance_m, 2) / limit))
    time = 100.0 if certain else 90 * (1 - left / (patience + 1)) * (0.9 if shift else 1.0)
    fits = [fit_of(x.value, y.value, rules) for x in a.disciplines for y in b.disciplines]
    disciplines = 100 * max(fits, default=rules.discipline_fit.default)
    parts = (place, time, disciplines, sequence(a, b, rules), openness(a, b))
    weights = rules.opportunity.weights
    counts = (weights.place, weights.time, weights.disciplines, weights.sequence, weights.openness)
    points = [math.floor(part + 0.5) for part in parts]
    mean = sum(c * p for c, p in zip(counts, points, strict=True)) / sum(counts) if sum(counts) else 0.0
    return Found(
        found.kind,
        found.severity,
        found.area_m2,
        found.distance_m,
        found.overlap_days,
        found.gap_days,
        parts,
        mean,
    )


def fit_of(x: str, y: str, rules: Agreement) -> float:
    if x == y:
        return rules.discipline_fit.same
    for one, other, fit in rules.discipline_fit.pairs:
        if {one.value, other.value} == {x, y}:
            return fit
    return rules.discipline_fit.default


def sequence(a: Plan, b: Plan, rules: Agreement) -> float:
    def deepest(plan: Plan) -> int | None:
        found = [depth for depth, layer in enumerate(rules.layers) if set(layer) & set(plan.disciplines)]
        return min(found, default=None)

    mine, its = deepest(a), deepest(b)
    starts = a.period.earliest_start, b.period.earliest_start
    if mine is None or its is None or mine == its or starts[0] == starts[1]:
        return 50.0
    return 100.0 if (mine < its) == (starts[0] < starts[1]) else 0.0


def openness(a: Plan, b: Plan) -> float:
    willing = [plan.cooperation for plan in (a, b) if plan.cooperation is not None and plan.cooperation.open]
    if len(willing) < 2:
        return 50.0 * len(willing)
    kinds = [set(one.kinds) for one in willing]
    return 75.0 if all(kinds) and kinds[0].isdisjoint(kinds[1]) else 100.0


# --- moratoria -------------------------------------------------------------------------------------------------------


def breach(event: PlanEvent, rest: MoratoriumEvent, rules: Agreement) -> Found | None:
    """How a plan breaks a moratorium."""
    plan = event.plan
    if over(event) or rest.lifted_at is not None or plan.plan_id in (*rest.exempt_plans, rest.derived_from):
        return None
    digs = plan.excavation.digs if plan.excavation is not None else not only(plan, {WorkType.SURVEY})
    excepted = MoratoriumException.HOUSE_CONNECTION in rest.exceptions and only(plan, {WorkType.CONNECTION})
    spared = rest.disciplines and plan.disciplines and not set(rest.disciplines) & set(plan.disciplines)
    if not digs or excepted or spared:
        return None
    holds = rest.starts, rest.ends or FOR_EVER
    together = begun_days(shared(window(plan), holds))
    dug = [zone for zone in plan.zones if zone.role in (ZoneRole.WORK, ZoneRole.INDICATIVE)]
    inside = [zone for zone in dug if area_of([(zone.geometry, rest.geometry)]) >= 0.01]
    if not together or not inside:
        return None
    severity = rules.severity.moratorium_breach
    certain = firm(plan) and shared(core(plan), holds) >= timedelta(0)
    return Found(
        OverlapKind.MORATORIUM_BREACH,
        severity if certain else LOWER.get(severity, severity),
        area_of([(zone.geometry, rest.geometry) for zone in inside]),
        min(apart(zone.geometry, rest.geometry) for zone in inside),
        together,
        0,
    )


def only(plan: Plan, kinds: set[WorkType]) -> bool:
    return bool(plan.work_types) and set(plan.work_types) <= kinds


# --- all of it -------------------------------------------------------------------------------------------------------


def newest(events: Iterable[PlanEvent]) -> dict[str, PlanEvent]:
    found: dict[str, PlanEvent] = {}
    for event in events:
        if event.plan.plan_id not in found or event.version > found[event.plan.plan_id].version:
            found[event.plan.plan_id] = event
    return found


def all_meetings(
    events: Iterable[PlanEvent], rules: Agreement, rests: Iterable[MoratoriumEvent] = ()
) -> dict[tuple[str, str], Found]:
    """Every pair that meets, by the ids: of two plans the lower first, of a plan and a moratorium the plan first."""
    plans = newest(events)
    pairs = {(x, y): meeting(plans[x], plans[y], rules) for x, y in combinations(sorted(plans), 2)}
    pairs |= {(x, str(rest.moratorium_id)): breach(plans[x], rest, rules) for x in plans for rest in rests}
    return {ids: found for ids, found in pairs.items() if found is not None}
