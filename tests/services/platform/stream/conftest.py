"""Services on a real broker, for the tests of the core."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from aiokafka import AIOKafkaProducer

from meekoppel_contracts.topics import TopicSpec
from meekoppel_hub.platform.stream.consumer import StreamService
from meekoppel_hub.platform.stream.subscription import ConsumerConfig
from tests.services.platform.stream.ledger import Ledger


class Rig:
    """One service name with its own topics on the shared broker."""

    def __init__(self, bootstrap, database, name, partitions=2) -> None:
        self.bootstrap = bootstrap
        self.database = database
        self.service = f"ledger-{name}"[:32]
        self.topic = f"things-{name}"
        self.echo = f"echo-{name}"
        self.partitions = partitions
        self.ledger = Ledger(database, self.echo)
        self.running: list[StreamService] = []

    def topics(self):
        names = (self.topic, self.echo, f"dead-letters.{self.service}")
        return [TopicSpec(name, self.partitions, -1) for name in names]

    async def start(self, instance: str = "1", **options) -> StreamService:
        config = ConsumerConfig(
            service=self.service, bootstrap=self.bootstrap, topics=(self.topic,), instance=instance, **options
        )
        service = StreamService(config, self.ledger, self.database)
        await service.start()
        self.running.append(service)
        return service

    async def stop(self, service: StreamService) -> None:
        self.running.remove(service)
        await service.stop()

    async def publish(self, *records, headers=()) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap)
        await producer.start()
        try:
            for key, value in records:
                await producer.send_and_wait(self.topic, value, key=key, headers=list(headers))
        finally:
            await producer.stop()

    async def until(self, condition: Callable[[], object], seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while not await asyncio.to_thread(condition):
            assert time.monotonic() < deadline, f"not within {seconds} s; the ledger has {self.ledger.entries()[:20]}"
            await asyncio.sleep(0.05)


@pytest.fixture
async def rig(kafka_bootstrap, database, org_code, create_topics):
    made = Rig(kafka_bootstrap, database, org_code)
    await create_topics(kafka_bootstrap, made.topics())
    yield made
    for service in made.running:
        await service.stop()
