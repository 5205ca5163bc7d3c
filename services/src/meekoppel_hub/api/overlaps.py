"""Overlaps: where plans of different organisations meet."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from meekoppel_contracts.codes import OverlapKind
from meekoppel_hub.api import examples
from meekoppel_hub.api.answers import GeoJsonAnswer, feature_collection
from meekoppel_hub.api.context import AnyViewer, Context
from meekoppel_hub.api.paging import DEFAULT_LIMIT, Cursor, Limit, one_page, read_cursor, without_nul
from meekoppel_hub.reading.overlaps import OverlapFilter, visible_overlaps

router = APIRouter(tags=["overlaps"])


class OverlapState(StrEnum):
    """Whether two plans meet now, or no longer do."""

    OPEN = "open"
    RESOLVED = "resolved"


Kinds = Annotated[list[OverlapKind] | None, Query(description="One of these; may be given more than once.")]
State = Annotated[OverlapState | None, Query(description="Meeting now, or no longer.")]
OrganisationCode = Annotated[str | None, Query(description="The initiator of one side.", examples=["stedennet"])]
PlanId = Annotated[str | None, Query(description="The plan of one side.", examples=["NL.stedennet.SN-0042"])]


@router.get("/overlaps", summary="Where plans meet", responses=examples.OVERLAPS, response_class=GeoJsonAnswer)
def list_overlaps(
    context: Context,
    viewer: AnyViewer,
    kind: Kinds = None,
    state: State = None,
    organisation: OrganisationCode = None,
    plan: PlanId = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Give a page of pairs as GeoJSON points in the hub's CRS, in the order of their ids.

    A pair is shown when both plans are shared with you. When one is your own and the other is not shared with you,
    the pair is shown blind: without the other's details, place and measures.
    """
    wanted = OverlapFilter(
        kinds=tuple(one.value for one in kind or ()),
        state=state.value if state is not None else None,
        organisations=(without_nul(organisation),) if organisation is not None else (),
        plan_id=without_nul(plan) if plan is not None else None,
    )
    after = read_cursor(cursor)
    with context.database.read() as connection:
        found = visible_overlaps(connection, viewer, wanted, after, context.clock())
        page, next_cursor = one_page(found, limit, lambda sight: str(sight.row.overlap_id))
    return feature_collection([sight.feature() for sight in page], context.settings.crs, next_cursor)
