"""The view as of a moment equals a view that was folded from what was recorded until then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import shapely
from hypothesis import given
from hypothesis import strategies as st

from meekoppel_hub.coordination.consume import CoordinationProcessor
from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.platform.database import Database
from meekoppel_hub.reading.access import OPERATOR
from meekoppel_hub.reading.as_of import plans_as_of
from meekoppel_hub.reading.overlaps import OverlapFilter, visible_overlaps
from meekoppel_hub.reading.overlaps_as_of import overlaps_as_of
from meekoppel_hub.reading.plans import PlanFilter, visible_plans
from meekoppel_hub.testing.plan_events import CRS
from tests.services.coordination.small_world import X, Y, histories
from tests.services.coordination.test_incremental import AGREEMENT, EXAMPLES, batches, empty

T0 = datetime(2027, 1, 1, tzinfo=UTC)
FAR_OFF = datetime(2040, 1, 1, tzinfo=UTC)
_TOLD = ("overlap_id", "kind", "severity", "area_m2", "distance_m", "overlap_days", "gap_days", "score", "explanation")


class Clock:
    now = T0

    def __call__(self) -> datetime:
        return self.now


def view_with_clock(database: Database, make_view: Any) -> tuple[Any, Clock]:
    empty(database)
    view, clock = make_view(database, AGREEMENT), Clock()
    view.processor = CoordinationProcessor(CRS, clock, Rulebook.everywhere(AGREEMENT))
    return view, clock


def take_in_order(view: Any, clock: Clock, recorded: list[tuple[datetime, list[Any]]]) -> None:
    for at, batch in recorded:
        clock.now = at
        view.take(*batch)


def known(plans: Any) -> list[tuple[str, int, Any]]:
    return [(plan.plan_id, plan.version, plan.values) for plan in plans]


def told(sights: Any) -> list[tuple[Any, ...]]:
    rows = [sight.row for sight in sights]
    return [(*(getattr(row, name) for name in _TOLD), bytes(row.location)) for row in rows]


def as_of(view: Any, moment: datetime, wanted: PlanFilter) -> tuple[Any, Any]:
    with view.database.read() as connection:
        plans = plans_as_of(connection, OPERATOR, wanted, moment, None, FAR_OFF, 1000)
        pairs = overlaps_as_of(connection, OPERATOR, OverlapFilter(state="open"), moment, None, FAR_OFF, 1000)
    return known(plans.seen), told(pairs.seen)


def of_today(view: Any, wanted: PlanFilter) -> tuple[Any, Any]:
    with view.database.read() as connection:
        plans = known(visible_plans(connection, OPERATOR, wanted, None, FAR_OFF))
        return plans, told(visible_overlaps(connection, OPERATOR, OverlapFilter(state="open"), None, FAR_OFF, 200))


@EXAMPLES
@given(data=st.data())
def test_as_of_equals_folding_the_log_up_to_then(database: Database, make_view: Any, data: st.DataObject):
    arrivals = data.draw(st.permutations(data.draw(histories())))
    recorded = []
    for number, batch in enumerate(batches(data.draw, arrivals)):
        at = T0 + timedelta(minutes=number)
        recorded.append((at, [event.model_copy(update={"recorded_at": at}) for event in batch]))
    corner = data.draw(st.sampled_from([0.0, 10.0, 30.0]))
    wanted = PlanFilter(
        area=data.draw(st.sampled_from([None, shapely.box(X + corner, Y + corner, X + corner + 6, Y + corner + 6)])),
        statuses=data.draw(st.sampled_from([(), ("planned",)])),
        period_from=data.draw(st.sampled_from([None, datetime(2027, 3, 9, tzinfo=UTC)])),
    )
    view, clock = view_with_clock(database, make_view)
    take_in_order(view, clock, recorded)
    many = data.draw(st.integers(1, len(recorded)))
    moment = recorded[many - 1][0] + timedelta(seconds=data.draw(st.sampled_from([0, 30])))
    found = as_of(view, moment, wanted)

    earlier, clock = view_with_clock(database, make_view)
    take_in_order(earlier, clock, recorded[:many])
    assert found == of_today(earlier, wanted)
