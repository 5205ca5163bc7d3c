"""The month: what happens to the plans, day by day.

Works start and end on their days; beside that, by chance, plans shift, become firm, move, are cancelled, appear and
vanish. The same seed gives the same month.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from random import Random

from shapely.affinity import translate

from meekoppel_contracts.ids import OrgCode
from meekoppel_hub.demo.dice import dice
from meekoppel_hub.demo.organisations import ORGANISATIONS
from meekoppel_hub.demo.plans import Stage, TownPlan, draw_plan
from meekoppel_hub.demo.town import Town

DAYS_KEPT_AFTER_THE_END = 10
_OVER = frozenset({Stage.DONE, Stage.CANCELLED})


class Happening(StrEnum):
    """What can happen to a plan."""

    STARTED = "started"
    COMPLETED = "completed"
    OVERRUN = "overrun"
    SHIFTED = "shifted"
    BECAME_FIRM = "became_firm"
    MOVED = "moved"
    CANCELLED = "cancelled"
    APPEARED = "appeared"
    VANISHED = "vanished"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class DayChange:
    """One thing that happened to one plan; `plan` is as it stands after it."""

    day: date
    what: Happening
    plan: TownPlan


class TownAdministration:
    """All plans as their owners know them, moved on day by day.

    Attributes:
        plans: every plan that still stands in its owner's system, by owner and number.
    """

    def __init__(self, town: Town, plans: list[TownPlan], seed: int) -> None:
        self.plans: dict[tuple[OrgCode, int], TownPlan] = {(plan.owner, plan.number): plan for plan in plans}
        self._town = town
        self._rolls = dice(seed, "month")
        self._next_number = {organisation.code: organisation.plans + 1 for organisation in ORGANISATIONS}

    def of(self, owner: OrgCode) -> list[TownPlan]:
        """List the plans of one owner, in the order of their numbers."""
        return sorted((plan for plan in self.plans.values() if plan.owner == owner), key=lambda plan: plan.number)

    def play_day(self, day: date) -> list[DayChange]:
        """Let one day pass."""
        changes = [change for plan in list(self.plans.values()) if (change := self._day_of(plan, day))]
        for change in changes:
            key = (change.plan.owner, change.plan.number)
            if change.what in (Happening.VANISHED, Happening.ARCHIVED):
                del self.plans[key]
            else:
                self.plans[key] = change.plan
        return changes + self._new_plans(day)

    def _day_of(self, plan: TownPlan, day: date) -> DayChange | None:
        if plan.stage in _OVER:
            kept_until = (plan.ended_on or plan.end) + timedelta(days=DAYS_KEPT_AFTER_THE_END)
            return DayChange(day, Happening.ARCHIVED, plan) if day > kept_until else None
        planned = _by_the_calendar(plan, day, self._rolls)
        if planned is not None:
            return planned
        roll = self._rolls.random()
        for chance, what, change in _CHANCES:
            if roll < chance:
                changed = change(plan, day, self._rolls)
                return DayChange(day, what, changed) if changed is not None else None
            roll -= chance
        return None

    def _new_plans(self, day: date) -> list[DayChange]:
        fresh: list[DayChange] = []
        for organisation in self._rolls.sample(ORGANISATIONS, k=5):
            number = self._next_number[organisation.code]
            self._next_number[organisation.code] = number + 1
            plan = draw_plan(organisation, number, self._town, day, self._rolls)
            self.plans[organisation.code, number] = plan
            fresh.append(DayChange(day, Happening.APPEARED, plan))
        return fresh


def _by_the_calendar(plan: TownPlan, day: date, rolls: Random) -> DayChange | None:
    if plan.stage is Stage.STARTED and plan.end < day:
        if rolls.random() < 0.25:
            later = replace(plan, end=plan.end + timedelta(days=rolls.choice((4, 7, 14))))
            return DayChange(day, Happening.OVERRUN, later)
        return DayChange(day, Happening.COMPLETED, replace(plan, stage=Stage.DONE, ended_on=day))
    if plan.stage is Stage.FIRM and plan.start <= day:
        return DayChange(day, Happening.STARTED, replace(plan, stage=Stage.STARTED))
    return None


def _shift(plan: TownPlan, _day: date, rolls: Random) -> TownPlan | None:
    if plan.stage is Stage.STARTED:
        return replace(plan, end=plan.end + timedelta(days=rolls.choice((3, 7, 14))))
    days = timedelta(days=rolls.choice((-28, -14, -7, 7, 14, 28, 56)))
    if plan.start + days <= _day:
        days = abs(days)
    return replace(plan, start=plan.start + days, end=plan.end + days)


def _firm(plan: TownPlan, _day: date, _rolls: Random) -> TownPlan | None:
    higher = {Stage.IDEA: Stage.TENTATIVE, Stage.TENTATIVE: Stage.FIRM}.get(plan.stage)
    return replace(plan, stage=higher) if higher else None


def _move(plan: TownPlan, _day: date, rolls: Random) -> TownPlan | None:
    if plan.stage is Stage.STARTED:
        return None
    return replace(
        plan, shape=translate(plan.shape, round(rolls.uniform(-60, 60), 2), round(rolls.uniform(-60, 60), 2))
    )


def _cancel(plan: TownPlan, day: date, _rolls: Random) -> TownPlan | None:
    return None if plan.stage is Stage.STARTED else replace(plan, stage=Stage.CANCELLED, ended_on=day)


def _vanish(plan: TownPlan, _day: date, _rolls: Random) -> TownPlan | None:
    return plan


_Change = Callable[[TownPlan, date, Random], TownPlan | None]
_CHANCES: tuple[tuple[float, Happening, _Change], ...] = (
    (0.0060, Happening.SHIFTED, _shift),
    (0.0040, Happening.BECAME_FIRM, _firm),
    (0.0020, Happening.MOVED, _move),
    (0.0010, Happening.CANCELLED, _cancel),
    (0.0008, Happening.VANISHED, _vanish),
)
