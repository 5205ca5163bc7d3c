"""Quality over HTTP: as it was published, for who takes part."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from meekoppel_contracts.codes import PlanEventType
from meekoppel_hub.platform.database import Database
from meekoppel_hub.quality.months import Month
from meekoppel_hub.quality.publish import store_month
from meekoppel_hub.testing.plan_events import plan_event
from tests.services.recorded import Recorded

PLAN = "NL.gemeente.1"


@pytest.fixture(autouse=True)
def published(database: Database) -> None:
    """Two months, in the second of which a plan moved."""
    view = Recorded(database)
    view.at(datetime(2026, 1, 9, tzinfo=UTC), plan_event(PLAN), plan_event("NL.netbeheer.1"))
    moved = plan_event(PLAN, version=2, days=(14, 24), type=PlanEventType.CHANGED)
    view.at(datetime(2026, 10, 9, tzinfo=UTC), moved)
    for month in ("2026-09", "2026-10"):
        store_month(database, Month.parse(month), datetime(2026, 11, 2, tzinfo=UTC))


async def test_scores_come_latest_month_first_with_their_parts(api, tokens):
    first = await api.get("/quality/scores", tokens["telecom"], limit=3)
    rest = await api.get("/quality/scores", tokens["telecom"], cursor=first.json["next"])

    scores = first.json["scores"] + rest.json["scores"]
    assert [(one["period"], one["publisher"]) for one in scores] == [
        ("2026-10", "gemeente"),
        ("2026-10", "netbeheer"),
        ("2026-09", "gemeente"),
        ("2026-09", "netbeheer"),
    ]
    assert scores[0]["starts_later"] == 1
    assert {part["part"] for part in scores[0]["parts"]} == {
        "completeness",
        "precision",
        "freshness",
        "stability",
        "validity",
    }
    assert rest.json["next"] is None


async def test_scores_of_one_publisher_and_one_month(api, tokens):
    found = await api.get("/quality/scores", tokens["gemeente"], publisher="netbeheer", period="2026-09")

    assert [(one["period"], one["publisher"]) for one in found.json["scores"]] == [("2026-09", "netbeheer")]


async def test_stability_adds_up_over_months_and_groups(api, tokens):
    found = await api.get("/quality/stability", tokens["gemeente"], by="organisation", since="2026-10")

    rows = {row["organisation"]: row for row in found.json["stability"]}
    assert (rows["gemeente"]["plans"], rows["gemeente"]["starts_later"]) == (1, 1)
    assert (rows["netbeheer"]["starts_later"], rows["netbeheer"]["mean_start_days"]) == (0, None)
    whole = await api.get("/quality/stability", tokens["gemeente"], by="period", until="2026-09")
    assert [row["period"] for row in whole.json["stability"]] == ["2026-09"]


async def test_silent_plans_are_ones_own_unless_another_is_asked_for(api, tokens):
    own = await api.get("/quality/silent-plans", tokens["netbeheer"], months=6)
    other = await api.get("/quality/silent-plans", tokens["netbeheer"], months=6, organisation="gemeente")

    assert [row["plan_id"] for row in own.json["plans"]] == ["NL.netbeheer.1"]
    assert other.json["plans"] == [], "it was changed last month"


async def test_quality_is_for_who_takes_part(api):
    for path in ("scores", "stability", "silent-plans"):
        assert (await api.get(f"/quality/{path}")).status == 401


@pytest.mark.parametrize(
    ("path", "parameters"),
    [("scores", {"period": "2026"}), ("stability", {"by": "colour"}), ("stability", {"since": "now"})],
)
async def test_what_cannot_be_read_is_refused(api, tokens, path, parameters):
    answer = await api.get(f"/quality/{path}", tokens["gemeente"], **parameters)

    assert (answer.status, answer.error) == (400, "bad_request")
