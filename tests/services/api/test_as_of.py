"""Going back in recorded time through the API, on both stores: the view is filled by coordination itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import shapely

from meekoppel_contracts.codec import encode_overlap_event
from meekoppel_contracts.codes import PlanEventType, Visibility
from meekoppel_contracts.events import OverlapSide, PlanEvent
from meekoppel_contracts.ids import OrgCode, PlanId, overlap_id
from meekoppel_contracts.plan import SharedWith
from meekoppel_contracts.testing import example_overlap
from meekoppel_hub.coordination.overlap import Announcement, OverlapRow
from meekoppel_hub.coordination.places import decode_place, save_places
from meekoppel_hub.coordination.told import keep_told
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.stream.records import Outgoing
from meekoppel_hub.testing.place_events import moratorium_event, place_record
from meekoppel_hub.testing.plan_events import CRS, plan_event, zone
from tests.services.api.conftest import NOW
from tests.services.recorded import Recorded

GEMEENTE, NETBEHEER = "NL.gemeente.1", "NL.netbeheer.1"
PAIR = overlap_id(PlanId(GEMEENTE), PlanId(NETBEHEER))
HERE, THERE = shapely.box(93_000, 463_000, 93_010, 463_010), shapely.box(95_000, 463_000, 95_010, 463_010)
IN_THE_BEGINNING = NOW - timedelta(days=100)


def after(days: float) -> datetime:
    return IN_THE_BEGINNING + timedelta(days=days)


class Days(Recorded):
    def on_day(self, day: float, *events: PlanEvent) -> None:
        self.at(after(day), *events)


@pytest.fixture
def recorded(database: Database) -> Days:
    return Days(database)


def public(plan_id: str, **about: Any) -> PlanEvent:
    return plan_event(plan_id, **{"visibility": Visibility.PUBLIC, **about})


def restricted_to(event: PlanEvent, *named: str) -> PlanEvent:
    shared = SharedWith(organisations=tuple(OrgCode(name) for name in named))
    plan = event.plan.model_copy(update={"visibility": Visibility.RESTRICTED, "shared_with": shared})
    return event.model_copy(update={"plan": plan})


async def test_plans_are_as_the_hub_knew_them_at_a_moment(api, recorded):
    recorded.on_day(1, public(GEMEENTE, title="Riool"))
    recorded.on_day(5, public(GEMEENTE, version=2, title="Riool en weg"), public(NETBEHEER))

    early, late = [await api.get("/plans", as_of=after(day).isoformat()) for day in (3, 5)]
    assert [(one["id"], one["properties"]["title"]) for one in early.json["features"]] == [(GEMEENTE, "Riool")]
    assert early.json["features"][0]["properties"]["version"] == 1
    assert late.ids == [GEMEENTE, NETBEHEER]
    assert (await api.get("/plans", as_of=after(0.9).isoformat())).ids == []


async def test_filters_are_about_what_plans_were_then(api, recorded):
    recorded.on_day(1, public(GEMEENTE, zones=[zone(HERE)], days=(0, 10)))
    recorded.on_day(5, public(GEMEENTE, version=2, zones=[zone(THERE)], days=(100, 110)))
    then = {"as_of": after(2).isoformat()}

    assert (await api.get("/plans", bbox="93000,463000,93005,463005", **then)).ids == [GEMEENTE]
    assert (await api.get("/plans", bbox="95000,463000,95005,463005", **then)).ids == []
    assert (await api.get("/plans", datetime="2027-03-01/2027-03-05", **then)).ids == [GEMEENTE]
    assert (await api.get("/plans", datetime="2027-06-01/..", **then)).ids == []
    assert (await api.get("/plans", datetime="2027-06-01/..")).ids == [GEMEENTE]


async def test_pages_of_an_earlier_moment_go_on_where_the_last_one_ended(api, recorded):
    ids = [f"NL.gemeente.{number}" for number in range(5)]
    recorded.on_day(1, *(public(plan_id) for plan_id in ids))
    recorded.on_day(2, *(public(plan_id, version=2, type=PlanEventType.CHANGED) for plan_id in ids))

    found, cursor = [], {}
    while cursor is not None:
        page = await api.get("/plans", as_of=after(1).isoformat(), limit=2, **cursor)
        found += page.ids
        cursor = {"cursor": page.json["next"]} if page.json["next"] else None
    assert found == ids


async def test_one_plan_is_as_it_was_and_unknown_before(api, recorded):
    recorded.on_day(1, public(GEMEENTE, title="Riool"))
    recorded.on_day(5, public(GEMEENTE, version=2, title="Weg"))

    then = await api.get(f"/plans/{GEMEENTE}", as_of=after(1).isoformat())
    before = await api.get(f"/plans/{GEMEENTE}", as_of=after(0).isoformat())
    assert (then.json["properties"]["title"], then.json["properties"]["version"]) == ("Riool", 1)
    assert (before.status, before.error) == (404, "not_found")


async def test_what_was_restricted_then_stays_so_when_it_is_open_now(api, recorded, tokens):
    recorded.on_day(1, restricted_to(public(GEMEENTE), "netbeheer"))
    recorded.on_day(5, public(GEMEENTE, version=2))
    then = {"as_of": after(2).isoformat()}

    assert (await api.get("/plans", tokens["telecom"], **then)).ids == []
    assert (await api.get(f"/plans/{GEMEENTE}", tokens["telecom"], **then)).status == 404
    assert (await api.get("/plans", tokens["netbeheer"], **then)).ids == [GEMEENTE]
    assert (await api.get("/plans", tokens["gemeente"], **then)).ids == [GEMEENTE]


async def test_what_is_restricted_now_is_not_shown_by_going_back(api, recorded, tokens):
    recorded.on_day(1, public(GEMEENTE))
    recorded.on_day(5, restricted_to(public(GEMEENTE, version=2), "netbeheer"))
    then = {"as_of": after(2).isoformat()}

    for token, ids in ((None, []), (tokens["telecom"], []), (tokens["netbeheer"], [GEMEENTE])):
        assert (await api.get("/plans", token, **then)).ids == ids
    assert (await api.get(f"/plans/{GEMEENTE}", tokens["telecom"], **then)).status == 404


async def test_of_a_plan_that_is_withdrawn_now_its_owner_alone_sees_what_was(api, recorded, tokens):
    recorded.on_day(1, public(GEMEENTE))
    recorded.on_day(5, public(GEMEENTE, version=2, type=PlanEventType.WITHDRAWN))
    then = {"as_of": after(2).isoformat()}

    assert (await api.get("/plans", tokens["netbeheer"], **then)).ids == []
    assert (await api.get(f"/plans/{GEMEENTE}", tokens["netbeheer"], **then)).status == 410
    assert (await api.get("/plans", tokens["gemeente"], **then)).ids == [GEMEENTE]


async def test_overlaps_are_as_they_were_told_until_then(api, recorded):
    recorded.on_day(1, public(GEMEENTE), public(NETBEHEER))
    recorded.on_day(4, public(GEMEENTE, version=2, days=(5, 10)))
    recorded.on_day(8, public(GEMEENTE, version=3, zones=[zone(THERE)]))

    told = {day: await api.get("/overlaps", as_of=after(day).isoformat()) for day in (0, 1, 5, 9)}
    assert told[0].ids == []
    shown = {
        day: (one["properties"]["revision"], one["properties"]["state"], one["properties"]["overlap_days"])
        for day in (1, 5, 9)
        for one in told[day].json["features"]
    }
    assert shown[1][:2] == (1, "open")
    assert shown[5][:2] == (2, "open")
    assert shown[5][2] < shown[1][2]
    assert shown[9][:2] == (3, "resolved")
    assert told[1].json["features"][0]["properties"]["first"]["version"] == 1
    assert (await api.get("/overlaps", as_of=after(9).isoformat(), state="open")).ids == []


async def test_one_overlap_is_shown_now_and_as_it_was(api, recorded):
    recorded.on_day(1, public(GEMEENTE), public(NETBEHEER))
    recorded.on_day(8, public(GEMEENTE, version=2, zones=[zone(THERE)]))

    now = await api.get(f"/overlaps/{PAIR}")
    then = await api.get(f"/overlaps/{PAIR}", as_of=after(2).isoformat())
    assert (now.json["properties"]["state"], then.json["properties"]["state"]) == ("resolved", "open")
    assert then.json["geometry"]["type"] == "Point"
    assert (await api.get(f"/overlaps/{PAIR}", as_of=after(0).isoformat())).status == 404
    assert (await api.get("/overlaps/unknown")).status == 404


async def test_a_pair_is_blind_when_one_side_is_hidden_then_or_now(api, recorded, tokens):
    recorded.on_day(1, public(GEMEENTE), restricted_to(public(NETBEHEER)))
    recorded.on_day(5, public(NETBEHEER, version=2))
    then = {"as_of": after(2).isoformat()}

    (pair,) = (await api.get("/overlaps", tokens["gemeente"], **then)).json["features"]
    assert pair["properties"]["second"] == {"shared_with_you": False}
    assert pair["geometry"] is None
    assert pair["properties"]["explanation"] is None
    assert (await api.get("/overlaps", tokens["telecom"], **then)).ids == []
    assert (await api.get("/overlaps", tokens["gemeente"], organisation="netbeheer", **then)).ids == []


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"as_of": "2099-01-01"}, "has not come yet"),
        ({"as_of": "2026"}, "write a date or time"),
        ({"datetime": "soon"}, "'soon' is no moment"),
        ({"datetime": ".."}, "names no moment"),
        ({"datetime": "2027-03-01/2027-01-01"}, "ends before it begins"),
        ({"datetime": "2027-03-01", "from": "2027-01-01"}, "give one of them"),
    ],
)
async def test_times_that_cannot_be_are_refused_in_words(api, parameters, said):
    answer = await api.get("/plans", **parameters)

    assert answer.status in (400, 422)
    assert said in answer.json["error"]["message"]


async def test_a_date_as_the_end_of_a_period_means_the_whole_day(api, recorded):
    recorded.on_day(1, public(GEMEENTE, days=(0, 10)))

    assert (await api.get("/plans", datetime="2027-02-01/2027-02-28")).ids == []
    assert (await api.get("/plans", datetime="2027-02-01/2027-03-01")).ids == [GEMEENTE]
    assert (await api.get("/plans", datetime="2027-03-11")).ids == [GEMEENTE]
    assert (await api.get("/plans", datetime="2027-03-11T00:00:01Z")).ids == []


async def test_the_history_of_a_plan_tells_field_by_field_what_changed(api, recorded):
    recorded.on_day(1, public(GEMEENTE, title="Riool"))
    recorded.on_day(5, public(GEMEENTE, version=2, title="Riool", days=(14, 20)))
    recorded.on_day(9, public(GEMEENTE, version=3, title="Riool en weg", days=(14, 20)))

    first = await api.get(f"/plans/{GEMEENTE}/history", limit=2)
    second = await api.get(f"/plans/{GEMEENTE}/history", cursor=first.json["next"])
    entries = [*first.json["history"], *second.json["history"]]
    assert [(one["version"], one["compared_with"]) for one in entries] == [(1, None), (2, 1), (3, 2)]
    assert [(one["field"], one["days"]) for one in entries[1]["differences"]] == [
        ("period.earliest_start", 14.0),
        ("period.latest_end", 10.0),
    ]
    assert entries[2]["differences"][0]["words"]["en"] == "title from “Riool” to “Riool en weg”"
    assert second.json["next"] is None


async def test_the_history_leaves_out_what_the_viewer_might_not_see(api, recorded, tokens):
    recorded.on_day(1, public(GEMEENTE, title="Riool"))
    recorded.on_day(5, restricted_to(public(GEMEENTE, version=2, title="Geheim")))
    recorded.on_day(9, public(GEMEENTE, version=3, title="Riool en weg"))

    history = (await api.get(f"/plans/{GEMEENTE}/history", tokens["telecom"])).json["history"]
    assert [(one["version"], one["compared_with"]) for one in history] == [(1, None), (3, 1)]
    assert "Geheim" not in str(history)


async def test_a_breach_of_a_moratorium_is_shown_as_it_was_told(api, recorded, database, view):
    rest = "NL.gemeente.rust-1"
    pair = overlap_id(PlanId(NETBEHEER), PlanId(rest))
    recorded.on_day(1, public(NETBEHEER))
    with database.begin() as connection:
        declared = moratorium_event(rest, HERE, recorded_at=after(1), ends=after(300))
        save_places(connection, [decode_place(place_record(declared), CRS)])
    breach = {"kind": "moratorium_breach", "moratorium_id": rest, "overlap_id": pair}
    view.meet(NETBEHEER, rest, first_plan=NETBEHEER, second_plan=rest, second_organisation="gemeente", **breach)
    told = example_overlap(
        **breach,
        first=OverlapSide(plan_id=PlanId(NETBEHEER), version=1, organisation=OrgCode("netbeheer"), title="Works"),
        second=OverlapSide(plan_id=PlanId(rest), version=1, organisation=OrgCode("gemeente"), title="Graafrust"),
        recorded_at=after(2),
    )
    row = OverlapRow(
        **{name: getattr(told, name, None) for name in OverlapRow._fields}
        | {"state": "open", "changed_at": after(2), "detected_at": after(2), "restricted": False}
        | {"first_organisation": OrgCode("netbeheer"), "second_organisation": OrgCode("gemeente")}
    )
    message = Outgoing("coordination", b"", encode_overlap_event(told), (), f"{pair}/1")
    with database.begin() as connection:
        keep_told(connection, [(Announcement(told.type, row), message)])

    (shown,) = (await api.get("/overlaps", as_of=after(3).isoformat())).json["features"]
    assert shown["properties"]["kind"] == "moratorium_breach"
    assert shown["properties"]["first"]["plan_id"] == NETBEHEER
    assert shown["properties"]["second"]["moratorium_id"] == rest
    assert shown["properties"]["second"]["title"] == "Graafrust"
    assert (await api.get("/overlaps", as_of=after(3).isoformat(), datetime="2100-01-01/..")).ids == []
    assert (await api.get("/overlaps", as_of=after(1).isoformat())).ids == []
