"""Records that can never succeed, and the ones that wait behind them (rule 5).

A poison record is set aside with its original bytes, and its key is parked: later records of that key wait in order.
An operator releases the key (everything is tried again, in order) or drops the poison record (the rest is handled).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, func, select, update

from meekoppel_contracts.topics import dead_letters
from meekoppel_hub.platform.database.tables.stream import parked
from meekoppel_hub.platform.stream.records import LogRecord, Outgoing, PartitionId, pack_headers, unpack_headers

PARKED, RELEASE_ASKED, DROP_ASKED = "parked", "release_asked", "drop_asked"


@dataclass(frozen=True, slots=True)
class SetAside:
    """A record that is not handled now; `reason` is None for one that waits behind a poison record of its key."""

    record: LogRecord
    reason: str | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class ParkedRow:
    """One row of the parking table."""

    id: int
    aside: SetAside
    state: str
    parked_at: datetime


@dataclass(frozen=True, slots=True)
class ParkedKey:
    """One parked key as an operator sees it."""

    service: str
    topic: str
    partition: int
    key: bytes
    reason: str
    detail: str
    waiting: int
    state: str
    since: datetime


def park(connection: Connection, service: str, rows: Sequence[SetAside], now: datetime) -> None:
    """Store records that are set aside."""
    if rows:
        connection.execute(parked.insert(), [_as_row(service, aside, now) for aside in rows])


def parked_keys(connection: Connection, service: str, source: PartitionId) -> set[bytes]:
    """Read the keys of a partition whose records wait."""
    query = select(parked.c.key).distinct().where(parked.c.service == service, *_of(source))
    return set(connection.execute(query).scalars())


def asked_keys(connection: Connection, service: str, source: PartitionId) -> list[bytes]:
    """Read the keys of a partition that an operator wants released or dropped."""
    query = select(parked.c.key).distinct().where(parked.c.service == service, *_of(source), parked.c.state != PARKED)
    return sorted(connection.execute(query).scalars())


def asked_sources(connection: Connection, service: str) -> set[PartitionId]:
    """Name the partitions of a service in which an operator wants a key released or dropped."""
    query = select(parked.c.topic, parked.c.partition).distinct()
    rows = connection.execute(query.where(parked.c.service == service, parked.c.state != PARKED))
    return {PartitionId(topic, partition) for topic, partition in rows}


def rows_of_key(connection: Connection, service: str, source: PartitionId, key: bytes) -> list[ParkedRow]:
    """Read all that waits under a key, in the order in which it came."""
    query = (
        select(parked).where(parked.c.service == service, *_of(source), parked.c.key == key).order_by(parked.c.offset)
    )
    return [_from_row(row) for row in connection.execute(query).mappings()]


def all_rows(connection: Connection, service: str) -> list[SetAside]:
    """Read all that a service has set aside, partition by partition, in the order in which it came."""
    query = select(parked).where(parked.c.service == service)
    rows = connection.execute(query.order_by(parked.c.topic, parked.c.partition, parked.c.offset)).mappings()
    return [_from_row(row).aside for row in rows]


def remove(connection: Connection, row_id: int) -> None:
    """Take one record out: it was handled, or dropped by choice."""
    connection.execute(delete(parked).where(parked.c.id == row_id))


def fail_again(connection: Connection, service: str, row: ParkedRow, reason: str, detail: str) -> None:
    """Write down why a released record failed again; its whole key is parked as before."""
    record = row.aside.record
    connection.execute(update(parked).where(parked.c.id == row.id).values(reason=reason, detail=detail))
    connection.execute(
        update(parked)
        .where(parked.c.service == service, *_of(record.source), parked.c.key == (record.key or b""))
        .values(state=PARKED)
    )


def ask(connection: Connection, service: str, key: bytes, state: str) -> int:
    """Ask the running service to release or drop a key; gives the number of rows found."""
    query = update(parked).where(parked.c.service == service, parked.c.key == key).values(state=state)
    return connection.execute(query).rowcount


def include_later(connection: Connection, service: str, source: PartitionId, keys: Sequence[bytes]) -> None:
    """Let what came under these keys after the operator asked go with the rest, so that none of it is left behind."""
    later = (parked.c.service == service, *_of(source), parked.c.key.in_(keys), parked.c.state == PARKED)
    connection.execute(update(parked).where(*later).values(state=RELEASE_ASKED))


def list_keys(connection: Connection, service: str | None = None) -> list[ParkedKey]:
    """List the parked keys for an operator, oldest first."""
    query = select(parked).order_by(parked.c.id)
    if service is not None:
        query = query.where(parked.c.service == service)
    found: dict[tuple[str, str, int, bytes], list[RowMapping]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault((row["service"], row["topic"], row["partition"], row["key"]), []).append(row)
    return [_as_key(rows) for rows in found.values()]


def count_parked(connection: Connection, service: str) -> int:
    """Count the records of a service that are set aside."""
    return connection.execute(select(func.count()).select_from(parked).where(parked.c.service == service)).scalar_one()


def dead_letter(service: str, aside: SetAside) -> Outgoing:
    """Make the record for the dead-letter topic: original key, bytes and headers, and why."""
    record = aside.record
    place = f"{record.source.topic}/{record.source.partition}/{record.offset}"
    why = (
        ("meekoppel_dead_letter_reason", (aside.reason or "").encode()),
        ("meekoppel_dead_letter_detail", (aside.detail or "").encode()),
        ("meekoppel_dead_letter_from", place.encode()),
    )
    return Outgoing(
        topic=dead_letters(service),
        key=record.key or b"",
        value=record.value,
        headers=(*record.headers, *why),
        event_id=f"dead-letter:{place}",
    )


def _of(source: PartitionId) -> tuple[ColumnElement[bool], ...]:
    return (parked.c.topic == source.topic, parked.c.partition == source.partition)


def _as_row(service: str, aside: SetAside, now: datetime) -> dict[str, object]:
    record = aside.record
    return {
        "service": service,
        "topic": record.source.topic,
        "partition": record.source.partition,
        "offset": record.offset,
        "timestamp_ms": record.timestamp_ms,
        "key": record.key or b"",
        "value": record.value,
        "headers": pack_headers(record.headers),
        "reason": aside.reason,
        "detail": None if aside.detail is None else aside.detail.replace("\x00", "\\x00"),  # PostgreSQL keeps no NUL
        "state": PARKED,
        "parked_at": now,
    }


def _from_row(row: RowMapping) -> ParkedRow:
    record = LogRecord(
        source=PartitionId(row["topic"], row["partition"]),
        offset=row["offset"],
        timestamp_ms=row["timestamp_ms"],
        key=row["key"],
        value=row["value"],
        headers=unpack_headers(row["headers"]),
    )
    return ParkedRow(row["id"], SetAside(record, row["reason"], row["detail"]), row["state"], row["parked_at"])


def _as_key(rows: Sequence[RowMapping]) -> ParkedKey:
    poison = next((row for row in rows if row["reason"]), rows[0])
    return ParkedKey(
        service=poison["service"],
        topic=poison["topic"],
        partition=poison["partition"],
        key=poison["key"],
        reason=poison["reason"] or "",
        detail=poison["detail"] or "",
        waiting=sum(1 for row in rows if row["reason"] is None),
        state=poison["state"],
        since=poison["parked_at"],
    )
