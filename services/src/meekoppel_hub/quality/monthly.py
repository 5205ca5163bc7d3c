"""The hub in one process publishes the quality of each month by itself; in production a timer runs the command."""

from __future__ import annotations

import asyncio

import structlog

from meekoppel_hub.platform.clock import Clock
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.errors import TransientError
from meekoppel_hub.quality.months import Month
from meekoppel_hub.quality.publish import send_stored, store_month
from meekoppel_hub.quality.store import is_published

log = structlog.get_logger(__name__)

# Late enough that a hub that is only started for something has its hands free.
FIRST_SECONDS = 60.0
SECONDS_BETWEEN = 3_600.0


async def publish_each_month(
    database: Database,
    bootstrap: str,
    clock: Clock,
    *,
    first_seconds: float = FIRST_SECONDS,
    seconds_between: float = SECONDS_BETWEEN,
) -> None:
    """Publish the last month that is over, once, and what could not be sent before. Runs until cancelled.

    Args:
        database: of the hub.
        bootstrap: Kafka's address.
        clock: the time.
        first_seconds: how long to wait before the first look.
        seconds_between: how long to wait between two looks.
    """
    pause = first_seconds
    while True:
        await asyncio.sleep(pause)
        pause = seconds_between
        now = clock()
        month = Month.last_before(now)
        try:
            if not await asyncio.to_thread(_is_done, database, month):
                outcome = await asyncio.to_thread(store_month, database, month, now)
                log.info("quality_stored", period=str(month), plans=outcome.survey.plans, publishers=len(outcome.news))
            await send_stored(database, bootstrap)
        except TransientError as error:
            log.warning("quality_waits", period=str(month), error=str(error), seconds=seconds_between)


def _is_done(database: Database, month: Month) -> bool:
    with database.read() as connection:
        return is_published(connection, str(month))
