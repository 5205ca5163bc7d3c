"""What is shared with a collaboration is seen by its members, while they are members and it holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import shapely
from sqlalchemy import insert

from meekoppel_contracts.codes import Visibility
from meekoppel_contracts.ids import OrgCode
from meekoppel_contracts.plan import SharedWith
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.places import areas
from meekoppel_hub.reading.collaborations import collaborations_of
from tests.services.api.view_filling import plan

COLLABORATION = "NL.gemeente.samen"
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
BEFORE, AFTER = datetime(2026, 10, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


def collaboration(database: Database, revision: int = 1, **changes: Any) -> None:
    """Put a revision of the collaboration into the table, as coordination does."""
    row = {
        "area_id": COLLABORATION,
        "revision": revision,
        "authority": "gemeente",
        "kind": "collaboration",
        "name": "Samen in de straat",
        "code": None,
        "active": True,
        "valid_from": None,
        "valid_until": None,
        "director": None,
        "members": "gemeente,netbeheer",
        "margin_m": 0.0,
        "wkb": shapely.to_wkb(shapely.box(0, 0, 1, 1)),
        "min_x": 0.0,
        "min_y": 0.0,
        "max_x": 1.0,
        "max_y": 1.0,
        "recorded_at": NOW,
        "event": b"",
    }
    with database.begin() as connection:
        connection.execute(insert(areas), {**row, **changes})


@pytest.fixture
def shared_plan(view):
    shared_with = SharedWith(organisations=(OrgCode("waterschap"),), collaborations=(COLLABORATION,))
    values = {**plan("NL.gemeente.1", visibility=Visibility.RESTRICTED).model_dump(), "shared_with": shared_with}
    view.put(type(plan("NL.gemeente.1"))(**values))


async def test_members_see_a_restricted_plan_that_is_shared_with_their_collaboration(
    api, database, shared_plan, tokens
):
    assert (await api.get("/plans", tokens["netbeheer"])).ids == []
    collaboration(database)
    assert (await api.get("/plans", tokens["netbeheer"])).ids == ["NL.gemeente.1"]
    assert (await api.get("/plans/NL.gemeente.1", tokens["netbeheer"])).status == 200
    assert (await api.get("/plans", tokens["telecom"])).ids == []


@pytest.mark.parametrize(
    "last",
    [
        {"members": "gemeente"},
        {"active": False},
        {"valid_until": BEFORE},
        {"kind": "interest"},
    ],
)
async def test_whoever_is_no_member_any_more_sees_it_no_more(api, database, shared_plan, tokens, last):
    collaboration(database)
    collaboration(database, 2, **last)
    assert (await api.get("/plans", tokens["netbeheer"])).ids == []


def test_a_membership_that_begins_later_does_not_count_yet(database):
    collaboration(database, members="gemeente")
    collaboration(database, 2, valid_from=AFTER)
    with database.read() as connection:
        assert collaborations_of(connection, "netbeheer", NOW) == frozenset()
        assert collaborations_of(connection, "gemeente", NOW) == {COLLABORATION}
        assert collaborations_of(connection, "netbeheer", AFTER) == {COLLABORATION}
