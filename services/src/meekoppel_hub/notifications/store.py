"""The deliveries in the database as the worker sees them: settle what came of attempts, claim what can be sent.

A claim is a lease. Whoever holds it may send; when its time passes without a word (a crash), the delivery is claimed
again. On PostgreSQL several workers claim side by side (`FOR UPDATE SKIP LOCKED`); SQLite has one process and one
writer. What is settled must still be at the attempt that was claimed: a late answer of an older lease changes nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, exists, or_, select, update

from meekoppel_hub.notifications.retry import backoff
from meekoppel_hub.notifications.send import Delivered, Failed, Outcome, Post, Refused
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.notifications import deliveries, subscriptions
from meekoppel_hub.platform.subscriptions import SubscriptionState, stop_sending

UNDONE = ("due", "leased", "held")


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that this worker may send until its lease ends.

    Attributes:
        attempt: which attempt this is, from 1; names the lease when it is settled.
        queued_at: when it was written.
    """

    delivery_id: int
    subscription_id: str
    lane: str
    attempt: int
    queued_at: datetime
    post: Post


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one claim, and when."""

    claim: Claim
    outcome: Outcome
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Capacity:
    """How much can be sent now.

    Attributes:
        total: how many more deliveries in all.
        room_for: how many more for one subscription.
    """

    total: int
    room_for: Callable[[str], int]


class DeliveryStore:
    """Settles and claims, each turn in one transaction."""

    def __init__(self, database: Database, lease: timedelta, fraction: Callable[[], float] = random.random) -> None:
        """Keep the database; `fraction` gives the jitter, from 0 to 1."""
        self._database = database
        self._lease = lease
        self._fraction = fraction

    def turn(self, results: Sequence[Result], capacity: Capacity, now: datetime) -> list[Claim]:
        """Settle results, then claim what there is room for, oldest first within each subscription.

        Raises:
            TransientError: when the database is away; nothing was settled and the results are to be given again.
        """
        if not results and not self._has_work(now):
            return []
        with self._database.begin() as connection:
            self._settle(connection, results, now)
            return self._claim(connection, capacity, now)

    def _has_work(self, now: datetime) -> bool:
        with self._database.read() as connection:
            return connection.execute(_subscriptions_with_work(now).limit(1)).first() is not None

    # Settling

    def _settle(self, connection: Connection, results: Sequence[Result], now: datetime) -> None:
        delivered = [_delivered_row(result) for result in results if isinstance(result.outcome, Delivered)]
        if delivered:
            connection.execute(_SETTLE_DELIVERED, delivered)
        failed = [(result, result.outcome) for result in results if isinstance(result.outcome, Failed)]
        self._settle_failed(connection, failed, now)
        for result in sorted(results, key=lambda each: each.claim.subscription_id):
            if isinstance(result.outcome, Refused):
                _settle_refused(connection, result.claim, result.outcome, now)

    def _settle_failed(self, connection: Connection, failed: Sequence[tuple[Result, Failed]], now: datetime) -> None:
        retries: list[dict[str, Any]] = []
        for result, outcome in failed:
            wait = backoff(result.claim.attempt, self._fraction(), outcome.retry_after)
            if wait is None:
                _hold_lane(connection, result.claim, outcome)
            else:
                retries.append(_retry_row(result.claim, outcome, now + wait))
        if retries:
            connection.execute(_SETTLE_RETRY, retries)
            # Those behind it in its lane wait as long: they are not looked at in vain.
            connection.execute(_POSTPONE_LANE, [{key: row[key] for key in _LANE_KEYS} for row in retries])

    # Claiming

    def _claim(self, connection: Connection, capacity: Capacity, now: datetime) -> list[Claim]:
        free = capacity.total
        rows: list[Any] = []
        rooms = [(capacity.room_for(each), each) for each in connection.scalars(_subscriptions_with_work(now))]
        for room_for, subscription_id in sorted(rooms, reverse=True):
            room = min(room_for, free)
            if room > 0:
                found = connection.execute(_heads_of_lanes(subscription_id, now, room)).all()
                rows.extend(found)
                free -= len(found)
        if rows:
            leases = [{"b_id": row.delivery_id, "b_until": now + self._lease} for row in rows]
            connection.execute(_LEASE, leases)
        return [_claim_from(row) for row in rows]


def _claimable(now: datetime) -> ColumnElement[bool]:
    columns = deliveries.c
    return or_(
        and_(columns.state == "due", columns.due_at <= now),
        and_(columns.state == "leased", columns.lease_until <= now),
    )


def _subscriptions_with_work(now: datetime) -> Select[str]:
    columns = subscriptions.c
    work = exists().where(deliveries.c.subscription_id == columns.subscription_id, _claimable(now))
    return select(columns.subscription_id).where(columns.state == SubscriptionState.ACTIVE.value, work)


def _heads_of_lanes(subscription_id: str, now: datetime, limit: int) -> Select[Any]:
    older = deliveries.alias("older")
    waits = exists().where(
        older.c.subscription_id == deliveries.c.subscription_id,
        older.c.lane == deliveries.c.lane,
        older.c.delivery_id < deliveries.c.delivery_id,
        older.c.state.in_(UNDONE),
    )
    columns = (deliveries, subscriptions.c.url, subscriptions.c.secret)
    query = select(*columns).join(subscriptions, subscriptions.c.subscription_id == deliveries.c.subscription_id)
    heads = query.where(deliveries.c.subscription_id == subscription_id, _claimable(now), ~waits)
    return heads.order_by(deliveries.c.delivery_id).limit(limit).with_for_update(of=deliveries, skip_locked=True)


def _claim_from(row: Any) -> Claim:
    return Claim(
        delivery_id=row.delivery_id,
        subscription_id=row.subscription_id,
        lane=row.lane,
        attempt=row.attempts + 1,
        queued_at=row.created_at,
        post=Post(url=row.url, secret=row.secret, message_id=row.notification_id, body=row.body),
    )


def _delivered_row(result: Result) -> dict[str, Any]:
    assert isinstance(result.outcome, Delivered)
    return {
        "b_id": result.claim.delivery_id,
        "b_attempt": result.claim.attempt,
        "b_status": result.outcome.status,
        "b_at": result.ended_at,
    }


def _retry_row(claim: Claim, outcome: Failed, due_at: datetime) -> dict[str, Any]:
    return {
        "b_id": claim.delivery_id,
        "b_attempt": claim.attempt,
        "b_status": outcome.status,
        "b_error": outcome.error,
        "b_due": due_at,
        "b_subscription": claim.subscription_id,
        "b_lane": claim.lane,
    }


def _hold_lane(connection: Connection, claim: Claim, outcome: Failed) -> None:
    """Keep a delivery that failed for days, and those behind it in its lane, until somebody releases or drops them."""
    columns = deliveries.c
    # The subscription's row first: whoever queues into this lane holds a share lock on it.
    lock = select(subscriptions.c.subscription_id).where(subscriptions.c.subscription_id == claim.subscription_id)
    connection.execute(lock.with_for_update()).first()
    ours = and_(columns.delivery_id == claim.delivery_id, columns.attempts == claim.attempt, columns.state == "leased")
    values = {"state": "held", "lease_until": None, "last_status": outcome.status, "last_error": outcome.error}
    if connection.execute(update(deliveries).where(ours).values(values)).rowcount:
        behind = and_(
            columns.subscription_id == claim.subscription_id, columns.lane == claim.lane, columns.state == "due"
        )
        connection.execute(update(deliveries).where(behind).values(state="held"))


def _settle_refused(connection: Connection, claim: Claim, outcome: Refused, now: datetime) -> None:
    """Disable the subscription; one that was paused or removed meanwhile stays so."""
    query = select(subscriptions.c.state).where(subscriptions.c.subscription_id == claim.subscription_id)
    if connection.execute(query.with_for_update()).scalar_one() == SubscriptionState.ACTIVE.value:
        stop_sending(connection, claim.subscription_id, SubscriptionState.DISABLED, outcome.reason, now)
    said = {"last_status": outcome.status, "last_error": outcome.reason}
    connection.execute(update(deliveries).where(deliveries.c.delivery_id == claim.delivery_id).values(said))


_THIS_ATTEMPT = and_(deliveries.c.delivery_id == bindparam("b_id"), deliveries.c.attempts == bindparam("b_attempt"))

# Held as well: it was paused or disabled while it was on its way, and arrived all the same.
_SETTLE_DELIVERED = (
    update(deliveries)
    .where(_THIS_ATTEMPT, or_(deliveries.c.state == "leased", deliveries.c.state == "held"))
    .values(
        state="delivered",
        lease_until=None,
        last_status=bindparam("b_status"),
        last_error=None,
        delivered_at=bindparam("b_at"),
    )
)
_SETTLE_RETRY = (
    update(deliveries)
    .where(_THIS_ATTEMPT, deliveries.c.state == "leased")
    .values(
        state="due",
        lease_until=None,
        last_status=bindparam("b_status"),
        last_error=bindparam("b_error"),
        due_at=bindparam("b_due"),
    )
)
_LANE_KEYS = ("b_subscription", "b_lane", "b_due")
_POSTPONE_LANE = (
    update(deliveries)
    .where(
        deliveries.c.subscription_id == bindparam("b_subscription"),
        deliveries.c.lane == bindparam("b_lane"),
        deliveries.c.state == "due",
        deliveries.c.due_at < bindparam("b_due"),
    )
    .values(due_at=bindparam("b_due"))
)
_LEASE = (
    update(deliveries)
    .where(deliveries.c.delivery_id == bindparam("b_id"))
    .values(state="leased", attempts=deliveries.c.attempts + 1, lease_until=bindparam("b_until"))
)
