"""What matching needs to know of a plan: a narrow row of the view, without the plan event."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from meekoppel_contracts.areas import MoratoriumEvent
from meekoppel_contracts.codes import Certainty, PlanEventType, Precision, Visibility
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.ids import OrgCode, PlanId
from meekoppel_contracts.plan import ENDED, Period
from meekoppel_hub.coordination.windows import MOST_DAYS, ToldPeriod
from meekoppel_hub.platform.clock import to_micros

MOST_SHIFT_DAYS = MOST_DAYS

FOR_EVER_US = 253_402_300_799_000_000
"""The last second of the year 9999: a moratorium without an end holds until it is lifted."""

PLAN = "plan"
MORATORIUM = "moratorium"
"""What can take part in matching; a moratorium does so like a plan, with its own id, revision and period."""


class PlanFacts(NamedTuple):
    """One version of one plan, as matching sees it. All but the last four fields are columns of `plans`.

    Attributes:
        plan_id: which plan; of a moratorium, its id.
        version: which version of it; of a moratorium, its revision.
        initiator: whose plan it is; plans of one initiator never pair.
        title: as listed.
        status: as the plan says.
        phase: as the plan says.
        certainty: as the plan says.
        ended: `withdrawn`, or the status that ended it; None while it can meet others.
        firm: whether its certainty is firm.
        restricted: whether only named organisations may see it.
        starts_us: earliest start, microseconds since 1970.
        latest_start_us: when it has begun for certain, where that follows from what the plan says.
        earliest_end_us: until when it goes on for certain, where that follows from what the plan says.
        ends_us: latest end, microseconds since 1970.
        precision: to what the dates are known.
        shift_earlier_days: how many days the owner can bring it forward.
        shift_later_days: how many days the owner can put it off.
        disciplines: sorted, with commas between.
        work_types: sorted, with commas between.
        digs: whether the ground is opened; None when the plan does not say.
        area_m2: of the excavation, where the plan says.
        trench_length_m: of the excavation, where the plan says.
        cooperates: whether the owner is open to do work together.
        cooperation_kinds: in what, sorted, with commas between.
        kind: `plan` or `moratorium`.
        derived_from: the plan a moratorium comes from; None for all else.
        exceptions: works that may be done in spite of a moratorium (`MoratoriumException`).
        exempt_plans: plans that were given leave to dig in spite of a moratorium.
    """

    plan_id: PlanId
    version: int
    initiator: OrgCode
    title: str
    status: str
    phase: str
    certainty: str
    ended: str | None
    firm: bool
    restricted: bool
    starts_us: int
    latest_start_us: int | None
    earliest_end_us: int | None
    ends_us: int
    precision: str
    shift_earlier_days: int
    shift_later_days: int
    disciplines: str
    work_types: str
    digs: bool | None
    area_m2: float | None
    trench_length_m: float | None
    cooperates: bool
    cooperation_kinds: str
    kind: str = PLAN
    derived_from: PlanId | None = None
    exceptions: tuple[str, ...] = ()
    exempt_plans: tuple[PlanId, ...] = ()


FACT_COLUMNS = PlanFacts._fields[:-4]
"""The fields of `PlanFacts` that are columns of `plans`, in their order."""


def facts_of(event: PlanEvent) -> PlanFacts:
    """Take from a plan event what matching needs."""
    plan = event.plan
    period, excavation, cooperation = plan.period, plan.excavation, plan.cooperation
    latest_start_us, earliest_end_us = _told(period).certain()
    return PlanFacts(
        plan_id=plan.plan_id,
        version=event.version,
        initiator=plan.initiator.organisation,
        title=plan.title,
        status=plan.status.value,
        phase=plan.phase.value,
        certainty=plan.certainty.value,
        ended=_ended(event),
        firm=plan.certainty is Certainty.FIRM,
        restricted=plan.visibility is Visibility.RESTRICTED,
        starts_us=to_micros(period.earliest_start),
        latest_start_us=latest_start_us,
        earliest_end_us=earliest_end_us,
        ends_us=to_micros(period.latest_end),
        precision=period.precision.value,
        shift_earlier_days=_shift(period.can_shift_earlier_days),
        shift_later_days=_shift(period.can_shift_later_days),
        disciplines=_listed(plan.disciplines),
        work_types=_listed(plan.work_types),
        digs=None if excavation is None else excavation.digs,
        area_m2=None if excavation is None else excavation.area_m2,
        trench_length_m=None if excavation is None else excavation.trench_length_m,
        cooperates=cooperation is not None and cooperation.open,
        cooperation_kinds="" if cooperation is None else _listed(cooperation.kinds),
    )


def facts_of_moratorium(event: MoratoriumEvent) -> PlanFacts:
    """Let a moratorium take part in matching like a plan: firm, and certain from its start to its end."""
    ends_us = FOR_EVER_US if event.ends is None else to_micros(event.ends)
    return PlanFacts(
        plan_id=PlanId(event.moratorium_id),
        version=event.revision,
        initiator=event.authority,
        title=event.title,
        status="",
        phase="",
        certainty=Certainty.FIRM.value,
        ended=None if event.lifted_at is None else "lifted",
        firm=True,
        restricted=False,
        starts_us=to_micros(event.starts),
        latest_start_us=None,
        earliest_end_us=None,
        ends_us=ends_us,
        precision=Precision.DAY.value,
        shift_earlier_days=0,
        shift_later_days=0,
        disciplines=_listed(event.disciplines),
        work_types="",
        digs=None,
        area_m2=None,
        trench_length_m=None,
        cooperates=False,
        cooperation_kinds="",
        kind=MORATORIUM,
        derived_from=event.derived_from,
        exceptions=tuple(sorted(exception.value for exception in event.exceptions)),
        exempt_plans=event.exempt_plans,
    )


def _told(period: Period) -> ToldPeriod:
    return ToldPeriod(
        starts_us=to_micros(period.earliest_start),
        ends_us=to_micros(period.latest_end),
        latest_start_us=_micros(period.latest_start),
        earliest_end_us=_micros(period.earliest_end),
        duration_days=period.duration_days,
        start_confirmed=period.start_confirmed,
        end_confirmed=period.end_confirmed,
    )


def _ended(event: PlanEvent) -> str | None:
    if event.type is PlanEventType.WITHDRAWN:
        return PlanEventType.WITHDRAWN.value
    return event.plan.status.value if event.plan.status in ENDED else None


def _micros(moment: datetime | None) -> int | None:
    return None if moment is None else to_micros(moment)


def _listed(codes: Iterable[StrEnum]) -> str:
    return ",".join(sorted({code.value for code in codes}))


def _shift(days: int | None) -> int:
    return min(days or 0, MOST_SHIFT_DAYS)
