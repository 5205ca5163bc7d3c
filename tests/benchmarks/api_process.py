"""The API alone on a view that is there, as `meekoppel run api` serves it: a process of the query benchmark."""

from __future__ import annotations

import asyncio
import signal

from meekoppel_hub.api import create_api
from meekoppel_hub.api.service import serving
from meekoppel_hub.platform.database import open_database
from meekoppel_hub.platform.settings import HubSettings


async def main() -> None:
    settings = HubSettings.read()
    database = open_database(settings.sqlalchemy_url())
    if database.dialect == "postgresql":
        database = database.read_from(settings.sqlalchemy_url())
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    app = create_api(database, settings)
    async with serving(app, settings.api_host, settings.api_port, shared=settings.api_shared_port):
        await told.wait()
    database.close()


if __name__ == "__main__":
    asyncio.run(main())
