"""The director's overview of an area."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import shapely
from sqlalchemy import update

from meekoppel_contracts.codec import encode_area_event
from meekoppel_contracts.codes import Visibility
from meekoppel_contracts.testing import example_area
from meekoppel_hub.platform.database.tables.consultation import assessments
from tests.services.api.test_assessments import NOW, OURS, THEIRS, says, told
from tests.services.api.test_collaborations import collaboration
from tests.services.api.view_filling import SPOT, plan
from tests.services.consultation.desk import Hub, cooperation

AREA = "NL.gemeente.town"


@pytest.fixture
def consultation(database, tokens) -> Hub:
    return Hub(database, NOW)


@pytest.fixture
def town(database):
    square = shapely.buffer(SPOT, 100)
    event = example_area(
        area_id=AREA, authority="gemeente", geometry=shapely.to_wkb(square), srid=28992, margin_m=50.0, director=None
    )
    min_x, min_y, max_x, max_y = square.bounds
    collaboration(
        database,
        area_id=AREA,
        kind="municipality",
        members="",
        wkb=event.geometry,
        min_x=min_x,
        min_y=min_y,
        max_x=max_x,
        max_y=max_y,
        event=encode_area_event(event),
    )


async def test_an_area_shows_what_goes_on_in_it_and_what_is_late(api, view, database, tokens, consultation, town):
    view.put(plan(OURS))
    view.put(plan(THEIRS))
    view.put(plan("NL.telecom.far", at=shapely.Point(100_000, 400_000)))
    named = view.meet(OURS, THEIRS)
    told(consultation)
    late = datetime(2026, 10, 1, tzinfo=UTC)
    with database.begin() as connection:
        connection.execute(update(assessments).values(assess_by=late))
    consultation.ask(says("gemeente", named, "yes"))
    asked = cooperation("gemeente", proposed_by="gemeente", plans=(OURS, THEIRS), answer_by=NOW + timedelta(minutes=1))
    consultation.ask(asked)

    shown = (await api.get(f"/areas/{AREA}/overview", tokens["gemeente"])).json

    assert (shown["director"], shown["you_are_director"]) == ("gemeente", True)
    assert (shown["plans"]["total"], shown["plans"]["by_organisation"]) == (2, {"gemeente": 1, "netbeheer": 1})
    assert shown["overlaps"] == {"open": 1, "by_kind": {"conflict_heavy": {"high": 1}}}
    said = shown["assessments"]
    assert (said["parties"], said["unanswered"], said["by_answer"]) == (2, 1, {"yes": 1, "undecided": 1})
    assert [(one["organisation"], one["overlap_id"]) for one in said["missed_deadlines"]] == [("netbeheer", named)]
    assert (shown["cooperations"]["by_state"], shown["cooperations"]["missed"]) == ({"open": 1}, 0)
    assert shown["moratoria"]["holding"] == 0


async def test_the_director_learns_neither_whose_restricted_plan_it_is_nor_what_they_say(
    api, view, database, tokens, consultation, town
):
    view.put(plan(OURS))
    view.put(plan(THEIRS, visibility=Visibility.RESTRICTED))
    view.meet(OURS, THEIRS, restricted=True)
    told(consultation, restricted=True)
    with database.begin() as connection:
        connection.execute(update(assessments).values(assess_by=datetime(2026, 10, 1, tzinfo=UTC)))

    answer = await api.get(f"/areas/{AREA}/overview", tokens["gemeente"])

    assert answer.json["plans"]["total"] == 1
    assert {one["organisation"] for one in answer.json["assessments"]["missed_deadlines"]} == {"gemeente"}
    assert answer.json["assessments"]["parties"] == 1
    assert "netbeheer" not in answer.text
    assert (await api.get(f"/areas/{AREA}/overview", tokens["telecom"])).json["overlaps"]["open"] == 0


async def test_an_area_that_is_not_there_is_said_so(api, tokens):
    assert (await api.get("/areas/NL.gemeente.none/overview", tokens["gemeente"])).status == 404
