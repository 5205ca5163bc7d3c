"""Tables of quality: the figures of each month, as they were published."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, String, Table

from meekoppel_hub.platform.database.tables.base import UtcDateTime, metadata

# The figures of each publisher and month, as they were last published.
quality_scores = Table(
    "quality_scores",
    metadata,
    Column("publisher", String(64), primary_key=True),
    Column("period", String(7), primary_key=True),  # 2026-10
    Column("revision", Integer, nullable=False),
    Column("score", Integer, nullable=True),
    Column("event", LargeBinary, nullable=False),  # the quality event as it goes into the log, framed Avro
    Column("sent", Boolean, nullable=False),  # the broker has acknowledged it
)

_COUNTS = (
    "plans",
    "changes",
    "sharpened",
    "starts_earlier",
    "starts_later",
    "start_days_earlier",
    "start_days_later",
    "ends_earlier",
    "ends_later",
    "end_days_earlier",
    "end_days_later",
    *(f"{side}_{distance}" for side in ("start", "end") for distance in ("7", "30", "91", "183", "more")),
    "late",
)

# What dates did in each month, per group of plans; see `meekoppel_hub.quality.stability` for the columns.
quality_stability = Table(
    "quality_stability",
    metadata,
    Column("period", String(7), primary_key=True),
    Column("publisher", String(64), primary_key=True),
    Column("organisation", String(64), primary_key=True),
    Column("phase", String(16), primary_key=True),
    Column("certainty", String(16), primary_key=True),
    Column("time_to_start", String(16), primary_key=True),
    *(Column(name, BigInteger, nullable=False) for name in _COUNTS),
)

# Which months were published, and when: also one in which nothing was shared.
quality_months = Table(
    "quality_months",
    metadata,
    Column("period", String(7), primary_key=True),
    Column("published_at", UtcDateTime, nullable=False),
)
