"""What stands in a report: read from the view for one viewer, and put in the order in which a meeting takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from shapely.geometry.base import BaseGeometry

from meekoppel_contracts.codes import OverlapKind
from meekoppel_contracts.plan import ENDED
from meekoppel_hub.exports.orders import Order
from meekoppel_hub.exports.report.changes import Change, changes_since
from meekoppel_hub.exports.report.rests import Rest, rests_in
from meekoppel_hub.exports.report.terms import Term, open_terms
from meekoppel_hub.reading.batches import overlap_batches, plan_batches
from meekoppel_hub.reading.overlaps import OverlapFilter
from meekoppel_hub.reading.plans import PlanFilter
from meekoppel_hub.reading.sight import WholeSight
from meekoppel_hub.reading.stored import StoredPlan

_ENDED: Final = frozenset(status.value for status in ENDED)
_STALE_AFTER: Final = timedelta(days=182)
_SERIOUS: Final = (OverlapKind.CONFLICT_HEAVY.value, OverlapKind.MORATORIUM_BREACH.value)


@dataclass(frozen=True, slots=True)
class ReportOrder:
    """What a report is asked for.

    Attributes:
        order: for whom, and in which language; its format is of no account.
        area: of which area, in the hub's CRS.
        name: what the area is called.
        since: the moment of the last meeting; None when what changed is not asked for.
    """

    order: Order
    area: BaseGeometry
    name: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Freshness:
    """How fresh the plans of an organisation are.

    Attributes:
        name: of the organisation.
        plans: how many of its plans lie in the area.
        newest: when the newest of them changed or was confirmed.
        stale: how many were neither changed nor confirmed for half a year.
        overdue: how many should have ended, and are not said to have.
    """

    name: str
    plans: int
    newest: datetime
    stale: int
    overdue: int


@dataclass(frozen=True, slots=True)
class Report:
    """What stands in a report.

    Attributes:
        plans: those that lie in the area and have not ended, by their start.
        serious: heavy conflicts and breaches, the longest first.
        light: how many light conflicts there are.
        chances: opportunities, the best first.
        others: how many other pairs there are, such as works on a detour.
        blind: how many pairs there are of which one side is not shared with the viewer.
        rests: where the ground rests.
        freshness: per organisation.
        overdue: plans that should have ended.
        unanswered: plans whose owner asked for an answer by a day that has passed.
        missed: terms that have passed without an answer, the longest first.
        coming: terms that are to come, the nearest first.
        changes: since the last meeting.
        new_pairs: pairs that were found since the last meeting.
        gone_pairs: how many pairs were resolved since.
    """

    plans: Sequence[StoredPlan]
    serious: Sequence[WholeSight]
    light: int
    chances: Sequence[WholeSight]
    others: int
    blind: int
    rests: Sequence[Rest]
    freshness: Sequence[Freshness]
    overdue: Sequence[StoredPlan]
    unanswered: Sequence[StoredPlan]
    missed: Sequence[Term]
    coming: Sequence[Term]
    changes: Sequence[Change]
    new_pairs: int
    gone_pairs: int


def gather(asked: ReportOrder) -> Report:
    """Read what stands in a report.

    Raises:
        TransientError: when the database is away.
    """
    order = asked.order
    wanted = PlanFilter(area=asked.area)
    found = [plan for batch in plan_batches(order.database, order.viewer, wanted, order.now) for plan in batch]
    live = sorted((plan for plan in found if not _has_ended(plan)), key=lambda plan: _period(plan)["earliest_start"])
    pairs = _pairs(asked, "open")
    whole = [pair for pair in pairs if pair.in_full()]
    chances = [pair for pair in whole if pair.row.kind == OverlapKind.OPPORTUNITY.value]
    serious = [pair for pair in whole if pair.row.kind in _SERIOUS]
    light = sum(pair.row.kind == OverlapKind.CONFLICT_LIGHT.value for pair in whole)
    since = asked.since
    with order.database.read() as connection:
        terms = open_terms(connection, order.viewer, pairs, [plan.plan_id for plan in live])
    return Report(
        plans=live,
        serious=sorted(serious, key=lambda pair: (-pair.row.overlap_days, -pair.row.area_m2)),
        light=light,
        chances=sorted(chances, key=lambda pair: (-(pair.row.score or 0), pair.row.overlap_id)),
        others=len(whole) - len(chances) - len(serious) - light,
        blind=len(pairs) - len(whole),
        rests=rests_in(order.database, asked.area, order.now),
        freshness=_freshness(live, order.now),
        overdue=[plan for plan in live if _is_overdue(plan, order.now)],
        unanswered=[plan for plan in live if _is_unanswered(plan, order.now)],
        missed=[term for term in terms if term.by < order.now],
        coming=[term for term in terms if term.by >= order.now],
        changes=[] if since is None else changes_since(order, wanted, since),
        new_pairs=0 if since is None else sum(pair.row.detected_at >= since for pair in pairs),
        gone_pairs=0 if since is None else len(_pairs(asked, "resolved", since)),
    )


def _pairs(asked: ReportOrder, state: str, since: datetime | None = None) -> list[WholeSight]:
    order = asked.order
    wanted = OverlapFilter(state=state, area=asked.area, changed_since=since)
    batches = overlap_batches(order.database, order.viewer, wanted, order.now)
    return [pair for batch in batches for pair in batch]


def _period(plan: StoredPlan) -> dict[str, Any]:
    period: dict[str, Any] = plan.plan["period"]
    return period


def _has_ended(plan: StoredPlan) -> bool:
    return plan.plan["status"] in _ENDED


def _is_overdue(plan: StoredPlan, now: datetime) -> bool:
    return bool(_period(plan)["latest_end"] < now)


def _is_unanswered(plan: StoredPlan, now: datetime) -> bool:
    cooperation = plan.plan["cooperation"]
    return bool(cooperation and cooperation["open"] and cooperation["answer_by"] and cooperation["answer_by"] < now)


def _heard_of(plan: StoredPlan) -> datetime:
    confirmed: datetime | None = plan.plan["confirmed_at"]
    recorded: datetime = plan.values["recorded_at"]
    return recorded if confirmed is None else max(confirmed, recorded)


def _freshness(plans: Sequence[StoredPlan], now: datetime) -> list[Freshness]:
    by_owner: dict[str, list[StoredPlan]] = {}
    for plan in plans:
        by_owner.setdefault(plan.plan["initiator"]["name"], []).append(plan)
    return [
        Freshness(
            name,
            len(theirs),
            max(_heard_of(plan) for plan in theirs),
            sum(_heard_of(plan) < now - _STALE_AFTER for plan in theirs),
            sum(_is_overdue(plan, now) for plan in theirs),
        )
        for name, theirs in sorted(by_owner.items(), key=lambda item: (-len(item[1]), item[0]))
    ]
