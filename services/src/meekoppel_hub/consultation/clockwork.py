"""What consultation does as time passes: decides on requests that waited, acts on deadlines that passed.

Every worker takes this step every second. The rows that it acts on are locked and read in its transaction, so what one
worker has done the other finds done: once each, however many workers run. What the step tells goes into the outbox in a
lane that this worker holds; whoever gets that partition afterwards sends what is left.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final

import structlog

from meekoppel_hub.consultation.batch import Batch
from meekoppel_hub.consultation.consume import load_organisations, report
from meekoppel_hub.consultation.handler import Handler
from meekoppel_hub.consultation.handlers import HANDLERS
from meekoppel_hub.consultation.outcome import Outcome, Request
from meekoppel_hub.consultation.receive import read_request
from meekoppel_hub.consultation.requests import end_waiting, load_waiting, record_of_waiting
from meekoppel_hub.platform.clock import Clock, utc_now
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.errors import TransientError
from meekoppel_hub.platform.stream import outbox
from meekoppel_hub.platform.stream.records import Outgoing, PartitionId

log = structlog.get_logger(__name__)

PATIENCE: Final = timedelta(seconds=60)
"""How long a request waits for the log to bring what it names."""

STEP_SECONDS: Final = 1.0
_AT_ONCE = 200

Step = Callable[[Batch, PartitionId], None]
"""A further thing to do as time passes, in a transaction of its own; the partition is the lane of what it tells."""


class Clockwork:
    """Takes the step every second, until stopped.

    Args:
        database: of the hub.
        service: whose outbox is used.
        lanes: gives the partitions that this worker holds now; without one it does nothing.
        wake: called when there is something to publish.
        clock: the time.
        handlers: by contract.
        steps: further things to do.
    """

    def __init__(
        self,
        database: Database,
        service: str,
        lanes: Callable[[], Sequence[PartitionId]],
        wake: Callable[[], None],
        *,
        clock: Clock = utc_now,
        handlers: Mapping[str, Handler] = HANDLERS,
        steps: Sequence[Step] = (),
    ) -> None:
        self._database = database
        self._service = service
        self._lanes = lanes
        self._wake = wake
        self._clock = clock
        self._handlers = handlers
        self._steps = (self._decide_on_waiting, *steps)

    async def run(self, stop: asyncio.Event) -> None:
        """Take the step every second until `stop` is set; a database that is away is waited for."""
        while not stop.is_set():
            try:
                if await asyncio.to_thread(self.step):
                    self._wake()
            except TransientError as error:
                log.warning("clockwork_waits", service=self._service, error=str(error))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STEP_SECONDS):
                    await stop.wait()

    def step(self) -> int:
        """Do what the time asks for; gives how many records it put into the outbox."""
        lanes = self._lanes()
        return sum(self._in_transaction(one, lanes[0]) for one in self._steps) if lanes else 0

    def _in_transaction(self, step: Step, lane: PartitionId) -> int:
        messages: list[tuple[str, Outgoing]] = []
        with self._database.begin() as connection:
            batch = Batch(
                connection,
                lambda message, _: messages.append((lane.lane, message)),
                self._handlers,
                {},
                self._clock(),
            )
            step(batch, lane)
            outbox.put(connection, self._service, messages)
        report(batch, ())
        return len(messages)

    def _decide_on_waiting(self, batch: Batch, _: PartitionId) -> None:
        """Decide on requests that waited, in their order; one whose time is over is refused."""
        blocked: set[tuple[str, str]] = set()
        for row in load_waiting(batch.connection, _AT_ONCE):
            if (row.organisation, row.subject) in blocked:
                continue
            item = read_request(record_of_waiting(row), self._handlers)
            assert isinstance(item, Request), "it was read before it was kept"
            batch.register(load_organisations(batch.connection, {item.organisation}))
            if batch.take_again(item, patient=row.since + PATIENCE > batch.now) is Outcome.WAITING:
                blocked.add((row.organisation, row.subject))
            else:
                end_waiting(batch.connection, row.id)
