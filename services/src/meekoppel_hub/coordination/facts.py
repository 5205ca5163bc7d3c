"""What matching needs to know of a plan: a narrow row of the view, without the plan event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from meekoppel_contracts.codes import Certainty, PlanEventType, Visibility
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.ids import OrgCode, PlanId
from meekoppel_contracts.plan import ENDED
from meekoppel_hub.coordination.windows import Windows, to_micros

MOST_SHIFT_DAYS = 36_500
"""More than a century of shift says nothing more, and could run over 64 bits."""


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """One version of one plan, as matching sees it. The fields are the columns of `plan_facts`.

    Attributes:
        plan_id: which plan.
        version: which version of it.
        initiator: whose plan it is; plans of one initiator never pair.
        ended: `withdrawn`, or the status that ended it; None while it can meet others.
        firm: whether its certainty is firm.
        restricted: whether only named organisations may see it.
        starts_us: earliest start, microseconds since 1970.
        ends_us: latest end, microseconds since 1970.
        shift_earlier_days: how many days the owner can bring it forward.
        shift_later_days: how many days the owner can put it off.
        disciplines: sorted, with commas between.
        cooperates: whether the owner is open to do work together.
    """

    plan_id: PlanId
    version: int
    initiator: OrgCode
    ended: str | None
    firm: bool
    restricted: bool
    starts_us: int
    ends_us: int
    shift_earlier_days: int
    shift_later_days: int
    disciplines: str
    cooperates: bool


def facts_of(event: PlanEvent) -> PlanFacts:
    """Take from a plan event what matching needs."""
    plan = event.plan
    period = plan.period
    return PlanFacts(
        plan_id=plan.plan_id,
        version=event.version,
        initiator=plan.initiator.organisation,
        ended=_ended(event),
        firm=plan.certainty is Certainty.FIRM,
        restricted=plan.visibility is Visibility.RESTRICTED,
        starts_us=to_micros(period.earliest_start),
        ends_us=to_micros(period.latest_end),
        shift_earlier_days=_shift(period.can_shift_earlier_days),
        shift_later_days=_shift(period.can_shift_later_days),
        disciplines=",".join(sorted({discipline.value for discipline in plan.disciplines})),
        cooperates=plan.cooperation is not None and plan.cooperation.open,
    )


def windows_of(plans: Sequence[PlanFacts]) -> Windows:
    """Lay the periods of plans side by side."""
    columns = np.array(
        [(plan.starts_us, plan.ends_us, plan.shift_earlier_days, plan.shift_later_days) for plan in plans],
        dtype=np.int64,
    ).reshape(-1, 4)
    return Windows(*columns.T)


def _ended(event: PlanEvent) -> str | None:
    if event.type is PlanEventType.WITHDRAWN:
        return PlanEventType.WITHDRAWN.value
    return event.plan.status.value if event.plan.status in ENDED else None


def _shift(days: int | None) -> int:
    return min(days or 0, MOST_SHIFT_DAYS)
