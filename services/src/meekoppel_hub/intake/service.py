"""Intake on the log: every organisation's inbox, into the shared log."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from sqlalchemy import select

from meekoppel_contracts.topics import PLANS, PLANS_RESTRICTED
from meekoppel_hub.intake.consume import INBOX_PATTERN, IntakeProcessor
from meekoppel_hub.intake.outcome import Received
from meekoppel_hub.platform.clock import Clock, utc_now
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.intake import plan_state
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.settings import HubSettings
from meekoppel_hub.platform.stream.consumer import StreamService
from meekoppel_hub.platform.stream.read import Window, read_log
from meekoppel_hub.platform.stream.subscription import ConsumerConfig

NAME = "intake"


def intake_service(
    settings: HubSettings, bootstrap: str, database: Database, clock: Clock = utc_now
) -> StreamService[Received]:
    """Wire intake: it reads every `plan-inbox.<organisation>`, new ones too as they are made."""
    config = ConsumerConfig(service=NAME, bootstrap=bootstrap, pattern=INBOX_PATTERN, instance=settings.instance)
    processor = IntakeProcessor(settings.namespace, settings.crs, clock=clock)
    return StreamService(config, processor, database, clock=clock)


async def refuse_lost_state(bootstrap: str, database: Database) -> None:
    """Refuse to start on a log that holds plans with a database that knows none: plans would be numbered from 1 again.

    Raises:
        SettingsError: when it is so.
    """
    if await asyncio.to_thread(_knows_plans, database):
        return
    windows: list[Window] = []
    async with aclosing(read_log(bootstrap, [PLANS, PLANS_RESTRICTED], on_window=windows.append)) as records:
        async for _ in records:
            raise SettingsError(
                f"the log on {bootstrap} holds {windows[0].size} events, but the database knows no plan: intake would "
                "number them from 1 again. Give it the database that belongs to this log "
                "(MEEKOPPEL_DATABASE_URL, MEEKOPPEL_DATA_FOLDER), or an empty Kafka; where that database is lost, "
                "register the organisations again and run `meekoppel view rebuild`"
            )


def _knows_plans(database: Database) -> bool:
    with database.read() as connection:
        return connection.execute(select(plan_state.c.plan_id).limit(1)).first() is not None
