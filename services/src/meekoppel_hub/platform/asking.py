"""Ask the hub for something as an organisation does: a request into its coordination inbox, and what became of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from sqlalchemy import select

from meekoppel_contracts.ids import OrgCode
from meekoppel_contracts.plan import Contract
from meekoppel_contracts.topics import coordination_inbox
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.consultation import requests
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.inbox_message import InboxMessage, inbox_message

_LOOK_EVERY_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request.

    Attributes:
        outcome: accepted, unchanged or refused; None when the hub has not decided yet.
        event_id: the first event that came of it.
        message: why it was refused and what to do.
        field: the field that is wrong.
    """

    outcome: str | None
    event_id: str | None = None
    message: str | None = None
    field: str | None = None


async def ask(
    bootstrap: str,
    database: Database,
    organisation: OrgCode,
    events: Sequence[Contract],
    *,
    now: datetime,
    patience_seconds: float = 90.0,
    waiting: Callable[[float], None] = lambda _: None,
) -> list[Answer]:
    """Put requests into the inbox of an organisation, and wait for the answers.

    Args:
        bootstrap: Kafka.
        database: the hub's, in which the answers stand.
        organisation: who asks.
        events: what is asked for, not numbered: revision 0.
        now: the time of asking.
        patience_seconds: how long to wait for the answers.
        waiting: told every second how many seconds have passed.

    Returns:
        The answers, in the order of the requests.

    Raises:
        SettingsError: when Kafka or the inbox cannot be reached.
    """
    messages = [inbox_message(event, organisation, now) for event in events]
    ids = [message.request_id for message in messages]
    await _send(bootstrap, coordination_inbox(organisation), messages)
    began = told = time.monotonic()
    while True:
        answers = await asyncio.to_thread(_answers, database, organisation, ids)
        passed = time.monotonic() - began
        if passed > patience_seconds or all(answer.outcome for answer in answers):
            return answers
        if time.monotonic() - told >= 1:
            told = time.monotonic()
            waiting(passed)
        await asyncio.sleep(_LOOK_EVERY_SECONDS)


async def _send(bootstrap: str, topic: str, messages: Sequence[InboxMessage]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    try:
        await producer.start()
        sent = [await producer.send(topic, one.value, key=one.key, headers=one.headers) for one in messages]
        await asyncio.gather(*sent)
    except KafkaError as error:
        raise SettingsError(f"{topic} on {bootstrap} cannot be written: {error}; is the hub running?") from error
    finally:
        await producer.stop()


def _answers(database: Database, organisation: OrgCode, ids: Sequence[str]) -> list[Answer]:
    query = select(requests).where(requests.c.organisation == organisation, requests.c.request_id.in_(ids))
    with database.read() as connection:
        rows = {row.request_id: row for row in connection.execute(query)}
    return [
        Answer(rows[one].outcome, rows[one].event_id, rows[one].message, rows[one].field)
        if one in rows
        else Answer(None)
        for one in ids
    ]
