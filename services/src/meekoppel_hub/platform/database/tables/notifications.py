"""Tables of notifications. Owner: notifications; subscriptions also by `platform.subscriptions`, for API and CLI.

The states of a delivery: `due` (to be sent at `due_at`), `leased` (being sent, until `lease_until`), `delivered`,
`held` (kept until somebody releases or drops it), `dropped` (by choice). The open ones are due and leased; in a lane
(one plan within one subscription) only the oldest that is neither delivered nor dropped may be sent.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from meekoppel_hub.platform.database.tables.base import CountingKey, UtcDateTime, metadata

# Who wants to be told what: overlaps of own plans, plans in an area, or both. The area is WKB in the hub's CRS, its
# box in metres. `revision` rises with every change of the row, so that the sum over the table tells whether anything
# changed. A row is never deleted.
subscriptions = Table(
    "subscriptions",
    metadata,
    Column("subscription_id", String(40), primary_key=True),
    Column("organisation", String(64), nullable=False),
    Column("name", String(200), nullable=False),
    Column("url", String(2000), nullable=False),
    Column("secret", String(100), nullable=False),
    Column("own_overlaps", Boolean, nullable=False),
    Column("area", LargeBinary, nullable=True),
    Column("min_x", Float, nullable=True),
    Column("min_y", Float, nullable=True),
    Column("max_x", Float, nullable=True),
    Column("max_y", Float, nullable=True),
    Column("state", String(16), nullable=False),  # active, paused, disabled, removed
    Column("reason", Text, nullable=True),  # why it is disabled
    Column("revision", BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Index("subscriptions_organisation", "organisation"),
)

# What a party was told: at most one row per subscription and event. The id follows from those two.
notifications = Table(
    "notifications",
    metadata,
    Column("notification_id", String(40), primary_key=True),
    Column("subscription_id", String(40), nullable=False),
    Column("event_id", String(300), nullable=False),
    Column("category", String(16), nullable=False),  # info, warning, task
    Column("kind", String(40), nullable=False),  # such as plan.changed, overlap.detected
    Column("plan_id", String(240), nullable=False),  # the plan whose lane it is in
    Column("other_plan_id", String(240), nullable=True),
    Column("text", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("subscription_id", "event_id"),
    Index("notifications_plan", "plan_id"),
)

# The sending of a notification; its key gives the order within a lane.
deliveries = Table(
    "deliveries",
    metadata,
    Column("delivery_id", CountingKey, primary_key=True, autoincrement=True),
    Column("notification_id", String(40), nullable=False, unique=True),
    Column("subscription_id", String(40), nullable=False),
    Column("lane", String(240), nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("lease_until", UtcDateTime, nullable=True),
    Column("last_status", Integer, nullable=True),
    Column("last_error", Text, nullable=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("delivered_at", UtcDateTime, nullable=True),
    Index("deliveries_due", "subscription_id", "state", "due_at"),
    Index("deliveries_lane", "subscription_id", "lane", "delivery_id"),
    Index("deliveries_subscription", "subscription_id", "delivery_id"),
)
