"""The organisations that take part. Owner: the platform, by `meekoppel organisations`."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, String, Table

from meekoppel_hub.platform.database.tables.base import UtcDateTime, metadata

# Who may publish, and for whom. The token itself is never kept, only its hash.
organisations = Table(
    "organisations",
    metadata,
    Column("code", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("oin", String(20), nullable=True),
    Column("kvk", String(8), nullable=True),
    Column("may_publish_for", JSON, nullable=False),  # list of organisation codes, or ["*"] for everyone
    Column("token_sha256", String(64), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("active", Boolean, nullable=False),
)
