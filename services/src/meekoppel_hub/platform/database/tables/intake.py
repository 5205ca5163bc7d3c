"""Tables of intake: how far each plan has come, and what became of what was sent."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, LargeBinary, String, Table

from meekoppel_hub.platform.database.tables.base import UtcDateTime, metadata

# The last accepted state of each plan, and the place in its connector's numbering that was seen last.
plan_state = Table(
    "plan_state",
    metadata,
    Column("plan_id", String(240), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("epoch", String(64), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("content_sha256", String(64), nullable=False),
    Column("event", LargeBinary, nullable=False),  # the last accepted event as it stands in the log, framed Avro
    Column("withdrawn", Boolean, nullable=False),
    Column("topic", String(200), nullable=False),  # the log topic in which the plan stands now
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("revision", BigInteger, nullable=False),  # rises at every write of the row: the guard against two writers
)

# What became of the events that each organisation sent, month by month (in UTC) as intake handled them.
intake_counts = Table(
    "intake_months",
    metadata,
    Column("organisation", String(64), primary_key=True),
    Column("month", String(7), primary_key=True),  # 2026-10
    Column("outcome", String(32), primary_key=True),
    Column("count", BigInteger, nullable=False),
)
