"""What became of the plans of an area since the last meeting: new, moved, changed, ended, withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any, Final

from sqlalchemy import Connection, func, select

from meekoppel_contracts.plan import ENDED
from meekoppel_hub.exports.orders import Order
from meekoppel_hub.platform.database.tables.view import plan_versions
from meekoppel_hub.reading.access import may_see
from meekoppel_hub.reading.batches import plan_batches
from meekoppel_hub.reading.plans import PlanFilter
from meekoppel_hub.reading.stored import StoredPlan, read_stored

_ENDED: Final = frozenset(status.value for status in ENDED)
_TOLD: Final = ("status", "phase", "certainty", "zones", "disciplines")
_MOVED_AT_LEAST: Final = timedelta(days=1)


class What(Enum):
    """What happened to a plan, the most telling first."""

    WITHDRAWN = auto()
    ENDED = auto()
    NEW = auto()
    MOVED = auto()
    CHANGED = auto()


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one plan.

    Attributes:
        what: the most telling of it.
        now: the plan as it is.
        before: as it was at the last meeting, where the viewer might see it then.
        fields: which fields that planners look at are different.
    """

    what: What
    now: StoredPlan
    before: StoredPlan | None
    fields: tuple[str, ...]

    @property
    def moved_days(self) -> int:
        """By how many days the start moved; later is positive."""
        if self.before is None:
            return 0
        moved: timedelta = self.now.plan["period"]["earliest_start"] - self.before.plan["period"]["earliest_start"]
        return round(moved / timedelta(days=1))


def changes_since(order: Order, wanted: PlanFilter, since: datetime) -> list[Change]:
    """Compare the plans of a filter with what they were at a moment.

    A plan that lay elsewhere then, or that the viewer might not see then, counts as new. One that has left the area
    since is not told of.

    Args:
        order: for whom.
        wanted: which plans.
        since: the moment.
    """
    changed = PlanFilter(area=wanted.area, changed_since=since)
    told = []
    for batch in plan_batches(order.database, order.viewer, changed, order.now, withdrawn=True):
        with order.database.read() as connection:
            earlier = _as_they_were(connection, [plan.plan_id for plan in batch], since)
        for plan in batch:
            before = earlier.get(plan.plan_id)
            seen = before if before is not None and may_see(order.viewer, before.sharing, order.now) else None
            change = compare(plan, seen)
            if change is not None:
                told.append(change)
    return sorted(told, key=lambda change: (change.what.value, -abs(change.moved_days), change.now.plan_id))


def compare(now: StoredPlan, before: StoredPlan | None) -> Change | None:
    """Say what became of a plan; None when nothing did that a planner looks at. Pure."""
    if now.sharing.withdrawn:
        return None if before is None or before.sharing.withdrawn else Change(What.WITHDRAWN, now, before, ())
    if before is None or before.sharing.withdrawn:
        return Change(What.NEW, now, None, ())
    fields = tuple(name for name in _TOLD if now.plan[name] != before.plan[name])
    if now.plan["status"] in _ENDED:
        return Change(What.ENDED, now, before, fields) if "status" in fields else None
    if _moved(now.plan["period"], before.plan["period"]):
        return Change(What.MOVED, now, before, fields)
    return Change(What.CHANGED, now, before, fields) if fields else None


def _moved(now: dict[str, Any], before: dict[str, Any]) -> bool:
    return any(abs(now[name] - before[name]) >= _MOVED_AT_LEAST for name in ("earliest_start", "latest_end"))


def _as_they_were(connection: Connection, plan_ids: Sequence[str], since: datetime) -> dict[str, StoredPlan]:
    """Read the newest version of each plan that was recorded before a moment."""
    columns = plan_versions.c
    last = (
        select(columns.plan_id, func.max(columns.version).label("version"))
        .where(columns.plan_id.in_(plan_ids), columns.recorded_at < since)
        .group_by(columns.plan_id)
        .subquery()
    )
    same = (columns.plan_id == last.c.plan_id) & (columns.version == last.c.version)
    rows = connection.execute(select(columns.plan_id, columns.event).join(last, same))
    return {row.plan_id: read_stored(row.event) for row in rows}
