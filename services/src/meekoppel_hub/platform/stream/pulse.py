"""A service's pulse: every second it says how it is, serves operators' wishes and lets the watchdog look.

Health is progress per partition, not a ping (rule 8): a service that has lag and does not move is stalled, however
well its connections look. The watchdog then ends the process, and whoever started it starts it again.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from typing import Any

import structlog
from aiokafka.errors import IllegalStateError, KafkaError
from sqlalchemy.dialects import postgresql, sqlite

from meekoppel_hub.platform.clock import Clock
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.stream import health
from meekoppel_hub.platform.errors import TransientError
from meekoppel_hub.platform.stream.consumer import StreamService

log = structlog.get_logger(__name__)

PULSE_SECONDS = 1.0
ANSWER_SECONDS = 10.0
REACH_SECONDS = 2.0
WHILE_OTHERS_MOVE = 10
ASK_EVERY_SECONDS_PER_PARTITION = 0.02  # what Kafka answers of hundreds of them takes time to read
ASK_AT_LEAST_EVERY_SECONDS = 10.0
EXIT_STALLED = 70


class Pulse:
    """Keeps the health row of one service, and its housekeeping.

    Args:
        service: the running service.
        database: where the health row is.
        clock: the time.
        stall_seconds: after how long without progress, while there is lag, the service counts as stalled.
    """

    def __init__(self, service: StreamService[Any], database: Database, clock: Clock, stall_seconds: float) -> None:
        self.beat_at = time.monotonic()
        self._service = service
        self._database = database
        self._clock = clock
        self._stall_seconds = stall_seconds
        self._ask_ends_at = 0.0

    @property
    def name(self) -> str:
        """The service's name."""
        return self._service.config.service

    def announce(self) -> None:
        """Say that the service starts; what its row said when it last ran does not count any more."""
        self._write("starting", "no partition assigned yet")

    async def run(self) -> None:
        """Beat until cancelled; at the end the health row says `stopped`."""
        try:
            while True:
                await self._beat()
                await asyncio.sleep(PULSE_SECONDS)
        finally:
            await asyncio.shield(asyncio.to_thread(self._write, "stopped", ""))

    def stalled(self) -> str | None:
        """Say what is stalled, or None. Called by the watchdog from its own thread."""
        now = time.monotonic()
        if now - self.beat_at > self._stall_seconds:
            return f"{self.name}: the event loop did not turn for {now - self.beat_at:.0f} s"
        if self._service.halted is not None:
            return None
        # In a long queue a partition waits for its turn: while others move it has more time.
        others_move = now - self._service.moved_at < self._stall_seconds
        patience = self._stall_seconds * (WHILE_OTHERS_MOVE if others_move else 1)
        for source, held in list(self._service.held.items()):
            standing = now - held.moved_at
            if held.behind and not held.pausing and standing > patience:
                return (
                    f"{self.name}: {source.lane} is {held.behind} records behind and did not move for {standing:.0f} s"
                )
        return None

    async def _beat(self) -> None:
        self.beat_at = time.monotonic()
        trouble = ""
        try:
            await self._service.revive()
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._refresh_end_offsets()
                await self._service.commit_to_kafka()
                await self._service.look_again()
        except (KafkaError, IllegalStateError, TimeoutError) as error:
            trouble = f"Kafka does not answer: {error!r}"
        self._start_clocks(kafka_is_away=bool(trouble) and not await can_reach(self._service.config.bootstrap))
        try:
            await self._service.release_parked()
            await asyncio.to_thread(self._write, *self._state(trouble))
        except TransientError as error:
            log.warning("health_not_written", service=self.name, error=str(error))

    async def _refresh_end_offsets(self) -> None:
        """Ask where the log ends: at each beat, with more than 50 partitions less often."""
        now = time.monotonic()
        if now >= self._ask_ends_at:
            await self._service.refresh_end_offsets()
            pause = min(ASK_AT_LEAST_EVERY_SECONDS, ASK_EVERY_SECONDS_PER_PARTITION * len(self._service.held))
            self._ask_ends_at = now + pause if pause > PULSE_SECONDS else now

    def _start_clocks(self, *, kafka_is_away: bool) -> None:
        """A partition without lag cannot stall: its time counts from when it last was even with the log.

        Nor can one whose Kafka is away: that is waited for. One that is there and does not answer us may be a stall.
        """
        for held in self._service.held.values():
            if held.behind == 0 or kafka_is_away:
                held.moved_at = time.monotonic()

    def _state(self, trouble: str) -> tuple[str, str]:
        service = self._service
        failure = service.publisher.failure if service.publisher is not None else None
        if service.halted is not None:
            return "halted", service.halted
        if not service.held:
            return "starting", service.detail or "no partition assigned yet"
        detail = trouble or service.detail or (f"publishing waits: {failure}" if failure else "")
        return ("waiting", detail) if detail else ("running", "")

    def _write(self, state: str, detail: str) -> None:
        insert = postgresql.insert if self._database.dialect == "postgresql" else sqlite.insert
        values = {
            "state": state,
            "detail": detail,
            "lag": self._service.lag(),
            "handled": self._service.handled,
            "updated_at": self._clock(),
        }
        row = insert(health).values(service=self.name, instance=self._service.config.instance, **values)
        with self._database.begin() as connection:
            connection.execute(row.on_conflict_do_update(index_elements=["service", "instance"], set_=values))


async def can_reach(bootstrap: str) -> bool:
    """Tell whether any of Kafka's addresses accepts a connection, asked without the client that may have stalled."""
    for address in bootstrap.split(","):
        host, _, port = address.strip().rpartition(":")
        try:
            async with asyncio.timeout(REACH_SECONDS):
                _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
        except (OSError, TimeoutError):
            continue
        writer.close()
        return True
    return False


def watch(pulses: list[Pulse], *, end: Callable[[str], None]) -> threading.Event:
    """Start the watchdog: a thread of its own, so that it sees an event loop that hangs.

    Args:
        pulses: the services to watch.
        end: what to do about a stall, such as `end_process`.

    Returns:
        An event; setting it stops the watchdog.
    """
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(PULSE_SECONDS):
            for pulse in pulses:
                if (why := pulse.stalled()) is not None:
                    end(why)

    threading.Thread(target=look, name="watchdog", daemon=True).start()
    return stop


def end_process(why: str) -> None:
    """End the process at once, with exit code 70; whoever started it starts it again."""
    log.critical("stalled", why=why, exit_code=EXIT_STALLED)
    os._exit(EXIT_STALLED)
