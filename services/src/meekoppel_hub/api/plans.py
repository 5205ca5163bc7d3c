"""Plans: a page of them, one of them, and its versions."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from meekoppel_contracts.codes import Status
from meekoppel_hub.api import examples
from meekoppel_hub.api.answers import GeoJsonAnswer, JsonAnswer, feature_collection, named_crs
from meekoppel_hub.api.box import BoxText, read_box
from meekoppel_hub.api.context import AnyViewer, Context
from meekoppel_hub.api.errors import BadRequest
from meekoppel_hub.api.moments import AsOf, From, Period, To, read_as_of, read_period
from meekoppel_hub.api.paging import DEFAULT_LIMIT, Cursor, Limit, next_page, one_page, read_cursor, without_nul
from meekoppel_hub.api.plan_store import find_plan, find_plan_as_of
from meekoppel_hub.reading.as_of import plans_as_of
from meekoppel_hub.reading.features import plan_features, version_entry
from meekoppel_hub.reading.history import plan_history, visible_versions
from meekoppel_hub.reading.plans import PlanFilter, visible_plans

router = APIRouter(tags=["plans"])

PlanPath = Annotated[str, Path(description="The plan's id.", examples=["NL.gemeente-rijnvoorde.W00042"])]
OrganisationCode = Annotated[str | None, Query(description="The code of the initiator.", examples=["stedennet"])]
Statuses = Annotated[list[Status] | None, Query(description="One of these; may be given more than once.")]


@router.get(
    "/plans",
    summary="Plans, now or as of a moment",
    responses=examples.PLANS,
    response_class=GeoJsonAnswer,
)
def list_plans(
    context: Context,
    viewer: AnyViewer,
    bbox: BoxText = None,
    organisation: OrganisationCode = None,
    status: Statuses = None,
    period_from: From = None,
    period_to: To = None,
    period: Period = None,
    as_of: AsOf = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Give a page of plans as a GeoJSON FeatureCollection in the hub's CRS, in the order of their ids.

    With `as_of`, plans are as the hub knew them at that moment, and all filters are about what they were then. A page
    may then hold less than `limit` while there is more: go on as long as `next` is not null.
    """
    begin, end = read_period(period, period_from, period_to)
    wanted = PlanFilter(
        area=read_box(bbox),
        organisations=(without_nul(organisation),) if organisation is not None else (),
        statuses=tuple(one.value for one in status or ()),
        period_from=begin,
        period_to=end,
    )
    after, now = read_cursor(cursor), context.clock()
    moment = read_as_of(as_of, now)
    with context.database.read() as connection:
        if moment is not None:
            then = plans_as_of(connection, viewer, wanted, moment, after, now, limit)
            page, next_cursor = then.seen, next_page(then.last)
        else:
            found = visible_plans(connection, viewer, wanted, after, now)
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


@router.get("/plans/{plan_id:path}/history", summary="What each version of a plan changed", responses=examples.HISTORY)
def list_history(
    context: Context, viewer: AnyViewer, plan_id: PlanPath, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Response:
    """Give what each version changed, oldest first: field by field, the old and the new value, and in words (nl, en).

    Moments are told by the days they moved, zones by metres and square metres. A version that was not shared with you
    is left out; the next one is then compared with the one before it, which `compared_with` names.
    """
    after, plan_id, now = _read_version(read_cursor(cursor)), without_nul(plan_id), context.clock()
    with context.database.read() as connection:
        find_plan(connection, viewer, plan_id, now)
        found = plan_history(connection, viewer, plan_id, after, now)
        page, next_cursor = one_page(found, limit, lambda entry: str(entry.stored.version))
    return JsonAnswer({"plan_id": plan_id, "history": [entry.document() for entry in page], "next": next_cursor})


@router.get("/plans/{plan_id:path}", summary="One plan", responses=examples.PLAN, response_class=GeoJsonAnswer)
def get_plan(context: Context, viewer: AnyViewer, plan_id: PlanPath, as_of: AsOf = None) -> Response:
    """Give the whole plan as a GeoJSON Feature in the hub's CRS; 410 with the reason when it is withdrawn.

    With `as_of`, the plan is as the hub knew it at that moment; 410 also when it is withdrawn now.
    """
    now = context.clock()
    moment = read_as_of(as_of, now)
    with context.database.read() as connection:
        plan = find_plan(connection, viewer, without_nul(plan_id), now)
        if moment is not None:
            plan = find_plan_as_of(connection, viewer, plan, moment)
    feature: dict[str, Any] = {**plan_features([plan])[0], "crs": named_crs(context.settings.crs)}
    return GeoJsonAnswer(feature)


def _read_version(key: str | None) -> int:
    if key is None:
        return 0
    if not (key.isascii() and key.isdigit() and len(key) <= 18):
        raise BadRequest("the cursor is not one of a plan's versions; take it from `next` of the page before")
    return int(key)
