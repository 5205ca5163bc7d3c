"""Tables of the consuming core: offsets, outbox, parked records. Each service owns the rows with its name."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from meekoppel_hub.platform.database.tables.base import CountingKey, UtcDateTime, metadata

# How far a service has come, stored together with what it did. `epoch` rises at each assignment: a worker that lost
# the partition holds an older epoch and can store nothing any more. `records` counts what was handled.
offsets = Table(
    "stream_offsets",
    metadata,
    Column("service", String(32), primary_key=True),
    Column("topic", String(200), primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("next_offset", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("owner", String(100), nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

# What a service has to publish, in order of `id`. A row goes when the broker has acknowledged it.
outbox = Table(
    "stream_outbox",
    metadata,
    Column("id", CountingKey, primary_key=True, autoincrement=True),
    Column("service", String(32), nullable=False),
    Column("lane", String(220), nullable=False),  # source topic/partition: published by whoever owns that
    Column("topic", String(200), nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("value", LargeBinary, nullable=True),
    Column("headers", LargeBinary, nullable=False),
    Column("event_id", String(300), nullable=False),
    UniqueConstraint("service", "event_id"),
    Index("stream_outbox_order", "service", "id"),
)

# Records set aside: the poison record of a key (`reason` filled) and those that wait behind it (`reason` empty).
parked = Table(
    "stream_parked",
    metadata,
    Column("id", CountingKey, primary_key=True, autoincrement=True),
    Column("service", String(32), nullable=False),
    Column("topic", String(200), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("timestamp_ms", BigInteger, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("value", LargeBinary, nullable=True),
    Column("headers", LargeBinary, nullable=False),
    Column("reason", String(100), nullable=True),
    Column("detail", Text, nullable=True),
    Column("state", String(16), nullable=False),  # parked, release_asked, drop_asked
    Column("parked_at", UtcDateTime, nullable=False),
    UniqueConstraint("service", "topic", "partition", "offset"),
    Index("stream_parked_key", "service", "key", "id"),
)

# What each running service last said of itself; health is progress, per partition.
health = Table(
    "stream_health",
    metadata,
    Column("service", String(32), primary_key=True),
    Column("instance", String(100), primary_key=True),
    Column("state", String(32), nullable=False),  # starting, running, waiting, halted, stopped
    Column("detail", Text, nullable=False),
    Column("lag", BigInteger, nullable=False),
    Column("handled", BigInteger, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)
