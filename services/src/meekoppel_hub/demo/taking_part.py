"""The organisations join the hub: they are registered, and subscribe through the API with their tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp
from shapely.geometry import mapping

from meekoppel_contracts.ids import OrgCode
from meekoppel_hub.demo.errors import DemoFailed
from meekoppel_hub.demo.organisations import ORGANISATIONS, DemoOrganisation
from meekoppel_hub.demo.receiver import Receiver
from meekoppel_hub.demo.town import SRID, Town
from meekoppel_hub.platform.database.create import open_view
from meekoppel_hub.platform.organisations import register_organisation
from meekoppel_hub.platform.settings import HubSettings

Tokens = Mapping[OrgCode, str]


def register_all(settings: HubSettings) -> Tokens:
    """Register the organisations in a database that no hub uses yet, so that their topics are made at its start."""
    database = open_view(settings)
    try:
        return {one.code: register_organisation(database, one.code, one.name, one.kind) for one in ORGANISATIONS}
    finally:
        database.close()


async def subscribe_all(api_url: str, tokens: Tokens, town: Town, receiver: Receiver) -> None:
    """Subscribe every organisation to its own overlaps, and two of them to an area as well.

    Raises:
        DemoFailed: when the API refuses.
    """
    async with aiohttp.ClientSession(api_url) as session:
        for one in ORGANISATIONS:
            for hook, order in _orders(one, town):
                order["url"] = receiver.url(hook)
                secret = await _subscribe(session, tokens[one.code], order)
                receiver.expect(hook, one.code, secret)


def _orders(one: DemoOrganisation, town: Town) -> list[tuple[str, dict[str, Any]]]:
    orders: list[tuple[str, dict[str, Any]]] = [
        (f"{one.code}-overlaps", {"name": "Waar onze plannen andere raken", "own_overlaps": True})
    ]
    if one.area is not None:
        polygon = town.centre if one.area == "centre" else town.canal
        area = {"name": f"Plannen bij {one.area}", "area": mapping(polygon), "area_crs": SRID}
        orders.append((f"{one.code}-area", area))
    return orders


async def _subscribe(session: aiohttp.ClientSession, token: str, order: dict[str, Any]) -> str:
    async with session.post("/subscriptions", json=order, headers={"Authorization": f"Bearer {token}"}) as answer:
        content = await answer.json()
        if answer.status != 201:
            raise DemoFailed(f"the API refused a subscription ({answer.status}): {content['error']['message']}")
        return str(content["secret"])
