"""Make consultation's tables again from the topics alone.

Everything that was ever decided stands in the log: overlaps and assessments and cooperations in `coordination` and
`coordination-restricted`, areas, agreements and moratoria in `areas`, refusals in `plan-rejections.<organisation>`.
Requests that the hub had not decided on are in the inboxes still, and are decided on when these are read again: those
that were, are known by their ids.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from typing import Any, Final

import structlog
from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from meekoppel_contracts.codec import CODECS, contract_of_record, decode_plan_rejection
from meekoppel_contracts.coordination import CooperationEvent
from meekoppel_contracts.errors import ContractError
from meekoppel_contracts.events import OverlapEvent, PlanRejection
from meekoppel_contracts.headers import INBOX_ID_HEADER, EventHeaders
from meekoppel_contracts.ids import OverlapId
from meekoppel_contracts.plan import Contract
from meekoppel_contracts.registry import COOPERATION_EVENT, OVERLAP_EVENT
from meekoppel_contracts.topics import (
    AREAS,
    COORDINATION,
    COORDINATION_INBOX_PREFIX,
    COORDINATION_RESTRICTED,
    REJECTIONS_PREFIX,
    rejections,
)
from meekoppel_hub.consultation.assessment_rows import list_overlaps
from meekoppel_hub.consultation.cooperation_rows import list_cooperation
from meekoppel_hub.consultation.heads import CONTRACTS, load_head_in_topic
from meekoppel_hub.consultation.outcome import Outcome
from meekoppel_hub.consultation.record import record_event
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables import consultation as tables
from meekoppel_hub.platform.organisations import load_all
from meekoppel_hub.platform.stream.read import read_log
from meekoppel_hub.platform.stream.records import LogRecord

log = structlog.get_logger(__name__)

_AT_ONCE = 1_000
MADE_AGAIN: Final = (
    tables.heads,
    tables.history,
    tables.requests,
    tables.assessments,
    tables.cooperations,
    tables.cooperation_parties,
    tables.cooperation_plans,
)
"""The tables that follow from the topics: all of consultation's, but for requests that wait."""


async def refill_where_lost(bootstrap: str, database: Database) -> None:
    """Make the tables again when they are empty: a new database on a log that is not, or a hub of earlier days."""
    if not await asyncio.to_thread(_knows_anything, database):
        await refill(bootstrap, database)


async def refill(bootstrap: str, database: Database) -> int:
    """Empty consultation's tables and make them again from the topics; gives how many records were taken over.

    Consultation must not run meanwhile. Requests that wait stay: nothing else tells of them.

    Raises:
        SettingsError: when a topic is missing.
        TransientError: when Kafka or the database is away; begun again, it begins anew.
    """
    topics = [COORDINATION, COORDINATION_RESTRICTED, AREAS]
    topics += [rejections(one.code) for one in await asyncio.to_thread(load_all, database)]
    await asyncio.to_thread(_empty, database)
    taken, batch = 0, list[LogRecord]()
    async with aclosing(read_log(bootstrap, topics)) as records:
        async for record in records:
            batch.append(record)
            if len(batch) == _AT_ONCE:
                taken += await asyncio.to_thread(_fold, database, batch)
                batch = []
    return taken + await asyncio.to_thread(_fold, database, batch)


def fold_records(connection: Connection, records: Iterable[LogRecord]) -> int:
    """Take records of the log over into the tables, whatever their order; gives how many.

    The same records again change nothing. A record that is no event is said so in the log of the hub and passed over:
    it changed nothing when it was new either.
    """
    taken = 0
    overlaps: dict[OverlapId, tuple[str, OverlapEvent]] = {}
    cooperations: set[str] = set()
    for record in records:
        try:
            contract = contract_of_record(record.value)
            if contract == OVERLAP_EVENT:
                _keep_newest(overlaps, record)
            elif contract in CONTRACTS:
                event = _fold_numbered(connection, contract, record)
                if isinstance(event, CooperationEvent):
                    cooperations.add(event.cooperation_id)
            elif record.source.topic.startswith(REJECTIONS_PREFIX):
                _fold_refusal(connection, record)
            else:
                continue
        except ContractError as error:
            log.warning("record_passed_over", lane=record.source.lane, offset=record.offset, why=str(error))
            continue
        taken += 1
    list_overlaps(connection, overlaps)
    for one in sorted(cooperations):  # an older state may have come last, and tells of deadlines that were acted on
        list_cooperation(connection, *load_head_in_topic(connection, COOPERATION_EVENT, one))
    return taken


def _fold(database: Database, records: Sequence[LogRecord]) -> int:
    with database.begin() as connection:
        return fold_records(connection, records)


def _keep_newest(overlaps: dict[OverlapId, tuple[str, OverlapEvent]], record: LogRecord) -> None:
    event: OverlapEvent = CODECS[OVERLAP_EVENT].decode(record.value)
    known = overlaps.get(event.overlap_id)
    if known is None or known[1].revision < event.revision:
        overlaps[event.overlap_id] = (record.source.topic, event)


def _fold_numbered(connection: Connection, contract: str, record: LogRecord) -> Contract:
    event: Any = CODECS[contract].decode(record.value)
    assert record.value is not None
    record_event(connection, event, record.value, record.source.topic)
    came_of = record.header(INBOX_ID_HEADER)
    if came_of is not None:
        organisation, _, request_id = came_of.decode().partition("/")
        _note(
            connection,
            organisation=organisation,
            request_id=request_id,
            outcome=Outcome.ACCEPTED.value,
            event_id=EventHeaders.parse(record.headers).id,
            decided_at=event.recorded_at,
        )
    checked: Contract = event
    return checked


def _fold_refusal(connection: Connection, record: LogRecord) -> None:
    refused: PlanRejection = decode_plan_rejection(record.value)
    if not refused.topic.startswith(COORDINATION_INBOX_PREFIX):
        return
    try:
        headers = EventHeaders.parse([(one.name, one.value) for one in refused.headers])
    except ContractError:
        return  # it could not be read as a request, and so has no id by which it would be known
    _note(
        connection,
        organisation=refused.organisation,
        request_id=headers.id,
        outcome=Outcome.REFUSED.value,
        reason=refused.reason.value,
        field=refused.field,
        message=refused.message,
        decided_at=refused.rejected_at,
    )


def _note(connection: Connection, **row: object) -> None:
    adding = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    empty = {"event_id": None, "reason": None, "field": None, "message": None}
    connection.execute(adding(tables.requests).on_conflict_do_nothing(), {**empty, **row})


def _empty(database: Database) -> None:
    with database.begin() as connection:
        for table in MADE_AGAIN:
            connection.execute(delete(table))


def _knows_anything(database: Database) -> bool:
    with database.read() as connection:
        return connection.execute(select(tables.heads.c.subject).limit(1)).first() is not None
