"""The states of a cooperation, and which act leads from which to which. Pure; `docs/cooperation.md` shows the table.

Source: GIPOD (synergies with a lead, answers and two deadlines).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from meekoppel_contracts.codes import CooperationState

OPEN = CooperationState.OPEN
IN_CONSULTATION = CooperationState.IN_CONSULTATION
AGREED = CooperationState.AGREED
IN_PROGRESS = CooperationState.IN_PROGRESS
DONE = CooperationState.DONE
ENDED_WITHOUT_RESULT = CooperationState.ENDED_WITHOUT_RESULT
WITHDRAWN = CooperationState.WITHDRAWN

FINAL: Final = frozenset({DONE, ENDED_WITHOUT_RESULT, WITHDRAWN})


class Act(StrEnum):
    """What somebody does to a cooperation."""

    PROPOSE = "propose"
    ANSWER_YES = "answer yes"
    ANSWER_NO = "answer no"
    LEAVE = "leave"
    ADD_PLAN = "add a plan"
    CHANGE = "change"
    AGREE = "agree"
    START = "start"
    FINISH = "finish"
    GIVE_UP = "give up"
    WITHDRAW = "withdraw"


class Who(StrEnum):
    """Who may do it."""

    OWNER = "the owner of one of the plans"
    PARTY = "a party, but not the proposer"
    OWNER_OF_ADDED = "the owner of the plan that is added"
    LEAD = "the lead, or the proposer"
    PROPOSER = "the proposer"


@dataclass(frozen=True, slots=True)
class Transition:
    """One line of the table.

    Attributes:
        act: what is done.
        who: who may do it.
        to: by the state before, the state after; an act that a state does not name cannot be done in it. The answers
            have one more rule: when nobody but the proposer is left who may say yes, it ends without result.
    """

    act: Act
    who: Who
    to: Mapping[CooperationState, CooperationState]


def _stays(*states: CooperationState) -> dict[CooperationState, CooperationState]:
    return {state: state for state in states}


TRANSITIONS: Final[Mapping[Act, Transition]] = {
    one.act: one
    for one in (
        Transition(Act.PROPOSE, Who.OWNER, {}),
        Transition(Act.ANSWER_YES, Who.PARTY, {OPEN: IN_CONSULTATION, **_stays(IN_CONSULTATION, AGREED)}),
        Transition(Act.ANSWER_NO, Who.PARTY, {**_stays(OPEN, IN_CONSULTATION), AGREED: IN_CONSULTATION}),
        Transition(Act.LEAVE, Who.PARTY, {**_stays(OPEN, IN_CONSULTATION), AGREED: IN_CONSULTATION}),
        Transition(Act.ADD_PLAN, Who.OWNER_OF_ADDED, _stays(OPEN, IN_CONSULTATION, AGREED)),
        Transition(Act.CHANGE, Who.LEAD, _stays(OPEN, IN_CONSULTATION)),
        Transition(Act.AGREE, Who.LEAD, {IN_CONSULTATION: AGREED}),
        Transition(Act.START, Who.LEAD, {AGREED: IN_PROGRESS}),
        Transition(Act.FINISH, Who.LEAD, {AGREED: DONE, IN_PROGRESS: DONE}),
        Transition(
            Act.GIVE_UP,
            Who.LEAD,
            dict.fromkeys((OPEN, IN_CONSULTATION, AGREED, IN_PROGRESS), ENDED_WITHOUT_RESULT),
        ),
        Transition(Act.WITHDRAW, Who.PROPOSER, dict.fromkeys((OPEN, IN_CONSULTATION), WITHDRAWN)),
    )
}


def states_for(act: Act) -> str:
    """Name the states in which an act can be done, for people."""
    return ", ".join(state.value for state in TRANSITIONS[act].to)
