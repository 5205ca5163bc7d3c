"""`meekoppel up` and `meekoppel run`: the whole hub in one process, or one service of it."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from meekoppel_hub.hub import SERVICES, Hub, running_hub
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.logs import set_up_logs
from meekoppel_hub.platform.settings import HubSettings

EPILOGS = {
    "up": "Example: meekoppel up --data-folder /var/lib/meekoppel --port 8480",
    "run": "Example: MEEKOPPEL_KAFKA_BOOTSTRAP=kafka:9092 MEEKOPPEL_DATABASE_URL=postgresql://hub@db/hub "
    "meekoppel run coordination",
}

Folder = Annotated[
    Path | None,
    typer.Option("--data-folder", help="Where data is kept; default: MEEKOPPEL_DATA_FOLDER, else .meekoppel."),
]
Port = Annotated[int | None, typer.Option("--port", min=0, max=65535, help="Port of the API; 0 takes a free one.")]


def up(data_folder: Folder = None, port: Port = None) -> None:
    """Run the whole hub in this process until Ctrl-C: Kafka, all services, the API.

    What is in the data folder is kept: a second start goes on where the first one stopped.
    """
    _run(_settings(data_folder, port), SERVICES)


def run(
    service: Annotated[str, typer.Argument(help=f"One of: {', '.join(SERVICES)}.")],
    data_folder: Folder = None,
    port: Port = None,
) -> None:
    """Run one service, on a Kafka and a database that are there (MEEKOPPEL_KAFKA_BOOTSTRAP, MEEKOPPEL_DATABASE_URL)."""
    settings = _settings(data_folder, port)
    if service not in SERVICES:
        raise SettingsError(f"there is no service {service!r}; take one of {', '.join(SERVICES)}")
    if not settings.kafka_bootstrap or not settings.database_url:
        raise SettingsError(
            "one service needs a Kafka and a database that it shares with the others: "
            "set MEEKOPPEL_KAFKA_BOOTSTRAP and MEEKOPPEL_DATABASE_URL, or run everything with `meekoppel up`"
        )
    _run(settings, (service,))


def _settings(data_folder: Path | None, port: int | None) -> HubSettings:
    given = {"data_folder": data_folder, "api_port": port}
    return HubSettings.read().model_copy(update={name: value for name, value in given.items() if value is not None})


def _run(settings: HubSettings, services: tuple[str, ...]) -> None:
    set_up_logs()
    to_user = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    asyncio.run(_until_told(settings, services, to_user))


async def _until_told(settings: HubSettings, services: tuple[str, ...], to_user: Console) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    async with running_hub(settings, progress=to_user.print, services=services) as hub:
        _tell(hub, to_user)
        await told.wait()
        to_user.print("stopping: finishing what is at hand")
    to_user.print("stopped")


def _tell(hub: Hub, to_user: Console) -> None:
    to_user.print(f"MEEKOPPEL_KAFKA_BOOTSTRAP={hub.bootstrap}")
    if hub.services:
        to_user.print(f"running: {', '.join(hub.services)}{' and the API' if hub.api_url else ''}; Ctrl-C ends it")
