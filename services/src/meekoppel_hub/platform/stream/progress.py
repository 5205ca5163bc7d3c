"""Whether a service has done all that stands in the log: its offsets against the log's ends, and its outbox."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from sqlalchemy import select

from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.stream import offsets
from meekoppel_hub.platform.stream.outbox import count_waiting


class LogProgress:
    """Compares what services have stored with what the log holds."""

    def __init__(self, consumer: AIOKafkaConsumer, admin: AIOKafkaAdminClient, database: Database) -> None:
        self._consumer = consumer
        self._admin = admin
        self._database = database
        self._partitions: dict[str, list[TopicPartition]] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls, bootstrap: str, database: Database) -> AsyncIterator[LogProgress]:
        """Connect for as long as the block runs."""
        async with AsyncExitStack() as stack:
            consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=None)
            stack.push_async_callback(consumer.stop)
            await consumer.start()
            admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
            stack.push_async_callback(admin.close)
            await admin.start()
            yield cls(consumer, admin, database)

    async def unfinished(self, service: str, topics: Sequence[str], pattern: str | None) -> str | None:
        """Say what a service has not done yet of these topics, or None."""
        names = set(topics)
        if pattern is not None:
            names |= {name for name in await self._admin.list_topics() if re.fullmatch(pattern, name)}
        ends = await self._ends(names)
        stored = await asyncio.to_thread(self._stored, service)
        for partition, end in ends.items():
            done = stored.get((partition.topic, partition.partition), 0)
            if done < end:
                return f"{service} is at {done} of {end} in {partition.topic}/{partition.partition}"
        waiting = await asyncio.to_thread(self._waiting, service)
        return f"{waiting} records of {service} wait to be published" if waiting else None

    async def _ends(self, topics: set[str]) -> dict[TopicPartition, int]:
        """Ask where each partition ends. The partitions come from the admin client: a consumer knows only its own."""
        if new := sorted(topics - self._partitions.keys()):
            for topic in await self._admin.describe_topics(new):
                name = topic["topic"]
                self._partitions[name] = [TopicPartition(name, each["partition"]) for each in topic["partitions"]]
        partitions = [partition for topic in sorted(topics) for partition in self._partitions[topic]]
        ends: dict[TopicPartition, int] = await self._consumer.end_offsets(partitions) if partitions else {}
        return ends

    def _stored(self, service: str) -> dict[tuple[str, int], int]:
        query = select(offsets.c.topic, offsets.c.partition, offsets.c.next_offset).where(offsets.c.service == service)
        with self._database.read() as connection:
            return {(row.topic, row.partition): row.next_offset for row in connection.execute(query)}

    def _waiting(self, service: str) -> int:
        with self._database.read() as connection:
            return count_waiting(connection, service)
