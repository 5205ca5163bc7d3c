"""The delivering worker: claims deliveries, sends them side by side, and keeps each lane in its order.

One loop does all bookkeeping, a transaction per turn: it settles the attempts that ended and claims what there is
room for. Sending happens in tasks beside it. Nothing is kept in memory that matters: after a crash the leases run out
and the deliveries are claimed again, under the same ids.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta

import structlog

from meekoppel_hub.notifications.guard import Lookup, look_up
from meekoppel_hub.notifications.metrics import ATTEMPTS, DELAY, IN_FLIGHT
from meekoppel_hub.notifications.send import Delivered, Failed, Refused, Sender
from meekoppel_hub.notifications.store import Capacity, Claim, DeliveryStore, Result
from meekoppel_hub.platform.clock import Clock, utc_now
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.errors import TransientError
from meekoppel_hub.platform.settings import HubSettings

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryLimits:
    """How much a worker does at once, and how long it waits.

    Attributes:
        in_flight: deliveries on their way at once, in all.
        per_subscription: of those, for one subscription; one that fails gets a single one until it answers again.
        timeout_seconds: for one attempt, from connecting to the end of the answer.
        lease_seconds: how long a claim lasts; well above the timeout, so that it ends only after a crash.
        poll_seconds: how often the database is looked at when nobody wakes the worker.
        database_pause_seconds: how long to wait when the database is away.
    """

    in_flight: int = 256
    per_subscription: int = 16
    timeout_seconds: float = 10.0
    lease_seconds: float = 60.0
    poll_seconds: float = 1.0
    database_pause_seconds: float = 1.0


class DeliveryWorker:
    """Delivers to webhooks until it is told to stop.

    Attributes:
        delivered: how many deliveries this worker completed.
    """

    def __init__(
        self,
        database: Database,
        settings: HubSettings,
        clock: Clock = utc_now,
        *,
        limits: DeliveryLimits | None = None,
        lookup: Lookup = look_up,
    ) -> None:
        self.delivered = 0
        self._limits = limits or DeliveryLimits()
        self._clock = clock
        self._store = DeliveryStore(database, timedelta(seconds=self._limits.lease_seconds))
        self._sender = Sender(
            allow_private=settings.allow_private_webhooks,
            timeout_seconds=self._limits.timeout_seconds,
            connections=self._limits.in_flight,
            clock=clock,
            lookup=lookup,
        )
        self._sending: set[asyncio.Task[None]] = set()
        self._results: list[Result] = []
        self._per_subscription: Counter[str] = Counter()
        self._failing: set[str] = set()
        self._news: asyncio.Event = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def wake(self) -> None:
        """Say that there may be something new to send; callable from any thread, at any time."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._news.set)

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop` is set; then end what is on its way, store what came of it, and return.

        Cancelled instead, it ends as in a crash: what was on its way is sent again when its lease is over.
        """
        self._loop = asyncio.get_running_loop()
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._sender)
            # A thread of its own: slow work elsewhere in the process never delays the bookkeeping.
            books = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="deliveries"))
            stack.push_async_callback(self._abandon)
            stopping = asyncio.create_task(self._set_when(stop))
            stack.callback(stopping.cancel)
            while not stop.is_set():
                self._news.clear()
                claims = await self._turn(books, self._limits.in_flight - len(self._sending))
                for claim in claims:
                    self._start(claim)
                await self._wait_for_news()
            await self._finish(books)

    async def _turn(self, books: ThreadPoolExecutor, free: int) -> list[Claim]:
        results = tuple(self._results)
        capacity = Capacity(free, self._room_for)
        try:
            claims = await asyncio.get_running_loop().run_in_executor(
                books, self._store.turn, results, capacity, self._clock()
            )
        except TransientError as error:
            log.warning("deliveries.database_away", error=str(error), unsettled=len(results))
            await asyncio.sleep(self._limits.database_pause_seconds)
            self._news.set()
            return []
        del self._results[: len(results)]
        for result in results:
            self._account(result)
        return claims

    def _room_for(self, subscription_id: str) -> int:
        limit = 1 if subscription_id in self._failing else self._limits.per_subscription
        return limit - self._per_subscription[subscription_id]

    def _start(self, claim: Claim) -> None:
        self._per_subscription[claim.subscription_id] += 1
        IN_FLIGHT.inc()
        task = asyncio.create_task(self._send(claim))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, claim: Claim) -> None:
        try:
            outcome = await self._sender.send(claim.post)
        except Exception as error:
            # A fault of ours in one delivery must not stop the others; it is logged in full and tried again.
            log.exception("deliveries.send_broke", delivery=claim.delivery_id)
            outcome = Failed(None, f"the hub could not send it: {type(error).__name__}")
        finally:
            self._per_subscription[claim.subscription_id] -= 1
            IN_FLIGHT.dec()
        if isinstance(outcome, Delivered):
            self._failing.discard(claim.subscription_id)
        else:
            self._failing.add(claim.subscription_id)
        self._results.append(Result(claim, outcome, self._clock()))
        self._news.set()

    def _account(self, result: Result) -> None:
        """Count and log a result that has been stored."""
        names = {"delivery": result.claim.delivery_id, "subscription": result.claim.subscription_id}
        match result.outcome:
            case Delivered():
                self.delivered += 1
                ATTEMPTS.labels("delivered").inc()
                DELAY.observe(max((result.ended_at - result.claim.queued_at).total_seconds(), 0.0))
            case Failed(status, error):
                ATTEMPTS.labels("retry").inc()
                log.info("deliveries.failed", **names, attempt=result.claim.attempt, status=status, error=error)
            case Refused(status, reason):
                ATTEMPTS.labels("gone" if status else "refused").inc()
                log.warning("deliveries.subscription_disabled", **names, reason=reason)

    async def _wait_for_news(self) -> None:
        """Wait until an attempt ended, somebody wakes us, or it is time to look whether a retry is due."""
        try:
            async with asyncio.timeout(self._limits.poll_seconds):
                await self._news.wait()
        except TimeoutError:
            return

    async def _set_when(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._news.set()

    async def _finish(self, books: ThreadPoolExecutor) -> None:
        """Let what is on its way end (each attempt has its timeout), and settle it without claiming anything new."""
        if self._sending:
            await asyncio.gather(*self._sending)
        if self._results:
            await self._turn(books, 0)

    async def _abandon(self) -> None:
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
