"""Overlaps: where plans of different organisations meet."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from meekoppel_contracts.codes import OverlapKind
from meekoppel_hub.api import examples
from meekoppel_hub.api.answers import GeoJsonAnswer, feature_collection, named_crs
from meekoppel_hub.api.box import BoxText, read_box
from meekoppel_hub.api.context import AnyViewer, Context
from meekoppel_hub.api.errors import NotFound
from meekoppel_hub.api.moments import AsOf, Period, read_as_of, read_period
from meekoppel_hub.api.paging import DEFAULT_LIMIT, Cursor, Limit, next_page, one_page, read_cursor, without_nul
from meekoppel_hub.reading.overlaps import OverlapFilter, find_overlap, visible_overlaps
from meekoppel_hub.reading.overlaps_as_of import overlap_as_of, overlaps_as_of
from meekoppel_hub.reading.sight import AnySight

router = APIRouter(tags=["overlaps"])


class OverlapState(StrEnum):
    """Whether two plans meet now, or no longer do."""

    OPEN = "open"
    RESOLVED = "resolved"


Kinds = Annotated[list[OverlapKind] | None, Query(description="One of these; may be given more than once.")]
State = Annotated[OverlapState | None, Query(description="Meeting now, or no longer.")]
OrganisationCode = Annotated[str | None, Query(description="The initiator of one side.", examples=["stedennet"])]
OverlapPath = Annotated[str, Path(description="The overlap's id.", examples=["0123456789abcdef0123456789abcdef"])]
PlanId = Annotated[str | None, Query(description="The plan of one side.", examples=["NL.stedennet.SN-0042"])]


@router.get("/overlaps", summary="Where plans meet", responses=examples.OVERLAPS, response_class=GeoJsonAnswer)
def list_overlaps(
    context: Context,
    viewer: AnyViewer,
    kind: Kinds = None,
    state: State = None,
    organisation: OrganisationCode = None,
    plan: PlanId = None,
    bbox: BoxText = None,
    period: Period = None,
    as_of: AsOf = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Give a page of pairs as GeoJSON points in the hub's CRS, in the order of their ids.

    A pair is shown when both plans are shared with you. When one is your own and the other is not shared with you,
    the pair is shown blind: without the other's details, place and measures.

    With `as_of`, pairs are as they were last told until that moment, and all filters are about what was told then. A
    page may then hold less than `limit` while there is more: go on as long as `next` is not null.
    """
    begin, end = read_period(period, None, None)
    wanted = OverlapFilter(
        kinds=tuple(one.value for one in kind or ()),
        state=state.value if state is not None else None,
        organisations=(without_nul(organisation),) if organisation is not None else (),
        plan_id=without_nul(plan) if plan is not None else None,
        area=read_box(bbox),
        period_from=begin,
        period_to=end,
    )
    after, now = read_cursor(cursor), context.clock()
    moment = read_as_of(as_of, now)
    with context.database.read() as connection:
        if moment is not None:
            then = overlaps_as_of(connection, viewer, wanted, moment, after, now, limit)
            page, next_cursor = then.seen, next_page(then.last)
        else:
            found = visible_overlaps(connection, viewer, wanted, after, now, limit + 1)
            page, next_cursor = one_page(found, limit, lambda sight: str(sight.row.overlap_id))
    return feature_collection([sight.feature() for sight in page], context.settings.crs, next_cursor)


@router.get("/overlaps/{overlap_id}", summary="One pair", responses=examples.OVERLAP, response_class=GeoJsonAnswer)
def get_overlap(context: Context, viewer: AnyViewer, overlap_id: OverlapPath, as_of: AsOf = None) -> Response:
    """Give how two plans meet or met, as a GeoJSON point in the hub's CRS; with `as_of` as it was told until then."""
    now, overlap_id = context.clock(), without_nul(overlap_id)
    moment = read_as_of(as_of, now)
    with context.database.read() as connection:
        found: AnySight | None
        if moment is None:
            found = find_overlap(connection, viewer, overlap_id, now)
        else:
            found = overlap_as_of(connection, viewer, overlap_id, moment, now)
    if found is None:
        raise NotFound(f"there is no overlap {overlap_id} that you may see; with a token you may see more")
    return GeoJsonAnswer({**found.feature(), "crs": named_crs(context.settings.crs)})
