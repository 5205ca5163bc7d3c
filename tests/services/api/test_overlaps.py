from __future__ import annotations

import pytest

from meekoppel_contracts.codes import Visibility
from tests.services.api.view_filling import plan

RESTRICTED = Visibility.RESTRICTED
SECRET = "Geheim werk"


@pytest.fixture
def blind_pair(view):
    """The municipality's open plan meets the telecom's secret one."""
    view.put(plan("NL.gemeente.1"))
    view.put(plan("NL.telecom.1", visibility=RESTRICTED, title=SECRET))
    return view.meet("NL.gemeente.1", "NL.telecom.1", restricted=True, explanation=f"{SECRET} meets")


async def test_a_pair_of_public_plans_is_shown_to_anybody(api, view):
    view.put(plan("NL.gemeente.1"))
    view.put(plan("NL.telecom.1"))
    pair = view.meet("NL.gemeente.1", "NL.telecom.1")

    (feature,) = (await api.get("/overlaps")).json["features"]

    assert feature["id"] == pair
    assert feature["geometry"]["type"] == "Point"
    assert feature["properties"]["first"]["plan_id"] == "NL.gemeente.1"
    assert feature["properties"]["second"]["organisation"] == "telecom"
    assert feature["properties"]["explanation"] == "Werk NL.gemeente.1 meets Werk NL.telecom.1"


async def test_a_pair_with_a_hidden_side_is_shown_to_nobody_else(api, view, tokens, blind_pair):
    for token in (None, tokens["netbeheer"]):
        assert (await api.get("/overlaps", token)).ids == []


async def test_an_owner_sees_its_pair_without_the_details_of_a_hidden_side(api, tokens, blind_pair):
    answer = await api.get("/overlaps", tokens["gemeente"])

    assert answer.ids == [blind_pair]
    (feature,) = answer.json["features"]
    assert feature["properties"]["second"] == {"shared_with_you": False}
    assert feature["geometry"] is None
    assert feature["properties"]["area_m2"] is None
    for hidden in (SECRET, "NL.telecom.1", "telecom"):
        assert hidden not in answer.text


async def test_the_owner_of_the_hidden_side_sees_both(api, tokens, blind_pair):
    (feature,) = (await api.get("/overlaps", tokens["telecom"])).json["features"]

    assert feature["properties"]["first"]["plan_id"] == "NL.gemeente.1"
    assert feature["properties"]["second"]["title"] == SECRET


@pytest.mark.parametrize("asked", [{"organisation": "telecom"}, {"plan": "NL.telecom.1"}])
async def test_a_hidden_side_cannot_be_guessed_by_filtering(api, tokens, blind_pair, asked):
    assert (await api.get("/overlaps", tokens["gemeente"], **asked)).ids == []


async def test_two_hidden_plans_of_others_give_nothing(api, view, tokens):
    view.put(plan("NL.gemeente.1", visibility=RESTRICTED))
    view.put(plan("NL.telecom.1", visibility=RESTRICTED))
    view.meet("NL.gemeente.1", "NL.telecom.1")

    assert (await api.get("/overlaps", tokens["netbeheer"])).ids == []


async def test_a_pair_with_a_withdrawn_plan_is_for_its_owners(api, view, tokens):
    view.put(plan("NL.gemeente.1"))
    view.withdraw(plan("NL.telecom.1", title=SECRET), "missing_from_source")
    view.meet("NL.gemeente.1", "NL.telecom.1", state="resolved")

    for token in (None, tokens["netbeheer"]):
        assert (await api.get("/overlaps", token)).ids == []
    owner = await api.get("/overlaps", tokens["gemeente"])
    assert SECRET not in owner.text
    assert owner.json["features"][0]["properties"]["first"]["shared_with_you"] is True


async def test_pairs_are_filtered_by_kind_state_organisation_and_plan(api, view):
    for plan_id in ("NL.gemeente.1", "NL.telecom.1", "NL.netbeheer.1"):
        view.put(plan(plan_id))
    heavy = view.meet("NL.gemeente.1", "NL.telecom.1")
    chance = view.meet("NL.gemeente.1", "NL.netbeheer.1", kind="opportunity", score=70)
    over = view.meet("NL.telecom.1", "NL.netbeheer.1", state="resolved")

    assert (await api.get("/overlaps", kind="opportunity")).ids == [chance]
    assert (await api.get("/overlaps", state="resolved")).ids == [over]
    assert (await api.get("/overlaps", organisation="gemeente")).ids == sorted([heavy, chance])
    assert (await api.get("/overlaps", plan="NL.telecom.1")).ids == sorted([heavy, over])


async def test_pairs_come_in_pages(api, view):
    view.put(plan("NL.gemeente.0"))
    pairs = []
    for number in range(5):
        view.put(plan(f"NL.telecom.{number}"))
        pairs.append(view.meet("NL.gemeente.0", f"NL.telecom.{number}"))

    first = await api.get("/overlaps", limit=3)
    second = await api.get("/overlaps", limit=3, cursor=first.json["next"])

    assert first.ids + second.ids == sorted(pairs)
    assert second.json["next"] is None


async def test_what_was_found_while_a_plan_was_restricted_is_not_shown_when_it_has_become_open(api, view, tokens):
    """A resolved pair keeps what was last found; that may lie where the plan no longer is."""
    view.put(plan("NL.gemeente.1"))
    view.put(plan("NL.telecom.1"))
    view.meet("NL.gemeente.1", "NL.telecom.1", state="resolved", restricted=True, explanation="Resolved.")

    for token in (None, tokens["gemeente"], tokens["telecom"]):
        (feature,) = (await api.get("/overlaps", token)).json["features"]
        assert feature["geometry"] is None
        assert feature["properties"]["area_m2"] is None
