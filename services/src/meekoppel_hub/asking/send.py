"""Put requests into inboxes: a producer that starts with the first of them."""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from meekoppel_hub.platform.errors import TransientError
from meekoppel_hub.platform.inbox_message import InboxMessage

PATIENCE_SECONDS = 10.0


class Inboxes:
    """Sends requests to Kafka; used within one event loop, closed by whoever made it.

    Args:
        bootstrap: Kafka's address; empty where there is none, and then nothing can be sent.
    """

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._producer: AIOKafkaProducer | None = None
        self._starting: asyncio.Lock | None = None

    async def send(self, message: InboxMessage) -> None:
        """Send a request, and wait until Kafka has it.

        Raises:
            TransientError: when Kafka is away; nothing is known then of whether it has the request. The same request
                again is harmless.
        """
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                producer = await self._started()
                await producer.send_and_wait(message.topic, message.value, key=message.key, headers=message.headers)
        except (KafkaError, TimeoutError) as error:
            raise TransientError(f"the request cannot be sent to {message.topic} now: {error!r}") from error

    async def close(self) -> None:
        """Close the connection, if there is one."""
        if self._producer is not None:
            await self._producer.stop()
            self._producer = None

    async def _started(self) -> AIOKafkaProducer:
        if not self._bootstrap:
            raise TransientError("this API was started without Kafka; it can show, but not send")
        if self._starting is None:
            self._starting = asyncio.Lock()
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(bootstrap_servers=self._bootstrap, enable_idempotence=True, acks="all")
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
        return self._producer
