"""Subscriptions of the organisation that asks: list, add, remove."""

from __future__ import annotations

from typing import Annotated, Any, Self

import shapely
from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, model_validator
from shapely.geometry import mapping
from starlette.responses import Response

from meekoppel_contracts.ids import OrgCode
from meekoppel_hub.api import examples
from meekoppel_hub.api.answers import JsonAnswer
from meekoppel_hub.api.context import ApiContext, Context, OrganisationViewer
from meekoppel_hub.api.errors import BadRequest, NotFound
from meekoppel_hub.api.paging import without_nul
from meekoppel_hub.platform import subscriptions as platform
from meekoppel_hub.platform.areas import Area, InvalidArea, area_from_box, area_from_geojson
from meekoppel_hub.reading.access import Viewer

router = APIRouter(tags=["subscriptions"])


class SubscriptionOrder(BaseModel):
    """What is asked for: at least one of own overlaps, a box and an area."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.SUBSCRIPTION_ORDER]})

    name: str = Field(min_length=1, max_length=200, description="What you call it.")
    url: str = Field(min_length=1, max_length=2000, description="Where your receiver listens: https, a public address.")
    own_overlaps: bool = Field(default=False, description="Tell me when my own plans meet others.")
    bbox: tuple[float, float, float, float] | None = Field(
        default=None, description="Tell me of plans in this box: min x, min y, max x, max y in the hub's CRS."
    )
    area: dict[str, Any] | None = Field(default=None, description="Tell me of plans in this GeoJSON polygon.")
    area_crs: int = Field(default=4326, gt=0, description="EPSG number of the area's coordinates.")

    @model_validator(mode="after")
    def _one_area(self) -> Self:
        if self.bbox is not None and self.area is not None:
            raise ValueError("give bbox or area, not both")
        return self


@router.get("/subscriptions", summary="Your subscriptions", responses=examples.SUBSCRIPTIONS)
def list_subscriptions(context: Context, viewer: OrganisationViewer) -> Response:
    """List the subscriptions of your organisation, oldest first; never their secrets."""
    found = platform.list_subscriptions(context.database, organisation=viewer.organisation)
    return JsonAnswer({"subscriptions": [_entry(one) for one in found]})


@router.post("/subscriptions", summary="Subscribe", status_code=201, responses=examples.NEW_SUBSCRIPTION)
def add_subscription(context: Context, viewer: OrganisationViewer, order: SubscriptionOrder) -> Response:
    """Add a subscription; the answer holds the secret with which the hub signs (Standard Webhooks), this once."""
    try:
        request = platform.SubscriptionRequest(
            organisation=_code(viewer),
            name=without_nul(order.name),
            url=without_nul(order.url),
            own_overlaps=order.own_overlaps,
            area=_area(order, context.settings.crs),
        )
        stored, secret = platform.add_subscription(
            context.database, request, allow_private=context.settings.allow_private_webhooks, clock=context.clock
        )
    except (platform.RefusedSubscription, InvalidArea) as error:
        raise BadRequest(str(error)) from error
    headers = {"Location": f"/subscriptions/{stored.subscription_id}"}
    return JsonAnswer({**_entry(stored), "secret": secret}, status_code=201, headers=headers)


SubscriptionPath = Annotated[str, Path(description="The subscription's id.", examples=["sub_0123456789abcdef0123"])]


@router.delete("/subscriptions/{subscription_id}", summary="Unsubscribe", responses=examples.REMOVED_SUBSCRIPTION)
def remove_subscription(context: Context, viewer: OrganisationViewer, subscription_id: SubscriptionPath) -> Response:
    """End a subscription of your organisation; what was not sent yet is dropped."""
    _require_own(context, viewer, subscription_id)
    removed = platform.remove_subscription(context.database, subscription_id, clock=context.clock)
    return JsonAnswer(_entry(removed))


def _require_own(context: ApiContext, viewer: Viewer, subscription_id: str) -> None:
    own = platform.list_subscriptions(context.database, organisation=viewer.organisation)
    if subscription_id not in {one.subscription_id for one in own}:
        raise NotFound(f"your organisation has no subscription {subscription_id}; GET /subscriptions lists them")


def _code(viewer: Viewer) -> OrgCode:
    assert viewer.organisation is not None, "the route admits organisations only"
    return viewer.organisation


def _area(order: SubscriptionOrder, crs: int) -> Area | None:
    if order.bbox is not None:
        return area_from_box(order.bbox)
    if order.area is not None:
        return area_from_geojson(order.area, crs, order.area_crs)
    return None


def _entry(one: platform.Subscription) -> dict[str, Any]:
    return {
        "subscription_id": one.subscription_id,
        "organisation": one.organisation,
        "name": one.name,
        "url": one.url,
        "kinds": [kind.value for kind in one.kinds],
        "area": None if one.area is None else mapping(shapely.from_wkb(one.area)),
        "state": one.state.value,
        "reason": one.reason,
        "created_at": one.created_at,
        "changed_at": one.changed_at,
    }
