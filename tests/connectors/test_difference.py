from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meekoppel_connectors.difference import Change, KnownPlan, Pairing, SnapshotState, Verdict, differences, plan_event
from meekoppel_contracts.codes import PlanEventType, Status
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.ids import OrgCode, PlanId
from meekoppel_contracts.plan import Period, Plan
from meekoppel_contracts.testing import example_plan

START = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2026, 3, 1, tzinfo=UTC)
BEFORE_END = END - timedelta(days=1)
PUBLISHER = OrgCode("gm0307")


def plan(number: int = 1, end: datetime = END, **changes: object) -> Plan:
    period = Period(earliest_start=START, latest_end=end)
    return example_plan(plan_id=PlanId(f"NL.gm0307.{number}"), period=period, **changes)


def compare(before: KnownPlan | None, after: Plan | None, as_of: datetime = BEFORE_END, **options: bool) -> Change:
    (change,) = differences([Pairing(before, after, **options)], as_of)
    return change


def told(change: Change) -> PlanEvent:
    event = plan_event(change, PUBLISHER, None)
    assert event is not None
    return event


def test_a_new_plan_is_registered():
    change = compare(None, plan())
    assert (change.verdict, change.state) == (Verdict.REGISTERED, SnapshotState.LIVE)
    assert told(change).type is PlanEventType.REGISTERED


def test_a_plan_with_other_content_is_changed_and_names_the_fields():
    event = told(compare(KnownPlan(plan()), plan(title="Anders", status=Status.IN_PROGRESS)))
    assert event.type is PlanEventType.CHANGED
    assert event.changed_fields == ("title", "status")
    assert event.plan.title == "Anders"


def test_a_republished_plan_without_change_gives_no_event():
    change = compare(KnownPlan(plan()), plan())
    assert change.verdict is Verdict.UNCHANGED
    assert plan_event(change, PUBLISHER, None) is None


def test_the_same_moment_written_in_another_zone_is_no_change():
    period = Period(earliest_start=datetime.fromisoformat("2026-01-01T01:00:00+01:00"), latest_end=END)
    assert compare(KnownPlan(plan()), plan().model_copy(update={"period": period})).verdict is Verdict.UNCHANGED


def test_only_a_new_time_of_confirmation_is_a_confirmation():
    change = compare(KnownPlan(plan(confirmed_at=None)), plan(confirmed_at=BEFORE_END))
    assert change.verdict is Verdict.CONFIRMED
    assert told(change).type is PlanEventType.CONFIRMED


def test_a_plan_that_leaves_the_source_before_its_end_is_withdrawn_as_it_was():
    change = compare(KnownPlan(plan()), None)
    event = told(change)
    assert change.state is SnapshotState.WITHDRAWN
    assert (event.type, event.reason, event.plan) == (PlanEventType.WITHDRAWN, "missing_from_source", plan())


@pytest.mark.parametrize("as_of", [END, END + timedelta(seconds=1)])
def test_a_plan_that_leaves_the_source_at_or_past_its_end_is_completed(as_of: datetime):
    change = compare(KnownPlan(plan()), None, as_of)
    event = told(change)
    assert change.state is SnapshotState.COMPLETED
    assert (event.type, event.reason) == (PlanEventType.CHANGED, "no_longer_in_source_after_end")
    assert (event.plan.status, event.plan.actual_end, event.changed_fields) == (Status.COMPLETED, None, ("status",))


@pytest.mark.parametrize("as_of", [BEFORE_END, END])
@pytest.mark.parametrize("status", [Status.CANCELLED, Status.NOT_EXECUTED, Status.COMPLETED])
def test_a_plan_that_had_ended_leaves_the_source_without_an_event(status: Status, as_of: datetime):
    change = compare(KnownPlan(plan(status=status)), None, as_of)
    assert change.verdict is Verdict.SETTLED
    assert change.plan.status is status
    assert plan_event(change, PUBLISHER, None) is None


@pytest.mark.parametrize("as_of", [BEFORE_END, END])
def test_a_plan_whose_row_is_rejected_stays_as_it_was(as_of: datetime):
    change = compare(KnownPlan(plan()), None, as_of, row_rejected=True)
    assert (change.verdict, change.state, change.plan) == (Verdict.KEPT, SnapshotState.LIVE, plan())
    assert plan_event(change, PUBLISHER, None) is None


@pytest.mark.parametrize("state", [SnapshotState.WITHDRAWN, SnapshotState.COMPLETED])
@pytest.mark.parametrize("rejected", [False, True])
def test_a_plan_that_was_gone_and_still_is_gives_nothing(state: SnapshotState, rejected: bool):
    assert list(differences([Pairing(KnownPlan(plan(), state), None, rejected)], END)) == []


def test_a_withdrawn_plan_that_is_back_is_restored_with_what_changed_meanwhile():
    change = compare(KnownPlan(plan(), SnapshotState.WITHDRAWN), plan(title="Anders"))
    assert change.state is SnapshotState.LIVE
    assert (told(change).type, told(change).changed_fields) == (PlanEventType.RESTORED, ("title",))


def test_a_completed_plan_that_is_back_and_live_is_changed():
    completed = KnownPlan(plan(status=Status.COMPLETED), SnapshotState.COMPLETED)
    change = compare(completed, plan(status=Status.PLANNED), END)
    assert change.state is SnapshotState.LIVE
    assert (told(change).type, told(change).changed_fields) == (PlanEventType.CHANGED, ("status",))


def test_an_event_for_the_inbox_is_not_numbered_and_says_when_it_occurred():
    event = plan_event(compare(None, plan()), PUBLISHER, BEFORE_END)
    assert event is not None
    assert (event.version, event.recorded_at, event.occurred_at, event.publisher) == (0, None, BEFORE_END, PUBLISHER)


# One snapshot of a source: plan number → (title, day of the end, status) of a readable row, or None for a rejected one.
ROWS = st.dictionaries(
    st.integers(1, 4),
    st.none()
    | st.tuples(
        st.sampled_from("AB"), st.integers(1, 4), st.sampled_from([Status.PLANNED, Status.CANCELLED, Status.COMPLETED])
    ),
)


@given(st.lists(ROWS, max_size=8))
def test_events_folded_into_a_view_always_equal_the_plans_of_the_last_snapshot(history: list[dict[int, object]]):
    known: dict[PlanId, KnownPlan] = {}
    view: dict[PlanId, Plan] = {}
    readable: dict[PlanId, Plan] = {}
    for day, rows in enumerate(history):
        as_of = START + timedelta(days=day)
        readable, rejected = snapshot_of(rows)
        pairings = [
            Pairing(known.get(each), readable.get(each), each in rejected)
            for each in sorted(readable.keys() | known.keys())
        ]
        for change in differences(pairings, as_of):
            known[change.plan.plan_id] = KnownPlan(change.plan, change.state)
            fold(view, plan_event(change, PUBLISHER, as_of))
    live = {each: found.plan for each, found in known.items() if found.state is SnapshotState.LIVE}
    gone_after_end = {each: found.plan for each, found in known.items() if found.state is SnapshotState.COMPLETED}
    assert view == live | gone_after_end
    assert {each: view.get(each) for each in readable} == readable


def snapshot_of(rows: dict[int, object]) -> tuple[dict[PlanId, Plan], set[PlanId]]:
    readable: dict[PlanId, Plan] = {}
    rejected: set[PlanId] = set()
    for number, row in rows.items():
        if row is None:
            rejected.add(PlanId(f"NL.gm0307.{number}"))
        else:
            title, end_day, status = row
            made = plan(number, START + timedelta(days=end_day), title=title, status=status)
            readable[made.plan_id] = made
    return readable, rejected


def fold(view: dict[PlanId, Plan], event: PlanEvent | None) -> None:
    if event is None:
        return
    if event.type is PlanEventType.WITHDRAWN:
        del view[event.plan.plan_id]
    else:
        assert (event.type in {PlanEventType.REGISTERED, PlanEventType.RESTORED}) == (event.plan.plan_id not in view)
        view[event.plan.plan_id] = event.plan
