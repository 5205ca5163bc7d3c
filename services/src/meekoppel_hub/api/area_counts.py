"""Counts: how many plans and overlaps lie in an area."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from meekoppel_hub.api import examples
from meekoppel_hub.api.answers import JsonAnswer
from meekoppel_hub.api.box import BoxText, read_box
from meekoppel_hub.api.context import AnyViewer, Context
from meekoppel_hub.api.moments import From, Period, To, read_period
from meekoppel_hub.reading.counts import count_area

router = APIRouter(tags=["plans"])


@router.get("/counts", summary="How much lies in an area", responses=examples.COUNTS)
def get_counts(
    context: Context,
    viewer: AnyViewer,
    bbox: BoxText = None,
    period_from: From = None,
    period_to: To = None,
    period: Period = None,
) -> Response:
    """Count the plans that are shared now, per status, and the open overlaps, per kind, as far as you may see them."""
    with context.database.read() as connection:
        counted = count_area(
            connection, viewer, read_box(bbox), read_period(period, period_from, period_to), context.clock()
        )
    return JsonAnswer(
        {
            "plans": {"total": sum(counted.plans.values()), "by_status": counted.plans},
            "overlaps": {"total": sum(counted.overlaps.values()), "by_kind": counted.overlaps},
        }
    )
