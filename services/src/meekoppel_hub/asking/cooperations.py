"""What an organisation proposes to others, or does to a cooperation, written for its inbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from meekoppel_contracts.codes import CooperationAnswer, CooperationEventType, CooperationState
from meekoppel_contracts.coordination import CooperatingParty, CooperatingPlan, CooperationEvent
from meekoppel_contracts.ids import CooperationId, OrgCode, PlanId


def proposal(
    organisation: OrgCode, cooperation_id: CooperationId, plan_ids: Sequence[str], now: datetime, **said: Any
) -> CooperationEvent:
    """Write a proposal to cooperate, for the proposer's inbox; the hub fills in what it knows of the plans."""
    plans = tuple(
        CooperatingPlan(plan_id=PlanId(one), version=1, organisation=organisation, title="") for one in plan_ids
    )
    return CooperationEvent(
        type=CooperationEventType.PROPOSED,
        cooperation_id=cooperation_id,
        revision=0,
        state=CooperationState.OPEN,
        proposed_by=organisation,
        actor=organisation,
        plans=plans,
        occurred_at=now,
        recorded_at=now,
        **said,
    )


def act_on(
    current: CooperationEvent, organisation: OrgCode, kind: CooperationEventType, now: datetime, **said: Any
) -> CooperationEvent:
    """Write what an organisation does to a cooperation, for its inbox; refused when another revision is the newest."""
    return current.model_copy(
        update={
            "type": kind,
            "actor": organisation,
            "reason": None,
            "occurred_at": now,
            "recorded_at": now,
            **said,
        }
    )


def own_line(organisation: OrgCode, answer: CooperationAnswer, note: str | None) -> tuple[CooperatingParty, ...]:
    """Write an organisation's own answer."""
    return (CooperatingParty(organisation=organisation, answer=answer, note=note),)


def added(current: CooperationEvent, organisation: OrgCode, plan_ids: Sequence[str]) -> tuple[CooperatingPlan, ...]:
    """Write the plans of a cooperation with further ones of an organisation."""
    new = (CooperatingPlan(plan_id=PlanId(one), version=1, organisation=organisation, title="") for one in plan_ids)
    return (*current.plans, *new)
