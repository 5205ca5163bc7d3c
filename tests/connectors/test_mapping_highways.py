"""The acceptance of reading and mapping: two real weekly feeds, counted through `read_plans`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from meekoppel_connectors.config import load_config
from meekoppel_connectors.mapping.read import read_plans
from meekoppel_connectors.mapping.row import MappedRow
from meekoppel_contracts.codes import Certainty, Status
from meekoppel_contracts.ids import PlanId
from meekoppel_contracts.plan import Plan
from tests.connectors.weekly_feed import (
    CHANGES,
    REAL,
    SECOND_WEEK,
    WORK,
    Expected,
    connector_folder,
    real_feeds,
    synthetic_twin,
    write_feed,
)

Week = list[MappedRow]


def read(folder: Path, feed: Path) -> Week:
    return list(read_plans(load_config(connector_folder(folder, feed)), SECOND_WEEK))


def plans(week: Week) -> dict[PlanId, Plan]:
    return {row.plan.plan_id: row.plan for row in week if row.plan is not None}


def one_plan(folder: Path, **changes: str) -> Plan:
    feed = write_feed(folder / "one.xml", [{**WORK, **changes}])
    (row,) = read(folder / "one", feed)
    assert row.plan is not None, row.rejections
    return row.plan


@pytest.fixture(scope="module", params=["real", "twin"])
def weeks(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Week, Week, Expected]:
    folder = tmp_path_factory.mktemp("weeks")
    feeds = real_feeds() if request.param == "real" else synthetic_twin(folder)
    if feeds is None:
        pytest.skip(f"{REAL} is missing: only the synthetic twin of the real feeds was counted")
    first, second, expected = feeds
    return read(folder / "1", first), read(folder / "2", second), expected


def test_both_weeks_give_the_counted_plans_and_rejections(weeks: tuple[Week, Week, Expected]) -> None:
    first, second, expected = weeks
    assert (len(plans(first)), len(plans(second))) == (expected.first_plans, expected.second_plans)
    for week in (first, second):
        rejections = [rejection for row in week for rejection in row.rejections]
        assert [rejection.reason for rejection in rejections] == ["coordinates_zero"] * expected.rejected


def test_comparing_both_weeks_by_content_gives_the_counted_differences(weeks: tuple[Week, Week, Expected]) -> None:
    before, after, expected = plans(weeks[0]), plans(weeks[1]), weeks[2]
    both = before.keys() & after.keys()
    changed = sum(before[plan_id] != after[plan_id] for plan_id in both)
    assert (len(after.keys() - both), changed, len(both) - changed) == (
        expected.new,
        expected.changed,
        expected.unchanged,
    )


def test_what_left_the_feed_is_split_by_its_end_as_counted(weeks: tuple[Week, Week, Expected]) -> None:
    before, after, expected = plans(weeks[0]), plans(weeks[1]), weeks[2]
    ends = [before[plan_id].period.latest_end for plan_id in before.keys() - after.keys()]
    past = sum(end <= SECOND_WEEK for end in ends)
    assert (len(ends) - past, past) == (expected.gone_before_end, expected.gone_past_end)


def test_every_authority_keeps_a_code_of_its_own(weeks: tuple[Week, Week, Expected]) -> None:
    initiators = [plan.initiator for week in weeks[:2] for plan in plans(week).values()]
    codes = {initiator.organisation for initiator in initiators}
    names = {initiator.name for initiator in initiators}
    assert len(codes) == len(names) == len({(initiator.organisation, initiator.name) for initiator in initiators})


@pytest.mark.parametrize("field", CHANGES)
def test_a_change_of_any_field_but_the_date_of_publication_changes_the_plan(tmp_path: Path, field: str) -> None:
    assert one_plan(tmp_path, **{field: CHANGES[field]}) != one_plan(tmp_path)


def test_every_field_of_the_feed_is_either_mapped_or_the_date_of_publication() -> None:
    assert WORK.keys() - CHANGES.keys() == {"reference_number", "published_date"}


def test_a_republished_work_is_the_same_plan(tmp_path: Path) -> None:
    assert one_plan(tmp_path, published_date="2016-03-01T00:00:00") == one_plan(tmp_path)


def test_provisional_works_are_tentative_and_probable(tmp_path: Path) -> None:
    plan = one_plan(tmp_path, status="Provisional")
    assert (plan.status, plan.certainty) == (Status.TENTATIVE, Certainty.PROBABLE)


def test_several_authorities_are_one_name_and_none_is_the_publisher_itself(tmp_path: Path) -> None:
    several = one_plan(tmp_path, local_authority="Leeds / Wakefield").initiator
    assert (several.organisation, several.name) == ("leeds--wakefield", "Leeds / Wakefield")
    assert one_plan(tmp_path, local_authority="").initiator.organisation == "highways-england"


def test_times_are_those_of_london(tmp_path: Path) -> None:
    period = one_plan(tmp_path).period
    assert (period.earliest_start.hour, period.latest_end.hour) == (8, 4)


def test_the_id_survives_a_change_of_authority(tmp_path: Path) -> None:
    plan = one_plan(tmp_path, local_authority="Leeds")
    assert re.fullmatch(r"GB\.highways-england\.1535363", plan.plan_id)
