from __future__ import annotations

from datetime import UTC, datetime

import pytest
import shapely
from sqlalchemy import text

from meekoppel_contracts.codes import Status
from meekoppel_contracts.plan import Zone
from meekoppel_hub.reading.plans import BOX_QUERIES
from tests.services.api.view_filling import plan

NORTH = shapely.Point(143_000, 459_000)


async def test_a_page_is_a_feature_collection_that_names_the_crs(api, view):
    view.put(plan("NL.gemeente.1"))

    answer = await api.get("/plans")

    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/geo+json"
    assert answer.json["crs"]["properties"]["name"] == "urn:ogc:def:crs:EPSG::28992"
    (feature,) = answer.json["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [143_000.0, 457_500.0]}
    assert feature["properties"]["initiator"]["organisation"] == "gemeente"
    assert feature["properties"]["version"] == 1


async def test_pages_follow_one_another_without_gap_or_double(api, view):
    for number in range(5):
        view.put(plan(f"NL.gemeente.{number}"))

    first = await api.get("/plans", limit=2)
    second = await api.get("/plans", limit=2, cursor=first.json["next"])
    third = await api.get("/plans", limit=2, cursor=second.json["next"])

    assert first.ids + second.ids + third.ids == [f"NL.gemeente.{number}" for number in range(5)]
    assert third.json["next"] is None


async def test_a_full_last_page_has_no_next(api, view):
    for number in range(2):
        view.put(plan(f"NL.gemeente.{number}"))

    assert (await api.get("/plans", limit=2)).json["next"] is None


async def test_a_box_gives_the_plans_that_touch_it(api, view):
    view.put(plan("NL.gemeente.centre"))
    view.put(plan("NL.gemeente.north", at=NORTH))

    assert (await api.get("/plans", bbox="142000,458500,144000,459500")).ids == ["NL.gemeente.north"]


@pytest.mark.parametrize("most", [1, 3])
async def test_a_box_with_many_plans_gives_the_same_as_one_with_few(api, view, monkeypatch, most):
    monkeypatch.setattr("meekoppel_hub.reading.plans._MOST_BY_INDEX", most)
    for number in range(3):
        view.put(plan(f"NL.gemeente.{number}"))
    view.put(plan("NL.gemeente.north", at=NORTH))

    first = await api.get("/plans", bbox="142000,457000,144000,458000", limit=2)
    second = await api.get("/plans", bbox="142000,457000,144000,458000", limit=2, cursor=first.json["next"])

    assert first.ids + second.ids == [f"NL.gemeente.{number}" for number in range(3)]


async def test_a_small_box_is_looked_up_in_the_spatial_index(database):
    values = {"min_x": 142_000, "min_y": 457_000, "max_x": 144_000, "max_y": 458_000, "most": 9}
    analyse = "EXPLAIN " if database.dialect == "postgresql" else "EXPLAIN QUERY PLAN "
    with database.begin() as connection:
        if database.dialect == "postgresql":
            connection.execute(text("SET LOCAL enable_seqscan = off"))  # a planner scans a table as small as this one
        steps = str(connection.execute(text(analyse + BOX_QUERIES[database.dialect]), values).all())

    assert "plan_zones_box" in steps or "VIRTUAL TABLE INDEX" in steps


async def test_a_box_within_the_bounds_of_a_line_but_beside_it_does_not_touch_it(api, view):
    view.put(plan("NL.gemeente.line", at=shapely.LineString([(143_000, 457_000), (144_000, 458_000)])))

    assert (await api.get("/plans", bbox="143800,457000,143900,457100")).ids == []


async def test_a_box_touches_a_plan_through_its_buffer(api, view):
    zone = Zone(zone_id="1", geometry=shapely.to_wkb(NORTH), srid=28992, buffer_m=30)
    view.put(plan("NL.gemeente.buffered", zones=(zone,)))

    assert (await api.get("/plans", bbox="143020,458990,143050,459010")).ids == ["NL.gemeente.buffered"]


async def test_plans_are_filtered_by_organisation_and_status(api, view):
    view.put(plan("NL.gemeente.firm"))
    view.put(plan("NL.gemeente.busy", status=Status.IN_PROGRESS))
    view.put(plan("NL.netbeheer.busy", status=Status.IN_PROGRESS))

    answer = await api.get("/plans", organisation="gemeente", status="in_progress")

    assert answer.ids == ["NL.gemeente.busy"]


async def test_plans_are_filtered_by_period(api, view):
    view.put(plan("NL.gemeente.early", start=datetime(2027, 1, 1, tzinfo=UTC), end=datetime(2027, 2, 1, tzinfo=UTC)))
    view.put(plan("NL.gemeente.late", start=datetime(2027, 8, 1, tzinfo=UTC), end=datetime(2027, 9, 1, tzinfo=UTC)))

    assert (await api.get("/plans", **{"from": "2027-03-01"})).ids == ["NL.gemeente.late"]
    assert (await api.get("/plans", to="2027-03-01T00:00:00Z")).ids == ["NL.gemeente.early"]


async def test_one_plan_is_given_whole(api, view):
    view.put(plan("NL.gemeente.GL/1", description="Met een schuine streep"))

    answer = await api.get("/plans/NL.gemeente.GL/1")

    assert answer.json["type"] == "Feature"
    assert answer.json["properties"]["description"] == "Met een schuine streep"
    assert answer.json["properties"]["period"]["earliest_start"] == "2027-03-01T00:00:00Z"


async def test_versions_tell_what_happened_with_the_plan_as_it_was(api, view):
    view.put(plan("NL.gemeente.1", title="Eerst"))
    view.put(plan("NL.gemeente.1", title="Daarna"))

    versions = (await api.get("/plans/NL.gemeente.1/versions")).json["versions"]

    assert [entry["version"] for entry in versions] == [1, 2]
    assert [entry["plan"]["properties"]["title"] for entry in versions] == ["Eerst", "Daarna"]


async def test_versions_come_in_pages(api, view):
    for title in ("een", "twee", "drie"):
        view.put(plan("NL.gemeente.1", title=title))

    first = await api.get("/plans/NL.gemeente.1/versions", limit=2)
    second = await api.get("/plans/NL.gemeente.1/versions", limit=2, cursor=first.json["next"])

    assert [entry["version"] for entry in first.json["versions"] + second.json["versions"]] == [1, 2, 3]
    assert second.json["next"] is None


async def test_an_unknown_plan_is_not_found(api):
    answer = await api.get("/plans/NL.gemeente.nope")

    assert (answer.status, answer.error) == (404, "not_found")


@pytest.mark.parametrize("box", ["1,2", "a,b,c,d", "5,0,1,1", "nan,0,1,1"])
async def test_a_box_that_is_none_is_refused(api, box):
    answer = await api.get("/plans", bbox=box)

    assert (answer.status, answer.error) == (400, "bad_request")
    assert "bbox" in answer.json["error"]["message"]


@pytest.mark.parametrize("cursor", ["!!!", "AA", "_w"])
async def test_a_cursor_of_somebody_else_is_refused(api, cursor):
    assert (await api.get("/plans", cursor=cursor)).status == 400


@pytest.mark.parametrize(
    "params", [{"limit": 0}, {"limit": 1001}, {"status": "sometime"}, {"from": "yesterday"}, {"to": "2026"}]
)
async def test_a_parameter_that_breaks_its_rule_is_named(api, params):
    answer = await api.get("/plans", **params)

    assert (answer.status, answer.error) == (422, "invalid")
    assert f"query {next(iter(params))}" in answer.json["error"]["message"]
