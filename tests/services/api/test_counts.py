"""How much lies in an area: the same as a page that is counted, for every viewer, on both stores."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest
import shapely
from sqlalchemy import insert

from meekoppel_contracts.codes import Status, Visibility
from meekoppel_hub.platform.clock import to_micros
from meekoppel_hub.platform.database.tables.places import moratoria
from tests.services.api.conftest import NOW
from tests.services.api.view_filling import SPOT, plan

BOX = "142900,457400,143100,457600"
LATE = {"start": datetime(2029, 1, 1, tzinfo=UTC), "end": datetime(2029, 2, 1, tzinfo=UTC)}


@pytest.fixture
def filled(view):
    """Plans of all visibilities, in the box and beside it, and pairs of them."""
    near = shapely.LineString([(142_800, 457_300), (142_950, 457_650)])  # its box meets ours; it does not
    view.put(plan("NL.gemeente.open", status=Status.IN_PROGRESS))
    view.put(plan("NL.gemeente.shared", visibility=Visibility.PARTICIPANTS))
    view.put(plan("NL.gemeente.secret", visibility=Visibility.RESTRICTED, shared_with=["netbeheer"]))
    view.put(plan("NL.gemeente.later", public_from=datetime(2026, 12, 1, tzinfo=UTC)))
    view.put(plan("NL.netbeheer.near", at=near))
    view.put(plan("NL.netbeheer.late", **LATE))
    view.put(plan("NL.netbeheer.here"))
    view.put(plan("NL.netbeheer.gone"))
    view.withdraw(plan("NL.netbeheer.gone"), "by_mistake")
    view.meet("NL.gemeente.open", "NL.netbeheer.here")
    view.meet("NL.gemeente.shared", "NL.netbeheer.late", kind="opportunity")
    view.meet("NL.gemeente.secret", "NL.netbeheer.here", restricted=True)
    view.meet("NL.gemeente.open", "NL.netbeheer.near", location=shapely.to_wkb(shapely.Point(142_000, 457_500)))
    view.meet("NL.gemeente.shared", "NL.netbeheer.here", state="resolved")


@pytest.mark.parametrize("viewer", [None, "gemeente", "netbeheer", "telecom"])
@pytest.mark.parametrize("asked", [{}, {"bbox": BOX}, {"bbox": BOX, "datetime": "2027-04-01/2027-04-30"}])
async def test_counts_equal_what_is_listed(api, filled, tokens, viewer, asked):
    token = tokens[viewer] if viewer else None
    listed = (await api.get("/plans", token, **asked)).json["features"]
    pairs = (await api.get("/overlaps", token, state="open", **asked)).json["features"]

    counted = (await api.get("/counts", token, **asked)).json

    assert counted["plans"]["by_status"] == dict(Counter(one["properties"]["status"] for one in listed))
    assert counted["overlaps"]["by_kind"] == dict(Counter(one["properties"]["kind"] for one in pairs))
    assert counted["plans"]["total"] == len(listed) > 0
    assert counted["overlaps"]["total"] == len(pairs)


async def test_overlaps_of_a_box_are_those_that_lie_in_it(api, filled, tokens):
    everywhere = await api.get("/overlaps", tokens["telecom"], state="open")
    here = await api.get("/overlaps", tokens["telecom"], state="open", bbox=BOX)

    assert (len(everywhere.ids), len(here.ids)) == (3, 2)


async def test_a_blind_match_is_in_the_box_of_the_plan_that_is_seen(api, view, tokens):
    view.put(plan("NL.gemeente.ours", at=SPOT.buffer(200)))
    view.put(plan("NL.netbeheer.secret", visibility=Visibility.RESTRICTED))
    place = shapely.to_wkb(shapely.Point(143_150, 457_500))
    view.meet("NL.gemeente.ours", "NL.netbeheer.secret", restricted=True, location=place)

    for box in ("143140,457490,143160,457510", "142840,457490,142860,457510"):
        answer = await api.get("/overlaps", tokens["gemeente"], bbox=box)
        assert [feature["geometry"] for feature in answer.json["features"]] == [None]
    assert (await api.get("/overlaps", tokens["gemeente"], bbox="144000,457490,144010,457510")).ids == []


async def test_a_plan_against_a_moratorium_is_a_pair_with_the_moratorium(api, view, database):
    row = {
        "moratorium_id": "NL.gemeente.rust-1", "revision": 2, "authority": "gemeente", "title": "Graafrust Kerkstraat",
        "kind": "other", "origin": "declared", "lifted": False, "starts_us": to_micros(NOW), "ends_us": None,
        "disciplines": "", "exceptions": "", "exempt_plans": "", "wkb": shapely.to_wkb(SPOT.buffer(100)),
        "min_x": 142_900, "min_y": 457_400, "max_x": 143_100, "max_y": 457_600, "recorded_at": NOW,
    }  # fmt: skip
    with database.begin() as connection:
        connection.execute(insert(moratoria).values(row))
    view.put(plan("NL.netbeheer.1"))
    view.meet(
        "NL.netbeheer.1", "NL.gemeente.rust-1", kind="moratorium_breach", first_plan="NL.netbeheer.1",
        second_plan="NL.gemeente.rust-1", moratorium_id="NL.gemeente.rust-1", second_organisation="gemeente",
    )  # fmt: skip

    (pair,) = (await api.get("/overlaps", bbox=BOX)).json["features"]
    report = await api.get("/exports/report", bbox=BOX, language="en")
    table = await api.get("/exports/overlaps", f="csv")

    assert pair["properties"]["second"] == {
        "shared_with_you": True,
        "moratorium_id": "NL.gemeente.rust-1",
        "version": 1,
        "organisation": "gemeente",
        "title": "Graafrust Kerkstraat",
    }
    assert (await api.get("/counts", bbox=BOX)).json["overlaps"]["by_kind"] == {"moratorium_breach": 1}
    assert "Graafrust Kerkstraat" in table.text
    assert "Graafrust Kerkstraat" in report.text
