"""A hub in one process: Kafka (its own or a given one), the database, the services, the API.

In production each service runs as a process of its own; then `services` names the one to run and Kafka and the
database are given.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog

from meekoppel_contracts.registry import packaged_registry
from meekoppel_contracts.topics import FOR_EVER, TopicSpec, dead_letters, hub_topics, organisation_topics
from meekoppel_hub.api.app import create_api
from meekoppel_hub.api.service import serving
from meekoppel_hub.asking.send import Inboxes
from meekoppel_hub.consultation.refill import refill_where_lost
from meekoppel_hub.consultation.service import NAME as CONSULTATION
from meekoppel_hub.consultation.service import consultation_service
from meekoppel_hub.coordination.service import NAME as COORDINATION
from meekoppel_hub.coordination.service import coordination_service
from meekoppel_hub.intake.service import NAME as INTAKE
from meekoppel_hub.intake.service import intake_service, refuse_lost_state
from meekoppel_hub.notifications.deliver import DeliveryWorker
from meekoppel_hub.notifications.service import NAME as NOTIFICATIONS
from meekoppel_hub.notifications.service import notifications_service
from meekoppel_hub.platform.agreements.progress import rules_progress
from meekoppel_hub.platform.clock import Clock, utc_now
from meekoppel_hub.platform.cycles import collect_seldom
from meekoppel_hub.platform.data_folder import DataFolder, open_data_folder
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.create import open_view
from meekoppel_hub.platform.deliveries import DeliveryState, count_deliveries
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.kafka import ensure_topics, start_kafka
from meekoppel_hub.platform.loopback import is_free
from meekoppel_hub.platform.organisations import load_all
from meekoppel_hub.platform.running import RunningHub, announce, take_back
from meekoppel_hub.platform.settings import HubSettings
from meekoppel_hub.platform.stream.consumer import StreamService
from meekoppel_hub.platform.stream.progress import LogProgress
from meekoppel_hub.platform.stream.pulse import Pulse, end_process, watch
from meekoppel_hub.quality.monthly import publish_each_month

log = structlog.get_logger(__name__)

API = "api"
# In the order of the flow: a service can only have work when one before it has published.
SERVICES = (INTAKE, COORDINATION, CONSULTATION, NOTIFICATIONS, API)

Progress = Callable[[str], None]


@dataclass(slots=True)
class Hub:
    """A running hub.

    Attributes:
        settings: as given.
        bootstrap: Kafka's address.
        database: the view's database.
        api_url: where the API answers; empty when it does not run here.
        services: the consuming services that run here, by name, in the order of the flow.
        deliveries: the delivering worker, when notifications run here.
    """

    settings: HubSettings
    bootstrap: str
    database: Database
    api_url: str = ""
    services: dict[str, StreamService[Any]] = field(default_factory=dict)
    deliveries: DeliveryWorker | None = None

    async def settle(self, timeout: float = 60.0) -> None:  # noqa: ASYNC109 - part of the error's meaning
        """Wait until all that was published is handled, sent on and delivered.

        Args:
            timeout: in seconds.

        Raises:
            TimeoutError: when it takes longer; the message says what was not done.
        """
        waits_for: str | None = None
        try:
            async with asyncio.timeout(timeout), LogProgress.open(self.bootstrap, self.database) as progress:
                while (waits_for := await self._unfinished(progress)) is not None:  # noqa: ASYNC110 - others do the work
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise TimeoutError(f"not settled within {timeout:.0f} s: {waits_for}") from None

    async def _unfinished(self, progress: LogProgress) -> str | None:
        """Name the first thing, in the order of the flow, that is not done; nothing comes after it is None."""
        for name, service in self.services.items():
            if service.halted is not None:
                return f"{name} is halted: {service.halted}"
            if (what := await progress.unfinished(name, service.config.topics, service.config.pattern)) is not None:
                return what
        if COORDINATION in self.services and (progress_made := await asyncio.to_thread(rules_progress, self.database)):
            return "of {1} plans {0} are matched again by the rules that changed".format(*progress_made)
        if self.deliveries is None:
            return None
        counts = await asyncio.to_thread(count_deliveries, self.database)
        waiting = counts[DeliveryState.DUE] + counts[DeliveryState.LEASED]
        return f"{waiting} deliveries are not made" if waiting else None


@asynccontextmanager
async def running_hub(
    settings: HubSettings,
    *,
    progress: Progress = lambda _: None,
    services: Collection[str] = SERVICES,
    clock: Clock = utc_now,
    on_stall: Callable[[str], None] = end_process,
) -> AsyncIterator[Hub]:
    """Run a hub while the block runs; everything that was started ends with it.

    Args:
        settings: what is set.
        progress: told, line by line, what is being done.
        services: which services to run here.
        clock: the time.
        on_stall: what is done about a service that stalls or a worker that ends; by default the process ends.

    Raises:
        SettingsError: when something that is needed is missing or taken; nothing stays behind then.
        SchemaIdsError: when MEEKOPPEL_SCHEMA_IDS names a file that cannot be used.
    """
    async with AsyncExitStack() as stack:
        collect_seldom()
        # What costs nothing to find out comes first: nothing has been started when it is wrong.
        packaged_registry()
        alone = not settings.api_shared_port
        if API in services and settings.api_port and alone and not is_free(settings.api_port, settings.api_host):
            raise SettingsError(
                f"the API cannot listen on {settings.api_host}:{settings.api_port}: another program has it; "
                "set MEEKOPPEL_API_PORT to another port, or 0 for a free one"
            )
        folder = None
        if not settings.kafka_bootstrap or not settings.database_url:
            folder = stack.enter_context(open_data_folder(settings.data_folder))
        database = await asyncio.to_thread(open_view, settings)
        stack.callback(database.close)
        bootstrap = await _kafka(settings, folder, stack, progress)
        hub = Hub(settings, bootstrap, database)
        progress("making topics")
        await ensure_topics(bootstrap, await asyncio.to_thread(_topics, settings, database))
        await _start_services(hub, services, clock, on_stall, stack)
        if set(SERVICES) <= set(services):  # else a timer publishes it: each process would compute the same
            _in_background(publish_each_month(database, bootstrap, clock), stack)
        if API in services:
            shown = database
            if settings.replica_url or database.dialect == "postgresql":
                shown = database.read_from(settings.replica_url or settings.sqlalchemy_url())
                stack.callback(shown.close)
            inboxes = Inboxes(bootstrap)
            stack.push_async_callback(inboxes.close)
            app = create_api(shown, settings, clock, inboxes)
            hub.api_url = await stack.enter_async_context(
                serving(app, settings.api_host, settings.api_port, shared=settings.api_shared_port)
            )
            progress(f"the API answers at {hub.api_url}")
        if folder is not None:
            url = settings.sqlalchemy_url()
            announce(settings.data_folder, RunningHub(os.getpid(), bootstrap, url, hub.api_url))
            stack.callback(take_back, settings.data_folder)
        yield hub


async def _kafka(settings: HubSettings, folder: DataFolder | None, stack: AsyncExitStack, progress: Progress) -> str:
    if settings.kafka_bootstrap:
        return settings.kafka_bootstrap
    assert folder is not None
    kafka = await asyncio.to_thread(start_kafka, folder, preferred_port=settings.kafka_port, progress=progress)
    stack.push_async_callback(asyncio.to_thread, kafka.stop)
    progress(f"Kafka runs on {kafka.bootstrap}")
    return kafka.bootstrap


def _topics(settings: HubSettings, database: Database) -> list[TopicSpec]:
    """List the hub's topics, those of the dead letters, and those of each organisation that is registered."""
    dead = [TopicSpec(dead_letters(name), 1, FOR_EVER) for name in SERVICES if name != API]
    inboxes = [
        topic
        for organisation in load_all(database)
        for topic in organisation_topics(organisation.code, settings.partitions)
    ]
    return [*hub_topics(settings.partitions), *dead, *inboxes]


async def _start_services(
    hub: Hub,
    services: Collection[str],
    clock: Clock,
    on_stall: Callable[[str], None],
    stack: AsyncExitStack,
) -> None:
    pulses = []
    for name in SERVICES:
        if name in services and name != API:
            service = await _wire(name, hub, clock, on_stall, stack)
            pulse = Pulse(service, hub.database, clock, hub.settings.stall_seconds)
            await asyncio.to_thread(pulse.announce)
            stack.push_async_callback(service.stop)
            await service.start()
            _in_background(pulse.run(), stack)
            hub.services[name] = service
            pulses.append(pulse)
    stack.callback(watch(pulses, end=on_stall).set)


async def _wire(
    name: str, hub: Hub, clock: Clock, on_stall: Callable[[str], None], stack: AsyncExitStack
) -> StreamService[Any]:
    service: StreamService[Any]
    if name == INTAKE:
        await refuse_lost_state(hub.bootstrap, hub.database)
        service = intake_service(hub.settings, hub.bootstrap, hub.database, clock)
    elif name == COORDINATION:
        service = coordination_service(hub.settings, hub.bootstrap, hub.database, clock)
    elif name == CONSULTATION:
        await refill_where_lost(hub.bootstrap, hub.database)
        service = consultation_service(hub.settings, hub.bootstrap, hub.database, clock)
    else:
        service, hub.deliveries = notifications_service(hub.settings, hub.bootstrap, hub.database, clock)
        _beside(hub.deliveries.run, "the delivering worker", on_stall, stack)
    return service


def _beside(
    run: Callable[[asyncio.Event], Coroutine[Any, Any, None]],
    what: str,
    on_stall: Callable[[str], None],
    stack: AsyncExitStack,
) -> None:
    """Run a worker beside a service. One that ends by itself would leave work lying: the process ends too."""
    stop = asyncio.Event()
    task = asyncio.create_task(run(stop))

    def report_end(ended: asyncio.Task[None]) -> None:
        if not stop.is_set() and not ended.cancelled():
            on_stall(f"{what} ended: {ended.exception()!r}")

    async def end() -> None:
        stop.set()
        await task

    task.add_done_callback(report_end)
    stack.push_async_callback(end)


def _in_background(work: Awaitable[None], stack: AsyncExitStack) -> None:
    task = asyncio.ensure_future(work)

    async def end() -> None:
        while not task.done():  # aiokafka swallows a cancellation at times: ask again
            task.cancel()
            await asyncio.wait([task], timeout=5)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    stack.push_async_callback(end)
