"""A month surveyed from the versions in the view, on both stores."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from meekoppel_contracts.codes import PlanEventType, Status, Visibility
from meekoppel_contracts.events import PlanEvent
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.quality.months import Month
from meekoppel_hub.quality.score import Figures
from meekoppel_hub.quality.silent import silent_plans
from meekoppel_hub.quality.survey import Survey, survey_month
from meekoppel_hub.reading.access import OPERATOR, Viewer
from meekoppel_hub.testing.plan_events import DAY_ZERO, plan_event
from tests.services.recorded import Recorded

OCTOBER, NOVEMBER = Month.parse("2026-10"), Month.parse("2026-11")
LATER = datetime(2027, 1, 5, tzinfo=UTC)
PLAN = "NL.gemeente.1"


def on(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 12, tzinfo=UTC)


@pytest.fixture
def view(database: Database) -> Recorded:
    return Recorded(database)


def surveyed(database: Database, month: Month, **about: Any) -> Survey:
    with database.read() as connection:
        return survey_month(connection, month, about.pop("now", LATER), **about)


def one(survey: Survey) -> Figures:
    (figures,) = survey.figures.values()
    return figures


def groups(survey: Survey) -> dict[tuple[str, str], tuple[int, int, int]]:
    return {
        (group.organisation, group.time_to_start.value): (counts.plans, counts.changes, counts.starts_later)
        for group, counts in survey.stability.items()
    }


def changed(version: int, **about: Any) -> PlanEvent:
    return plan_event(PLAN, version=version, type=PlanEventType.CHANGED, **about)


def test_moves_are_counted_in_the_month_in_which_they_were_recorded(database, view):
    view.at(on(9, 1), plan_event(PLAN))
    view.at(on(10, 5), changed(2, days=(14, 24)))
    view.at(on(11, 5), changed(3, days=(7, 24)))

    october, november = (one(surveyed(database, month)) for month in (OCTOBER, NOVEMBER))
    assert (october.events, october.starts_later, october.start_days, october.ends_later) == (1, 1, 14, 1)
    assert (november.starts_earlier, november.start_days, november.ends_later) == (1, 7, 0)
    assert (october.live_plans, november.live_plans, october.plans_moved) == (1, 1, 1)


def test_a_plan_is_followed_in_the_group_in_which_it_was_when_the_month_began(database, view):
    view.at(on(9, 1), plan_event(PLAN))  # starts on 1 March: 151 days after 1 October, 147 after the change
    view.at(on(10, 5), changed(2, days=(400, 410), initiator="provincie"))
    view.at(on(10, 9), plan_event("NL.gemeente.2", days=(-100, 0)))

    assert groups(surveyed(database, OCTOBER)) == {
        ("gemeente", "within_6_months"): (1, 1, 1),
        ("gemeente", "within_3_months"): (1, 0, 0),
    }


def test_what_came_after_the_month_is_not_seen(database, view):
    view.at(on(10, 1), plan_event(PLAN))
    view.at(on(11, 5), changed(2, days=(30, 40), status=Status.COMPLETED))

    assert (one(surveyed(database, OCTOBER)).live_plans, one(surveyed(database, OCTOBER)).plans_moved) == (1, 0)


def test_a_month_that_lasts_is_followed_up_to_now(database, view):
    view.at(on(10, 1), plan_event(PLAN))
    view.at(on(10, 20), changed(2, days=(30, 40)))

    assert one(surveyed(database, OCTOBER, now=on(10, 15))).plans_moved == 0
    assert one(surveyed(database, OCTOBER, now=on(10, 25))).plans_moved == 1


def test_what_had_ended_before_is_not_counted_and_what_ends_is_live_no_more(database, view):
    view.at(on(8, 1), plan_event(PLAN, status=Status.COMPLETED), plan_event("NL.gemeente.2"))
    view.at(on(10, 5), plan_event("NL.gemeente.2", version=2, status=Status.COMPLETED))

    assert one(surveyed(database, OCTOBER)).live_plans == 0
    assert surveyed(database, NOVEMBER).figures == {}


def test_a_plan_that_is_withdrawn_before_its_end_has_vanished(database, view):
    over = plan_event("NL.gemeente.2", days=(-300, -200))
    view.at(on(9, 1), plan_event(PLAN), over)
    for event in (plan_event(PLAN, version=2), over.model_copy(update={"version": 2})):
        view.at(on(10, 5), event.model_copy(update={"type": PlanEventType.WITHDRAWN}))

    figures = one(surveyed(database, OCTOBER))
    assert (figures.vanished, figures.live_plans, figures.events) == (1, 0, 2)


def test_restricted_plans_are_as_if_they_were_not_there(database, view):
    view.at(on(9, 1), plan_event(PLAN, visibility=Visibility.RESTRICTED), plan_event("NL.gemeente.2"))
    view.at(on(10, 5), changed(2, days=(30, 40), visibility=Visibility.RESTRICTED))
    out_of_the_open = plan_event("NL.gemeente.2", version=2, type=PlanEventType.WITHDRAWN)
    view.at(on(10, 6), out_of_the_open.model_copy(update={"reason": "became_restricted"}))
    view.at(on(10, 6), plan_event("NL.gemeente.2", version=3, visibility=Visibility.RESTRICTED))
    view.at(on(10, 7), plan_event("NL.gemeente.2", version=4, days=(50, 60)))

    figures = one(surveyed(database, OCTOBER))
    assert (figures.live_plans, figures.events, figures.plans_moved, figures.vanished) == (1, 2, 0, 0)


def test_silent_and_overdue_plans_are_counted_at_the_end_of_the_month(database, view):
    view.at(on(1, 1), plan_event(PLAN))
    view.at(on(6, 1), plan_event("NL.gemeente.2"))
    view.at(on(10, 5), plan_event("NL.gemeente.3", days=(-300, -200)))

    figures = one(surveyed(database, OCTOBER))
    silent = (figures.silent_3_months, figures.silent_6_months, figures.silent_12_months)
    assert (silent, figures.overdue) == ((2, 1, 0), 1)


def test_rejections_are_known_of_all_or_of_none(database, view):
    view.at(on(10, 1), plan_event(PLAN))

    assert one(surveyed(database, OCTOBER)).rejections is None
    figures = surveyed(database, OCTOBER, rejections={"other": 3}).figures
    assert {publisher: counts.rejections for publisher, counts in figures.items()} == {"gemeente": 0, "other": 3}


def test_progress_is_told_on_the_way(database, view, monkeypatch):
    monkeypatch.setattr("meekoppel_hub.quality.survey._PLANS_BETWEEN_PROGRESS", 2)
    view.at(on(10, 1), *(plan_event(f"NL.gemeente.{number}") for number in range(5)))
    told: list[tuple[int, int]] = []

    surveyed(database, OCTOBER, progress=lambda done, total: told.append((done, total)))
    assert told == [(2, 5), (4, 5)]


def test_silent_plans_are_listed_for_who_may_see_them(database, view):
    view.at(on(1, 1), plan_event(PLAN), plan_event("NL.gemeente.2", visibility=Visibility.RESTRICTED))
    view.at(on(9, 1), plan_event("NL.gemeente.3"))

    def listed(viewer: Viewer) -> list[tuple[str, int]]:
        with database.read() as connection:
            found = silent_plans(connection, viewer, "gemeente", 183, None, on(10, 1))
            return [(row["plan_id"], row["silent_days"]) for row in found]

    assert listed(OPERATOR) == [(PLAN, 273), ("NL.gemeente.2", 273)]
    assert listed(Viewer("netbeheer")) == [(PLAN, 273)]  # type: ignore[arg-type]


def test_months_are_calendar_months_in_utc() -> None:
    december = Month.parse("2026-12")

    assert (december.starts, december.ends) == (datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    assert str(Month.last_before(datetime(2027, 1, 31, 23, tzinfo=UTC))) == "2026-12"
    assert Month.of(DAY_ZERO + timedelta(days=30)) == Month.parse("2027-03")
    for text in ("2026-13", "2026", "soon", "2026-1"):
        with pytest.raises(SettingsError, match="is no month"):
            Month.parse(text)
