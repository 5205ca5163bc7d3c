"""What must never leak."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from meekoppel_contracts.codes import PlanEventType, Visibility
from tests.services.api.view_filling import plan

PUBLIC, PARTICIPANTS, RESTRICTED = Visibility.PUBLIC, Visibility.PARTICIPANTS, Visibility.RESTRICTED
SECRET = "Geheim werk"


@pytest.fixture
def three_plans(view):
    view.put(plan("NL.gemeente.open"))
    view.put(plan("NL.gemeente.shared", visibility=PARTICIPANTS))
    view.put(plan("NL.gemeente.secret", visibility=RESTRICTED, title=SECRET, shared_with=["netbeheer"]))


async def test_nobody_without_a_token_sees_more_than_public_plans(api, three_plans):
    assert (await api.get("/plans")).ids == ["NL.gemeente.open"]


async def test_an_organisation_sees_what_participants_share(api, three_plans, tokens):
    assert (await api.get("/plans", tokens["telecom"])).ids == ["NL.gemeente.open", "NL.gemeente.shared"]


async def test_a_restricted_plan_is_seen_by_its_owner_and_by_whom_it_names(api, three_plans, tokens):
    for organisation in ("gemeente", "netbeheer"):
        assert "NL.gemeente.secret" in (await api.get("/plans", tokens[organisation])).ids


async def test_the_publisher_of_a_restricted_plan_sees_it(api, view, tokens):
    view.put(plan("NL.gemeente.1", visibility=RESTRICTED), publisher="telecom")

    assert (await api.get("/plans", tokens["telecom"])).ids == ["NL.gemeente.1"]


@pytest.mark.parametrize("path", ["/plans/NL.gemeente.secret", "/plans/NL.gemeente.secret/versions"])
async def test_a_hidden_plan_answers_as_one_that_does_not_exist(api, three_plans, tokens, path):
    for token in (None, tokens["telecom"]):
        hidden = await api.get(path, token)
        absent = await api.get(path.replace("secret", "absent"), token)

        assert (hidden.status, hidden.text) == (404, absent.text.replace("absent", "secret"))


async def test_a_page_is_filled_across_plans_that_are_hidden(api, view, tokens):
    for number in range(230):
        view.put(plan(f"NL.gemeente.{number:03d}", visibility=RESTRICTED))
    view.put(plan("NL.gemeente.zz"))

    assert (await api.get("/plans", tokens["telecom"], limit=5)).ids == ["NL.gemeente.zz"]


async def test_a_plan_that_becomes_public_later_is_for_participants_until_then(api, view, tokens):
    view.put(plan("NL.gemeente.1", public_from=datetime(2026, 12, 1, tzinfo=UTC)))

    assert (await api.get("/plans")).ids == []
    assert (await api.get("/plans", tokens["telecom"])).ids == ["NL.gemeente.1"]


async def test_a_version_that_was_restricted_then_stays_hidden_when_the_plan_is_public_now(api, view, tokens):
    view.put(plan("NL.gemeente.1", visibility=RESTRICTED, title=SECRET))
    view.put(plan("NL.gemeente.1", title="Nu openbaar"))

    for token in (None, tokens["telecom"]):
        answer = await api.get("/plans/NL.gemeente.1/versions", token)
        assert [entry["version"] for entry in answer.json["versions"]] == [2]
        assert SECRET not in answer.text
    owner = await api.get("/plans/NL.gemeente.1/versions", tokens["gemeente"])
    assert [entry["version"] for entry in owner.json["versions"]] == [1, 2]


async def test_public_versions_of_a_plan_that_is_restricted_now_are_not_given(api, view):
    view.put(plan("NL.gemeente.1", title="Toen openbaar"))
    view.put(plan("NL.gemeente.1", visibility=RESTRICTED, title=SECRET))

    answer = await api.get("/plans/NL.gemeente.1/versions")

    assert answer.status == 404
    assert "openbaar" not in answer.text


async def test_a_withdrawn_plan_is_gone_with_the_reason(api, view):
    view.put(plan("NL.gemeente.1"))
    view.withdraw(plan("NL.gemeente.1"), "missing_from_source")

    for path in ("/plans/NL.gemeente.1", "/plans/NL.gemeente.1/versions"):
        answer = await api.get(path)
        assert (answer.status, answer.error) == (410, "gone")
        assert answer.json["error"]["reason"] == "missing_from_source"
    assert (await api.get("/plans")).ids == []


async def test_a_restricted_plan_that_is_withdrawn_is_not_even_gone(api, view, tokens):
    view.put(plan("NL.gemeente.1", visibility=RESTRICTED))
    view.withdraw(plan("NL.gemeente.1", visibility=RESTRICTED), "missing_from_source")

    assert (await api.get("/plans/NL.gemeente.1", tokens["telecom"])).status == 404


async def test_a_plan_that_became_restricted_is_gone_as_the_open_log_says(api, view, tokens):
    view.put(plan("NL.gemeente.1", title="Toen openbaar"))
    view.withdraw(plan("NL.gemeente.1", title="Toen openbaar"), "became_restricted")
    view.put(plan("NL.gemeente.1", visibility=RESTRICTED, title=SECRET), PlanEventType.CHANGED)

    for token in (None, tokens["telecom"]):
        answer = await api.get("/plans/NL.gemeente.1", token)
        assert (answer.status, answer.json["error"]["reason"]) == (410, "became_restricted")
        assert SECRET not in answer.text


async def test_the_owner_still_sees_its_withdrawn_plan(api, view, tokens):
    view.put(plan("NL.gemeente.1"))
    view.withdraw(plan("NL.gemeente.1"), "by_mistake")

    answer = await api.get("/plans/NL.gemeente.1", tokens["gemeente"])

    assert answer.json["properties"]["withdrawn"] is True


@pytest.mark.parametrize("header", ["Bearer unknown", "Basic abc", "Bearer", "nonsense"])
async def test_a_token_that_is_not_known_is_refused_and_not_taken_for_nobody(api, three_plans, header):
    answer = await api.ask("GET", "/plans", headers_given={"Authorization": header})

    assert (answer.status, answer.error) == (401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
