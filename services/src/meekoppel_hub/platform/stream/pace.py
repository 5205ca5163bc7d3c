"""How often a service that has little to do asks Kafka."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from aiokafka import AIOKafkaConsumer

from meekoppel_hub.platform.stream.claims import Claims
from meekoppel_hub.platform.stream.held import Held
from meekoppel_hub.platform.stream.subscription import ConsumerConfig, partition_of

PACE_MS_PER_PARTITION = 0.1


class Pace:
    """Lets partitions rest between polls that give little.

    A fetch costs the same for one record as for many: it names all partitions. Without a rest aiokafka fetches at once
    what is there after a poll, one record or two, and keeps it: the next poll would give only these, late by the whole
    pace.

    Args:
        config: has the pace.
        consumer: gives the consumer, while the service is started.
        claims: what this worker holds.
    """

    def __init__(self, config: ConsumerConfig, consumer: Callable[[], AIOKafkaConsumer], claims: Claims) -> None:
        self._config = config
        self._consumer = consumer
        self._claims = claims

    def rest(self) -> list[Held]:
        """Fetch nothing for a while; gives what rests."""
        assigned = self._consumer().assignment()
        resting = [
            held
            for source, held in self._claims.held.items()
            if self._claims.is_current(held) and partition_of(source) in assigned
        ]
        self._consumer().pause(*(partition_of(held.claim.source) for held in resting))
        return resting

    async def keep(self, resting: Sequence[Held], polled_at: float) -> None:
        """Wait until it is time for the next poll, then fetch again what rested.

        Without what was lost, claimed anew or paused for another reason meanwhile.

        Args:
            resting: what `rest` gave; nothing when there was much, and then there is no wait.
            polled_at: when the last poll came, on the monotonic clock.
        """
        if not resting:
            return
        pace = (self._config.pace_ms + PACE_MS_PER_PARTITION * len(resting)) / 1_000
        await asyncio.sleep(polled_at + pace - time.monotonic())
        assigned = self._consumer().assignment()
        partitions = [partition_of(held.claim.source) for held in resting if self._claims.is_current(held)]
        self._consumer().resume(*(partition for partition in partitions if partition in assigned))
