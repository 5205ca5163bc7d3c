"""What an event of the log is about, whichever contract it follows: its numbering, its parties, its plans. Pure.

An event of a contract that is not named here is given out all the same; only a choice by organisation or plan, which
cannot be answered for it, leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from meekoppel_contracts.areas import AreaEvent, MoratoriumEvent
from meekoppel_contracts.coordination import AssessmentEvent, CooperationEvent
from meekoppel_contracts.events import OverlapEvent, PlanEvent
from meekoppel_contracts.headers import EventHeaders
from meekoppel_contracts.plan import Contract


@dataclass(frozen=True, slots=True)
class About:
    """Whom and which plans an event concerns.

    Attributes:
        organisations: those whose act, plan or area it is.
        plans: the ids of the plans in it.
    """

    organisations: frozenset[str] = frozenset()
    plans: frozenset[str] = frozenset()


def about(event: Contract) -> About:
    """Say whom and which plans an event concerns."""
    if isinstance(event, PlanEvent):
        plan = event.plan
        return _about((event.publisher, plan.initiator.organisation), (plan.plan_id,))
    if isinstance(event, OverlapEvent | AssessmentEvent):
        sides = (event.first, event.second)
        return _about([side.organisation for side in sides], [side.plan_id for side in sides])
    if isinstance(event, CooperationEvent):
        parties = [event.proposed_by, *(party.organisation for party in event.parties)]
        return _about(parties, [plan.plan_id for plan in event.plans])
    if isinstance(event, MoratoriumEvent):
        return _about((event.authority,), (event.derived_from,) if event.derived_from else ())
    if isinstance(event, AreaEvent):
        return _about((event.authority, *event.members), ())
    return About()


def numbered(contract: str, headers: EventHeaders, event: Contract) -> tuple[str, int]:
    """Give whose numbering an event is in, and its number: together they tell a double.

    Of a plan both are taken from the event, of all else from its id, which is `<whose>/<number>`.
    """
    if isinstance(event, PlanEvent):
        return event.plan.plan_id, event.version
    return f"{contract}:{headers.id.rpartition('/')[0]}", headers.sequence


def what_happened(event: Contract) -> str | None:
    """Give the type that the event itself states, such as `detected`; None where it has none."""
    happened = getattr(event, "type", None)
    return None if happened is None else str(happened)


def _about(organisations: Iterable[str], plans: Iterable[str]) -> About:
    return About(frozenset(organisations), frozenset(plans))
