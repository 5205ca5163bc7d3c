from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from meekoppel_contracts.codec import decode_plan_event
from meekoppel_contracts.codes import PlanEventType, RejectionReason, Visibility
from meekoppel_hub.intake.outcome import Outcome, Rejection, Submission
from meekoppel_hub.intake.receive import receive
from meekoppel_hub.intake.versions import Judgement, PlanState, judge

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
OLDER, EPOCH, LATER = (f"202611{day:02}T080000000000Z-00ff00" for day in (1, 2, 3))


@pytest.fixture
def say(inbox, event):
    """What an organisation says of a plan, under an epoch and a sequence."""

    def submission(plan, sequence: int, epoch: str = EPOCH, withdraw: bool = False, **fields) -> Submission:
        kind = PlanEventType.WITHDRAWN if withdraw else PlanEventType.CHANGED
        made = event(plan, type=kind, **fields)
        received = receive(inbox.send(made, epoch=epoch, sequence=sequence), 100_000, NOW)
        assert isinstance(received, Submission), received
        return received

    return submission


def accepted(state: PlanState | None, submission: Submission, now: datetime = NOW) -> Judgement:
    judgement = judge(state, submission, now)
    assert isinstance(judgement, Judgement), judgement
    return judgement


@pytest.fixture
def known(say, plan) -> PlanState:
    return accepted(None, say(plan(), 1)).state


@pytest.fixture
def restricted(known, say, plan) -> PlanState:
    return accepted(known, say(plan(title="Geheim", visibility=Visibility.RESTRICTED), 2)).state


def test_the_first_event_of_a_plan_registers_it_whatever_it_is_called(say, plan) -> None:
    judgement = accepted(None, say(plan(), 1))
    (written,) = judgement.events
    assert (judgement.outcome, written.topic) == (Outcome.REGISTERED, "plans")
    assert (written.event.type, written.event.version, written.event.recorded_at) == ("registered", 1, NOW)


def test_a_withdrawal_of_a_plan_that_is_not_known_is_rejected(say, plan) -> None:
    rejection = judge(None, say(plan(), 1, withdraw=True), NOW)
    assert isinstance(rejection, Rejection)
    assert rejection.reason is RejectionReason.UNKNOWN_PLAN


def test_a_change_names_the_fields_that_changed(known, say, plan) -> None:
    judgement = accepted(known, say(plan(title="Ander werk", description="Langer"), 2))
    (written,) = judgement.events
    assert judgement.outcome is Outcome.CHANGED
    assert (written.event.version, written.event.changed_fields) == (2, ("title", "description"))
    assert decode_plan_event(written.value) == written.event


def test_a_resend_is_dropped_and_leaves_the_state(known, say, plan) -> None:
    judgement = accepted(known, say(plan(title="Ander werk"), 1))
    assert judgement == Judgement(Outcome.RESENT, known)


def test_a_republished_plan_without_change_gives_no_event(known, say, plan) -> None:
    judgement = accepted(known, say(plan(), 2))
    assert judgement == Judgement(Outcome.UNCHANGED, replace(known, sequence=2))


def test_a_connector_that_lost_its_state_and_reads_everything_again_changes_nothing(known, say, plan) -> None:
    judgement = accepted(known, say(plan(), 1, LATER))
    assert judgement == Judgement(Outcome.UNCHANGED, replace(known, epoch=LATER, sequence=1))


def test_a_change_under_a_later_epoch_is_accepted_from_any_sequence(known, say, plan) -> None:
    later = accepted(known, say(plan(title="Ander werk"), 0, LATER))
    assert (later.outcome, later.state.version, later.state.epoch) == (Outcome.CHANGED, 2, LATER)


def test_an_older_epoch_that_says_the_same_is_dropped(known, say, plan) -> None:
    assert accepted(known, say(plan(), 99, OLDER)) == Judgement(Outcome.RESENT, known)


def test_an_older_epoch_that_says_something_else_is_rejected(known, say, plan) -> None:
    rejection = judge(known, say(plan(title="Ander werk"), 99, OLDER), NOW)
    assert isinstance(rejection, Rejection)
    assert rejection.reason is RejectionReason.STALE_EPOCH


def test_a_plan_in_which_only_the_confirmation_is_new_is_confirmed(known, say, plan) -> None:
    judgement = accepted(known, say(plan(confirmed_at=NOW), 2))
    assert judgement.outcome is Outcome.CONFIRMED
    assert judgement.events[0].event.changed_fields == ("confirmed_at",)


def test_a_withdrawal_keeps_its_reason_and_a_second_one_is_no_event(known, say, plan) -> None:
    withdrawn = accepted(known, say(plan(), 2, withdraw=True, reason="missing_from_source"))
    assert withdrawn.outcome is Outcome.WITHDRAWN
    assert withdrawn.events[0].event.reason == "missing_from_source"
    again = accepted(withdrawn.state, say(plan(title="Ander werk"), 3, withdraw=True))
    assert again == Judgement(Outcome.UNCHANGED, replace(withdrawn.state, sequence=3))


def test_a_plan_that_comes_back_is_restored_even_when_it_says_the_same(known, say, plan) -> None:
    withdrawn = accepted(known, say(plan(), 2, withdraw=True)).state
    back = accepted(withdrawn, say(plan(), 3))
    assert (back.outcome, back.state.version, back.events[0].event.changed_fields) == (Outcome.RESTORED, 3, ())


def test_a_withdrawal_that_is_not_seen_before_the_epoch_changes_is_a_withdrawal(known, say, plan) -> None:
    assert accepted(known, say(plan(), 1, LATER, withdraw=True)).outcome is Outcome.WITHDRAWN


def test_a_contract_that_grew_a_field_makes_no_change(known, say, plan) -> None:
    hashed_by_an_older_contract = replace(known, content_sha256="0" * 64)
    assert accepted(hashed_by_an_older_contract, say(plan(), 2)) == Judgement(
        Outcome.UNCHANGED, replace(known, sequence=2)
    )


def test_the_recorded_time_of_a_plan_never_goes_back(known, say, plan) -> None:
    earlier = NOW - timedelta(hours=1)
    written = accepted(known, say(plan(title="Ander werk"), 2), earlier).events[0]
    assert written.event.recorded_at == NOW


def test_a_restricted_plan_enters_only_the_restricted_topic(say, plan) -> None:
    (written,) = accepted(None, say(plan(visibility=Visibility.RESTRICTED), 1)).events
    assert written.topic == "plans-restricted"


def test_a_plan_that_becomes_restricted_leaves_the_open_topic_as_it_was_last_open(known, say, plan) -> None:
    judgement = accepted(known, say(plan(title="Geheim", visibility=Visibility.RESTRICTED), 2))
    leaving, entering = judgement.events
    assert (leaving.topic, leaving.event.type, leaving.event.version) == ("plans", "withdrawn", 2)
    assert leaving.event.plan == plan()
    assert leaving.event.reason == "became_restricted"
    assert b"Geheim" not in leaving.value
    assert (entering.topic, entering.event.type, entering.event.version) == ("plans-restricted", "changed", 3)
    assert judgement.state.version == 3


def test_a_restricted_plan_that_opens_is_restored_in_the_open_topic(restricted, say, plan) -> None:
    (written,) = accepted(restricted, say(plan(), 3)).events
    assert (written.topic, written.event.type, written.event.version) == ("plans", "restored", 4)


def test_a_restricted_plan_that_changes_stays_out_of_the_open_topic(restricted, say, plan) -> None:
    changed = accepted(restricted, say(plan(title="Anders", visibility=Visibility.RESTRICTED), 3))
    withdrawn = accepted(changed.state, say(plan(title="Anders", visibility=Visibility.RESTRICTED), 4, withdraw=True))
    assert [written.topic for written in (*changed.events, *withdrawn.events)] == ["plans-restricted"] * 2


def test_a_withdrawn_plan_that_comes_back_restricted_is_not_withdrawn_twice(known, say, plan) -> None:
    withdrawn = accepted(known, say(plan(), 2, withdraw=True)).state
    (written,) = accepted(withdrawn, say(plan(visibility=Visibility.RESTRICTED), 3)).events
    assert (written.topic, written.event.type) == ("plans-restricted", "restored")


def test_a_withdrawal_that_also_restricts_leaves_the_open_topic_first(known, say, plan) -> None:
    secret = plan(title="Geheim", visibility=Visibility.RESTRICTED)
    leaving, entering = accepted(known, say(secret, 2, withdraw=True)).events
    assert (leaving.topic, leaving.event.type, leaving.event.plan) == ("plans", "withdrawn", plan())
    assert (entering.topic, entering.event.type) == ("plans-restricted", "withdrawn")
