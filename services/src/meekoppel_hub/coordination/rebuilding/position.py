"""How far coordination has come in the log, as the database says; and the records that lie between two positions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from meekoppel_hub.coordination.rebuilding.held_back import SERVICE
from meekoppel_hub.platform.database.tables.stream import offsets
from meekoppel_hub.platform.stream.bulk import Positions, Stretch, log_record, read_stretch
from meekoppel_hub.platform.stream.records import LogRecord, PartitionId


def live_position(connection: Connection) -> dict[PartitionId, int]:
    """Tell how far coordination has come."""
    query = select(offsets.c.topic, offsets.c.partition, offsets.c.next_offset).where(offsets.c.service == SERVICE)
    return {PartitionId(row.topic, row.partition): row.next_offset for row in connection.execute(query)}


def store_position(connection: Connection, position: Positions, now: datetime) -> None:
    """Store how far coordination has come, under a new epoch: whoever works on these partitions is fenced."""
    dialect = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    rows = [
        {
            "service": SERVICE,
            "topic": source.topic,
            "partition": source.partition,
            "next_offset": offset,
            "epoch": 1,
            "owner": "view rebuild",
            "updated_at": now,
        }
        for source, offset in position.items()
    ]
    statement = dialect(offsets)
    given = statement.excluded
    changes = {"next_offset": given.next_offset, "epoch": offsets.c.epoch + 1, "owner": given.owner, "updated_at": now}
    connection.execute(
        statement.on_conflict_do_update(index_elements=["service", "topic", "partition"], set_=changes), rows
    )


def records_of(bootstrap: str, stretch: Stretch) -> Iterator[LogRecord]:
    """Read a short stretch of the log."""
    for messages in read_stretch(bootstrap, stretch):
        yield from map(log_record, messages)
