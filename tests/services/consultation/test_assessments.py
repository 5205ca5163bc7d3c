"""What the two parties say of an overlap, and what the log does to it."""

from __future__ import annotations

import pytest

from meekoppel_contracts.codes import AssessmentAnswer, AssessmentCause, PlanEventType
from meekoppel_contracts.registry import ASSESSMENT_EVENT
from meekoppel_contracts.topics import COORDINATION, COORDINATION_RESTRICTED
from meekoppel_hub.consultation.heads import load_history
from tests.services.consultation.desk import A_PLAN, B_PLAN, OVERLAP, Hub, assessment, overlap, reasons

YES, NO, UNDECIDED = AssessmentAnswer.YES, AssessmentAnswer.NO, AssessmentAnswer.UNDECIDED


def history_of(hub: Hub, organisation: str = "org-a"):
    with hub.database.read() as connection:
        return load_history(connection, ASSESSMENT_EVENT, f"{OVERLAP}/{organisation}")


def test_a_party_says_what_it_thinks_and_the_hub_numbers_it(met):
    (event,) = met.ask(assessment(answer="yes", note="We can wait", decision="Open the street once"))
    assert (event.revision, event.organisation, event.answer, event.cause) == (
        1,
        "org-a",
        YES,
        AssessmentCause.ANSWERED,
    )
    assert (event.note, event.decision, event.to_reassess) == ("We can wait", "Open the street once", False)
    assert event.answered_at == event.recorded_at == met.now
    assert met.log[-1].topic == COORDINATION
    assert met.log[-1].key == A_PLAN.encode()


def test_each_party_has_an_assessment_of_its_own(met):
    events = met.ask(assessment("org-a", "yes"), assessment("org-b", "no"))
    assert [(event.organisation, event.revision, event.answer) for event in events] == [
        ("org-a", 1, YES),
        ("org-b", 1, NO),
    ]


def test_an_answer_can_be_changed_and_taken_back_and_all_of_it_is_kept(met):
    for answer in ("yes", "no", "undecided"):
        met.ask(assessment(answer=answer))
    kept = history_of(met)
    assert [event.answer for event in kept] == [YES, NO, UNDECIDED]
    assert [event.previous_answer for event in kept] == [None, YES, NO]
    assert [event.cause for event in kept] == [
        AssessmentCause.ANSWERED,
        AssessmentCause.ANSWERED,
        AssessmentCause.TAKEN_BACK,
    ]


def test_a_request_that_is_sent_again_changes_nothing(met):
    first = met.ask(assessment(answer="yes"), id="once")
    assert len(first) == 1
    assert met.ask(assessment(answer="yes"), id="once") == []
    assert met.ask(assessment(answer="no"), id="once") == []
    assert [event.answer for event in history_of(met)] == [YES]


def test_what_says_nothing_new_makes_no_event(met):
    met.ask(assessment(answer="yes"))
    assert met.ask(assessment(answer="yes")) == []


@pytest.mark.parametrize("asked", [assessment("org-c"), assessment(overlap_id="0" * 32), assessment(seen=2)])
def test_what_does_not_exist_and_what_is_none_of_ones_business_are_answered_alike_and_as_late(met, asked):
    assert met.ask(asked) == []
    assert met.pass_time(seconds=59) == []
    (refusal,) = met.pass_time(seconds=2)
    assert refusal.reason.value == "unknown_subject"
    assert refusal.field == "overlap_id"
    assert B_PLAN not in refusal.message


def test_an_answer_to_an_older_state_of_the_overlap_is_refused(met):
    met.take(met.tell(overlap(2, (2, 1), area_m2=5.0)))
    (refusal,) = met.ask(assessment(seen=1))
    assert refusal.reason.value == "stale_revision"
    assert "at revision 2 now" in refusal.message
    assert refusal.topic == "coordination-inbox.org-a"


def test_an_answer_that_comes_before_its_overlap_waits_for_it(hub):
    assert hub.ask(assessment()) == []
    hub.take(hub.tell(overlap()))
    (event,) = hub.pass_time(seconds=1)
    assert (event.revision, event.answer) == (1, YES)


def test_answers_that_wait_keep_their_order(hub):
    hub.ask(assessment(answer="yes"), assessment(answer="no"))
    hub.take(hub.tell(overlap()))
    hub.ask(assessment(answer="undecided", note="last"))
    assert [event.answer for event in hub.pass_time(seconds=1)] == [YES, NO, UNDECIDED]
    assert history_of(hub)[-1].note == "last"


def test_an_answer_in_the_same_batch_as_its_overlap_meets_it(hub):
    (event,) = hub.take(hub.request(assessment()), hub.tell(overlap()))
    assert event.revision == 1


@pytest.mark.parametrize(("plan", "versions"), [(A_PLAN, (2, 1)), (B_PLAN, (1, 2))])
def test_any_change_of_either_plan_sets_an_answer_back(met, plan, versions):
    met.ask(assessment(answer="yes", note="We can wait"))
    (event,) = met.take(met.plan(plan, 2, type=PlanEventType.CHANGED))
    assert (event.answer, event.to_reassess, event.previous_answer) == (UNDECIDED, True, YES)
    assert (event.cause, event.revision, event.answered_at) == (AssessmentCause.PLAN_CHANGED, 2, None)
    assert (event.first.version, event.second.version) == versions
    assert [one.note for one in history_of(met)] == ["We can wait", None]


def test_an_overlap_that_changes_sets_both_answers_back(met):
    met.ask(assessment("org-a", "yes"), assessment("org-b", "no"))
    events = met.take(met.tell(overlap(2, (2, 1), area_m2=5.0)))
    assert [(event.organisation, event.previous_answer, event.cause) for event in events] == [
        ("org-a", YES, AssessmentCause.PLAN_CHANGED),
        ("org-b", NO, AssessmentCause.PLAN_CHANGED),
    ]


def test_rules_that_change_set_an_answer_back_and_no_plan_is_blamed(met):
    met.ask(assessment())
    (event,) = met.take(met.tell(overlap(2, (1, 1), area_m2=5.0)))
    assert (event.to_reassess, event.cause) == (True, AssessmentCause.OTHER)


def test_one_change_that_is_told_by_plan_and_overlap_sets_back_once(met):
    met.ask(assessment())
    assert len(met.take(met.plan(A_PLAN, 2, type=PlanEventType.CHANGED))) == 1
    assert met.take(met.tell(overlap(2, (2, 1), area_m2=5.0))) == []
    met.ask(assessment(seen=2))
    assert met.take(met.plan(A_PLAN, 2, type=PlanEventType.CHANGED)) == []


@pytest.mark.parametrize("kind", [PlanEventType.CONFIRMED, PlanEventType.REGISTERED])
def test_a_plan_that_says_nothing_new_sets_nothing_back(met, kind):
    met.ask(assessment())
    assert met.take(met.plan(A_PLAN, 2, type=kind)) == []


def test_what_was_not_answered_is_not_set_back(met):
    assert met.take(met.plan(A_PLAN, 2, type=PlanEventType.CHANGED), met.tell(overlap(2, (2, 1)))) == []


def test_a_resolved_overlap_closes_the_answers_and_takes_no_more(met):
    met.ask(assessment("org-a", "yes", opens_up=True))
    (event,) = met.take(met.tell(overlap(2, (2, 1), resolved=True)))
    assert (event.cause, event.answer, event.opens_up) == (AssessmentCause.OVERLAP_RESOLVED, YES, False)
    assert reasons(met.ask(assessment(seen=2))) == ["not_now"]


def test_plans_that_meet_again_are_to_be_assessed_again(met):
    met.ask(assessment(answer="no"))
    met.take(met.tell(overlap(2, (2, 1), resolved=True)))
    (event,) = met.take(met.tell(overlap(3, (3, 1))))
    assert (event.to_reassess, event.previous_answer) == (True, NO)
    (event,) = met.ask(assessment(answer="yes", seen=3))
    assert (event.answer, event.to_reassess, event.revision) == (YES, False, 4)


def test_what_is_said_of_a_restricted_pair_travels_with_it(hub):
    hub.take(hub.tell(overlap(), restricted=True))
    hub.ask(assessment(opens_up=True, answer="undecided"))
    assert hub.log[-1].topic == COORDINATION_RESTRICTED
    assert history_of(hub)[-1].cause is AssessmentCause.OPENED_UP


def test_an_older_state_of_an_overlap_that_comes_late_changes_nothing(met):
    met.take(met.tell(overlap(2, (2, 1))))
    assert met.take(met.tell(overlap(1))) == []
    assert met.ask(assessment(seen=2))[0].overlap_revision == 2


def test_whoever_no_longer_owns_a_plan_has_nothing_more_to_say(met):
    met.ask(assessment("org-b"))
    sold = overlap(2, (1, 2))
    sold = sold.model_copy(update={"second": sold.second.model_copy(update={"organisation": "org-c"})})
    (closed,) = met.take(met.tell(sold))
    assert (closed.organisation, closed.cause) == ("org-b", AssessmentCause.OVERLAP_RESOLVED)
    assert met.ask(assessment("org-c", seen=2))[0].answer is YES
