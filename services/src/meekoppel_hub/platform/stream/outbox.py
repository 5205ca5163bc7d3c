"""What a service has to publish: stored with its effects, sent after the commit, gone when acknowledged.

A crash between the broker's acknowledgement and the removal sends a record again; it carries the same event id, and
every reader of the log drops what is not newer (rule 3). Order per key holds: rows go out in the order in which they
were stored, and after a failure everything from the first failed row on is sent again.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.stream import outbox
from meekoppel_hub.platform.errors import TransientError
from meekoppel_hub.platform.stream.records import Outgoing, pack_headers, unpack_headers

log = structlog.get_logger(__name__)

PUBLISH_BATCH = 500
LONGEST_PAUSE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Stored:
    """One row of the outbox."""

    id: int
    message: Outgoing


def put(connection: Connection, service: str, lane: str, messages: Sequence[Outgoing]) -> None:
    """Store messages in the outbox; one whose event id is there already is left as it is."""
    if not messages:
        return
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    rows = [
        {
            "service": service,
            "lane": lane,
            "topic": message.topic,
            "key": message.key,
            "value": message.value,
            "headers": pack_headers(message.headers),
            "event_id": message.event_id,
        }
        for message in messages
    ]
    connection.execute(insert(outbox).on_conflict_do_nothing(index_elements=["service", "event_id"]), rows)


def waiting(connection: Connection, service: str, lanes: Iterable[str], limit: int = PUBLISH_BATCH) -> list[Stored]:
    """Read the oldest rows of these lanes, in the order in which they are to be sent."""
    query = (
        select(outbox)
        .where(outbox.c.service == service, outbox.c.lane.in_(sorted(lanes)))
        .order_by(outbox.c.id)
        .limit(limit)
    )
    return [
        Stored(row.id, Outgoing(row.topic, row.key, row.value, unpack_headers(row.headers), row.event_id))
        for row in connection.execute(query)
    ]


def count_waiting(connection: Connection, service: str | None = None) -> int:
    """Count rows that are not acknowledged yet, of one service or of all."""
    query = select(func.count()).select_from(outbox)
    return connection.execute(query if service is None else query.where(outbox.c.service == service)).scalar_one()


class OutboxPublisher:
    """Sends a service's outbox to Kafka, in order, until stopped.

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
        self._stirred = asyncio.Event()
        self.published = 0
        self.failure: str | None = None

    def wake(self) -> None:
        """Say that there may be something to send."""
        self._stirred.set()

    async def run(self) -> None:
        """Send what waits, then wait to be woken (or a second). Runs until cancelled."""
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
            if not sent:
                await self._until_woken(1.0)

    async def send_waiting(self) -> int:
        """Send one batch and remove what was acknowledged.

        Returns:
            How many rows were sent.

        Raises:
            KafkaError: the first failure; the failed row and all after it stay in the outbox.
            TransientError: the database, or Kafka's administration, is away.
        """
        self._stirred.clear()
        rows = await asyncio.to_thread(self._read)
        if not rows:
            return 0
        if new := {row.message.topic for row in rows} - self._known:
            await self._prepare(new)
            self._known |= new
        results = await self._send(rows)
        failed = next((place for place, result in enumerate(results) if isinstance(result, Exception)), len(rows))
        await asyncio.to_thread(self._remove, [row.id for row in rows[:failed]])
        self.published += failed
        if failed < len(rows):
            failure = results[failed]
            assert isinstance(failure, Exception)
            raise failure
        return len(rows)

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
            return waiting(connection, self._service, lanes)

    def _remove(self, ids: Sequence[int]) -> None:
        if not ids:
            return
        with self._database.begin() as connection:
            connection.execute(delete(outbox).where(outbox.c.id.in_(ids)))

    async def _until_woken(self, seconds: float) -> None:
        # Not asyncio.wait_for: in Python 3.11 it swallows a cancellation that comes together with the result.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stirred.wait()
