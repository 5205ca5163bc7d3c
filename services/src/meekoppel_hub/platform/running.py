"""Where a running hub can be reached: a small file in its data folder, for commands in other processes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.settings import HubSettings

FILE_NAME = "running.json"


@dataclass(frozen=True, slots=True)
class RunningHub:
    """What another process needs to know of a running hub."""

    pid: int
    bootstrap: str
    database_url: str
    api_url: str


def announce(data_folder: Path, hub: RunningHub) -> None:
    """Write where the hub can be reached."""
    new = data_folder / f".{FILE_NAME}"
    new.write_text(json.dumps(asdict(hub), indent=2) + "\n", encoding="utf-8")
    new.replace(data_folder / FILE_NAME)  # in one step: nobody reads half of it


def take_back(data_folder: Path) -> None:
    """Remove what `announce` wrote."""
    (data_folder / FILE_NAME).unlink(missing_ok=True)


def find_running(data_folder: Path) -> RunningHub | None:
    """Give the hub that runs on this data folder, or None; a file that a killed hub left behind counts as none."""
    path = data_folder / FILE_NAME
    if not path.exists():
        return None
    hub = RunningHub(**json.loads(path.read_text()))
    return hub if psutil.pid_exists(hub.pid) else None


def bootstrap_of(settings: HubSettings) -> str:
    """Give Kafka's address: the one set, else that of the hub that runs on the data folder.

    Raises:
        SettingsError: when neither is there.
    """
    if settings.kafka_bootstrap:
        return settings.kafka_bootstrap
    running = find_running(settings.data_folder)
    if running is None:
        raise SettingsError(
            f"no Kafka: set MEEKOPPEL_KAFKA_BOOTSTRAP, or start the hub on {settings.data_folder} with `meekoppel up`"
        )
    return running.bootstrap
