from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

from meekoppel_hub.demo.changes import Happening, TownAdministration
from meekoppel_hub.demo.dice import SEED
from meekoppel_hub.demo.organisations import ORGANISATIONS
from meekoppel_hub.demo.plans import Stage, first_plans
from meekoppel_hub.demo.town import build_town
from tests.demo.test_town import EXTENT

FIRST_DAY = date(2026, 3, 1)


@pytest.fixture(scope="module")
def town():
    return build_town(SEED)


@pytest.fixture(scope="module")
def plans(town):
    return first_plans(town, FIRST_DAY, SEED)


def month(town, plans):
    administration = TownAdministration(town, list(plans), SEED)
    return [change for number in range(1, 31) for change in administration.play_day(FIRST_DAY + timedelta(days=number))]


def test_eight_organisations_begin_with_1500_plans_or_more(plans):
    counted = Counter(plan.owner for plan in plans)

    assert len(plans) >= 1500
    assert counted == {one.code: one.plans for one in ORGANISATIONS}
    assert len({one.kind for one in ORGANISATIONS}) == 8


def test_the_same_seed_gives_the_same_plans_and_the_same_month(town, plans):
    assert first_plans(town, FIRST_DAY, SEED) == plans
    assert month(town, plans) == month(town, plans)


def test_every_plan_lies_in_town_and_ends_after_it_begins(plans):
    for plan in plans:
        assert plan.shape.is_valid, plan.title
        assert not plan.shape.is_empty, plan.title
        assert EXTENT.covers(plan.shape), plan.title
        assert plan.start < plan.end, plan.title
        assert plan.end > FIRST_DAY, plan.title


def test_a_plan_that_has_begun_has_started(plans):
    assert all((plan.stage is Stage.STARTED) == (plan.start <= FIRST_DAY) for plan in plans)


def test_in_a_month_everything_happens_that_can_happen(town, plans):
    happened = Counter(change.what for change in month(town, plans))

    assert set(happened) == set(Happening)
    assert happened.total() > 500


def test_a_plan_leaves_the_administration_only_when_it_is_over_or_vanishes(town, plans):
    for change in month(town, plans):
        if change.what is Happening.ARCHIVED:
            assert change.plan.stage in (Stage.DONE, Stage.CANCELLED)
        if change.what is Happening.SHIFTED:
            assert change.plan.end >= change.day


def test_no_organisation_changes_so_much_between_two_exports_that_its_guard_must_stop_it(town, plans):
    first_week = [change for change in month(town, plans) if change.day <= FIRST_DAY + timedelta(days=6)]
    changed = Counter(change.plan.owner for change in first_week if change.what is not Happening.APPEARED)

    for one in ORGANISATIONS:
        assert changed[one.code] < 0.2 * one.plans, one.name
