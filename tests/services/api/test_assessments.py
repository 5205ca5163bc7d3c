"""What parties say of overlaps and do together, as the API shows it; and that it shows nobody more than it may."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from meekoppel_contracts.codes import Visibility
from meekoppel_contracts.ids import overlap_id
from tests.services.api.view_filling import plan
from tests.services.consultation.desk import Hub, assessment, cooperation, overlap

OURS, THEIRS = "NL.gemeente.1", "NL.netbeheer.1"
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def consultation(database, tokens) -> Hub:
    return Hub(database, NOW)


def told(hub: Hub, restricted: bool = False) -> str:
    """Tell consultation of the pair, as coordination does; gives its id."""
    event = overlap()
    sides = {
        name: getattr(event, name).model_copy(update={"plan_id": plan_id, "organisation": plan_id.split(".")[1]})
        for name, plan_id in (("first", OURS), ("second", THEIRS))
    }
    named = overlap_id(OURS, THEIRS)
    hub.take(hub.tell(event.model_copy(update={**sides, "overlap_id": named}), restricted=restricted))
    return named


@pytest.fixture
def pair(view, consultation) -> str:
    view.put(plan(OURS))
    view.put(plan(THEIRS))
    view.meet(OURS, THEIRS)
    return told(consultation)


@pytest.fixture
def two_restricted(view, consultation) -> str:
    view.put(plan(OURS, visibility=Visibility.RESTRICTED))
    view.put(plan(THEIRS, visibility=Visibility.RESTRICTED))
    view.meet(OURS, THEIRS, restricted=True)
    return told(consultation, restricted=True)


def says(organisation: str, named: str, answer: str = "undecided", **said):
    return assessment(organisation, answer, overlap_id=named, **said)


async def test_both_parties_are_shown_with_what_they_say_and_said(api, tokens, consultation, pair):
    consultation.ask(says("gemeente", pair, "yes", note="first"), says("gemeente", pair, "no", note="second"))
    answer = await api.get(f"/overlaps/{pair}/assessments", tokens["telecom"])
    ours, theirs = answer.json["parties"]
    assert (ours["organisation"], ours["answer"]) == ("gemeente", "no")
    assert [one["note"] for one in ours["history"]] == ["first", "second"]
    assert (theirs["organisation"], theirs["answer"], theirs["history"]) == ("netbeheer", "undecided", [])
    anybody = await api.get(f"/overlaps/{pair}/assessments")
    assert "second" not in anybody.text


async def test_two_restricted_plans_are_shown_to_their_owners_when_both_opened_up(
    api, tokens, consultation, two_restricted
):
    async def seen(organisation: str):
        feature = (await api.get(f"/overlaps/{two_restricted}", tokens[organisation])).json
        sides = feature["properties"]["first"], feature["properties"]["second"]
        return [side["shared_with_you"] for side in sides], feature["geometry"] is not None

    assert await seen("gemeente") == ([True, False], False)
    consultation.ask(says("gemeente", two_restricted, opens_up=True))
    assert await seen("netbeheer") == ([False, True], False)
    consultation.ask(says("netbeheer", two_restricted, opens_up=True))
    assert await seen("gemeente") == await seen("netbeheer") == ([True, True], True)
    consultation.ask(says("gemeente", two_restricted, opens_up=False))
    assert await seen("netbeheer") == ([False, True], False)


async def test_of_a_blind_match_no_more_is_told_than_that_the_other_opens_up(api, tokens, consultation, two_restricted):
    consultation.ask(says("netbeheer", two_restricted, opens_up=True, note="Geheim"))
    answer = await api.get(f"/overlaps/{two_restricted}/assessments", tokens["gemeente"])
    assert answer.json["parties"][1] == {"shared_with_you": False, "opens_up": True}
    assert "Geheim" not in answer.text
    assert "netbeheer" not in answer.text


async def test_knowing_the_id_of_an_overlap_gives_no_access(api, tokens, consultation, two_restricted):
    consultation.ask(says("gemeente", two_restricted, opens_up=True), says("netbeheer", two_restricted, opens_up=True))
    order = {"answer": "yes", "overlap_revision": 1}
    for named in (two_restricted, "0" * 32):
        for token in (tokens["telecom"], None):
            assert (await api.get(f"/overlaps/{named}", token)).status == 404
            assert (await api.get(f"/overlaps/{named}/assessments", token)).status == 404
        asked = await api.ask("POST", f"/overlaps/{named}/assessments", tokens["telecom"], json=order)
        assert asked.status == 404


async def test_an_answer_that_cannot_be_is_refused_at_once(api, tokens, pair):
    path = f"/overlaps/{pair}/assessments"
    stale = await api.ask("POST", path, tokens["gemeente"], json={"answer": "yes", "overlap_revision": 7})
    assert (stale.status, stale.json["error"]["revision"]) == (409, 1)
    assert (await api.ask("POST", path, tokens["gemeente"], json={"answer": "perhaps"})).status == 422
    assert (await api.ask("POST", path, json={"answer": "yes", "overlap_revision": 1})).status == 401
    other = await api.ask("POST", path, tokens["telecom"], json={"answer": "yes", "overlap_revision": 1})
    assert other.status == 404
    away = await api.ask("POST", path, tokens["gemeente"], json={"answer": "yes", "overlap_revision": 1})
    assert away.status == 503  # this API has no Kafka


async def test_cooperations_are_listed_and_shown_with_their_history(api, tokens, consultation, pair):
    asked = cooperation("gemeente", proposed_by="gemeente", plans=(OURS, THEIRS))
    consultation.ask(asked, cooperation("netbeheer", "answered", answer="yes"))
    found = await api.get("/cooperations", tokens["telecom"], state="in_consultation", plan=OURS)
    assert [one["cooperation_id"] for one in found.json["cooperations"]] == [asked.cooperation_id]
    one = await api.get(f"/cooperations/{asked.cooperation_id}", tokens["telecom"])
    assert [event["type"] for event in one.json["history"]] == ["proposed", "answered"]
    assert (await api.get("/cooperations")).status == 401
    assert (await api.get("/cooperations", tokens["telecom"], organisation="telecom")).json["cooperations"] == []


async def test_a_restricted_cooperation_is_there_for_its_parties_alone(api, view, tokens, consultation):
    view.put(plan(OURS, visibility=Visibility.RESTRICTED))
    view.put(plan(THEIRS))
    asked = cooperation("gemeente", proposed_by="gemeente", plans=(OURS, THEIRS))
    consultation.ask(asked)
    for organisation, status in (("gemeente", 200), ("netbeheer", 200), ("telecom", 404)):
        assert (await api.get(f"/cooperations/{asked.cooperation_id}", tokens[organisation])).status == status
    assert (await api.get("/cooperations", tokens["telecom"])).json["cooperations"] == []


async def test_what_became_of_a_request_is_told_to_whoever_asked(api, tokens, consultation, pair):
    consultation.ask(says("gemeente", pair, "yes"), id="mine")
    assert (await api.get("/requests/mine", tokens["gemeente"])).json["outcome"] == "accepted"
    assert (await api.get("/requests/mine", tokens["netbeheer"])).status == 404
    consultation.ask(says("telecom", pair, "yes"), id="not-mine")
    assert (await api.get("/requests/not-mine", tokens["telecom"])).json["outcome"] == "waiting"
