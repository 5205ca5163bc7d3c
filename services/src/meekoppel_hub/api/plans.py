"""Plans: a page of them, one of them, and its versions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BeforeValidator
from shapely.geometry.base import BaseGeometry
from starlette.responses import Response

from meekoppel_contracts.codes import Status
from meekoppel_hub.api import examples
from meekoppel_hub.api.answers import GeoJsonAnswer, JsonAnswer, feature_collection, named_crs
from meekoppel_hub.api.context import AnyViewer, Context
from meekoppel_hub.api.errors import BadRequest
from meekoppel_hub.api.paging import DEFAULT_LIMIT, Cursor, Limit, one_page, read_cursor, without_nul
from meekoppel_hub.api.plan_store import find_plan, visible_versions
from meekoppel_hub.reading.features import plan_features, version_entry
from meekoppel_hub.reading.plans import PlanFilter, box_area, visible_plans

router = APIRouter(tags=["plans"])

PlanPath = Annotated[str, Path(description="The plan's id.", examples=["NL.gemeente-rijnvoorde.W00042"])]
BoxText = Annotated[
    str | None,
    Query(description="min x, min y, max x, max y in the hub's CRS.", examples=["142500,457000,143500,458000"]),
]
OrganisationCode = Annotated[str | None, Query(description="The code of the initiator.", examples=["stedennet"])]
Statuses = Annotated[list[Status] | None, Query(description="One of these; may be given more than once.")]


def _no_bare_number(value: object) -> object:
    """Refuse `2026`, which would be taken for seconds since 1970."""
    if isinstance(value, str) and value.strip().lstrip("+-").replace(".", "", 1).isdigit():
        raise ValueError("write a date or time, such as 2026-03-01 or 2026-03-01T12:00:00Z")
    return value


Moment = Annotated[datetime, BeforeValidator(_no_bare_number)]
From = Annotated[
    Moment | None, Query(alias="from", description="The plan's window ends then or later; UTC without a zone.")
]
To = Annotated[
    Moment | None,
    Query(alias="to", description="The plan's window begins then or earlier; UTC without a zone."),
]


@router.get("/plans", summary="Plans that are shared now", responses=examples.PLANS, response_class=GeoJsonAnswer)
def list_plans(
    context: Context,
    viewer: AnyViewer,
    bbox: BoxText = None,
    organisation: OrganisationCode = None,
    status: Statuses = None,
    period_from: From = None,
    period_to: To = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Give a page of plans as a GeoJSON FeatureCollection in the hub's CRS, in the order of their ids."""
    wanted = PlanFilter(
        area=read_box(bbox),
        organisations=(without_nul(organisation),) if organisation is not None else (),
        statuses=tuple(one.value for one in status or ()),
        period_from=in_utc(period_from),
        period_to=in_utc(period_to),
    )
    after = read_cursor(cursor)
    with context.database.read() as connection:
        found = visible_plans(connection, viewer, wanted, after, context.clock())
        page, next_cursor = one_page(found, limit, lambda plan: plan.plan_id)
    return feature_collection(plan_features(page), context.settings.crs, next_cursor)


@router.get("/plans/{plan_id:path}/versions", summary="The versions of a plan", responses=examples.VERSIONS)
def list_versions(
    context: Context, viewer: AnyViewer, plan_id: PlanPath, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Response:
    """Give what happened to a plan, oldest first, each time with the whole plan as it was then.

    A version that was not shared with you at the time is left out, also when the plan is shared with you now.
    """
    after, plan_id = _read_version(read_cursor(cursor)), without_nul(plan_id)
    with context.database.read() as connection:
        find_plan(connection, viewer, plan_id, context.clock())
        found = visible_versions(connection, viewer, plan_id, after, context.clock())
        page, next_cursor = one_page(found, limit, lambda stored: str(stored.version))
    versions = [version_entry(stored) for stored in page]
    return JsonAnswer(
        {"plan_id": plan_id, "crs": named_crs(context.settings.crs), "versions": versions, "next": next_cursor}
    )


@router.get("/plans/{plan_id:path}", summary="One plan", responses=examples.PLAN, response_class=GeoJsonAnswer)
def get_plan(context: Context, viewer: AnyViewer, plan_id: PlanPath) -> Response:
    """Give the whole plan as a GeoJSON Feature in the hub's CRS; 410 with the reason when it is withdrawn."""
    with context.database.read() as connection:
        plan = find_plan(connection, viewer, without_nul(plan_id), context.clock())
    feature: dict[str, Any] = {**plan_features([plan])[0], "crs": named_crs(context.settings.crs)}
    return GeoJsonAnswer(feature)


def read_box(text: str | None) -> BaseGeometry | None:
    """Read `min x,min y,max x,max y`.

    Raises:
        BadRequest: when it is not four numbers, or a minimum lies above its maximum.
    """
    if text is None:
        return None
    try:
        min_x, min_y, max_x, max_y = (float(part) for part in text.split(","))
    except ValueError:
        raise BadRequest(f"bbox {text!r} is not min x,min y,max x,max y in the hub's CRS") from None
    if not (min_x <= max_x and min_y <= max_y):  # also false for not-a-number
        raise BadRequest(f"bbox {text!r} is empty: a minimum lies above its maximum")
    return box_area((min_x, min_y, max_x, max_y))


def _read_version(key: str | None) -> int:
    if key is None:
        return 0
    if not (key.isascii() and key.isdigit() and len(key) <= 18):
        raise BadRequest("the cursor is not one of a plan's versions; take it from `next` of the page before")
    return int(key)


def in_utc(moment: datetime | None) -> datetime | None:
    """Bring a moment to UTC, which it is in when it names no zone.

    Raises:
        BadRequest: when it cannot be stored.
    """
    if moment is None:
        return None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise BadRequest(f"{moment} lies outside the years that can be stored") from None
