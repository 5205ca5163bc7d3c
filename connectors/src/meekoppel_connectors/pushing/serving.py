"""Starting and ending a connector that is pushed to."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from aiohttp import web

from meekoppel_connectors.clock import Clock, utc_now
from meekoppel_connectors.config import ConnectorConfig
from meekoppel_connectors.errors import ConfigError, SourceError
from meekoppel_connectors.pushing.keeping import Keeper
from meekoppel_connectors.pushing.publishing import Publisher
from meekoppel_connectors.pushing.server import PushServer
from meekoppel_connectors.pushing.sns import Sns
from meekoppel_connectors.secrets import read_secret
from meekoppel_connectors.sources.pushed.push import PushSettings
from meekoppel_connectors.state import open_state
from meekoppel_contracts.registry import packaged_registry

REQUESTS_END_WITHIN_SECONDS = 3.0
ENDED_BY = (signal.SIGTERM, signal.SIGINT)


def serve(
    config: ConnectorConfig,
    *,
    ready: Callable[[str], None] = lambda _address: None,
    sns: Sns | None = None,
    clock: Clock = utc_now,
) -> None:
    """Take plans until the process is asked to end; what was answered with 202 is then in the state. Blocks.

    Args:
        config: of a connector whose source has the format `push`.
        ready: is told the address, once it answers.
        sns: checks messages of SNS; by the topics of the configuration when not given.
        clock: gives the time.

    Raises:
        Fatal: when the configuration is of another source, or the token's environment variable is not set.
        StateError: when the state cannot be used, or another run uses it.
    """
    settings = config.source
    if not isinstance(settings, PushSettings):
        raise ConfigError(config.path, "source.format", "must be push, for plans to be pushed; others are run")
    token = None
    if settings.messages == "plans":
        token = read_secret(settings.token_variable, "source.token_variable")
    elif sns is None:
        sns = Sns(settings.topics, clock=clock)
    packaged_registry()
    with ThreadPoolExecutor(1, "state") as thread:
        asyncio.run(_Serving(config, settings, thread, clock).go_on(token, sns, ready))


class _Serving:
    def __init__(
        self, config: ConnectorConfig, settings: PushSettings, thread: ThreadPoolExecutor, clock: Clock
    ) -> None:
        self._config = config
        self._settings = settings
        self._thread = thread
        self._clock = clock
        self._state = open_state(config.state, config.organisation, clock())

    async def go_on(self, token: str | None, sns: Sns | None, ready: Callable[[str], None]) -> None:
        loop = asyncio.get_running_loop()
        ending = asyncio.Event()
        for number in ENDED_BY:
            loop.add_signal_handler(number, ending.set)
        keeper = await loop.run_in_executor(self._thread, self._open)
        publisher = Publisher(self._config)
        try:
            publisher.start()
            server = PushServer(
                self._settings, keeper, publisher, self._thread, token=token,
                sns=sns if self._settings.messages == "street-manager" else None, id_field=_id_field(self._config),
                clock=self._clock,
            )  # fmt: skip
            await self._answer_until(ending, server, ready)
        finally:
            await loop.run_in_executor(None, publisher.end)
            await loop.run_in_executor(self._thread, self._close, keeper)

    async def _answer_until(self, ending: asyncio.Event, server: PushServer, ready: Callable[[str], None]) -> None:
        runner = web.AppRunner(server.application(), shutdown_timeout=REQUESTS_END_WITHIN_SECONDS, access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, self._settings.host, self._settings.port)
            try:
                await site.start()
            except OSError as error:
                raise SourceError(self._settings.place, f"cannot listen there: {error.strerror}") from error
            host, port = runner.addresses[0][:2]
            ready(f"http://{host}:{port}/plans")
            await ending.wait()
        finally:
            await runner.cleanup()

    def _open(self) -> Keeper:
        state = self._state.__enter__()
        try:
            return Keeper(self._config, state, self._clock(), self._settings.waiting_limit)
        except BaseException as error:
            self._state.__exit__(type(error), error, error.__traceback__)
            raise

    def _close(self, keeper: Keeper) -> None:
        try:
            keeper.end(self._clock())
        finally:
            self._state.__exit__(None, None, None)


def _id_field(config: ConnectorConfig) -> str | None:
    rule = config.plan.get("id")
    field = rule.get("field") if isinstance(rule, dict) else None
    return field if isinstance(field, str) else None
