"""What a service has to publish: its table. Stored with the effects, gone when the broker has acknowledged it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from meekoppel_hub.platform.database.tables.stream import outbox
from meekoppel_hub.platform.stream.records import Outgoing, pack_headers, unpack_headers

READ_AT_ONCE = 1_000

_COLUMNS = "service, lane, topic, key, value, headers, event_id"

# One statement for a whole batch: its cost per row is a third of that of one INSERT each. Ids rise in the given order.
_PUT_POSTGRESQL = f"""
    INSERT INTO stream_outbox ({_COLUMNS})
    SELECT %(service)s, row.lane, row.topic, row.key, row.value, row.headers, row.event_id
    FROM unnest(%(lane)b::text[], %(topic)b::text[], %(key)b::bytea[], %(value)b::bytea[], %(headers)b::bytea[],
                %(event_id)b::text[])
         WITH ORDINALITY AS row (lane, topic, key, value, headers, event_id, place)
    ORDER BY row.place
    ON CONFLICT (service, event_id) DO NOTHING
    RETURNING id, event_id"""  # noqa: S608 - the names are ours
_PUT_SQLITE = f"INSERT OR IGNORE INTO stream_outbox ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - as above


@dataclass(frozen=True, slots=True)
class Stored:
    """One row of the outbox."""

    id: int
    message: Outgoing


def put(connection: Connection, service: str, messages: Sequence[tuple[str, Outgoing]]) -> list[Stored]:
    """Store messages, each with its lane; one whose event id is there already is left as it is.

    Returns:
        What was stored, in the order in which it is to be sent.
    """
    if not messages:
        return []
    rows = [
        (lane, each.topic, each.key, each.value, pack_headers(each.headers), each.event_id) for lane, each in messages
    ]
    put_rows = _put_postgresql if connection.dialect.name == "postgresql" else _put_sqlite
    ids = put_rows(connection, service, rows)
    # An event id that comes twice was stored at its first place.
    return [Stored(row_id, each) for _, each in messages if (row_id := ids.pop(each.event_id, None)) is not None]


def waiting(connection: Connection, service: str, lanes: Iterable[str], limit: int = READ_AT_ONCE) -> list[Stored]:
    """Read the oldest rows of these lanes, in the order in which they are to be sent."""
    query = (
        select(outbox)
        .where(outbox.c.service == service, outbox.c.lane.in_(sorted(lanes)))
        .order_by(outbox.c.id)
        .limit(limit)
    )
    return [
        Stored(row.id, Outgoing(row.topic, row.key, row.value, unpack_headers(row.headers), row.event_id))
        for row in connection.execute(query)
    ]


def count_waiting(connection: Connection, service: str | None = None) -> int:
    """Count rows that are not acknowledged yet, of one service or of all."""
    query = select(func.count()).select_from(outbox)
    return connection.execute(query if service is None else query.where(outbox.c.service == service)).scalar_one()


def remove(connection: Connection, rows: Sequence[Stored]) -> None:
    """Take out what was acknowledged. To lose this in a power cut means that a record is sent again, and no more."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")
        ids = [row.id for row in rows]
        connection.exec_driver_sql("DELETE FROM stream_outbox WHERE id = ANY(%(ids)b)", {"ids": ids})
        return
    # SQLite gives the id of a row that went to a new one: another worker may have sent and removed ours meanwhile.
    pairs = [(row.id, row.message.event_id) for row in rows]
    connection.exec_driver_sql("DELETE FROM stream_outbox WHERE id = ? AND event_id = ?", pairs)


def _put_postgresql(connection: Connection, service: str, rows: Sequence[tuple[Any, ...]]) -> dict[str, int]:
    lane, topic, key, value, headers, event_id = map(list, zip(*rows, strict=True))
    stored = connection.exec_driver_sql(
        _PUT_POSTGRESQL,
        {
            "service": service,
            "lane": lane,
            "topic": topic,
            "key": key,
            "value": value,
            "headers": headers,
            "event_id": event_id,
        },
    )
    return {event: row_id for row_id, event in stored}


def _put_sqlite(connection: Connection, service: str, rows: Sequence[tuple[Any, ...]]) -> dict[str, int]:
    last = connection.exec_driver_sql("SELECT coalesce(max(id), 0) FROM stream_outbox").scalar_one()
    connection.exec_driver_sql(_PUT_SQLITE, [(service, *row) for row in rows])
    stored = connection.exec_driver_sql(
        "SELECT id, event_id FROM stream_outbox WHERE id > ? AND service = ? ORDER BY id", (last, service)
    )
    return {event: row_id for row_id, event in stored}
