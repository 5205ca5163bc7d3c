"""Putting messages into the database: once per subscription and event, in the order in which they came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from meekoppel_hub.notifications.affected import Parties, Party
from meekoppel_hub.notifications.message import Message
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.notifications import deliveries, notifications, subscriptions
from meekoppel_hub.platform.subscriptions import SubscriptionState


class PartyBook:
    """The parties as they stand in the database, read again only when a subscription changed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # One value, so that threads of several partitions never see half of a change.
        self._known = (-1, Parties(()))

    def current(self) -> Parties:
        """Give the parties of now."""
        known_revision, known = self._known
        with self._database.read() as connection:
            # Each change of a row raises its revision and no row ever goes: an equal sum means that nothing changed.
            total = connection.execute(select(func.coalesce(func.sum(subscriptions.c.revision), 0))).scalar_one()
            if int(total) == known_revision:
                return known
            fresh = Parties(_read_parties(connection))
        self._known = (int(total), fresh)
        return fresh


def _read_parties(connection: Connection) -> list[Party]:
    columns = subscriptions.c
    query = select(columns.subscription_id, columns.organisation, columns.own_overlaps, columns.area)
    present = query.where(columns.state != SubscriptionState.REMOVED.value).order_by(columns.subscription_id)
    return [
        Party(row.subscription_id, row.organisation, row.own_overlaps, row.area) for row in connection.execute(present)
    ]


def queue_messages(connection: Connection, messages: Sequence[Message], now: datetime) -> None:
    """Store messages and their deliveries; what is stored already stays as it is.

    A delivery starts as held when its subscription is not active, or when an older one of its lane is held.
    """
    if not messages:
        return
    states = _lock_subscriptions(connection, {message.subscription_id for message in messages})
    stopped_lanes = _held_lanes(connection, states)
    wanted = [
        message for message in messages if states.get(message.subscription_id) not in (None, SubscriptionState.REMOVED)
    ]
    if not wanted:
        return
    connection.execute(_insert_once(connection, notifications), [_notification_row(each, now) for each in wanted])
    rows = []
    for message in wanted:
        active = states[message.subscription_id] is SubscriptionState.ACTIVE
        stopped = (message.subscription_id, message.plan_id) in stopped_lanes
        rows.append(_delivery_row(message, "due" if active and not stopped else "held", now))
    connection.execute(_insert_once(connection, deliveries), rows)


def _lock_subscriptions(connection: Connection, ids: set[str]) -> dict[str, SubscriptionState]:
    """Read their states, and keep others from pausing or disabling them until our deliveries are there to be held."""
    columns = subscriptions.c
    query = select(columns.subscription_id, columns.state).where(columns.subscription_id.in_(sorted(ids)))
    locked = query.order_by(columns.subscription_id).with_for_update(read=True)
    return {row.subscription_id: SubscriptionState(row.state) for row in connection.execute(locked)}


def _held_lanes(connection: Connection, states: dict[str, SubscriptionState]) -> set[tuple[str, str]]:
    active = [subscription_id for subscription_id, state in states.items() if state is SubscriptionState.ACTIVE]
    columns = deliveries.c
    query = select(columns.subscription_id, columns.lane).distinct()
    held = query.where(columns.subscription_id.in_(active), columns.state == "held")
    return {(row.subscription_id, row.lane) for row in connection.execute(held)}


def _insert_once(connection: Connection, table: object) -> Insert:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement: Insert = dialect.insert(table).on_conflict_do_nothing()
    return statement


def _notification_row(message: Message, now: datetime) -> dict[str, object]:
    return {
        "notification_id": message.notification_id,
        "subscription_id": message.subscription_id,
        "event_id": message.event_id,
        "category": message.category.value,
        "kind": message.kind,
        "plan_id": message.plan_id,
        "other_plan_id": message.other_plan_id,
        "text": message.text,
        "created_at": now,
    }


def _delivery_row(message: Message, state: str, now: datetime) -> dict[str, object]:
    return {
        "notification_id": message.notification_id,
        "subscription_id": message.subscription_id,
        "lane": message.plan_id,
        "body": message.body,
        "state": state,
        "attempts": 0,
        "due_at": now,
        "created_at": now,
    }
