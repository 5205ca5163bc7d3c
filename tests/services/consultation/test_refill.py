"""Consultation's tables follow from the topics alone: read again into an empty database, they are the same."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from sqlalchemy import delete, select

from meekoppel_contracts import topics
from meekoppel_contracts.codes import PlanEventType
from meekoppel_contracts.ids import OrgCode
from meekoppel_hub.consultation.refill import MADE_AGAIN, fold_records, refill, refill_where_lost
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.kafka import ensure_topics
from meekoppel_hub.platform.stream.records import LogRecord, Outgoing, PartitionId
from tests.services.consultation.desk import A_PLAN, BEGIN, ORGANISATIONS, Hub, assessment, cooperation, overlap


def lived(hub: Hub) -> None:
    """Some of everything: answers, changes, an end and a new beginning, refusals."""
    told = [overlap(), overlap(2, (2, 1), area_m2=5.0), overlap(3, (3, 1), resolved=True), overlap(4, (4, 1))]
    hub.log += [as_outgoing(hub.tell(event)) for event in told]
    hub.take(hub.tell(told[0]))
    hub.ask(assessment("org-a", "yes", note="x"), assessment("org-b", "no", opens_up=True))
    hub.take(hub.plan(A_PLAN, 2, type=PlanEventType.CHANGED))
    hub.take(hub.tell(told[1]))
    hub.ask(assessment("org-a", "no", seen=2), assessment("org-b", "yes", seen=1))
    hub.take(hub.tell(told[2]))
    hub.take(hub.tell(told[3]))
    hub.ask(assessment("org-a", "yes", seen=4))
    hub.ask(cooperation(), cooperation("org-b", "answered", answer="yes"), cooperation("org-c", "changed", title="no"))
    hub.ask(cooperation(cooperation_id="coop_nobody_answers", answer_by=BEGIN + timedelta(days=1)))
    hub.pass_time(days=2)


def as_outgoing(record: LogRecord) -> Outgoing:
    return Outgoing(record.source.topic, record.key or b"", record.value, record.headers, f"x{record.offset}")


def as_record(number: int, message: Outgoing) -> LogRecord:
    return LogRecord(PartitionId(message.topic, 0), number, 0, message.key, message.value, tuple(message.headers))


def contents(database: Database) -> dict[str, list[Any]]:
    with database.read() as connection:
        return {table.name: sorted(tuple(row) for row in connection.execute(select(table))) for table in MADE_AGAIN}


def holds(now: dict[str, list[Any]], before: dict[str, list[Any]]) -> bool:
    """Other tests may have told the same broker of overlaps of their own."""
    return all(set(before[name]) <= set(rows) for name, rows in now.items())


def emptied(database: Database) -> None:
    with database.begin() as connection:
        for table in MADE_AGAIN:
            connection.execute(delete(table))


@pytest.mark.parametrize("seed", range(3))
def test_the_log_read_again_in_whatever_order_gives_the_same_tables(hub, view, seed):
    lived(hub)
    before = contents(hub.database)
    assert all(before.values())
    emptied(hub.database)
    records = [as_record(number, message) for number, message in enumerate(hub.log)]
    random.Random(seed).shuffle(records)
    with hub.database.begin() as connection:
        fold_records(connection, records[:7])
    with hub.database.begin() as connection:
        fold_records(connection, records[5:])
    assert contents(hub.database) == before
    assert hub.pass_time(seconds=1) == []  # deadlines that were acted on are not acted on again


async def test_a_lost_database_is_filled_again_from_kafka_and_requests_are_not_handled_twice(
    hub, view, kafka_bootstrap
):
    lived(hub)
    before = contents(hub.database)
    specs = list(topics.hub_topics(2))
    specs += [spec for code in ORGANISATIONS for spec in topics.organisation_topics(OrgCode(code), 1)]
    await ensure_topics(kafka_bootstrap, specs)
    async with AIOKafkaProducer(bootstrap_servers=kafka_bootstrap) as producer:
        for message in hub.log:
            await producer.send_and_wait(message.topic, message.value, key=message.key, headers=list(message.headers))
    emptied(hub.database)
    await refill_where_lost(kafka_bootstrap, hub.database)
    assert holds(contents(hub.database), before)
    await refill(kafka_bootstrap, hub.database)
    assert holds(contents(hub.database), before)
    hub.now = BEGIN
    assert hub.ask(assessment("org-a", "yes", seen=4), id="request-1") == []
