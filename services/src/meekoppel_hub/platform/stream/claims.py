"""The partitions of a worker: claimed when Kafka assigns them, given up when it takes them, paused after a failure."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Collection, Coroutine
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from meekoppel_hub.platform.errors import Fenced, TransientError
from meekoppel_hub.platform.stream.held import Held
from meekoppel_hub.platform.stream.offsets import Claim
from meekoppel_hub.platform.stream.records import PartitionId
from meekoppel_hub.platform.stream.subscription import ConsumerConfig, partition_of, source_of

log = structlog.get_logger(__name__)

LONGEST_BACK_OFF_SECONDS = 30.0


class Claims:
    """Claims partitions in the database before anything is read of them, and keeps what is known of each.

    Args:
        config: whose claims.
        consumer: gives the running consumer.
        claim: claims one partition, in a worker thread; gives the claim and where to go on.
        spawn: runs a task of its own until it ends or the service stops.
        on_change: told when what is held changed: the outbox may have rows of it that were left behind.
        halt: stops the service, saying why.
    """

    def __init__(
        self,
        config: ConsumerConfig,
        consumer: Callable[[], AIOKafkaConsumer],
        claim: Callable[[PartitionId], tuple[Claim, int]],
        *,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        on_change: Callable[[], None],
        halt: Callable[[str], None],
    ) -> None:
        self.held: dict[PartitionId, Held] = {}
        self.trouble = ""
        self.is_stopping = False
        self.is_halted = False  # nothing is handled any more, but what is held can be released from parking
        self._config = config
        self._consumer = consumer
        self._claim = claim
        self._spawn = spawn
        self._on_change = on_change
        self._halt = halt
        self._assignment = 0  # rises with each rebalance: what was begun under an older one is given up

    def assigned(self, partitions: Collection[TopicPartition]) -> None:
        """Claim partitions and go to their stored offsets; nothing is read before that."""
        self._consumer().pause(*partitions)
        for partition in sorted(partitions):
            self._spawn(self._take_over(partition, self._assignment))

    def revoked(self, partitions: Collection[TopicPartition]) -> None:
        """Take nothing more of these partitions."""
        self._assignment += 1
        for partition in partitions:
            self.held.pop(source_of(partition), None)
        self._on_change()

    def forget(self) -> None:
        """Take nothing more of any partition: the client is replaced."""
        self._assignment += 1
        self.held.clear()
        self._on_change()

    def is_current(self, held: Held) -> bool:
        """Tell whether what was taken in under this claim may still be handled."""
        return not (self.is_stopping or self.is_halted or held.pausing) and self.held.get(held.claim.source) is held

    def claim_again(self, held: Held) -> None:
        """Take nothing more of a partition that is held until it is claimed again."""
        partition = partition_of(held.claim.source)
        del self.held[held.claim.source]
        self._consumer().pause(partition)
        self._spawn(self._take_over(partition, self._assignment, held))

    def back_off(self, held: Held, error: TransientError | Fenced, now: float) -> None:
        """Pause the partition, and go on later where the database says that it stopped.

        The same when another worker claimed it although we were not told that we lost it. One of the two is told at
        its next heartbeat; the other claims it again, so that the partition is never left to nobody.
        """
        if self.held.get(held.claim.source) is not held:
            return  # assigned anew, or to another worker, in the meantime
        partition = partition_of(held.claim.source)
        held.failures += 1
        held.moved_at = now
        fenced = isinstance(error, Fenced)
        pause = self._config.session_seconds / 5 if fenced else _pause_seconds(held.failures)
        self.trouble = f"{held.claim.source.lane} waits {pause:.1f} s: {error}"
        log.warning("partition_waits", service=self._config.service, seconds=round(pause, 1), error=str(error))
        if partition in self._consumer().assignment():
            self._consumer().pause(partition)
            held.pausing = True
            self._spawn(self._resume(partition, held, pause))

    async def _resume(self, partition: TopicPartition, held: Held, pause: float) -> None:
        await asyncio.sleep(pause)
        if self.held.get(held.claim.source) is held:  # else assigned anew, or to another worker, in the meantime
            await self._take_over(partition, self._assignment, held)

    async def _take_over(self, partition: TopicPartition, assignment: int, former: Held | None = None) -> None:
        """Claim one partition, trying until the database answers, then read on from the stored offset.

        A rebalance in the meantime ends it: whoever has the partition then has claimed it, and must not be fenced.
        """
        source = source_of(partition)
        failures = 0
        while assignment == self._assignment and not self.is_stopping:
            try:
                claim, next_offset = await asyncio.to_thread(self._claim, source)
                end = (await self._consumer().end_offsets([partition]))[partition]
            except (TransientError, KafkaError) as error:
                failures += 1
                self.trouble = f"cannot take over {source.lane}: {error}"
                await asyncio.sleep(_pause_seconds(failures))
            except Exception as error:
                log.exception("take_over_failed", service=self._config.service, lane=source.lane)
                self._halt(f"cannot take over {source.lane}: {type(error).__name__}, see the log")
                return
            else:
                if assignment == self._assignment and partition in self._consumer().assignment():
                    self._read_on(partition, Held(claim, next_offset, end_offset=end), former)
                return

    def _read_on(self, partition: TopicPartition, held: Held, former: Held | None) -> None:
        """Begin to read a partition that was claimed; `former` is what was held of it before a pause."""
        if held.next_offset > held.end_offset:
            self._halt(self._cut(held))
            return
        if former is not None:
            held.failures, held.moved_at, held.looked_again = former.failures, former.moved_at, former.looked_again
        self._consumer().seek(partition, held.next_offset)
        self.held[held.claim.source] = held
        self.trouble = ""
        if not self.is_halted:
            self._consumer().resume(partition)
        self._on_change()

    def _cut(self, held: Held) -> str:
        return (
            f"{held.claim.source.lane} does not reach offset {held.next_offset} any more, up to which "
            f"{self._config.service} had read: the log was cut or replaced. Bring back Kafka's data, or start with an "
            f"empty data folder and rebuild"
        )


def _pause_seconds(failures: int) -> float:
    return min(LONGEST_BACK_OFF_SECONDS, 0.25 * 2.0 ** min(failures, 8)) * random.uniform(0.5, 1.0)  # noqa: S311
