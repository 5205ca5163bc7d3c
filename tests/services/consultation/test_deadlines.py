"""The two deadlines of a cooperation: where they come from, and what happens when they pass."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import shapely
from sqlalchemy import insert

from meekoppel_contracts.codes import CooperationState
from meekoppel_contracts.registry import COOPERATION_EVENT
from meekoppel_hub.consultation.heads import load_history
from meekoppel_hub.platform.agreements import national_agreement, rules_to_json
from meekoppel_hub.platform.database.tables.places import agreements, areas
from meekoppel_hub.testing.scope import DirectScope
from tests.services.api.view_filling import plan
from tests.services.consultation.desk import BEGIN, COOPERATION, cooperation, reasons


def rules_of_an_area(database, box, answer_days: int) -> None:
    """Put an area with an agreement of its own into the tables, as coordination does."""
    rules = national_agreement()
    own = rules.model_copy(
        update={"deadlines": rules.deadlines.model_copy(update={"cooperation_answer_days": answer_days})}
    )
    always = {"valid_from": None, "valid_until": None, "recorded_at": BEGIN, "event": b"", "revision": 1}
    min_x, min_y, max_x, max_y = box
    area = {
        "area_id": "NL.org-a.town",
        "authority": "org-a",
        "kind": "municipality",
        "name": "Town",
        "code": None,
        "active": True,
        "director": None,
        "members": "",
        "margin_m": 0.0,
        "wkb": shapely.to_wkb(shapely.box(*box)),
        "min_x": min_x,
        "min_y": min_y,
        "max_x": max_x,
        "max_y": max_y,
    }
    agreement = {
        "agreement_id": "NL.org-a.rules",
        "authority": "org-a",
        "area_ids": "NL.org-a.town",
        "title": "Rules",
        "ruleset": "town",
        "version": "1",
        "rules": rules_to_json(own),
        "ended": False,
    }
    with database.begin() as connection:
        connection.execute(insert(areas), {**always, **area})
        connection.execute(insert(agreements), {**always, **agreement})


@pytest.mark.parametrize(
    ("box", "days"), [((142_000, 457_000, 144_000, 458_000), 60), ((1_000, 1_000, 2_000, 2_000), 28)]
)
def test_the_terms_come_from_the_agreement_where_the_plans_lie(met, view, box, days):
    rules_of_an_area(met.database, box, answer_days=60)
    (event,) = met.ask(cooperation())
    assert event.answer_by == BEGIN + timedelta(days=days)


def test_what_a_proposal_says_itself_holds(met, view):
    wanted = BEGIN + timedelta(days=3)
    assert met.ask(cooperation(answer_by=wanted))[0].answer_by == wanted


def test_what_nobody_answered_in_time_has_come_to_nothing(proposed):
    assert proposed.pass_time(days=27) == []
    (event,) = proposed.pass_time(days=2)
    assert (event.state, event.type.value) == (CooperationState.ENDED_WITHOUT_RESULT, "ended")
    assert (event.actor, event.reason) == (None, "answer_by_passed")
    assert proposed.pass_time(days=100) == []


def test_what_somebody_answered_goes_on_and_late_answers_are_refused(met, view):
    met.ask(cooperation(), cooperation("org-b", "answered", answer="yes"))
    (event,) = met.pass_time(days=29)
    assert (event.state, event.type.value, event.reason) == (
        CooperationState.IN_CONSULTATION,
        "changed",
        "answer_by_passed",
    )
    assert met.ask(cooperation("org-b", "answered", answer="undecided"))[0].state is CooperationState.OPEN


def test_works_can_be_added_until_the_second_deadline(proposed, view):
    view.put(plan("NL.org-b.2"))
    proposed.ask(cooperation("org-b", "answered", answer="yes"))
    told = proposed.pass_time(days=43)
    assert [event.reason for event in told] == ["answer_by_passed", "add_works_by_passed"]
    refused = proposed.ask(cooperation("org-b", "changed", plans=("NL.org-b.2",)))
    assert reasons(refused) == ["not_now"]
    later = proposed.now + timedelta(days=10)
    proposed.ask(cooperation("org-a", "changed", add_works_by=later, answer_by=later))
    assert len(proposed.ask(cooperation("org-b", "changed", plans=("NL.org-b.2",)))[0].plans) == 3
    assert [event.reason for event in proposed.pass_time(days=11)] == ["answer_by_passed", "add_works_by_passed"]


def test_a_deadline_that_passed_is_acted_on_once_however_many_workers_look(proposed):
    proposed.now += timedelta(days=29)
    workers = [proposed.worker() for _ in range(4)]
    start = threading.Barrier(len(workers))
    counts: list[int] = []

    def look(worker) -> None:
        start.wait()
        scope = DirectScope(proposed.database)
        worker.work_besides(scope)
        counts.append(len(scope.published))

    threads = [threading.Thread(target=look, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == [0, 0, 0, 1]
    with proposed.database.read() as connection:
        assert len(load_history(connection, COOPERATION_EVENT, COOPERATION)) == 2
