"""Areas, agreements and moratoria over HTTP, on both stores."""

from __future__ import annotations

from datetime import timedelta

import pytest
from shapely import box

from meekoppel_hub.coordination.places import decode_place, save_places
from meekoppel_hub.platform.agreements import national_agreement
from meekoppel_hub.testing.place_events import agreement_event, area_event, moratorium_event, place_record
from meekoppel_hub.testing.plan_events import CRS
from tests.services.api.conftest import NOW

ALKMAAR, HEILOO = box(110_000, 515_000, 113_000, 518_000), box(108_000, 512_000, 109_000, 513_000)
DAY = timedelta(days=1)


@pytest.fixture
def put(database):
    def put(*events) -> None:
        with database.begin() as connection:
            save_places(connection, [decode_place(place_record(event), CRS) for event in events])

    return put


async def test_areas_are_features_in_the_hubs_crs_for_anybody(api, put):
    put(area_event("NL.gm0361.g", ALKMAAR, margin_m=50.0), area_event("NL.gm0399.g", HEILOO))

    answer = await api.get("/areas")

    assert answer.ids == ["NL.gm0361.g", "NL.gm0399.g"]
    (first, _) = answer.json["features"]
    assert first["geometry"]["type"] == "Polygon"
    assert (first["properties"]["margin_m"], first["properties"]["holds"]) == (50.0, True)
    assert "geometry" not in first["properties"]
    assert answer.json["crs"]["properties"]["name"].endswith("28992")


async def test_areas_are_found_by_place_and_by_authority(api, put):
    put(area_event("NL.gm0361.g", ALKMAAR), area_event("NL.gm0399.g", HEILOO))

    assert (await api.get("/areas", bbox="108500,512500,108600,512600")).ids == ["NL.gm0399.g"]
    assert (await api.get("/areas", authority="gm0361")).ids == ["NL.gm0361.g"]


async def test_pages_of_areas_follow_one_another(api, put):
    put(*(area_event(f"NL.gm0361.{n}", ALKMAAR) for n in range(3)))

    first = await api.get("/areas", limit=2)
    second = await api.get("/areas", limit=2, cursor=first.json["next"])

    assert first.ids + second.ids == [f"NL.gm0361.{n}" for n in range(3)]
    assert second.json["next"] is None


async def test_the_revisions_of_an_area_tell_which_one_holds(api, put):
    put(area_event("NL.gm0361.g", ALKMAAR))
    put(area_event("NL.gm0361.g", HEILOO, revision=2, valid=(NOW + DAY, None)))

    answer = await api.get("/areas/NL.gm0361.g/versions")

    assert [one["properties"]["holds"] for one in answer.json["versions"]] == [True, False]
    assert (await api.get("/areas/NL.gm0361.g")).json["properties"]["revision"] == 2


async def test_an_agreement_comes_with_its_whole_rule_set_and_says_whether_it_holds(api, put):
    rules = national_agreement().model_copy(update={"ruleset": "alkmaar", "light_conflict_distance_m": 9.0})
    put(agreement_event("NL.gm0361.a", rules, ("NL.gm0361.g",)))
    assert (await api.get("/agreements/NL.gm0361.a")).json["holds"] is False, "its area is not there yet"

    put(area_event("NL.gm0361.g", ALKMAAR))
    (one,) = (await api.get("/agreements")).json["agreements"]

    assert one["holds"] is True
    assert one["rules"]["light_conflict_distance_m"] == 9.0
    assert one["areas"] == ["NL.gm0361.g"]
    assert (await api.get("/agreements", authority="gm0399")).json["agreements"] == []


async def test_the_versions_of_an_agreement_say_in_words_what_changed(api, put):
    rules = national_agreement()
    put(agreement_event("NL.gm0361.a", rules))
    put(agreement_event("NL.gm0361.a", rules.model_copy(update={"light_conflict_distance_m": 9.0}), revision=2))

    versions = (await api.get("/agreements/NL.gm0361.a/versions")).json["versions"]

    assert [one["holds"] for one in versions] == [False, True]
    assert versions[0]["differences"] == []
    assert versions[1]["differences"][0].startswith("light_conflict_distance_m: 0 → 9")


async def test_moratoria_are_found_by_the_moment_at_which_they_hold(api, put):
    put(
        moratorium_event("NL.gm0361.now", ALKMAAR, starts=NOW - DAY, ends=NOW + DAY),
        moratorium_event("NL.gm0361.later", ALKMAAR, starts=NOW + 2 * DAY),
        moratorium_event("NL.gm0361.over", ALKMAAR, starts=NOW - 9 * DAY, ends=NOW - 2 * DAY),
        moratorium_event("NL.gm0361.lifted", ALKMAAR, starts=NOW - DAY, lifted=True),
    )

    everything = await api.get("/moratoria")
    holding = await api.get("/moratoria", holding_at=NOW.isoformat())

    assert len(everything.ids) == 4
    assert holding.ids == ["NL.gm0361.now"]
    assert [one["id"] for one in everything.json["features"] if one["properties"]["holds"]] == ["NL.gm0361.now"]


async def test_of_a_moratorium_only_the_newest_revision_can_hold(api, put):
    rest = "NL.gm0361.rust"
    put(moratorium_event(rest, ALKMAAR, starts=NOW - DAY))
    put(moratorium_event(rest, ALKMAAR, starts=NOW - DAY, revision=2))

    versions = (await api.get(f"/moratoria/{rest}/versions")).json["versions"]

    assert [one["properties"]["holds"] for one in versions] == [False, True]
    assert (await api.get(f"/moratoria/{rest}")).json["geometry"]["type"] == "Polygon"


@pytest.mark.parametrize("kind", ["areas", "agreements", "moratoria"])
async def test_what_is_not_there_is_not_found(api, kind):
    assert (await api.get(f"/{kind}/NL.gm0361.none")).error == "not_found"
    assert (await api.get(f"/{kind}/NL.gm0361.none/versions")).error == "not_found"


@pytest.mark.parametrize(("path", "asked"), [("/areas", {"bbox": "1,2,3"}), ("/moratoria", {"holding_at": "2027"})])
async def test_a_parameter_that_cannot_be_read_is_refused(api, path, asked):
    assert (await api.get(path, **asked)).status in (400, 422)
