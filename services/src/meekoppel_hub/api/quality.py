"""Quality: scores and stability as they were published, and what has not been heard of for long."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import select
from starlette.responses import Response

from meekoppel_contracts.codec import decode_quality_event
from meekoppel_hub.api import examples
from meekoppel_hub.api.answers import JsonAnswer
from meekoppel_hub.api.context import Context, OrganisationViewer
from meekoppel_hub.api.errors import BadRequest
from meekoppel_hub.api.paging import DEFAULT_LIMIT, Cursor, Limit, one_page, read_cursor, without_nul
from meekoppel_hub.platform.database.tables.quality import quality_scores
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.quality.months import Month
from meekoppel_hub.quality.silent import silent_plans
from meekoppel_hub.quality.stability import GROUPED_BY, summarise
from meekoppel_hub.quality.store import load_stability

router = APIRouter(prefix="/quality", tags=["quality"])

_DAYS_OF_A_MONTH = 30.5
_FIRST, _LAST = "0001-01", "9998-12"

Publisher = Annotated[str | None, Query(description="Only of this publisher.", examples=["stedennet"])]
Organisation = Annotated[str | None, Query(description="Only of this initiator.", examples=["stedennet"])]
PeriodOf = Annotated[str | None, Query(description="Only this month.", examples=["2026-10"])]
Since = Annotated[str | None, Query(description="From this month on.", examples=["2026-01"])]
Until = Annotated[str | None, Query(description="Up to this month.", examples=["2026-10"])]
By = Annotated[
    list[str] | None,
    Query(
        description="Add up by: period, publisher, organisation, phase, certainty or time_to_start; more than once.",
        examples=[["phase", "time_to_start"]],
    ),
]
Months = Annotated[int, Query(ge=1, le=1200, description="Nothing was heard for longer than so many months.")]


@router.get("/scores", summary="Quality scores per publisher and month", responses=examples.SCORES)
def list_scores(
    context: Context,
    _viewer: OrganisationViewer,
    period: PeriodOf = None,
    publisher: Publisher = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Give the score of each publisher and month as it was published, with its parts and the figures behind it.

    Restricted plans are not counted. What the figures mean, and what one can do about them, stands in the hub's page
    on quality.
    """
    column = quality_scores.c
    query = select(column.publisher, column.period, column.event).order_by(column.period.desc(), column.publisher)
    if period is not None:
        query = query.where(column.period == _month(period))
    if publisher is not None:
        query = query.where(column.publisher == without_nul(publisher))
    if (after := read_cursor(cursor)) is not None:
        last_period, _, last_publisher = after.partition("/")
        later = (column.period == last_period) & (column.publisher > last_publisher)
        query = query.where((column.period < last_period) | later)
    with context.database.read() as connection:
        rows = iter(connection.execute(query.limit(limit + 1)).all())
    page, next_cursor = one_page(rows, limit, lambda row: f"{row.period}/{row.publisher}")
    scores = [decode_quality_event(bytes(row.event)).model_dump(mode="json") for row in page]
    return JsonAnswer({"scores": scores, "next": next_cursor})


@router.get("/stability", summary="How often and how far dates move", responses=examples.STABILITY)
def show_stability(
    context: Context,
    _viewer: OrganisationViewer,
    since: Since = None,
    until: Until = None,
    by: By = None,
    publisher: Publisher = None,
    organisation: Organisation = None,
) -> Response:
    """Give how often and how far starts and ends moved in the months that were published, added up by what you say.

    Moves are counted in the group in which a plan was before it moved; `plans` is how many plans were followed.
    """
    names = by or ["publisher"]
    if unknown := sorted(set(names) - {"period", *GROUPED_BY}):
        raise BadRequest(f"by={unknown[0]} is no column; take one of period, {', '.join(GROUPED_BY)}")
    periods = (_FIRST if since is None else _month(since), _LAST if until is None else _month(until))
    named = [None if one is None else without_nul(one) for one in (publisher, organisation)]
    with context.database.read() as connection:
        rows = load_stability(connection, periods, *named)
    return JsonAnswer({"by": names, "stability": summarise(rows, names)})


@router.get("/silent-plans", summary="Live plans not heard of for long", responses=examples.SILENT)
def list_silent(
    context: Context,
    viewer: OrganisationViewer,
    months: Months = 6,
    organisation: Organisation = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Give the live plans that were neither changed nor confirmed for so many months, as far as you may see them.

    Without `organisation` they are your own.
    """
    owner = str(viewer.organisation) if organisation is None else without_nul(organisation)
    days, after = round(months * _DAYS_OF_A_MONTH), read_cursor(cursor)
    with context.database.read() as connection:
        found = silent_plans(connection, viewer, owner, days, after, context.clock())
        page, next_cursor = one_page(found, limit, _plan_id)
    return JsonAnswer({"organisation": owner, "months": months, "plans": page, "next": next_cursor})


def _plan_id(row: dict[str, Any]) -> str:
    return str(row["plan_id"])


def _month(text: str) -> str:
    try:
        return str(Month.parse(text))
    except SettingsError as error:
        raise BadRequest(str(error)) from error
