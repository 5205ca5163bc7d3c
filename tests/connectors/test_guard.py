from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from meekoppel_connectors.difference import KnownPlan, Pairing, differences
from meekoppel_connectors.guard import Tally, objection
from meekoppel_contracts.ids import PlanId
from meekoppel_contracts.plan import Period, Plan
from meekoppel_contracts.testing import example_plan

AS_OF = datetime(2026, 2, 1, tzinfo=UTC)
END = datetime(2026, 3, 1, tzinfo=UTC)
PAST = datetime(2026, 1, 31, tzinfo=UTC)


def plan(number: int, end: datetime = END, title: str = "Riool") -> Plan:
    period = Period(earliest_start=datetime(2026, 1, 1, tzinfo=UTC), latest_end=end)
    return example_plan(plan_id=PlanId(f"NL.gm0307.{number}"), period=period, title=title)


def tally(live: int, pairings: Iterable[Pairing], accepted: int = 1000) -> Tally:
    result = Tally(live=live, accepted=accepted)
    for change in differences(pairings, AS_OF):
        result.add(change)
    return result


def missing(count: int) -> list[Pairing]:
    return [Pairing(KnownPlan(plan(number)), None) for number in range(count)]


def changed(count: int) -> list[Pairing]:
    return [Pairing(KnownPlan(plan(number)), plan(number, title="Anders")) for number in range(100, 100 + count)]


def unreadable(count: int, before: bool = False) -> list[Pairing]:
    return [Pairing(KnownPlan(plan(each), unreadable=before), None, True) for each in range(200, 200 + count)]


def test_the_set_share_itself_passes_and_one_plan_more_trips():
    assert objection(tally(100, missing(20)), 0.2) is None
    assert objection(tally(100, missing(21)), 0.2) is not None


def test_a_share_that_binary_fractions_cannot_hold_is_taken_as_written():
    assert objection(tally(100, missing(29)), 0.29) is None


def test_missing_changed_and_newly_unreadable_plans_count_together():
    seven_each = [*missing(7), *changed(7), *unreadable(7)]
    message = objection(tally(100, seven_each), 0.2)
    assert message is not None
    assert "21 of 100 live plans (7 missing, 7 changed, 7 no longer readable)" in message
    assert "; missing: NL.gm0307.0, NL.gm0307.1, NL.gm0307.2; unreadable: " in message
    assert "--open-guard" in message
    assert "guard.share" in message


def test_plans_that_were_unreadable_before_do_not_count_again():
    assert objection(tally(100, unreadable(90, before=True)), 0.2) is None


def test_plans_past_their_end_that_leave_the_source_do_not_trip_it():
    ended = [Pairing(KnownPlan(plan(number, PAST)), None) for number in range(90)]
    assert objection(tally(10, ended), 0.2) is None


def test_changes_of_plans_past_their_end_do_not_trip_it():
    ended = [Pairing(KnownPlan(plan(number, PAST)), plan(number, PAST, "Anders")) for number in range(90)]
    assert objection(tally(10, ended), 0.2) is None


def test_new_plans_do_not_trip_it():
    assert objection(tally(10, [Pairing(None, plan(number)) for number in range(500)]), 0.2) is None


@pytest.mark.parametrize(("touched", "trips"), [(2, False), (3, True)])
def test_a_small_source_may_lose_two_plans_but_not_three(touched: int, trips: bool):
    assert (objection(tally(9, missing(touched)), 0.2) is not None) is trips


def test_a_source_of_ten_plans_has_no_allowance():
    assert objection(tally(10, missing(3)), 0.2) is not None
    assert objection(tally(10, missing(2)), 0.1) is not None


def test_a_source_without_a_single_plan_trips_it_however_few_were_live():
    assert objection(tally(1, missing(1), accepted=0), 1.0) is not None


def test_a_first_run_with_nothing_in_the_source_does_not_trip_it():
    assert objection(tally(0, [], accepted=0), 0.2) is None


def test_a_plan_that_was_confirmed_before_it_went_missing_counts_and_only_once():
    seen: set[PlanId] = set()
    result = Tally(live=20, accepted=None)
    confirmed = plan(1).model_copy(update={"confirmed_at": AS_OF})
    steps = [Pairing(KnownPlan(plan(1)), confirmed), *missing(2), *missing(2)]
    for change in differences(steps, AS_OF):
        result.add(change, lambda one: one not in seen and not seen.add(one))
    assert result.counts == {"missing": 2}


def test_when_all_plans_are_replaced_it_asks_whether_two_connectors_share_a_state():
    assert "another connector" in str(objection(tally(20, missing(20), accepted=5), 0.2))
    assert "another connector" not in str(objection(tally(20, missing(19), accepted=5), 0.2))
    assert "another connector" not in str(objection(tally(20, missing(20), accepted=0), 0.2))
