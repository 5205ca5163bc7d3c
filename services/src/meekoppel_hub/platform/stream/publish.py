"""Sending a service's outbox: straight after the commit what is in memory, from the table what was left behind.

A crash between the broker's acknowledgement and the removal sends a record again; it carries the same event id, and
every reader of the log drops what is not newer (rule 3). Order per key holds: rows go out in the order in which they
were stored, and after a failure everything from the first failed row on is sent again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.errors import TransientError
from meekoppel_hub.platform.stream import outbox
from meekoppel_hub.platform.stream.outbox import READ_AT_ONCE, Stored

log = structlog.get_logger(__name__)

SEND_AT_ONCE = 2_000
MOST_IN_MEMORY = 20_000
REMOVE_EVERY_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 30.0


class OutboxPublisher:
    """Sends a service's outbox to Kafka, in order, until stopped.

    What was committed here is offered from memory. Whenever the table may hold more than memory does (at the start,
    after a take-over, after a failure), memory is forgotten and the table is read until it gives nothing more.

    Args:
        database: where the outbox is.
        service: whose rows to send.
        lanes: gives the lanes (source partitions) that this worker owns now.
        producer: an idempotent producer with acks=all, started by the caller.
        prepare: sees that topics exist. One that is missing would hold up all that is behind it.
    """

    def __init__(
        self,
        database: Database,
        service: str,
        lanes: Callable[[], Sequence[str]],
        producer: AIOKafkaProducer,
        prepare: Callable[[Collection[str]], Awaitable[None]],
    ) -> None:
        self._database = database
        self._service = service
        self._lanes = lanes
        self._producer = producer
        self._prepare = prepare
        self._known: set[str] = set()
        self._offered: list[Stored] = []
        self._left_behind = 1  # rises with each reason to read the table; the table was read for all up to `_read_for`
        self._read_for = 0
        self._acknowledged: list[Stored] = []
        self._removing = asyncio.Lock()
        self._stirred = asyncio.Event()
        self._to_remove = asyncio.Event()
        self.published = 0
        self.failure: str | None = None

    def offer(self, rows: Sequence[Stored]) -> None:
        """Take what was just committed, to be sent at once. Commits are offered in their order."""
        if not rows:
            return
        if self._read_for != self._left_behind or len(self._offered) > MOST_IN_MEMORY:
            self.look_behind()  # it stands in the table, behind what is read there now
            return
        self._offered.extend(rows)
        self._stirred.set()

    def look_behind(self) -> None:
        """Say that the table may hold what is not in memory; from there everything is sent in its order."""
        self._offered.clear()
        self._left_behind += 1
        self._stirred.set()

    async def run(self) -> None:
        """Send what waits, and wait for more. Runs until cancelled, beside `tidy`."""
        failures = 0
        while True:
            try:
                sent = await self.send_waiting()
            except Exception as error:
                failures += 1
                pause = min(LONGEST_PAUSE_SECONDS, 0.2 * 2 ** min(failures, 8)) * random.uniform(0.5, 1.0)  # noqa: S311
                expected = isinstance(error, (KafkaError, TransientError))
                self.failure = str(error) if expected else f"{type(error).__name__}, see the log"
                log.warning(
                    "outbox_waits",
                    service=self._service,
                    seconds=round(pause, 1),
                    error=str(error),
                    exc_info=None if expected else error,
                )
                await asyncio.sleep(pause)
                continue
            failures, self.failure = 0, None
            if not sent and self._read_for == self._left_behind:
                await self._stirred.wait()

    async def tidy(self) -> None:
        """Take out of the table what was acknowledged, without holding up the sending. Runs until cancelled."""
        while True:
            await self._to_remove.wait()
            self._to_remove.clear()
            try:
                await self.remove_acknowledged()
            except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again: at worst a record is sent twice
                log.warning("outbox_not_removed", service=self._service, error=repr(error))
                self._to_remove.set()
                await asyncio.sleep(1)
            await asyncio.sleep(REMOVE_EVERY_SECONDS)

    async def send_waiting(self) -> int:
        """Send what is next.

        Returns:
            How many rows were sent.

        Raises:
            KafkaError: the first failure; the failed row and all after it stay in the outbox.
            TransientError: the database, or Kafka's administration, is away.
        """
        self._stirred.clear()
        rows = await self._next()
        if not rows:
            return 0
        if new := {row.message.topic for row in rows} - self._known:
            try:
                await self._prepare(new)
            except BaseException:
                self.look_behind()
                raise
            self._known |= new
        results = await self._send(rows)
        failed = next((place for place, result in enumerate(results) if isinstance(result, BaseException)), len(rows))
        self._acknowledged.extend(rows[:failed])
        self._to_remove.set()
        self.published += failed
        if failed < len(rows):
            self.look_behind()
            failure = results[failed]
            assert isinstance(failure, BaseException)
            raise failure
        return len(rows)

    async def remove_acknowledged(self) -> None:
        """Take out of the table what was acknowledged.

        Raises:
            TransientError: the database is away; it is asked for again.
        """
        async with self._removing:
            rows, self._acknowledged = self._acknowledged, []
            if not rows:
                return
            try:
                await asyncio.to_thread(self._remove, rows)
            except BaseException:
                self._acknowledged[:0] = rows
                raise

    async def close(self) -> None:
        """Take out what was acknowledged last; what cannot be taken out is sent again at the next start."""
        try:
            await self.remove_acknowledged()
        except TransientError as error:
            log.info("outbox_not_removed", service=self._service, error=str(error))

    async def _next(self) -> Sequence[Stored]:
        """Take from memory what is next, or read it from the table while something may be left behind there."""
        if self._read_for == self._left_behind:
            rows, self._offered = self._offered[:SEND_AT_ONCE], self._offered[SEND_AT_ONCE:]
            return rows
        await self.remove_acknowledged()  # or it would be read, and sent, once more
        reads_for = self._left_behind
        rows = await asyncio.to_thread(self._read)
        if len(rows) < READ_AT_ONCE:
            self._read_for = reads_for  # what was committed while we read has raised the other number
        return rows

    async def _send(self, rows: Sequence[Stored]) -> list[Any]:
        """Give what became of each row, in order; nothing is sent behind one that the producer refuses."""
        futures: list[asyncio.Future[Any]] = []
        refused: list[Exception] = []
        for row in rows:
            message = row.message
            try:
                futures.append(
                    await self._producer.send(
                        message.topic, message.value, key=message.key, headers=list(message.headers)
                    )
                )
            except Exception as error:  # noqa: BLE001 - what was sent before it must be awaited and removed all the same
                refused.append(error)
                break
        return [*await asyncio.gather(*futures, return_exceptions=True), *refused]

    def _read(self) -> list[Stored]:
        lanes = self._lanes()
        if not lanes:
            return []
        with self._database.read() as connection:
            return outbox.waiting(connection, self._service, lanes)

    def _remove(self, rows: Sequence[Stored]) -> None:
        with self._database.begin() as connection:
            outbox.remove(connection, rows)
