from __future__ import annotations

import pytest

from meekoppel_hub.platform.subscriptions import list_subscriptions

ORDER = {"name": "Centrum", "url": "http://127.0.0.1:9/hook", "bbox": [142_500, 457_000, 143_500, 458_000]}


async def test_a_subscription_needs_a_token(api):
    for method in ("GET", "POST"):
        assert (await api.ask(method, "/subscriptions", json=ORDER)).status == 401


async def test_a_new_subscription_shows_its_secret_once(api, tokens, database):
    added = await api.ask("POST", "/subscriptions", tokens["gemeente"], json={**ORDER, "own_overlaps": True})
    listed = await api.get("/subscriptions", tokens["gemeente"])

    assert added.status == 201
    assert added.json["secret"].startswith("whsec_")
    assert added.headers["Location"] == f"/subscriptions/{added.json['subscription_id']}"
    assert "secret" not in listed.text
    (stored,) = list_subscriptions(database, organisation="gemeente")
    assert stored.box == (142_500.0, 457_000.0, 143_500.0, 458_000.0)
    assert listed.json["subscriptions"][0]["kinds"] == ["own_overlaps", "area"]


async def test_an_area_is_given_as_geojson_in_longitude_and_latitude(api, tokens, database):
    west, south = 5.387206, 52.155172  # the tower of Amersfoort, from which RD New counts
    east, north = west + 0.01, south + 0.01
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    order = {"name": "Wijk", "url": ORDER["url"], "area": {"type": "Polygon", "coordinates": [ring]}}

    added = await api.ask("POST", "/subscriptions", tokens["gemeente"], json=order)

    assert added.status == 201
    (stored,) = list_subscriptions(database)
    assert stored.box == pytest.approx((155_000, 463_000, 155_684, 464_113), abs=3)


async def test_an_organisation_sees_and_ends_only_its_own(api, tokens):
    added = await api.ask("POST", "/subscriptions", tokens["gemeente"], json=ORDER)
    path = f"/subscriptions/{added.json['subscription_id']}"

    assert (await api.get("/subscriptions", tokens["telecom"])).json["subscriptions"] == []
    assert (await api.ask("DELETE", path, tokens["telecom"])).status == 404
    assert (await api.ask("DELETE", path)).status == 401
    assert (await api.ask("DELETE", path, tokens["gemeente"])).json["state"] == "removed"
    assert (await api.get("/subscriptions", tokens["gemeente"])).json["subscriptions"] == []
    assert (await api.ask("DELETE", path, tokens["gemeente"])).status == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"bbox": None}, 400),
        ({"url": "ftp://example.org/x"}, 400),
        ({"name": "Cen\x00trum"}, 400),
        ({"url": "http://127.0.0.1\x00:9/hook"}, 400),
        ({"bbox": [1, 1, 0, 0]}, 400),
        ({"bbox": None, "area": {"type": "Point", "coordinates": [5, 52]}}, 400),
        ({"area": {"type": "Point", "coordinates": [5, 52]}}, 422),
        ({"name": ""}, 422),
        ({"organisation": "telecom"}, 422),
    ],
)
async def test_an_order_that_breaks_a_rule_is_refused_and_not_stored(api, tokens, database, change, status):
    answer = await api.ask("POST", "/subscriptions", tokens["gemeente"], json={**ORDER, **change})

    assert answer.status == status
    assert answer.json["error"]["message"]
    assert list_subscriptions(database) == []
