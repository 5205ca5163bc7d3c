"""Go through the versions of a month, plan by plan, and count: in one pass, in memory that does not grow with them.

Of each plan come the version that held when the month began and those that were recorded in it: what was before is not
read again. Plans that had ended before the month are not read at all. Restricted versions are as if they were not
there: figures that anybody may read must not tell of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, Select, func, or_, select

from meekoppel_contracts.codec import PLAN_EVENTS
from meekoppel_contracts.codes import QualityPart, Visibility
from meekoppel_hub.platform.database.tables.view import plan_versions, plans
from meekoppel_hub.quality import points
from meekoppel_hub.quality.months import Month
from meekoppel_hub.quality.moves import DAY, HALF_YEAR_DAYS, LATE, QUARTER_DAYS, YEAR_DAYS, Move, move_between
from meekoppel_hub.quality.moves import time_to_start as time_until
from meekoppel_hub.quality.score import Figures
from meekoppel_hub.quality.stability import Group, Stability

_ROWS_AT_ONCE = 2_000
_PLANS_BETWEEN_PROGRESS: Final = 5_000
_WITHDRAWN: Final = "withdrawn"
_BECAME_RESTRICTED: Final = "became_restricted"

Values = dict[str, Any]
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Survey:
    """What a month was like.

    Attributes:
        month: the month.
        until: up to when it was followed: its end, or the moment of the survey while it lasts.
        figures: per publisher.
        stability: per group.
        plans: how many plans were followed.
    """

    month: Month
    until: datetime
    figures: defaultdict[str, Figures] = field(default_factory=lambda: defaultdict(Figures))
    stability: defaultdict[Group, Stability] = field(default_factory=lambda: defaultdict(Stability))
    plans: int = 0

    def take(self, versions: Iterable[Values]) -> None:
        """Count one plan.

        Args:
            versions: its plan events as plain values, in the order of their versions: the one that held when the month
                began, if there was one, and those of the month.
        """
        followed: Values | None = None
        moves: list[Move] = []
        for values in versions:
            in_month = values["recorded_at"] >= self.month.starts
            shared = values["plan"]["visibility"] != Visibility.RESTRICTED.value
            if in_month and shared:
                self._figures(values).events += 1
            if not shared:
                followed = None
                continue
            if values["type"] == _WITHDRAWN:
                if in_month and followed is not None:
                    self._take_withdrawal(followed, values)
                followed = None
                continue
            if followed is None:
                self._begin(values)
            elif in_month:
                moves.append(self._take_change(followed, values))
            followed = values
        if followed is not None:
            self._take_state(followed, moves)

    def _figures(self, values: Values) -> Figures:
        return self.figures[values["publisher"]]

    def _group(self, values: Values, at: datetime) -> Stability:
        plan = values["plan"]
        group = Group(
            values["publisher"],
            plan["initiator"]["organisation"],
            plan["phase"],
            plan["certainty"],
            time_until(plan["period"]["earliest_start"], at),
        )
        return self.stability[group]

    def _begin(self, values: Values) -> None:
        """Begin to follow a plan: where the month began, or when it was shared."""
        if not points.is_over(values["plan"]):
            self._group(values, max(values["recorded_at"], self.month.starts)).plans += 1

    def _take_change(self, before: Values, after: Values) -> Move:
        move = move_between(before["plan"], after["plan"], after["recorded_at"])
        self._group(before, after["recorded_at"]).take(move)
        figures = self._figures(after)
        figures.late_moves += move.moved and move.told in LATE
        for side, days in (("start", move.start_days), ("end", move.end_days)):
            if days:
                direction = f"{side}s_{'later' if days > 0 else 'earlier'}"
                setattr(figures, direction, getattr(figures, direction) + 1)
                setattr(figures, f"{side}_days", getattr(figures, f"{side}_days") + abs(days))
        return move

    def _take_withdrawal(self, before: Values, withdrawal: Values) -> None:
        """Count a plan that vanished. One that became restricted has not: intake takes it out of the open topic."""
        if withdrawal["reason"] == _BECAME_RESTRICTED:
            return
        plan = before["plan"]
        if not points.is_over(plan) and plan["period"]["latest_end"] > withdrawal["recorded_at"]:
            self._figures(withdrawal).vanished += 1

    def _take_state(self, values: Values, moves: list[Move]) -> None:
        """Count how a plan stands at the end of the month."""
        figures, plan = self._figures(values), values["plan"]
        figures.plans_moved += any(move.moved for move in moves)
        if points.is_over(plan):
            return
        figures.live_plans += 1
        figures.points[QualityPart.COMPLETENESS] += points.completeness(plan)
        figures.points[QualityPart.PRECISION] += points.precision(plan, self.until)
        figures.points[QualityPart.FRESHNESS] += points.freshness(values, self.until)
        figures.points[QualityPart.STABILITY] += points.stability(sum(map(points.penalty, moves)))
        silent_days = (self.until - points.heard_at(values)) / DAY
        figures.silent_3_months += silent_days > QUARTER_DAYS
        figures.silent_6_months += silent_days > HALF_YEAR_DAYS
        figures.silent_12_months += silent_days > YEAR_DAYS
        figures.overdue += points.is_overdue(plan, self.until)
        figures.repaired += any(zone["repaired"] for zone in plan["zones"])


def survey_month(
    connection: Connection,
    month: Month,
    now: datetime,
    rejections: Mapping[str, int] | None = None,
    progress: Progress = lambda _done, _total: None,
) -> Survey:
    """Survey a month.

    Args:
        connection: a reading transaction; it lasts as long as the survey.
        month: over or still lasting.
        now: the time.
        rejections: how many events of each publisher intake rejected in the month; None when that is not known.
        progress: told now and then how many plans are done, and how many there are at most.
    """
    survey = Survey(month, min(month.ends, now))
    total = connection.scalar(select(func.count()).select_from(plans)) or 0
    for versions in _by_plan(connection, survey):
        survey.take(versions)
        survey.plans += 1
        if survey.plans % _PLANS_BETWEEN_PROGRESS == 0:
            progress(survey.plans, total)
    for publisher, count in (rejections or {}).items():
        survey.figures[publisher].rejections = count
    if rejections is not None:
        for figures in survey.figures.values():
            figures.rejections = figures.rejections or 0
    return survey


def _by_plan(connection: Connection, survey: Survey) -> Iterator[Iterator[Values]]:
    streaming = connection.execution_options(yield_per=_ROWS_AT_ONCE)
    rows = streaming.execute(_versions(survey.month, survey.until))
    for _, of_plan in groupby(rows, key=lambda row: row.plan_id):
        yield (PLAN_EVENTS.values(row.event) for row in of_plan)


def _versions(month: Month, until: datetime) -> Select[Any]:
    """Select the versions to count: from the one that held when the month began, plan by plan."""
    earlier, version = plan_versions.alias("earlier"), plan_versions.c
    held = (
        select(func.max(earlier.c.version))
        .where(earlier.c.plan_id == version.plan_id, earlier.c.recorded_at < month.starts)
        .scalar_subquery()
    )
    return (
        select(version.plan_id, version.event)
        .join(plans, plans.c.plan_id == version.plan_id)
        .where(
            version.recorded_at < until,
            or_(version.recorded_at >= month.starts, version.version == held),
            or_(plans.c.ended.is_(None), plans.c.recorded_at >= month.starts),
        )
        .order_by(version.plan_id, version.version)
    )
