"""Deliveries as people see them: what was sent, what waits, what is held; and releasing or dropping what is held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, func, select, update

from meekoppel_hub.platform.clock import Clock, utc_now
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.notifications import deliveries, notifications, subscriptions
from meekoppel_hub.platform.subscriptions import SubscriptionState


class DeliveryState(StrEnum):
    """Where a delivery is: open (due, leased), kept (held), or final (delivered, dropped)."""

    DUE = "due"
    LEASED = "leased"
    DELIVERED = "delivered"
    HELD = "held"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery with the notification it carries.

    Attributes:
        last_status: the HTTP status of the last answer, None when there was none.
        last_error: why the last attempt failed.
    """

    delivery_id: int
    notification_id: str
    subscription_id: str
    event_id: str
    category: str
    kind: str
    plan_id: str
    other_plan_id: str | None
    text: str
    state: DeliveryState
    attempts: int
    due_at: datetime
    last_status: int | None
    last_error: str | None
    created_at: datetime
    delivered_at: datetime | None


_COLUMNS = tuple((deliveries.c if name in deliveries.c else notifications.c)[name] for name in Delivery.__slots__)


def list_deliveries(
    database: Database,
    *,
    subscription_id: str | None = None,
    state: DeliveryState | None = None,
    before: int | None = None,
    limit: int = 100,
) -> Sequence[Delivery]:
    """List deliveries, newest first; `before` is the delivery id at which the page before this one ended."""
    query = select(*_COLUMNS).join(notifications, notifications.c.notification_id == deliveries.c.notification_id)
    if subscription_id is not None:
        query = query.where(deliveries.c.subscription_id == subscription_id)
    if state is not None:
        query = query.where(deliveries.c.state == state.value)
    if before is not None:
        query = query.where(deliveries.c.delivery_id < before)
    with database.read() as connection:
        rows = connection.execute(query.order_by(deliveries.c.delivery_id.desc()).limit(limit)).mappings()
        return [Delivery(**{**row, "state": DeliveryState(row["state"])}) for row in rows]


def count_deliveries(database: Database, *, subscription_id: str | None = None) -> dict[DeliveryState, int]:
    """Count deliveries per state; a state without any counts 0."""
    query = select(deliveries.c.state, func.count()).group_by(deliveries.c.state)
    if subscription_id is not None:
        query = query.where(deliveries.c.subscription_id == subscription_id)
    with database.read() as connection:
        counted = {DeliveryState(state): count for state, count in connection.execute(query)}
    return {state: counted.get(state, 0) for state in DeliveryState}


def release_deliveries(
    database: Database, subscription_id: str, *, plan_id: str | None = None, clock: Clock = utc_now
) -> int:
    """Make held deliveries of an active subscription due now, in their old order; gives how many.

    Those of a paused or disabled subscription stay held: resume it instead.
    """
    active = select(subscriptions.c.subscription_id).where(
        subscriptions.c.subscription_id == subscription_id, subscriptions.c.state == SubscriptionState.ACTIVE.value
    )
    with database.begin() as connection:
        connection.execute(active.with_for_update()).first()
        held = update(deliveries).where(*_held(subscription_id, plan_id), deliveries.c.subscription_id.in_(active))
        return connection.execute(held.values(state="due", due_at=clock(), attempts=0)).rowcount


def drop_deliveries(database: Database, subscription_id: str, *, plan_id: str | None = None) -> int:
    """Drop held deliveries by choice: they will never be sent; gives how many."""
    with database.begin() as connection:
        dropped = update(deliveries).where(*_held(subscription_id, plan_id)).values(state="dropped")
        return connection.execute(dropped).rowcount


def _held(subscription_id: str, plan_id: str | None) -> tuple[ColumnElement[bool], ...]:
    of_subscription = (deliveries.c.subscription_id == subscription_id, deliveries.c.state == "held")
    return of_subscription if plan_id is None else (*of_subscription, deliveries.c.lane == plan_id)
