"""Play the demonstration: set the town up, let a month pass, and reckon."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from zoneinfo import ZoneInfo

from meekoppel_contracts.ids import OrgCode
from meekoppel_hub.demo.changes import TownAdministration
from meekoppel_hub.demo.connector import connector_program, run_connector, set_up_connector
from meekoppel_hub.demo.errors import DemoFailed
from meekoppel_hub.demo.exports import export_plans
from meekoppel_hub.demo.organisations import ORGANISATIONS
from meekoppel_hub.demo.plans import first_plans
from meekoppel_hub.demo.receiver import Receiver, listening
from meekoppel_hub.demo.reckoning import Reckoning, reckon
from meekoppel_hub.demo.scene import Scene
from meekoppel_hub.demo.screen import Screen
from meekoppel_hub.demo.taking_part import Tokens, register_all, subscribe_all
from meekoppel_hub.demo.town import SRID, Town, build_town
from meekoppel_hub.hub import Hub, running_hub
from meekoppel_hub.platform.settings import HubSettings

# Exports are made in the evening, by each organisation every sixth day, and by everybody on the last day.
_EXPORTED_AT = time_of_day(18)
_DAYS_BETWEEN_EXPORTS = 6
_CONNECTORS_AT_ONCE = 2
_SETTLE_SECONDS = 300.0
_ZONE = ZoneInfo("Europe/Amsterdam")


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """How to play.

    Attributes:
        folder: where the hub's data and the organisations' files are kept; empty or new.
        seed: of everything that goes by chance.
        first_day: the day before the month that is played.
        days: how many days are played.
        seconds_per_day: a day takes at least so long, so that one can watch.
        api_port: of the hub's API; 0 takes a free one.
    """

    folder: Path
    seed: int
    first_day: date
    days: int = 30
    seconds_per_day: float = 0.0
    api_port: int = 0

    @property
    def hub_folder(self) -> Path:
        """Where the hub keeps its data."""
        return self.folder / "hub"

    def organisation_folder(self, owner: OrgCode) -> Path:
        """Where an organisation exports to and its connector runs."""
        return self.folder / "organisations" / owner


@dataclass(frozen=True, slots=True)
class Played:
    """The demonstration after its month, with the hub still running."""

    hub: Hub
    tokens: Tokens
    reckoning: Reckoning


@asynccontextmanager
async def played_demo(settings: DemoSettings, screen: Screen) -> AsyncIterator[Played]:
    """Play the month; the hub goes on while the block runs.

    Raises:
        DemoFailed: when the folder is not empty, or something that must work does not.
    """
    began = time.monotonic()
    connector_program()
    _require_fresh(settings.folder)
    hub_settings = _hub_settings(settings)
    tokens = await asyncio.to_thread(register_all, hub_settings)
    town = build_town(settings.seed)
    async with listening() as receiver, running_hub(hub_settings, progress=screen.say) as hub:
        await subscribe_all(hub.api_url, tokens, town, receiver)
        scene = Scene()
        async with screen.showing(scene, receiver, hub.database):
            await _Month(settings, town, hub, scene, screen).play()
            scene.doing = "the month is over; the hub finishes what is at hand"
            await _settle(hub)
            scene.doing = "the month is over"
        reckoning = await _reckon(hub, scene, receiver, time.monotonic() - began)
        yield Played(hub, tokens, reckoning)


class _Month:
    """The days, one after the other."""

    def __init__(self, settings: DemoSettings, town: Town, hub: Hub, scene: Scene, screen: Screen) -> None:
        self._settings = settings
        self._hub = hub
        self._scene = scene
        self._screen = screen
        self._town = TownAdministration(town, first_plans(town, settings.first_day, settings.seed), settings.seed)
        self._places = asyncio.Semaphore(_CONNECTORS_AT_ONCE)

    async def play(self) -> None:
        """Export and publish everything once, then let the days pass."""
        everybody = [one.code for one in ORGANISATIONS]
        for owner in everybody:
            set_up_connector(owner, self._settings.organisation_folder(owner))
        self._scene.note_day(self._settings.first_day, [])
        self._screen.say(f"{len(everybody)} organisations export and publish all their plans for the first time")
        await self._publish(everybody, self._settings.first_day)
        for number in range(1, self._settings.days + 1):
            began = time.monotonic()
            day = self._settings.first_day + timedelta(days=number)
            self._scene.note_day(day, self._town.play_day(day))
            turn = everybody[number % _DAYS_BETWEEN_EXPORTS :: _DAYS_BETWEEN_EXPORTS]
            await self._publish(everybody if number == self._settings.days else turn, day)
            await asyncio.sleep(max(0.0, self._settings.seconds_per_day - (time.monotonic() - began)))

    async def _publish(self, owners: Collection[OrgCode], day: date) -> None:
        try:
            async with asyncio.TaskGroup() as running:
                for owner in owners:
                    running.create_task(self._publish_one(owner, day))
        except ExceptionGroup as failures:  # one sentence for the user: that of the first
            raise failures.exceptions[0] from failures
        self._screen.day_done(self._scene)

    async def _publish_one(self, owner: OrgCode, day: date) -> None:
        folder = self._settings.organisation_folder(owner)
        async with self._places:
            await asyncio.to_thread(export_plans, owner, self._town.of(owner), folder)
            as_of = datetime.combine(day, _EXPORTED_AT, _ZONE)
            self._scene.note_run(owner, await run_connector(folder, self._hub.bootstrap, as_of))


def _hub_settings(settings: DemoSettings) -> HubSettings:
    """Make the hub's settings: a Kafka and a database of its own, whatever the environment says."""
    return HubSettings(
        data_folder=settings.hub_folder,
        kafka_bootstrap="",
        kafka_port=0,
        database_url="",
        namespace="NL",
        crs=SRID,
        api_host="127.0.0.1",
        api_port=settings.api_port,
        allow_private_webhooks=True,
    )


def _require_fresh(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DemoFailed(f"{folder} is not an empty folder; the demo begins with nothing: give another --data-folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DemoFailed(f"{folder} cannot be used ({error.strerror}): give another --data-folder") from error


async def _settle(hub: Hub) -> None:
    try:
        await hub.settle(_SETTLE_SECONDS)
    except TimeoutError as error:
        raise DemoFailed(f"the hub did not finish: {error}") from error


async def _reckon(hub: Hub, scene: Scene, receiver: Receiver, seconds: float) -> Reckoning:
    published, rejected = sum(scene.published.values()), sum(scene.rejected.values())
    return await reckon(hub.bootstrap, hub.database, published, rejected, receiver, seconds)
