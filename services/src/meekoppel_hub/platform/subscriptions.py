"""Subscriptions: who wants to be told what, and at which URL.

Errors are kinds of SettingsError: RefusedSubscription (what was asked for breaks a rule) and UnknownSubscription (there
is none with this id).
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType
from urllib.parse import urlsplit

import shapely
from sqlalchemy import Connection, Row, Select, insert, select, update

from meekoppel_contracts.ids import OrgCode
from meekoppel_hub.platform.areas import Area, check_area
from meekoppel_hub.platform.clock import Clock, utc_now
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.notifications import deliveries, subscriptions
from meekoppel_hub.platform.database.tables.organisations import organisations
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.public_addresses import is_address_literal, is_public_address

SubscriptionId = NewType("SubscriptionId", str)

_SECRET_BYTES = 32
_URL_LENGTH = 2000
_NAME_LENGTH = 200


class RefusedSubscription(SettingsError):
    """What was asked for breaks a rule of subscriptions; the message says which."""


class UnknownSubscription(SettingsError):
    """There is no subscription with this id.

    Attributes:
        subscription_id: the id that was asked for.
    """

    def __init__(self, subscription_id: str) -> None:
        self.subscription_id = subscription_id
        super().__init__(f"there is no subscription {subscription_id!r}; `meekoppel subscriptions list` shows all")


class SubscriptionKind(StrEnum):
    """What a subscription is about."""

    OWN_OVERLAPS = "own_overlaps"
    AREA = "area"


class SubscriptionState(StrEnum):
    """Whether a subscription's deliveries are sent (active) or kept as held (paused by choice, disabled by the hub)."""

    ACTIVE = "active"
    PAUSED = "paused"
    DISABLED = "disabled"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class SubscriptionRequest:
    """What somebody asks for; at least one of own overlaps and an area.

    Attributes:
        organisation: the code of the organisation that is told.
        name: what the organisation calls it.
        url: where its receiver listens: https, a public address.
        own_overlaps: whether it is told when its own plans meet others.
        area: it is told of plans in this polygon, in the hub's CRS; None for no area.
    """

    organisation: str
    name: str
    url: str
    own_overlaps: bool = False
    area: Area | None = None


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription, without its secret.

    Attributes:
        area: WKB polygon in the hub's CRS, None when it is not about an area.
        box: min x, min y, max x, max y of the area, in metres.
        reason: why the hub disabled it.
    """

    subscription_id: SubscriptionId
    organisation: OrgCode
    name: str
    url: str
    kinds: tuple[SubscriptionKind, ...]
    area: bytes | None
    box: tuple[float, float, float, float] | None
    state: SubscriptionState
    reason: str | None
    created_at: datetime
    changed_at: datetime


def add_subscription(
    database: Database, request: SubscriptionRequest, *, allow_private: bool = False, clock: Clock = utc_now
) -> tuple[Subscription, str]:
    """Store a subscription and give it with its signing secret (`whsec_…`), which is shown this once.

    `allow_private` admits http and addresses that are not on the public internet, for demo and tests.

    Raises:
        RefusedSubscription: when the organisation is unknown, the URL may not be called, or nothing is asked for.
    """
    _check(request, allow_private)
    secret = new_secret()
    row = _new_row(request, secret, clock())
    with database.begin() as connection:
        _require_organisation(connection, request.organisation)
        connection.execute(insert(subscriptions), row)
        stored = _load(connection, row["subscription_id"])
    return stored, secret


def new_secret() -> str:
    """Make a signing secret as Standard Webhooks writes it: `whsec_` and 32 random bytes in base64."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"


def get_subscription(database: Database, subscription_id: str) -> Subscription:
    """Give one subscription, removed ones too.

    Raises:
        UnknownSubscription: when there is none.
    """
    with database.read() as connection:
        return _load(connection, subscription_id)


def list_subscriptions(
    database: Database, *, organisation: str | None = None, include_removed: bool = False
) -> Sequence[Subscription]:
    """List subscriptions, oldest first; of one organisation where it is given."""
    query = _columns().order_by(subscriptions.c.created_at, subscriptions.c.subscription_id)
    if organisation is not None:
        query = query.where(subscriptions.c.organisation == organisation)
    if not include_removed:
        query = query.where(subscriptions.c.state != SubscriptionState.REMOVED)
    with database.read() as connection:
        return [_subscription(row) for row in connection.execute(query)]


def secret_of(database: Database, subscription_id: str) -> str:
    """Give the signing secret, for signing only; it is never shown again.

    Raises:
        UnknownSubscription: when there is no such subscription.
    """
    query = select(subscriptions.c.secret).where(subscriptions.c.subscription_id == subscription_id)
    with database.read() as connection:
        secret = connection.execute(query).scalar_one_or_none()
    if secret is None:
        raise UnknownSubscription(subscription_id)
    return str(secret)


def pause_subscription(database: Database, subscription_id: str, *, clock: Clock = utc_now) -> Subscription:
    """Stop sending; what there is to send is held until `resume_subscription`.

    Raises:
        UnknownSubscription: when there is none, or it was removed.
    """
    with database.begin() as connection:
        _require_present(connection, subscription_id)
        stop_sending(connection, subscription_id, SubscriptionState.PAUSED, None, clock())
        return _load(connection, subscription_id)


def resume_subscription(database: Database, subscription_id: str, *, clock: Clock = utc_now) -> Subscription:
    """Send again, also after the hub disabled it: everything that was held is due now, in its old order.

    Raises:
        UnknownSubscription: when there is none, or it was removed.
    """
    now = clock()
    with database.begin() as connection:
        _require_present(connection, subscription_id)
        _set_state(connection, subscription_id, SubscriptionState.ACTIVE, None, now)
        held = (deliveries.c.subscription_id == subscription_id) & (deliveries.c.state == "held")
        connection.execute(update(deliveries).where(held).values(state="due", due_at=now, attempts=0))
        return _load(connection, subscription_id)


def remove_subscription(database: Database, subscription_id: str, *, clock: Clock = utc_now) -> Subscription:
    """End a subscription; its row and what was delivered stay for the record, what was not sent is dropped.

    Raises:
        UnknownSubscription: when there is none, or it was removed already.
    """
    with database.begin() as connection:
        _require_present(connection, subscription_id)
        stop_sending(connection, subscription_id, SubscriptionState.REMOVED, None, clock())
        held = (deliveries.c.subscription_id == subscription_id) & (deliveries.c.state == "held")
        connection.execute(update(deliveries).where(held).values(state="dropped"))
        return _load(connection, subscription_id)


def stop_sending(
    connection: Connection, subscription_id: str, state: SubscriptionState, reason: str | None, now: datetime
) -> None:
    """Set a state in which nothing is sent, and hold every open delivery, those being sent right now as well.

    The subscription's row comes first: whoever queues deliveries holds a share lock on it, so that none slips through.
    """
    _set_state(connection, subscription_id, state, reason, now)
    is_open = (deliveries.c.subscription_id == subscription_id) & deliveries.c.state.in_(("due", "leased"))
    connection.execute(update(deliveries).where(is_open).values(state="held", lease_until=None))


def _set_state(
    connection: Connection, subscription_id: str, state: SubscriptionState, reason: str | None, now: datetime
) -> None:
    statement = (
        update(subscriptions)
        .where(subscriptions.c.subscription_id == subscription_id)
        .values(state=state.value, reason=reason, changed_at=now, revision=subscriptions.c.revision + 1)
    )
    connection.execute(statement)


def _check(request: SubscriptionRequest, allow_private: bool) -> None:
    if not request.own_overlaps and request.area is None:
        raise RefusedSubscription("a subscription asks for nothing: give own overlaps, an area, or both")
    if not request.name.strip() or len(request.name) > _NAME_LENGTH:
        raise RefusedSubscription(f"the name of a subscription has 1 to {_NAME_LENGTH} characters")
    if request.area is not None:
        check_area(request.area)
    check_webhook_url(request.url, allow_private=allow_private)


def check_webhook_url(url: str, *, allow_private: bool = False) -> None:
    """Check what can be checked of a webhook's URL without the network; the connection itself is guarded as well.

    Raises:
        RefusedSubscription: when the hub may not call it.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise RefusedSubscription(f"the URL {url!r} cannot be read: {error}") from error
    if parts.scheme not in (("https", "http") if allow_private else ("https",)) or not host:
        raise RefusedSubscription(f"the URL {url!r} does not start with https:// and a host")
    if parts.username is not None or parts.password is not None or parts.fragment or len(url) > _URL_LENGTH:
        raise RefusedSubscription(
            f"the URL {parts.scheme}://{host}… has credentials, a fragment or over {_URL_LENGTH} characters"
        )
    if not allow_private and is_address_literal(host) and not is_public_address(host):
        raise RefusedSubscription(f"the address {host} is not on the public internet; the hub does not call it")


def _new_row(request: SubscriptionRequest, secret: str, now: datetime) -> dict[str, Any]:
    box = (None, None, None, None) if request.area is None else tuple(float(edge) for edge in request.area.bounds)
    return {
        "subscription_id": f"sub_{secrets.token_hex(10)}",
        "organisation": request.organisation,
        "name": request.name.strip(),
        "url": request.url,
        "secret": secret,
        "own_overlaps": request.own_overlaps,
        "area": None if request.area is None else shapely.to_wkb(request.area),
        "min_x": box[0],
        "min_y": box[1],
        "max_x": box[2],
        "max_y": box[3],
        "state": SubscriptionState.ACTIVE.value,
        "reason": None,
        "revision": 1,
        "created_at": now,
        "changed_at": now,
    }


def _require_organisation(connection: Connection, code: str) -> None:
    query = select(organisations.c.code).where(organisations.c.code == code, organisations.c.active)
    if connection.execute(query).first() is None:
        raise RefusedSubscription(f"no active organisation has the code {code!r}; `meekoppel organisations list`")


def _require_present(connection: Connection, subscription_id: str) -> None:
    if _load(connection, subscription_id).state is SubscriptionState.REMOVED:
        raise UnknownSubscription(subscription_id)


def _columns() -> Select[Any]:
    return select(*(column for column in subscriptions.c if column.name != "secret"))


def _load(connection: Connection, subscription_id: str) -> Subscription:
    row = connection.execute(_columns().where(subscriptions.c.subscription_id == subscription_id)).first()
    if row is None:
        raise UnknownSubscription(subscription_id)
    return _subscription(row)


def _subscription(row: Row[Any]) -> Subscription:
    kinds = ((SubscriptionKind.OWN_OVERLAPS, row.own_overlaps), (SubscriptionKind.AREA, row.area is not None))
    return Subscription(
        subscription_id=SubscriptionId(row.subscription_id),
        organisation=OrgCode(row.organisation),
        name=row.name,
        url=row.url,
        kinds=tuple(kind for kind, wanted in kinds if wanted),
        area=row.area,
        box=None if row.area is None else (row.min_x, row.min_y, row.max_x, row.max_y),
        state=SubscriptionState(row.state),
        reason=row.reason,
        created_at=row.created_at,
        changed_at=row.changed_at,
    )
