"""What is read and decoded ahead, while the batch before it is applied: one batch deep, and growing until its turn."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from meekoppel_hub.platform.stream.batch import Part
from meekoppel_hub.platform.stream.held import Held
from meekoppel_hub.platform.stream.records import PartitionId


class ReadAhead:
    """The next batch. It is taken as it stands as soon as the one before is done: small when there is no lag.

    Args:
        most_records: a batch that would have more waits until the one before it was taken.
    """

    def __init__(self, most_records: int) -> None:
        self._most_records = most_records
        self._parts: dict[PartitionId, tuple[Held, Part[Any]]] = {}
        self._count = 0
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()

    async def room_for(self, count: int) -> None:
        """Wait until so many records more still make one batch; any number does when there is nothing."""
        while self._count and self._count + count > self._most_records:
            self._emptied.clear()
            await self._emptied.wait()

    def add(self, held: Held, part: Part[Any]) -> None:
        """Put a part behind what is there of its partition; a part that was taken in under an older claim goes."""
        source = held.claim.source
        known = self._parts.get(source)
        if known is not None:
            if known[0] is held:
                part = known[1].with_more(part)
            self._count -= len(known[1].records)
        self._parts[source] = (held, part)
        self._count += len(part.records)
        self._filled.set()

    async def filled(self, seconds: float | None = None) -> None:
        """Wait until there is something; for so many seconds at most, when that is given."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._filled.wait()

    def take(self) -> list[tuple[Held, Part[Any]]]:
        """Give the next batch, and leave nothing."""
        parts = list(self._parts.values())
        self._parts.clear()
        self._count = 0
        self._filled.clear()
        self._emptied.set()
        return parts
