"""The API on a real port, for clients that know nothing of us but the address of a schema registry."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from meekoppel_hub.api import create_api
from meekoppel_hub.api.schema_registry import PREFIX
from meekoppel_hub.api.service import serving
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.settings import HubSettings


@pytest.fixture
async def registry_url(sqlite_database: Database) -> AsyncIterator[str]:
    async with serving(create_api(sqlite_database, HubSettings()), "127.0.0.1", 0) as address:
        yield address + PREFIX
