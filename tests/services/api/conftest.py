"""A real server on a free port, on both stores, with a view that each test fills by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from meekoppel_contracts.codes import OrganisationKind
from meekoppel_hub.api import create_api
from meekoppel_hub.api.context import ApiContext
from meekoppel_hub.api.service import serving
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.organisations import register_organisation
from meekoppel_hub.platform.settings import HubSettings
from tests.services.api.view_filling import ViewFilling

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Answer:
    """What the API answered."""

    status: int
    headers: dict[str, str]
    content: bytes
    text: str
    json: Any

    @property
    def ids(self) -> list[str]:
        """The ids of the features."""
        return [feature["id"] for feature in self.json["features"]]

    @property
    def error(self) -> str:
        """The code of the error."""
        return str(self.json["error"]["code"])


class Client:
    """Asks a running API."""

    def __init__(self, session: aiohttp.ClientSession, address: str, context: ApiContext) -> None:
        self._session = session
        self.address = address
        self.context = context

    async def get(self, path: str, token: str | None = None, **params: Any) -> Answer:
        return await self.ask("GET", path, token, params=params)

    async def ask(self, method: str, path: str, token: str | None = None, **options: Any) -> Answer:
        headers = options.pop("headers_given", {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        async with self._session.request(method, self.address + path, headers=headers, **options) as response:
            content = await response.read()
            text = content.decode(errors="replace")
            parsed = await response.json(content_type=None) if "json" in response.content_type else None
            return Answer(response.status, dict(response.headers), content, text, parsed)


@pytest.fixture
def clock_time() -> datetime:
    return NOW


@pytest.fixture
async def api(database: Database, clock_time: datetime) -> AsyncIterator[Client]:
    """A client of the API on a real port."""
    settings = HubSettings(allow_private_webhooks=True)
    app = create_api(database, settings, lambda: clock_time)
    async with serving(app, "127.0.0.1", 0) as address, aiohttp.ClientSession() as session:
        yield Client(session, address, app.state.context)


@pytest.fixture
def view(database: Database) -> ViewFilling:
    """The view, to be filled."""
    return ViewFilling(database, NOW)


@pytest.fixture
def tokens(database: Database) -> dict[str, str]:
    """Tokens of three organisations."""
    kinds = {
        "gemeente": OrganisationKind.MUNICIPALITY,
        "netbeheer": OrganisationKind.ELECTRICITY_GAS_OPERATOR,
        "telecom": OrganisationKind.TELECOM,
    }
    return {code: register_organisation(database, code, code.title(), kind) for code, kind in kinds.items()}
