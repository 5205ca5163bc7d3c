"""Cooperations: requests of one party to others to do works together (GIPOD: synergies).

A request is an event of the contract with `actor` as the one who acts. Only what the act is about is read of it: of an
answer the actor's own line among the parties, of a plan that is added that plan, of a change what is the lead's to say.
"""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any, Final

from sqlalchemy import select

from meekoppel_contracts.codes import CooperationAnswer, CooperationEventType, CooperationState, RejectionReason
from meekoppel_contracts.coordination import CooperatingParty, CooperatingPlan, CooperationEvent
from meekoppel_contracts.ids import OverlapId, PlanId, overlap_id
from meekoppel_contracts.registry import COOPERATION_EVENT
from meekoppel_contracts.topics import COORDINATION, COORDINATION_RESTRICTED
from meekoppel_hub.consultation.cooperation_rules import (
    act_of,
    after_answers,
    changes_of_lead,
    check_act,
    check_agreement,
    own_answer,
    with_answer,
)
from meekoppel_hub.consultation.deadlines import check_deadlines, default_deadlines
from meekoppel_hub.consultation.handler import Desk, Handler
from meekoppel_hub.consultation.outcome import NotYet, Refused
from meekoppel_hub.consultation.plans import plans_named, restricted_of, seen_by_all
from meekoppel_hub.consultation.transitions import Act
from meekoppel_hub.platform.database.tables.consultation import assessments, heads
from meekoppel_hub.reading.stored import StoredPlan

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{7,99}")
MOST_PLANS: Final = 100
_EVENT_TYPES: Final = {
    Act.ANSWER_YES: CooperationEventType.ANSWERED,
    Act.ANSWER_NO: CooperationEventType.ANSWERED,
    Act.LEAVE: CooperationEventType.ANSWERED,
    Act.AGREE: CooperationEventType.AGREED,
    Act.FINISH: CooperationEventType.ENDED,
    Act.GIVE_UP: CooperationEventType.ENDED,
    Act.WITHDRAW: CooperationEventType.ENDED,
}


def handle_cooperation(request: CooperationEvent, desk: Desk) -> None:
    """Take over what somebody does to a cooperation, or proposes.

    Raises:
        NotYet: when there is no such cooperation or plan, or the organisation may not see it.
        Refused: when it may not do this, or not now.
    """
    current: CooperationEvent | None = desk.head(COOPERATION_EVENT, request.cooperation_id)
    if current is None and request.type is CooperationEventType.PROPOSED:
        event, topic = _proposed(request, desk)
    else:
        topic = _topic_of(desk, request.cooperation_id)
        if current is None or not _may_see(desk, current, topic):
            raise NotYet(
                f"the hub knows no cooperation {request.cooperation_id} that {desk.organisation.code!r} may see",
                "cooperation_id",
            )
        event = _after(request, current, topic, desk)
        if _says(event) == _says(current):
            return
    desk.tell(event, topic)


def _proposed(request: CooperationEvent, desk: Desk) -> tuple[CooperationEvent, str]:
    _check_proposal(request)
    named = plans_named(desk, [plan.plan_id for plan in request.plans], "plans")
    plans = tuple(_cooperating(plan) for plan in named.values())
    parties = list(dict.fromkeys(plan.organisation for plan in plans))
    if desk.organisation.code not in parties or len(parties) == 1:
        raise Refused(
            RejectionReason.NOT_A_PARTY,
            "a cooperation is proposed by the owner of one of its plans, to the owners of the others",
            "plans",
        )
    restricted = restricted_of(named)
    for plan in restricted:
        if plan.sharing.initiator != desk.organisation.code and not seen_by_all(desk, plan, parties):
            raise Refused(
                RejectionReason.NOT_SHAREABLE,
                f"plan {plan.plan_id} is restricted and not shared with all of {', '.join(parties)}",
                "plans",
            )
    lead = request.lead or desk.organisation.code
    if lead not in parties:
        raise Refused(RejectionReason.NOT_A_PARTY, f"the lead {lead!r} owns none of the plans", "lead")
    event = CooperationEvent(
        type=CooperationEventType.PROPOSED,
        cooperation_id=request.cooperation_id,
        revision=1,
        title=request.title,
        description=request.description,
        state=CooperationState.OPEN,
        kinds=request.kinds,
        proposed_by=desk.organisation.code,
        lead=lead,
        actor=desk.organisation.code,
        plans=plans,
        parties=tuple(_party(one, desk) for one in parties),
        **default_deadlines(desk, request, list(named.values())),
        window=request.window,
        overlap_ids=_overlaps_of(desk, list(named)),
        occurred_at=request.occurred_at,
        recorded_at=desk.now,
    )
    check_deadlines(event, desk.now)
    return event, COORDINATION_RESTRICTED if restricted else COORDINATION


def _check_proposal(request: CooperationEvent) -> None:
    ids = [plan.plan_id for plan in request.plans]
    if not _ID.fullmatch(request.cooperation_id):
        raise Refused(
            RejectionReason.UNDECODABLE,
            "a cooperation_id has 8 to 100 letters, digits and _ . : -, the first a letter or digit; make it random",
            "cooperation_id",
        )
    if not 2 <= len(set(ids)) == len(ids) <= MOST_PLANS:
        raise Refused(RejectionReason.UNDECODABLE, f"name 2 to {MOST_PLANS} plans, none of them twice", "plans")


def _after(request: CooperationEvent, current: CooperationEvent, topic: str, desk: Desk) -> CooperationEvent:
    """Give the state that follows on a request."""
    act = act_of(request, current)
    state = check_act(act, request, current, desk.now)
    changes: dict[str, Any] = {
        "type": _EVENT_TYPES.get(act, CooperationEventType.CHANGED),
        "revision": desk.next_revision(current),
        "state": state,
        "actor": desk.organisation.code,
        "reason": request.reason,
        "occurred_at": request.occurred_at,
        "recorded_at": desk.now,
    }
    if act in (Act.ANSWER_YES, Act.ANSWER_NO, Act.LEAVE):
        own = own_answer(request)
        changes["parties"] = with_answer(current, own.organisation, own.answer, own.note, desk.now)
        changes |= after_answers(state, current.model_copy(update=changes))
    elif act is Act.ADD_PLAN:
        changes |= _with_plans(request, current, topic, desk)
    elif act is Act.CHANGE:
        changes |= _changed_by_lead(request, current, desk)
    elif act is Act.AGREE:
        changes["window"] = request.window or current.window
        check_agreement(current.model_copy(update=changes), desk.now)
    return current.model_copy(update=changes)


def _changed_by_lead(request: CooperationEvent, current: CooperationEvent, desk: Desk) -> dict[str, Any]:
    changes = changes_of_lead(request, current)
    if "lead" in changes and changes["lead"] not in {party.organisation for party in current.parties}:
        raise Refused(RejectionReason.NOT_A_PARTY, f"the lead {changes['lead']!r} is no party", "lead")
    check_deadlines(current.model_copy(update=changes), desk.now, changed=changes.keys())
    return changes


def _with_plans(request: CooperationEvent, current: CooperationEvent, topic: str, desk: Desk) -> dict[str, Any]:
    """Add the actor's own plans; whoever adds works takes part."""
    if current.add_works_by is not None and current.add_works_by < desk.now:
        raise Refused(
            RejectionReason.NOT_NOW,
            f"works could be added until {current.add_works_by.isoformat()}; ask "
            f"{current.lead or current.proposed_by!r} to move add_works_by",
            "add_works_by",
        )
    known = {plan.plan_id for plan in current.plans}
    named = plans_named(desk, [plan.plan_id for plan in request.plans if plan.plan_id not in known], "plans")
    if len(known) + len(named) > MOST_PLANS:
        raise Refused(RejectionReason.NOT_NOW, f"a cooperation has at most {MOST_PLANS} plans", "plans")
    for plan in named.values():
        if plan.sharing.initiator != desk.organisation.code:
            raise Refused(
                RejectionReason.NOT_A_PARTY, f"plan {plan.plan_id} is not yours; each adds its own plans", "plans"
            )
    if topic == COORDINATION and restricted_of(named):
        raise Refused(
            RejectionReason.NOT_SHAREABLE,
            "a restricted plan cannot be added to a cooperation that all participants see; propose one of its own",
            "plans",
        )
    added = tuple(
        _cooperating(plan).model_copy(update={"added_by": desk.organisation.code, "added_at": desk.now})
        for plan in named.values()
    )
    plans = (*current.plans, *added)
    parties = with_answer(current, desk.organisation.code, CooperationAnswer.YES, None, desk.now)
    by_another = desk.organisation.code != current.proposed_by
    state = CooperationState.IN_CONSULTATION if by_another and current.state is CooperationState.OPEN else current.state
    overlap_ids = _overlaps_of(desk, [plan.plan_id for plan in plans])
    return {"plans": plans, "parties": parties, "state": state, "overlap_ids": overlap_ids}


def _cooperating(plan: StoredPlan) -> CooperatingPlan:
    return CooperatingPlan(
        plan_id=plan.plan_id,
        version=plan.version,
        organisation=plan.sharing.initiator,
        title=plan.plan["title"],
    )


def _party(organisation: Any, desk: Desk) -> CooperatingParty:
    if organisation != desk.organisation.code:
        return CooperatingParty(organisation=organisation)
    return CooperatingParty(organisation=organisation, answer=CooperationAnswer.YES, answered_at=desk.now)


def _overlaps_of(desk: Desk, plan_ids: list[str]) -> tuple[OverlapId, ...]:
    """Name the overlaps of these plans with one another that are open."""
    pairs = [overlap_id(PlanId(one), PlanId(other)) for one, other in combinations(plan_ids, 2)]
    query = select(assessments.c.overlap_id).where(assessments.c.overlap_id.in_(pairs), assessments.c.is_open)
    return tuple(OverlapId(one) for one in sorted(set(desk.connection.execute(query).scalars())))


def _topic_of(desk: Desk, cooperation_id: str) -> str:
    query = select(heads.c.topic).where(heads.c.contract == COOPERATION_EVENT, heads.c.subject == cooperation_id)
    return str(desk.connection.execute(query).scalar_one_or_none() or COORDINATION)


def _may_see(desk: Desk, current: CooperationEvent, topic: str) -> bool:
    return topic == COORDINATION or desk.organisation.code in {party.organisation for party in current.parties}


def _says(event: CooperationEvent) -> dict[str, Any]:
    """Name what makes a new state worth telling: not who said it, nor when."""
    left_out = {"type", "revision", "actor", "reason", "occurred_at", "recorded_at"}
    said = event.model_dump(exclude=left_out)
    said["parties"] = [(one["organisation"], one["answer"], one["note"]) for one in said["parties"]]
    return said


def _actor(request: CooperationEvent) -> tuple[str, str | None]:
    return "actor", request.actor


COOPERATIONS = Handler(
    contract=COOPERATION_EVENT,
    subject=lambda request: str(request.cooperation_id),
    actor=_actor,
    handle=handle_cooperation,
)
