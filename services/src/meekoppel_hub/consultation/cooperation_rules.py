"""What a request makes of a cooperation: the act that it is, who may do it, and the state that follows. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from meekoppel_contracts.codes import (
    CooperationAnswer,
    CooperationEventType,
    CooperationState,
    RejectionReason,
)
from meekoppel_contracts.coordination import CooperatingParty, CooperationEvent
from meekoppel_hub.consultation.outcome import Refused
from meekoppel_hub.consultation.transitions import (
    ENDED_WITHOUT_RESULT,
    IN_CONSULTATION,
    OPEN,
    TRANSITIONS,
    Act,
    Who,
    states_for,
)

NOBODY_LEFT: Final = "nobody takes part any more"
_ENDS: Final = {
    CooperationState.DONE: Act.FINISH,
    CooperationState.ENDED_WITHOUT_RESULT: Act.GIVE_UP,
    CooperationState.WITHDRAWN: Act.WITHDRAW,
}
_OF_THE_LEAD: Final = ("title", "description", "kinds", "lead", "answer_by", "add_works_by", "window")
_ANSWERS: Final = {
    CooperationAnswer.YES: Act.ANSWER_YES,
    CooperationAnswer.NO: Act.ANSWER_NO,
    CooperationAnswer.UNDECIDED: Act.LEAVE,
}


def act_of(request: CooperationEvent, current: CooperationEvent) -> Act:
    """Tell which act a request on a cooperation that is there is.

    Raises:
        Refused: when it is none.
    """
    if request.type is CooperationEventType.ANSWERED:
        return _ANSWERS[own_answer(request).answer]
    if request.type is CooperationEventType.AGREED:
        return Act.AGREE
    if request.type is CooperationEventType.ENDED:
        return _end_of(request)
    if request.type is CooperationEventType.PROPOSED:
        raise Refused(
            RejectionReason.NOT_NOW,
            f"there is a cooperation {request.cooperation_id} already; give another cooperation_id, or type changed",
            "cooperation_id",
        )
    if request.state is CooperationState.IN_PROGRESS and current.state is not CooperationState.IN_PROGRESS:
        return Act.START
    known = {plan.plan_id for plan in current.plans}
    return Act.ADD_PLAN if any(plan.plan_id not in known for plan in request.plans) else Act.CHANGE


def check_act(act: Act, request: CooperationEvent, current: CooperationEvent, now: datetime) -> CooperationState:
    """Check that the actor may do this now; gives the state that follows.

    Raises:
        Refused: when it may not, or not now.
    """
    if request.revision and request.revision != current.revision:
        raise Refused(
            RejectionReason.STALE_REVISION,
            f"the cooperation is at revision {current.revision} now, and {request.revision} was expected; look again",
            "revision",
        )
    transition = TRANSITIONS[act]
    _check_who(transition.who, request, current)
    if current.state not in transition.to:
        raise Refused(
            RejectionReason.NOT_NOW,
            f"the cooperation is {current.state.value}; to {act.value} it has to be one of: {states_for(act)}",
            "state",
        )
    if act in _ANSWERS.values():
        _check_answer_in_time(request, current, now)
    return transition.to[current.state]


def changes_of_lead(request: CooperationEvent, current: CooperationEvent) -> dict[str, Any]:
    """Give what the lead changes: what is said and differs, of what is its to say. What is left out stays as it is."""
    asked = {name: getattr(request, name) for name in _OF_THE_LEAD}
    return {name: value for name, value in asked.items() if value and value != getattr(current, name)}


def own_answer(request: CooperationEvent) -> CooperatingParty:
    """Give the actor's own line among the parties.

    Raises:
        Refused: when there is none.
    """
    for party in request.parties:
        if party.organisation == request.actor:
            return party
    raise Refused(RejectionReason.UNDECODABLE, f"parties must hold the answer of {request.actor!r} itself", "parties")


def with_answer(
    current: CooperationEvent, organisation: str, answer: CooperationAnswer, note: str | None, now: datetime
) -> tuple[CooperatingParty, ...]:
    """Give the parties with one answer replaced, or added."""
    own = CooperatingParty(organisation=organisation, answer=answer, note=note, answered_at=now)
    if organisation in {party.organisation for party in current.parties}:
        return tuple(own if party.organisation == organisation else party for party in current.parties)
    return (*current.parties, own)


def after_answers(state: CooperationState, event: CooperationEvent) -> dict[str, Any]:
    """Give the state that follows from the answers: where nobody but the proposer is left, it has come to nothing."""
    others = [party.answer for party in event.parties if party.organisation != event.proposed_by]
    if all(answer is CooperationAnswer.NO for answer in others):
        return {"state": ENDED_WITHOUT_RESULT, "type": CooperationEventType.ENDED, "reason": NOBODY_LEFT}
    if state is IN_CONSULTATION and CooperationAnswer.YES not in others:
        return {"state": OPEN}
    return {"state": state}


def check_agreement(event: CooperationEvent, now: datetime) -> None:
    """Check that what is agreed is agreed by all: a window, and a yes of everyone who takes part.

    Raises:
        Refused: when it is not.
    """
    if event.window is None:
        raise Refused(RejectionReason.UNDECODABLE, "what is agreed needs a window: when the works are done", "window")
    over = event.answer_by is not None and event.answer_by < now
    waited_for = [party.organisation for party in event.parties if party.answer is CooperationAnswer.UNDECIDED]
    if waited_for and not over:
        raise Refused(
            RejectionReason.NOT_NOW,
            f"{', '.join(waited_for)} did not answer yet; all have to, or the deadline to answer has to pass",
            "parties",
        )


def _check_who(who: Who, request: CooperationEvent, current: CooperationEvent) -> None:
    parties = {party.organisation for party in current.parties} - {current.proposed_by}
    leads = {current.proposed_by, current.lead}
    allowed = {
        Who.PARTY: request.actor in parties,
        Who.LEAD: request.actor in leads,
        Who.PROPOSER: request.actor == current.proposed_by,
        Who.OWNER_OF_ADDED: True,  # whose plan it is, is seen from the plan
    }
    if not allowed[who]:
        raise Refused(
            RejectionReason.NOT_A_PARTY, f"this is for {who.value} to do; {request.actor!r} is not that", "actor"
        )


def _check_answer_in_time(request: CooperationEvent, current: CooperationEvent, now: datetime) -> None:
    """Who answered in time may think again; who did not, asks the lead for more time."""
    late = current.answer_by is not None and current.answer_by < now
    answered = any(party.organisation == request.actor and party.answered_at is not None for party in current.parties)
    if late and not answered:
        assert current.answer_by is not None
        raise Refused(
            RejectionReason.NOT_NOW,
            f"answers were due by {current.answer_by.isoformat()}; ask {current.lead or current.proposed_by!r} to move "
            "answer_by",
            "answer_by",
        )


def _end_of(request: CooperationEvent) -> Act:
    act = _ENDS.get(request.state)
    if act is None:
        raise Refused(
            RejectionReason.UNDECODABLE,
            f"a cooperation ends as done, ended_without_result or withdrawn, not as {request.state.value}",
            "state",
        )
    return act
