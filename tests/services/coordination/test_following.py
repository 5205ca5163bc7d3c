"""A worker's index follows what others store, and is loaded anew when it may have missed something."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import shapely
from sqlalchemy import insert, select, text, update

from meekoppel_contracts.codes import Status
from meekoppel_contracts.ids import PlanId
from meekoppel_hub.coordination.following import KEPT
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.view import plans, view_changes, view_settings
from meekoppel_hub.platform.database.view_state import GENERATION_SETTING
from meekoppel_hub.testing.plan_events import plan_event, zone
from meekoppel_hub.testing.scope import DirectScope

A, B, FAR = PlanId("NL.gm0361.a"), PlanId("NL.liander.b"), shapely.box(95_000, 463_000, 95_010, 463_010)


def catch_up(view: Any) -> set[PlanId] | None:
    with view.database.begin() as connection:
        found: set[PlanId] | None = view.follower.catch_up(connection)
        return found


def known(view: Any, *plan_ids: PlanId) -> list[int | None]:
    return [view.follower.index.version_of(plan_id) for plan_id in plan_ids]


class Interrupted(DirectScope):
    """A batch of which the worker does not learn that its first transaction was committed."""

    def begin(self) -> Any:
        return _ThenFails(super().begin())

    def commit(self) -> Any:
        raise AssertionError("not reached")


class _ThenFails:
    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __enter__(self) -> Any:
        return self.inner.__enter__()

    def __exit__(self, *error: Any) -> Any:
        self.inner.__exit__(*error)
        raise ConnectionError("the answer to COMMIT was lost")


def test_the_first_look_loads_all_that_can_still_meet(database: Database, make_view: Any):
    first, second = make_view(database), make_view(database)
    first.take(plan_event(A), plan_event(B), plan_event(B, version=2, days=(3, 4)))
    assert catch_up(second) is None
    assert known(second, A, B) == [1, 2]
    assert len(second.follower.index) == 2


def test_what_another_worker_stored_is_taken_once(database: Database, make_view: Any):
    first, second = make_view(database), make_view(database)
    first.take(plan_event(A))
    catch_up(second)
    first.take(plan_event(B))
    assert catch_up(second) == {B}
    assert catch_up(second) == set()
    assert known(second, A, B) == [1, 1]


def test_a_plan_that_another_worker_ended_leaves_the_index(database: Database, make_view: Any):
    first, second = make_view(database), make_view(database)
    first.take(plan_event(A))
    catch_up(second)
    first.take(plan_event(A, version=2, status=Status.COMPLETED))
    assert catch_up(second) == {A}
    assert known(second, A) == [None]


def test_what_a_worker_stored_itself_is_not_read_again(view: Any):
    view.take(plan_event(A))
    assert catch_up(view) == set()
    view.take(plan_event(A, version=2, zones=[zone(FAR)]))
    assert catch_up(view) == set()
    assert known(view, A) == [2]


def test_a_transaction_of_which_the_end_was_not_seen_is_read_again(view: Any):
    view.take(plan_event(B))
    with pytest.raises(ConnectionError):
        view.apply([view.decoded(plan_event(A))], Interrupted(view.database))
    assert known(view, A) == [None]
    assert catch_up(view) == {A}
    assert known(view, A) == [1]


def test_what_commits_after_a_look_that_began_later_is_not_skipped(postgis_database: Database, make_view: Any):
    """The order of the numbers is not the order of the commits: the older transaction commits last."""
    late, quick, reader = (make_view(postgis_database) for _ in range(3))
    catch_up(reader)
    with postgis_database.begin() as connection:
        row = {"worker": "late", "batch": 1, "plans": A, "written_at": datetime.now(UTC)}
        connection.execute(insert(view_changes), [row])
        with postgis_database.begin() as other:
            other.execute(insert(view_changes), [row | {"worker": "quick", "plans": B}])
        assert catch_up(reader) == {B}
    assert catch_up(reader) == {A}
    assert (late.pairs(), quick.pairs()) == ([], [])


def test_another_generation_of_the_view_is_loaded_anew(database: Database, make_view: Any):
    view = make_view(database)
    view.take(plan_event(A))
    with database.begin() as connection:
        connection.execute(insert(view_settings).values(name=GENERATION_SETTING, value="2"))
        connection.execute(update(plans).values(version=7))
    assert catch_up(view) is None
    assert known(view, A) == [7]
    assert catch_up(view) == set()


def test_after_a_crash_of_the_database_it_is_loaded_anew(database: Database, make_view: Any):
    """The table of changes does not survive a crash (it is unlogged): that it begins anew is the sign."""
    view = make_view(database)
    view.take(plan_event(A))
    with database.begin() as connection:
        connection.execute(text("DELETE FROM view_changes"))
    assert catch_up(view) is None
    view.take(plan_event(B))
    assert catch_up(view) in (None, set())
    assert catch_up(view) == set()
    assert known(view, A, B) == [1, 1]


def test_changes_are_removed_in_time_and_who_missed_them_loads_anew(database: Database, make_view: Any):
    moment = [datetime(2027, 1, 1, tzinfo=UTC)]
    busy, idle = make_view(database, clock=lambda: moment[0]), make_view(database)
    busy.take(plan_event(A))
    catch_up(idle)
    busy.take(plan_event(B))
    moment[0] += KEPT + timedelta(minutes=2)
    busy.take(plan_event(A, version=2))
    with database.read() as connection:
        left = [row.plans for row in connection.execute(select(view_changes).where(view_changes.c.seq > 0))]
    assert left == [A]
    assert catch_up(idle) is None
    assert known(idle, A, B) == [2, 1]
    assert catch_up(busy) == set()


def test_the_table_of_changes_is_unlogged(postgis_database: Database):
    with postgis_database.read() as connection:
        kind = connection.scalar(text("SELECT relpersistence FROM pg_class WHERE oid = 'view_changes'::regclass"))
    assert kind in ("u", b"u")
