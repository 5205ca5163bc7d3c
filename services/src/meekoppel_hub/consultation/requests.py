"""Requests by their ids: those that were decided, and those that wait for the log to bring what they name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from meekoppel_hub.consultation.outcome import Outcome, Refusal, Request
from meekoppel_hub.platform.database.tables.consultation import requests, waiting
from meekoppel_hub.platform.stream.records import LogRecord, PartitionId, pack_headers, unpack_headers


def is_known(connection: Connection, item: Request) -> bool:
    """Tell whether a request with this id of this organisation was decided, or waits."""
    decided = exists().where(requests.c.organisation == item.organisation, requests.c.request_id == item.request_id)
    waits_too = exists().where(waiting.c.organisation == item.organisation, waiting.c.request_id == item.request_id)
    return bool(connection.execute(select(decided | waits_too)).scalar_one())


def waits(connection: Connection, item: Request, subject: str) -> bool:
    """Tell whether an earlier request of the organisation about the same subject waits: this one waits behind it."""
    same = exists().where(waiting.c.organisation == item.organisation, waiting.c.subject == subject)
    return bool(connection.execute(select(same)).scalar_one())


def keep_waiting(connection: Connection, item: Request, subject: str, now: datetime) -> None:
    """Keep a request, as it came, until it is decided; one that waits already stays as it is."""
    record = item.record
    adding = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    row = {
        "organisation": item.organisation,
        "request_id": item.request_id,
        "subject": subject,
        "topic": record.source.topic,
        "partition": record.source.partition,
        "offset": record.offset,
        "timestamp_ms": record.timestamp_ms,
        "key": record.key,
        "value": record.value,
        "headers": pack_headers(record.headers),
        "since": now,
    }
    connection.execute(adding(waiting).on_conflict_do_nothing(index_elements=["organisation", "request_id"]), row)


def load_waiting(connection: Connection, limit: int) -> Sequence[Row[Any]]:
    """Give requests that wait, oldest first, locked."""
    return connection.execute(select(waiting).order_by(waiting.c.id).limit(limit).with_for_update()).all()


def record_of_waiting(row: Row[Any]) -> LogRecord:
    """Give the record of a request that waits, as it came."""
    return LogRecord(
        source=PartitionId(row.topic, row.partition),
        offset=row.offset,
        timestamp_ms=row.timestamp_ms,
        key=row.key,
        value=row.value,
        headers=unpack_headers(row.headers),
    )


def end_waiting(connection: Connection, row_id: int) -> None:
    """Take a request from those that wait."""
    connection.execute(delete(waiting).where(waiting.c.id == row_id))


def remember(
    connection: Connection,
    item: Request,
    outcome: Outcome,
    now: datetime,
    *,
    event_id: str | None = None,
    refusal: Refusal | None = None,
) -> None:
    """Note what became of a request."""
    connection.execute(
        insert(requests),
        {
            "organisation": item.organisation,
            "request_id": item.request_id,
            "outcome": outcome.value,
            "event_id": event_id,
            "reason": None if refusal is None else refusal.reason.value,
            "field": None if refusal is None or refusal.field is None else refusal.field[:200],
            "message": None if refusal is None else refusal.message,
            "decided_at": now,
        },
    )
