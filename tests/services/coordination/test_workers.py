"""Two workers whose plans meet, at the same moment: no pair is missed, none is told twice, none is left."""

from __future__ import annotations

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import shapely

from meekoppel_contracts.codec import decode_overlap_event
from meekoppel_contracts.codes import OverlapEventType
from meekoppel_contracts.events import PlanEvent
from meekoppel_hub.coordination.rebuild import match_all
from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.errors import TransientError
from meekoppel_hub.testing.plan_events import plan_event, zone

ROUNDS = 300


def take_until_it_succeeds(view: Any, events: list[PlanEvent]) -> None:
    """As the core does: an error that passes is tried again."""
    while True:
        try:
            view.take(*events)
        except TransientError:
            continue
        return


def run_together(views: list[Any], batches: list[list[list[PlanEvent]]]) -> None:
    """Let each view take its batches, all views beginning each batch at the same moment."""
    start = threading.Barrier(len(views))

    def work(view: Any, mine: list[list[PlanEvent]]) -> None:
        for batch in mine:
            start.wait(timeout=60)
            take_until_it_succeeds(view, batch)

    with ThreadPoolExecutor(len(views)) as pool:
        for done in [pool.submit(work, view, mine) for view, mine in zip(views, batches, strict=True)]:
            done.result(timeout=120)


def here(number: int) -> list[Any]:
    return [zone(shapely.box(100_000 + 200 * number, 400_000, 100_010 + 200 * number, 400_010))]


def told(views: list[Any]) -> list[Any]:
    return [decode_overlap_event(message.value) for view in views for message in view.published]


def test_plans_that_two_workers_take_at_the_same_moment_are_paired_once(postgis_database: Database, make_view: Any):
    views = [make_view(postgis_database), make_view(postgis_database)]
    run_together(
        views,
        [
            [[plan_event(f"NL.{owner}.{number}", zones=here(number))] for number in range(ROUNDS)]
            for owner in ("gm0361", "liander")
        ],
    )
    pairs = views[0].pairs()
    assert len(pairs) == ROUNDS
    assert {(row.state, row.revision, row.first_version, row.second_version) for row in pairs} == {("open", 1, 1, 1)}
    assert Counter(event.type for event in told(views)) == {OverlapEventType.DETECTED: ROUNDS}


@pytest.mark.parametrize("seed", [1, 2])
def test_plans_that_move_to_and_from_one_another_end_as_they_lie(postgis_database: Database, make_view: Any, seed: int):
    """Three workers move their plans between few places, in batches that overlap in place but not in plans."""
    dice = random.Random(seed)
    owners = ("gm0361", "liander", "vitens")
    versions: Counter[str] = Counter()

    def moved(owner: str) -> list[PlanEvent]:
        events = []
        for plan_id in dice.sample([f"NL.{owner}.{number}" for number in range(8)], 3):
            versions[plan_id] += 1
            events.append(plan_event(plan_id, version=versions[plan_id], zones=here(dice.randrange(3))))
        return events

    views = [make_view(postgis_database) for _ in owners]
    run_together(views, [[moved(owner) for _ in range(60)] for owner in owners])

    with postgis_database.read() as connection:
        expected = {
            (m.overlap_id, m.first.version, m.second.version) for m in match_all(connection, Rulebook.national())
        }
    pairs = views[0].pairs()
    found = {(row.overlap_id, row.first_version, row.second_version) for row in pairs if row.state == "open"}
    assert found == expected
    revisions = Counter((event.overlap_id, event.revision) for event in told(views))
    assert set(revisions.values()) == {1}
    assert {row.overlap_id: row.revision for row in pairs} == {
        pair: max(revision for other, revision in revisions if other == pair) for pair, _ in revisions
    }


def test_a_plan_of_which_two_workers_hold_versions_ends_at_the_newest(postgis_database: Database, make_view: Any):
    """A plan that becomes restricted has its last open version and its first restricted one in two topics."""
    views = [make_view(postgis_database), make_view(postgis_database)]
    views[0].take(*[plan_event(f"NL.liander.{number}", zones=here(number)) for number in range(100)])
    run_together(
        views,
        [
            [[plan_event(f"NL.gm0361.{number}", version=version, zones=here(number))] for number in range(100)]
            for version in (1, 2)
        ],
    )
    pairs = views[0].pairs()
    assert {(row.state, row.first_version) for row in pairs} == {("open", 2)}
    assert len(pairs) == 100
