"""`meekoppel subscriptions` and `meekoppel deliveries`: who is told what, and what became of it."""

from __future__ import annotations

import asyncio
import json
import uuid
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from meekoppel_contracts.codes import NotificationCategory
from meekoppel_contracts.webhooks import TrialNotice, TrialWebhook
from meekoppel_hub.cli.tables import show_table
from meekoppel_hub.cli.view import view_of_hub
from meekoppel_hub.notifications.consume import hub_source
from meekoppel_hub.notifications.send import Delivered, Outcome, Post, Sender
from meekoppel_hub.platform import deliveries as delivery_store
from meekoppel_hub.platform import subscriptions as store
from meekoppel_hub.platform.areas import Area, InvalidArea, area_from_box, area_from_file
from meekoppel_hub.platform.clock import utc_now
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.deliveries import Delivery, DeliveryState
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.settings import HubSettings
from meekoppel_hub.platform.subscriptions import Subscription, SubscriptionKind, SubscriptionRequest

app = typer.Typer(help="Who is told what, by signed webhooks.", no_args_is_help=True)
deliveries_app = typer.Typer(help="What was sent, what waits, and what is held.", no_args_is_help=True)

SubscriptionArgument = Annotated[str, typer.Argument(help="The id of the subscription: sub_…")]
AsJson = Annotated[bool, typer.Option("--json", help="Give JSON instead of a table.")]
PlanOption = Annotated[str | None, typer.Option("--plan", help="Only the deliveries about this plan.")]
AreaOption = Annotated[
    Path | None, typer.Option(help="A file with the area as GeoJSON (longitude, latitude) or WKT (hub's CRS).")
]
BoxOption = Annotated[
    str | None, typer.Option("--bbox", help="The area as min x,min y,max x,max y, in metres in the hub's CRS.")
]

ADD_EXAMPLES = """Examples:

meekoppel subscriptions add --organisation gm0361 --own-overlaps --url https://hooks.example.org/meekoppel

meekoppel subscriptions add --organisation gm0361 --area town.geojson --url https://hooks.example.org/meekoppel

meekoppel subscriptions add --organisation gm0361 --bbox 109000,514000,114000,519000 --url https://hooks.example.org/m
"""


@app.command(epilog=ADD_EXAMPLES)
def add(
    organisation: Annotated[str, typer.Option(help="The code of the organisation that is told.")],
    url: Annotated[str, typer.Option(help="Where its receiver listens: https, a public address.")],
    name: Annotated[str, typer.Option(help="What the organisation calls it.")] = "webhook",
    own_overlaps: Annotated[bool, typer.Option("--own-overlaps", help="Tell when its own plans meet others.")] = False,
    area: AreaOption = None,
    box: BoxOption = None,
    area_crs: Annotated[int | None, typer.Option(help="EPSG number of the coordinates in the area file.")] = None,
) -> None:
    """Add a subscription and show its signing secret, this once."""
    settings = HubSettings.read()
    request = SubscriptionRequest(
        organisation=organisation,
        name=name,
        url=url,
        own_overlaps=own_overlaps,
        area=_read_area(area, box, area_crs, settings.crs),
    )
    subscription, secret = store.add_subscription(
        _database(settings), request, allow_private=settings.allow_private_webhooks
    )
    typer.echo(f"subscription {subscription.subscription_id}")
    typer.echo(f"secret       {secret}")
    typer.echo("Keep the secret: it is not shown again. The receiver verifies each message with it.")


@app.command("list", epilog="Example: meekoppel subscriptions list --organisation gm0361")
def list_(
    organisation: Annotated[str | None, typer.Option(help="Only of this organisation.")] = None,
    removed: Annotated[bool, typer.Option("--removed", help="Removed ones as well.")] = False,
    as_json: AsJson = False,
) -> None:
    """List subscriptions."""
    found = store.list_subscriptions(_database(), organisation=organisation, include_removed=removed)
    if as_json:
        typer.echo(json.dumps([_as_json(subscription) for subscription in found], indent=2))
        return
    columns = ("subscription", "organisation", "name", "about", "state", "url")
    rows = ((e.subscription_id, e.organisation, e.name, " and ".join(e.kinds), e.state, e.url) for e in found)
    show_table(columns, rows, whole=("subscription", "organisation"))


@app.command(epilog="Example: meekoppel subscriptions show sub_0a1b2c3d4e5f60718293")
def show(subscription_id: SubscriptionArgument) -> None:
    """Show one subscription and how its deliveries stand, as JSON."""
    database = _database()
    document = _as_json(store.get_subscription(database, subscription_id))
    counts = delivery_store.count_deliveries(database, subscription_id=subscription_id)
    typer.echo(json.dumps({**document, "deliveries": counts}, indent=2))


@app.command(epilog="Example: meekoppel subscriptions pause sub_0a1b2c3d4e5f60718293")
def pause(subscription_id: SubscriptionArgument) -> None:
    """Stop sending; what there is to send is held until it is resumed."""
    store.pause_subscription(_database(), subscription_id)
    typer.echo(f"{subscription_id} is paused; its deliveries are held")


@app.command(epilog="Example: meekoppel subscriptions resume sub_0a1b2c3d4e5f60718293")
def resume(subscription_id: SubscriptionArgument) -> None:
    """Send again, also after the hub disabled it; what was held goes out in its old order."""
    database = _database()
    store.resume_subscription(database, subscription_id)
    waiting = delivery_store.count_deliveries(database, subscription_id=subscription_id)[DeliveryState.DUE]
    typer.echo(f"{subscription_id} is active; {waiting} deliveries are to be sent")


@app.command(epilog="Example: meekoppel subscriptions remove sub_0a1b2c3d4e5f60718293")
def remove(subscription_id: SubscriptionArgument) -> None:
    """End a subscription; what was not sent yet is dropped, what was delivered stays on record."""
    store.remove_subscription(_database(), subscription_id)
    typer.echo(f"{subscription_id} is removed")


@app.command(epilog="Example: meekoppel subscriptions test sub_0a1b2c3d4e5f60718293")
def test(subscription_id: SubscriptionArgument) -> None:
    """Send a signed test event now and say what the receiver answered."""
    settings = HubSettings.read()
    database = _database(settings)
    subscription = store.get_subscription(database, subscription_id)
    post = _test_post(subscription, store.secret_of(database, subscription_id), hub_source(settings.namespace))
    outcome = asyncio.run(_send(post, allow_private=settings.allow_private_webhooks))
    if not isinstance(outcome, Delivered):
        reason = getattr(outcome, "error", None) or getattr(outcome, "reason", "")
        raise SettingsError(f"the test event did not arrive at {subscription.url}: {reason}")
    typer.echo(f"{subscription.url} answered {outcome.status}")


@deliveries_app.command("list", epilog="Example: meekoppel deliveries list --state held --limit 20")
def list_deliveries(
    subscription: Annotated[str | None, typer.Option(help="Only of this subscription.")] = None,
    state: Annotated[DeliveryState | None, typer.Option(help="Only in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List deliveries, newest first."""
    found = delivery_store.list_deliveries(_database(), subscription_id=subscription, state=state, limit=limit)
    if as_json:
        typer.echo(json.dumps([asdict(delivery) for delivery in found], indent=2, default=str))
        return
    columns = ("delivery", "subscription", "what", "plan", "state", "tries", "next or done", "last answer")
    show_table(columns, map(_delivery_cells, found), whole=("subscription", "plan"))


@deliveries_app.command(epilog="Example: meekoppel deliveries retry sub_0a1b2c3d4e5f60718293")
def retry(subscription_id: SubscriptionArgument, plan: PlanOption = None) -> None:
    """Send what is held of an active subscription again, in its old order."""
    database = _database()
    store.get_subscription(database, subscription_id)
    count = delivery_store.release_deliveries(database, subscription_id, plan_id=plan)
    typer.echo(f"{count} deliveries are to be sent")


@deliveries_app.command(epilog="Example: meekoppel deliveries drop sub_0a1b2c3d4e5f60718293 --plan NL.gm0361.2026-0041")
def drop(subscription_id: SubscriptionArgument, plan: PlanOption = None) -> None:
    """Drop what is held: it will never be sent."""
    database = _database()
    store.get_subscription(database, subscription_id)
    count = delivery_store.drop_deliveries(database, subscription_id, plan_id=plan)
    typer.echo(f"{count} deliveries were dropped")


def _database(settings: HubSettings | None = None) -> Database:
    return view_of_hub(settings or HubSettings.read())


def _read_area(path: Path | None, box: str | None, crs: int | None, hub_crs: int) -> Area | None:
    if path is not None and box is not None:
        raise InvalidArea("give --area or --bbox, not both")
    if path is not None:
        return area_from_file(path, hub_crs, crs)
    if box is None:
        return None
    try:
        min_x, min_y, max_x, max_y = (float(edge) for edge in box.split(","))
    except ValueError as error:
        raise InvalidArea(f"--bbox {box!r} is not four numbers: min x,min y,max x,max y") from error
    return area_from_box((min_x, min_y, max_x, max_y))


def _test_post(subscription: Subscription, secret: str, source: str) -> Post:
    message_id = f"msg_{uuid.uuid4().hex}"
    told = TrialNotice(
        category=NotificationCategory.INFO, text="A test of your subscription.", organisation=subscription.organisation
    )
    body = TrialWebhook(
        id=message_id, source=source, subject=subscription.subscription_id, time=utc_now(), data=told
    ).model_dump_json()
    return Post(url=subscription.url, secret=secret, message_id=message_id, body=body)


async def _send(post: Post, *, allow_private: bool) -> Outcome:
    async with Sender(allow_private=allow_private) as sender:
        return await sender.send(post)


def _as_json(subscription: Subscription) -> dict[str, Any]:
    return {
        "subscription_id": subscription.subscription_id,
        "organisation": subscription.organisation,
        "name": subscription.name,
        "url": subscription.url,
        "kinds": [SubscriptionKind(kind).value for kind in subscription.kinds],
        "box": subscription.box,
        "state": subscription.state.value,
        "reason": subscription.reason,
        "created_at": subscription.created_at.isoformat(),
        "changed_at": subscription.changed_at.isoformat(),
    }


def _delivery_cells(delivery: Delivery) -> tuple[str, ...]:
    moment = delivery.delivered_at or delivery.due_at
    answer = str(delivery.last_status or "") if delivery.last_error is None else delivery.last_error
    return (
        str(delivery.delivery_id),
        delivery.subscription_id,
        delivery.kind,
        delivery.plan_id,
        delivery.state,
        str(delivery.attempts),
        f"{moment:%Y-%m-%d %H:%M:%S}",
        answer,
    )
