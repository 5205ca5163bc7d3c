"""The plans that the organisations begin with: drawn along the town's streets, from each one's own works."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from random import Random

from shapely import LineString, set_precision
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from meekoppel_contracts.ids import OrgCode
from meekoppel_hub.demo.dice import dice
from meekoppel_hub.demo.organisations import ORGANISATIONS, DemoOrganisation
from meekoppel_hub.demo.town import Street, Town, Water
from meekoppel_hub.demo.works import Footprint, Where, Work

_CENTIMETRE = 0.01


class Stage(StrEnum):
    """Where a plan is in its owner's own administration."""

    IDEA = "idea"
    TENTATIVE = "tentative"
    FIRM = "firm"
    STARTED = "started"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class TownPlan:
    """A plan as its owner knows it, before it is written in the owner's own format.

    Attributes:
        owner: whose plan it is.
        number: the owner's own number of it.
        work: what kind of work it is.
        place: the street or water along which it lies.
        shape: where it is, in RD New (EPSG:28992).
        start: the first day.
        end: the last day.
        stage: how far it is.
        shift_days: how far its dates may move, to go together with others.
        open_to_others: whether the owner looks for others to work with.
        shared_with: who may see a restricted plan.
        ended_on: the day on which it was done or cancelled.
    """

    owner: OrgCode
    number: int
    work: Work
    place: str
    shape: BaseGeometry
    start: date
    end: date
    stage: Stage
    shift_days: int
    open_to_others: bool
    shared_with: tuple[OrgCode, ...] = ()
    ended_on: date | None = None

    @property
    def title(self) -> str:
        """What the owner calls it."""
        return f"{self.work.title} {self.place}"


def first_plans(town: Town, first_day: date, seed: int) -> list[TownPlan]:
    """Draw the plans of all organisations as they stand on the first day."""
    drawn: list[TownPlan] = []
    for organisation in ORGANISATIONS:
        rolls = dice(seed, f"plans of {organisation.code}")
        drawn.extend(
            draw_plan(organisation, number, town, first_day, rolls) for number in range(1, organisation.plans + 1)
        )
    return drawn


def draw_plan(organisation: DemoOrganisation, number: int, town: Town, today: date, rolls: Random) -> TownPlan:
    """Draw one plan that fits the organisation, not yet over on the given day."""
    work = rolls.choices(organisation.works, weights=[one.weight for one in organisation.works])[0]
    way = rolls.choice(_ways(town, work.where))
    start = today + timedelta(days=rolls.randint(-40, 500))
    end = start + timedelta(weeks=rolls.randint(*work.weeks), days=-3)
    if end <= today:
        end = today + timedelta(days=rolls.randint(1, 45))
    return TownPlan(
        owner=organisation.code,
        number=number,
        work=work,
        place=way.name,
        shape=draw_shape(work.footprint, way, rolls),
        start=start,
        end=end,
        stage=_stage(start, today, rolls),
        shift_days=rolls.choice((0, 0, 14, 30, 60)),
        open_to_others=rolls.random() < 0.5,
        shared_with=(OrgCode("gemeente-rijnvoorde"),) if work.restricted and rolls.random() < 0.5 else (),
    )


def draw_shape(footprint: Footprint, way: Street | Water, rolls: Random) -> BaseGeometry:
    """Draw where a work lies along a street or water, rounded to a centimetre."""
    length = min(way.axis.length, rolls.uniform(60, 220))
    begin = rolls.uniform(0, way.axis.length - length)
    stretch = substring(way.axis, begin, begin + length)
    assert isinstance(stretch, LineString), "a stretch of 60 m or more is a line"
    return set_precision(_footprint(footprint, stretch, way, rolls), _CENTIMETRE)


def _footprint(footprint: Footprint, stretch: LineString, way: Street | Water, rolls: Random) -> BaseGeometry:
    if footprint in (Footprint.STREET, Footprint.WATER):
        return stretch.buffer(way.width_m / 2, cap_style="flat")
    beside = way.width_m / 2 - rolls.uniform(1.0, 3.0)
    trench = stretch.offset_curve(rolls.choice((-1, 1)) * beside)
    line = trench if isinstance(trench, LineString) and not trench.is_empty else stretch
    return line.interpolate(0.5, normalized=True) if footprint is Footprint.SPOT else line


def _ways(town: Town, where: Where) -> Sequence[Street | Water]:
    if where is Where.WATERS:
        return town.waters
    main = {"Ring", "Uitvalsweg"}
    if where is Where.MAIN_ROADS:
        return [street for street in town.streets if street.quarter in main]
    if where is Where.HOMES:
        return [street for street in town.streets if street.quarter.endswith("buurt") or street.quarter == "Centrum"]
    return town.streets


def _stage(start: date, today: date, rolls: Random) -> Stage:
    if start <= today:
        return Stage.STARTED
    days_away = (start - today).days
    if days_away < 90:
        return Stage.FIRM
    if days_away < 250:
        return rolls.choice((Stage.FIRM, Stage.TENTATIVE, Stage.TENTATIVE))
    return rolls.choice((Stage.TENTATIVE, Stage.IDEA))
