"""What differs between two versions of a plan, in values and in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import shapely

from meekoppel_contracts.codec import encode_plan_event
from meekoppel_contracts.codes import Discipline, Status
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.plan import Cooperation, Excavation, Plan
from meekoppel_contracts.testing import example_event, example_plan, example_zone
from meekoppel_hub.reading.differences import Difference, differences
from meekoppel_hub.reading.stored import read_stored

START = datetime(2027, 3, 1, tzinfo=UTC)


def plan(**changes: Any) -> Plan:
    return example_plan(**changes)


def between(before: Plan, after: Plan) -> list[Difference]:
    return differences(*(read_stored(encode_plan_event(event_of(one))).plan for one in (before, after)))


def event_of(one: Plan) -> PlanEvent:
    return example_event(plan=one)


def moved(**days: float) -> Plan:
    period = plan().period
    moments = {name: getattr(period, name) + timedelta(days=by) for name, by in days.items()}
    return plan(period=period.model_copy(update=moments))


def surface(west: float, width: float, zone_id: str = "1", **about: Any) -> Any:
    shape = shapely.box(143_000 + west, 457_500, 143_000 + west + width, 457_510)
    return example_zone(zone_id=zone_id, geometry=shapely.to_wkb(shape), **about)


def test_equal_plans_do_not_differ() -> None:
    assert between(plan(), plan()) == []


@pytest.mark.parametrize(
    ("by", "nl", "en"),
    [(14, "14 dagen later", "14 days later"), (-1, "1 dag eerder", "1 day earlier"), (-2.5, "2.5 dagen", "2.5 days")],
)
def test_a_moment_is_told_by_the_days_it_moved(by: float, nl: str, en: str) -> None:
    (one,) = between(plan(), moved(earliest_start=by))

    assert (one.field, one.days) == ("period.earliest_start", by)
    assert f"vroegste start {nl}" in one.words.nl
    assert f"earliest start {en}" in one.words.en


def test_a_moment_that_moved_within_a_day_is_told_by_the_hour() -> None:
    (one,) = between(moved(earliest_start=-30), moved(earliest_start=-30 + 1 / 24))

    assert "1 hour later" in one.words.en


def test_a_zone_is_told_by_metres_and_square_metres() -> None:
    (one,) = between(plan(zones=(surface(0, 10),)), plan(zones=(surface(20, 30),)))

    assert (one.field, one.old["area_m2"], one.new["area_m2"], one.new["moved_m"]) == ("zones.1", 100, 300, 30)
    assert one.words.en == "zone 1: moved 30 m, 200 m² larger"
    assert one.words.nl == "zone 1: 30 m verplaatst, 200 m² groter"


def test_zones_come_and_go_by_their_ids() -> None:
    found = between(plan(zones=(surface(0, 10),)), plan(zones=(surface(0, 10, "2"),)))

    assert [(one.field, one.words.en) for one in found] == [
        ("zones.1", "zone 1 gone (100 m²)"),
        ("zones.2", "zone 2 new (100 m²)"),
    ]


def test_a_zone_of_which_only_a_property_changed_is_told_so() -> None:
    (one,) = between(plan(zones=(surface(0, 10),)), plan(zones=(surface(0, 10, buffer_m=5.0),)))

    assert one.words.en == "zone 1: buffer_m from 2.0 to 5.0"


def test_lists_are_told_by_what_came_and_went_with_the_labels_of_codes() -> None:
    before, after = (Discipline.GAS_LOW, Discipline.ROAD), (Discipline.ROAD, Discipline.HEAT)
    (one,) = between(plan(disciplines=before), plan(disciplines=after))

    assert (one.old, one.new) == (["gas_low", "road"], ["road", "heat"])
    assert one.words.nl == "disciplines: erbij warmte; eraf gas lage druk"
    assert one.words.en.startswith("disciplines: added heat; removed ")


def test_codes_are_told_by_their_labels_and_given_as_codes() -> None:
    (one,) = between(plan(status=Status.PLANNED), plan(status=Status.IN_PROGRESS))

    assert (one.field, one.old, one.new) == ("status", "planned", "in_progress")
    assert one.words.en == "status from planned to in progress"


def test_what_is_filled_in_or_left_out_is_told_as_such() -> None:
    bare = plan(excavation=None, cooperation=None, description=None)
    full = plan(excavation=Excavation(digs=True, depth_m=1.2), cooperation=Cooperation(open=True), description="Riool")

    come = {one.field: one.words.en for one in between(bare, full)}
    gone = {one.field: one.words.nl for one in between(full, bare)}
    assert come["excavation.depth_m"] == "depth in m filled in: 1.2"
    assert come["excavation.digs"] == "digs filled in: yes"
    assert come["description"] == "description filled in: “Riool”"
    assert gone["cooperation.open"] == "open voor samenwerking leeggemaakt, was ja"


def test_every_field_of_the_contract_can_differ_and_is_told() -> None:
    one, other = plan(), example_plan(**dict.fromkeys(("contact", "shared_with", "license")))
    bare = other.model_copy(
        update=dict.fromkeys(("source_refs", "related_plans", "mandated", "nuisance", "attachments"), ())
    )

    for before, after in ((one, bare), (bare, one)):
        found = between(before, after)
        assert {each.field.split(".")[0] for each in found} == {
            name for name in Plan.model_fields if getattr(before, name) != getattr(after, name)
        }
        assert all(each.words.nl and each.words.en for each in found)
