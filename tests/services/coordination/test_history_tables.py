"""What the view keeps so that it can be seen as of an earlier moment, on both stores."""

from __future__ import annotations

from typing import Any

import shapely
from sqlalchemy import select

from meekoppel_contracts.codec import decode_overlap_event
from meekoppel_contracts.codes import Visibility
from meekoppel_hub.platform.database.tables.view import former_places, overlap_versions
from meekoppel_hub.testing.plan_events import plan_event, zone

HERE, THERE, FAR = (shapely.box(x, 463_000, x + 10, 463_010) for x in (93_000, 93_500, 95_000))


def places(view: Any) -> list[tuple[str, float]]:
    with view.database.read() as connection:
        rows = connection.execute(select(former_places.c.plan_id, former_places.c.min_x))
        return sorted((plan_id, round(min_x)) for plan_id, min_x in rows)


def test_every_revision_that_was_told_is_kept_as_it_was_told(view: Any) -> None:
    view.take(plan_event("NL.gm0361.a"), plan_event("NL.liander.b"))
    view.take(plan_event("NL.gm0361.a", version=2, days=(3, 10)))
    view.take(plan_event("NL.gm0361.a", version=3, visibility=Visibility.RESTRICTED))
    view.take(plan_event("NL.liander.b", version=2, zones=[zone(FAR)]))

    with view.database.read() as connection:
        kept = connection.execute(select(overlap_versions).order_by(overlap_versions.c.revision)).all()
    assert [bytes(row.event) for row in kept] == [message.value for message in view.published]
    assert [(row.revision, row.state, row.restricted) for row in kept] == [
        (1, "open", False),
        (2, "open", False),
        (3, "resolved", False),
        (4, "open", True),
        (5, "resolved", True),
    ]
    assert all(row.recorded_at == decode_overlap_event(row.event).recorded_at for row in kept)


def test_a_batch_that_is_handled_again_keeps_nothing_twice(view: Any) -> None:
    batch = (plan_event("NL.gm0361.a"), plan_event("NL.liander.b"))
    view.take(*batch)
    view.take(*batch)

    with view.database.read() as connection:
        assert len(connection.execute(select(overlap_versions)).all()) == 1


def test_a_place_is_kept_when_a_plan_leaves_it(view: Any) -> None:
    view.take(plan_event("NL.gm0361.a", zones=[zone(HERE)]))
    view.take(plan_event("NL.gm0361.a", version=2, zones=[zone(THERE)]))

    assert places(view) == [("NL.gm0361.a", 93_000)]


def test_a_plan_that_changes_otherwise_leaves_no_place_behind(view: Any) -> None:
    view.take(plan_event("NL.gm0361.a", zones=[zone(HERE), zone(THERE, name="2")]))
    view.take(plan_event("NL.gm0361.a", version=2, zones=[zone(HERE), zone(THERE, name="2")], days=(5, 9)))

    assert places(view) == []


def test_places_of_versions_that_came_and_went_in_one_batch_are_kept_and_so_are_late_ones(view: Any) -> None:
    view.take(
        plan_event("NL.gm0361.a", version=2, zones=[zone(HERE)]),
        plan_event("NL.gm0361.a", version=3, zones=[zone(THERE)]),
    )
    view.take(plan_event("NL.gm0361.a", version=1, zones=[zone(FAR)]))

    assert places(view) == [("NL.gm0361.a", 93_000), ("NL.gm0361.a", 95_000)]
