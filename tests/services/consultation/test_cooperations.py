"""Cooperations: who may propose, answer, add, agree and end, and in which state."""

from __future__ import annotations

from datetime import timedelta

import pytest

from meekoppel_contracts.codes import CooperationState, Status, Visibility
from meekoppel_contracts.coordination import AgreedWindow, CooperationEvent
from meekoppel_contracts.registry import COOPERATION_EVENT
from meekoppel_contracts.topics import COORDINATION, COORDINATION_RESTRICTED
from meekoppel_hub.consultation.heads import load_head, load_history
from meekoppel_hub.consultation.transitions import TRANSITIONS, Act
from tests.services.api.view_filling import plan
from tests.services.consultation.desk import (
    A_PLAN,
    B_PLAN,
    BEGIN,
    COOPERATION,
    OVERLAP,
    Hub,
    cooperation,
    reasons,
)

C_PLAN = "NL.org-c.1"
WINDOW = AgreedWindow(starts=BEGIN + timedelta(days=100), ends=BEGIN + timedelta(days=130))


def now_of(hub: Hub, named: str = COOPERATION) -> CooperationEvent:
    with hub.database.read() as connection:
        return load_head(connection, COOPERATION_EVENT, named, lock=False)


def answers(event: CooperationEvent) -> dict[str, str]:
    return {party.organisation: party.answer.value for party in event.parties}


def test_an_owner_proposes_to_the_owners_of_the_other_plans(met, view):
    (event,) = met.ask(cooperation(description="Sewer first"))
    assert (event.revision, event.state, event.proposed_by, event.lead) == (1, CooperationState.OPEN, "org-a", "org-a")
    assert answers(event) == {"org-a": "yes", "org-b": "undecided"}
    assert [(one.plan_id, one.version, one.title) for one in event.plans] == [
        (A_PLAN, 1, f"Werk {A_PLAN}"),
        (B_PLAN, 1, f"Werk {B_PLAN}"),
    ]
    assert event.overlap_ids == (OVERLAP,)
    assert (event.answer_by, event.add_works_by) == (BEGIN + timedelta(days=28), BEGIN + timedelta(days=42))
    assert (met.log[-1].topic, met.log[-1].key) == (COORDINATION, COOPERATION.encode())


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (cooperation("org-c", proposed_by="org-c"), "not_a_party"),
        (cooperation(plans=(A_PLAN,)), "undecodable"),
        (cooperation(plans=(A_PLAN, A_PLAN)), "undecodable"),
        (cooperation(cooperation_id="1"), "undecodable"),
        (cooperation(lead="org-c"), "not_a_party"),
        (cooperation(answer_by=BEGIN - timedelta(days=1)), "not_now"),
    ],
)
def test_a_proposal_that_cannot_be_is_refused_with_the_reason(met, view, asked, reason):
    assert reasons(met.ask(asked)) == [reason]


def test_a_plan_that_the_proposer_may_not_see_is_as_one_that_does_not_exist(met, view):
    view.put(plan(C_PLAN, visibility=Visibility.RESTRICTED))
    for number, other in enumerate((C_PLAN, "NL.org-c.none")):
        asked = cooperation(plans=(A_PLAN, other), cooperation_id=f"coop-no-{number}-xx")
        assert met.ask(asked) == []
    first, second = met.pass_time(seconds=61)
    assert first.message.replace(C_PLAN, "X") == second.message.replace("NL.org-c.none", "X")


def test_a_plan_that_has_ended_takes_part_in_nothing(met, view):
    view.put(plan(B_PLAN, status=Status.COMPLETED))
    (refusal,) = met.ask(cooperation())
    assert refusal.reason.value == "not_now"
    assert "has ended" in refusal.message


def test_a_proposal_before_its_plan_is_known_waits_for_it(met, view):
    assert met.ask(cooperation(plans=(A_PLAN, C_PLAN))) == []
    view.put(plan(C_PLAN))
    (event,) = met.pass_time(seconds=1)
    assert answers(event) == {"org-a": "yes", "org-c": "undecided"}


def test_a_yes_begins_the_consultation_and_a_last_no_ends_it(proposed):
    (yes,) = proposed.ask(cooperation("org-b", "answered", answer="yes"))
    assert (yes.state, answers(yes)) == (CooperationState.IN_CONSULTATION, {"org-a": "yes", "org-b": "yes"})
    (no,) = proposed.ask(cooperation("org-b", "answered", answer="no"))
    assert (no.state, no.type.value) == (CooperationState.ENDED_WITHOUT_RESULT, "ended")


def test_only_what_the_act_is_about_is_read_of_a_request(proposed):
    asked = cooperation("org-b", "answered", answer="yes", title="Mine now", lead="org-b", proposed_by="org-b")
    (event,) = proposed.ask(asked)
    assert (event.title, event.lead, event.proposed_by) == ("Open the street once", "org-a", "org-a")


def test_the_whole_way_from_proposal_to_done(proposed):
    proposed.ask(cooperation("org-b", "answered", answer="yes"))
    (agreed,) = proposed.ask(cooperation("org-a", "agreed", window=WINDOW))
    assert (agreed.state, agreed.window) == (CooperationState.AGREED, WINDOW)
    (started,) = proposed.ask(cooperation("org-a", "changed", state="in_progress"))
    assert started.state is CooperationState.IN_PROGRESS
    (done,) = proposed.ask(cooperation("org-a", "ended", state="done"))
    assert (done.state, done.revision) == (CooperationState.DONE, 5)
    with proposed.database.read() as connection:
        kept = load_history(connection, COOPERATION_EVENT, COOPERATION)
    assert [event.type.value for event in kept] == ["proposed", "answered", "agreed", "changed", "ended"]
    assert [event.actor for event in kept] == ["org-a", "org-b", "org-a", "org-a", "org-a"]


def test_nothing_is_agreed_before_all_have_answered_or_without_a_window(met, view):
    view.put(plan(C_PLAN))
    met.ask(cooperation(plans=(A_PLAN, B_PLAN, C_PLAN)), cooperation("org-b", "answered", answer="yes"))
    (early,) = met.ask(cooperation("org-a", "agreed", window=WINDOW))
    assert "org-c did not answer yet" in early.message
    met.ask(cooperation("org-c", "answered", answer="no"))
    assert reasons(met.ask(cooperation("org-a", "agreed"))) == ["undecodable"]
    assert met.ask(cooperation("org-a", "agreed", window=WINDOW))[0].state is CooperationState.AGREED


def test_an_agreement_ends_when_a_party_takes_its_yes_back(met, view):
    view.put(plan(C_PLAN))
    met.ask(cooperation(plans=(A_PLAN, B_PLAN, C_PLAN)))
    met.ask(*(cooperation(one, "answered", answer="yes") for one in ("org-b", "org-c")))
    met.ask(cooperation("org-a", "agreed", window=WINDOW))
    (event,) = met.ask(cooperation("org-b", "answered", answer="no"))
    assert event.state is CooperationState.IN_CONSULTATION


@pytest.mark.parametrize(
    "asked",
    [
        cooperation("org-c", "answered", answer="yes"),
        cooperation("org-a", "answered", answer="no"),
        cooperation("org-b", "changed", title="Mine now"),
        cooperation("org-b", "agreed", window=WINDOW),
        cooperation("org-b", "changed", state="in_progress"),
        cooperation("org-b", "ended", state="done"),
        cooperation("org-b", "ended", state="ended_without_result"),
        cooperation("org-b", "ended", state="withdrawn"),
        cooperation("org-c", "changed", plans=(A_PLAN, B_PLAN, "NL.org-b.2")),
    ],
)
def test_each_act_is_for_whom_the_table_says(proposed, view, asked):
    view.put(plan("NL.org-b.2"))
    assert reasons(proposed.ask(asked)) == ["not_a_party"]


def put_in_state(hub: Hub, state: CooperationState, named: str) -> None:
    """Propose a cooperation and bring it into a state, by the acts that lead there."""
    yes = cooperation("org-b", "answered", answer="yes")
    agreed = cooperation("org-a", "agreed", window=WINDOW)
    ways = {
        CooperationState.OPEN: [],
        CooperationState.IN_CONSULTATION: [yes],
        CooperationState.AGREED: [yes, agreed],
        CooperationState.IN_PROGRESS: [yes, agreed, cooperation("org-a", "changed", state="in_progress")],
        CooperationState.DONE: [yes, agreed, cooperation("org-a", "ended", state="done")],
        CooperationState.ENDED_WITHOUT_RESULT: [cooperation("org-a", "ended", state="ended_without_result")],
        CooperationState.WITHDRAWN: [cooperation("org-a", "ended", state="withdrawn")],
    }
    hub.ask(*(one.model_copy(update={"cooperation_id": named}) for one in (cooperation(), *ways[state])))
    assert now_of(hub, named).state is state


ASKED = {
    Act.ANSWER_YES: cooperation("org-b", "answered", answer="yes"),
    Act.ANSWER_NO: cooperation("org-b", "answered", answer="no"),
    Act.LEAVE: cooperation("org-b", "answered", answer="undecided"),
    Act.ADD_PLAN: cooperation("org-b", "changed", plans=("NL.org-b.2",)),
    Act.CHANGE: cooperation("org-a", "changed", title="Another title"),
    Act.AGREE: cooperation("org-a", "agreed", window=WINDOW),
    Act.START: cooperation("org-a", "changed", state="in_progress"),
    Act.FINISH: cooperation("org-a", "ended", state="done"),
    Act.GIVE_UP: cooperation("org-a", "ended", state="ended_without_result"),
    Act.WITHDRAW: cooperation("org-a", "ended", state="withdrawn"),
}
ALL = [state for state in CooperationState if state is not CooperationState.UNKNOWN]


@pytest.mark.parametrize("state", ALL)
def test_an_act_is_possible_in_the_states_that_the_table_names_and_in_no_other(met, view, state):
    view.put(plan("NL.org-b.2"))
    for number, (act, asked) in enumerate(ASKED.items()):
        named = f"coop_of_{number}"
        put_in_state(met, state, named)
        before = now_of(met, named)
        answer = met.ask(asked.model_copy(update={"cooperation_id": named}))
        if state in TRANSITIONS[act].to:
            assert now_of(met, named).state is expected_after(act, state), act
        else:
            assert reasons(answer) == ["not_now"], act
            assert now_of(met, named) == before


def expected_after(act: Act, state: CooperationState) -> CooperationState:
    """What the table says, for a cooperation of two: org-b is the only one who can say yes to org-a."""
    if act is Act.ANSWER_NO:
        return CooperationState.ENDED_WITHOUT_RESULT
    if act is Act.LEAVE:
        return CooperationState.OPEN
    if act is Act.ADD_PLAN and state is CooperationState.OPEN:
        return CooperationState.IN_CONSULTATION  # who adds works takes part
    return TRANSITIONS[act].to[state]


def test_a_request_on_an_older_revision_is_refused(proposed):
    proposed.ask(cooperation("org-b", "answered", answer="yes"))
    assert reasons(proposed.ask(cooperation("org-a", "changed", title="New", revision=1))) == ["stale_revision"]
    assert proposed.ask(cooperation("org-a", "changed", title="New", revision=2))[0].title == "New"


def test_any_participant_adds_a_plan_of_its_own_and_takes_part(proposed, view):
    view.put(plan(C_PLAN))
    (event,) = proposed.ask(cooperation("org-c", "changed", plans=(A_PLAN, B_PLAN, C_PLAN)))
    assert [one.plan_id for one in event.plans] == [A_PLAN, B_PLAN, C_PLAN]
    assert (event.plans[2].added_by, event.plans[2].added_at) == ("org-c", BEGIN)
    assert answers(event) == {"org-a": "yes", "org-b": "undecided", "org-c": "yes"}
    assert event.state is CooperationState.IN_CONSULTATION


def test_a_restricted_plan_is_not_added_where_all_can_see_it(proposed, view):
    view.put(plan(C_PLAN, visibility=Visibility.RESTRICTED))
    (refusal,) = proposed.ask(cooperation("org-c", "changed", plans=(C_PLAN,)))
    assert refusal.reason.value == "not_shareable"


def test_a_cooperation_on_a_restricted_plan_travels_apart_and_is_there_for_its_parties_alone(met, view):
    view.put(plan(A_PLAN, visibility=Visibility.RESTRICTED))
    view.put(plan(C_PLAN))
    met.ask(cooperation())
    assert met.log[-1].topic == COORDINATION_RESTRICTED
    assert met.ask(cooperation("org-c", "changed", plans=(C_PLAN,))) == []
    assert met.pass_time(seconds=61)[0].reason.value == "unknown_subject"
    assert met.ask(cooperation("org-b", "answered", answer="yes"))[0].state is CooperationState.IN_CONSULTATION


def test_a_restricted_plan_of_another_is_not_shown_to_a_third_party_by_a_proposal(met, view):
    view.put(plan(B_PLAN, visibility=Visibility.RESTRICTED, shared_with=("org-a",)))
    view.put(plan(C_PLAN))
    (refusal,) = met.ask(cooperation(plans=(A_PLAN, B_PLAN, C_PLAN)))
    assert (refusal.reason.value, "not shared with all of" in refusal.message) == ("not_shareable", True)


def test_the_lead_can_be_given_to_another_party(proposed):
    (event,) = proposed.ask(cooperation("org-a", "changed", lead="org-b"))
    assert event.lead == "org-b"
    assert proposed.ask(cooperation("org-b", "changed", title="New", lead="org-b"))[0].title == "New"


def test_the_same_cooperation_is_not_proposed_twice(proposed):
    (refusal,) = proposed.ask(cooperation("org-b", proposed_by="org-b"))
    assert (refusal.reason.value, refusal.field) == ("not_now", "cooperation_id")
