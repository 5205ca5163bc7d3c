"""Exports: plans, overlaps, a calendar and the report of an area as files, streamed, as far as the viewer may see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Header, Query
from shapely.geometry.base import BaseGeometry
from starlette.responses import Response, StreamingResponse

from meekoppel_contracts.codelists.reading import Language
from meekoppel_contracts.codes import Certainty, Discipline, OverlapKind, Phase, Severity
from meekoppel_hub.api import examples
from meekoppel_hub.api.box import BoxText, read_box
from meekoppel_hub.api.context import AnyViewer, ApiContext, Context
from meekoppel_hub.api.errors import BadRequest, Busy, NotInstalled
from meekoppel_hub.api.moments import From, Moment, To, in_utc
from meekoppel_hub.api.overlaps import OverlapState
from meekoppel_hub.api.paging import without_nul
from meekoppel_hub.api.plans import Statuses
from meekoppel_hub.exports.calendar import MEDIA_TYPE as CALENDAR_TYPE
from meekoppel_hub.exports.calendar import export_calendar
from meekoppel_hub.exports.columns import Presentation
from meekoppel_hub.exports.crs import WGS84, places
from meekoppel_hub.exports.orders import MEDIA_TYPES, Format, Order
from meekoppel_hub.exports.overlaps import export_overlaps
from meekoppel_hub.exports.plans import export_plans
from meekoppel_hub.exports.report import MEDIA_TYPE as REPORT_TYPE
from meekoppel_hub.exports.report import ReportOrder, export_report
from meekoppel_hub.platform.areas import area_from_wkt
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.reading.access import Viewer
from meekoppel_hub.reading.overlaps import OverlapFilter
from meekoppel_hub.reading.plans import PlanFilter

router = APIRouter(prefix="/exports", tags=["exports"])

FormatName = Annotated[Format | None, Query(alias="f", description="The format; else the one of the header Accept.")]
Accept = Annotated[str | None, Header(include_in_schema=False)]
AreaText = Annotated[str | None, Query(alias="area", description="A polygon as WKT in the hub's CRS, instead of bbox.")]
Organisations = Annotated[list[str] | None, Query(description="The initiator; may be given more than once.")]
Phases = Annotated[list[Phase] | None, Query(description="One of these; may be given more than once.")]
Certainties = Annotated[list[Certainty] | None, Query(description="One of these; may be given more than once.")]
Disciplines = Annotated[list[Discipline] | None, Query(description="One of these; may be given more than once.")]
Kinds = Annotated[list[OverlapKind] | None, Query(description="One of these; may be given more than once.")]
Severities = Annotated[list[Severity] | None, Query(description="One of these; may be given more than once.")]
Since = Annotated[Moment | None, Query(description="Changed then or later; UTC without a zone.")]
LanguageName = Annotated[Language, Query(description="Of names of columns and labels.")]
Codes = Annotated[bool, Query(description="Codes of the contracts instead of their labels.")]
Crs = Annotated[int | None, Query(gt=0, description="EPSG number of the coordinates; else the hub's CRS.")]
DutchExcel = Annotated[bool, Query(description="CSV with semicolons, decimal commas and a byte order mark.")]


@router.get("/plans", summary="Plans as a file", responses=examples.FILES, response_class=Response)
def plans_as_file(
    context: Context,
    viewer: AnyViewer,
    form: FormatName = None,
    accept: Accept = None,
    bbox: BoxText = None,
    area: AreaText = None,
    organisation: Organisations = None,
    status: Statuses = None,
    phase: Phases = None,
    certainty: Certainties = None,
    discipline: Disciplines = None,
    period_from: From = None,
    period_to: To = None,
    since: Since = None,
    language: LanguageName = "nl",
    codes: Codes = False,
    crs: Crs = None,
    dutch_excel: DutchExcel = False,
) -> Response:
    """Give all plans of a filter as CSV, Excel, GeoJSON or GeoPackage; CSV and GeoJSON come as they are read."""
    wanted = PlanFilter(
        area=_area(bbox, area, context),
        organisations=_texts(organisation),
        statuses=tuple(one.value for one in status or ()),
        phases=tuple(one.value for one in phase or ()),
        certainties=tuple(one.value for one in certainty or ()),
        disciplines=tuple(one.value for one in discipline or ()),
        period_from=in_utc(period_from),
        period_to=in_utc(period_to),
        changed_since=in_utc(since),
    )
    order = _order(context, viewer, _format(form, accept), language, codes, crs, dutch_excel)
    return _file(context, lambda: export_plans(order, wanted), MEDIA_TYPES[order.form], f"plans.{order.form}")


@router.get("/overlaps", summary="Overlaps as a file", responses=examples.FILES, response_class=Response)
def overlaps_as_file(
    context: Context,
    viewer: AnyViewer,
    form: FormatName = None,
    accept: Accept = None,
    bbox: BoxText = None,
    area: AreaText = None,
    kind: Kinds = None,
    severity: Severities = None,
    state: Annotated[OverlapState | None, Query(description="Meeting now, or no longer; else both.")] = None,
    organisation: Organisations = None,
    plan: Annotated[str | None, Query(description="The plan of one side.")] = None,
    period_from: From = None,
    period_to: To = None,
    since: Since = None,
    language: LanguageName = "nl",
    codes: Codes = False,
    crs: Crs = None,
    dutch_excel: DutchExcel = False,
) -> Response:
    """Give all overlaps of a filter as CSV, Excel, GeoJSON or GeoPackage; CSV and GeoJSON come as they are read."""
    wanted = OverlapFilter(
        kinds=tuple(one.value for one in kind or ()),
        severities=tuple(one.value for one in severity or ()),
        state=state.value if state is not None else None,
        organisations=_texts(organisation),
        plan_id=without_nul(plan) if plan is not None else None,
        area=_area(bbox, area, context),
        period_from=in_utc(period_from),
        period_to=in_utc(period_to),
        changed_since=in_utc(since),
    )
    order = _order(context, viewer, _format(form, accept), language, codes, crs, dutch_excel)
    return _file(context, lambda: export_overlaps(order, wanted), MEDIA_TYPES[order.form], f"overlaps.{order.form}")


@router.get("/calendar.ics", summary="Plans as a calendar", responses=examples.CALENDAR, response_class=Response)
def calendar_as_file(
    context: Context,
    viewer: AnyViewer,
    bbox: BoxText = None,
    area: AreaText = None,
    organisation: Organisations = None,
    status: Statuses = None,
    discipline: Disciplines = None,
    period_from: From = None,
    period_to: To = None,
    since: Since = None,
    language: LanguageName = "nl",
) -> Response:
    """Give the periods and deadlines of plans as iCalendar: an agenda may follow this address."""
    wanted = PlanFilter(
        area=_area(bbox, area, context),
        organisations=_texts(organisation),
        statuses=tuple(one.value for one in status or ()),
        disciplines=tuple(one.value for one in discipline or ()),
        period_from=in_utc(period_from),
        period_to=in_utc(period_to),
        changed_since=in_utc(since),
    )
    order = _order(context, viewer, Format.GEOJSON, language, False, WGS84, False)
    return _file(context, lambda: export_calendar(order, wanted), CALENDAR_TYPE, "plans.ics")


@router.get("/report", summary="The coordination report of an area", responses=examples.REPORT, response_class=Response)
def report_as_page(
    context: Context,
    viewer: AnyViewer,
    bbox: BoxText = None,
    area: AreaText = None,
    name: Annotated[str | None, Query(max_length=200, description="What the area is called.")] = None,
    since: Since = None,
    language: LanguageName = "nl",
) -> Response:
    """Give the report of an area as one HTML page to print on A4; `since` is the moment of the last meeting."""
    place = _area(bbox, area, context)
    if place is None:
        raise BadRequest("a report is of an area: give bbox or area")
    order = _order(context, viewer, Format.GEOJSON, language, False, None, False)
    asked = ReportOrder(order, place, name or str(bbox or ""), in_utc(since))
    answer = _file(context, lambda: export_report(asked), REPORT_TYPE, "report.html")
    answer.headers["Content-Disposition"] = "inline"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    return answer


def _format(form: Format | None, accept: str | None) -> Format:
    """Take the format that was asked for; GeoJSON when nothing was."""
    if form is not None:
        return form
    accepted = [part.split(";")[0].strip() for part in (accept or "").split(",")]
    by_type: Final = {kind.split(";")[0]: each for each, kind in MEDIA_TYPES.items()}
    return next((by_type[one] for one in accepted if one in by_type), Format.GEOJSON)


def _order(
    context: ApiContext, viewer: Viewer, form: Format, language: Language, codes: bool, crs: int | None, dutch: bool
) -> Order:
    settings = context.settings
    try:
        written = places(settings.crs, crs).crs
    except SettingsError as error:
        raise BadRequest(str(error)) from error
    zone = ZoneInfo(settings.time_zone)
    shown = Presentation(language, zone, written, settings.crs, codes, settings.public_url.rstrip("/"))
    return Order(context.database, viewer, context.clock(), form, shown, dutch)


def _area(box: str | None, wkt: str | None, context: ApiContext) -> BaseGeometry | None:
    if box is not None and wkt is not None:
        raise BadRequest("bbox and area both say where; give one of them")
    if wkt is None:
        return read_box(box)
    try:
        return area_from_wkt(wkt, context.settings.crs)
    except SettingsError as error:
        raise BadRequest(str(error)) from error


def _texts(given: list[str] | None) -> tuple[str, ...]:
    return tuple(without_nul(one) for one in given or ())


def _file(context: ApiContext, make: Callable[[], Iterator[bytes]], media_type: str, name: str) -> Response:
    """Begin an export, and stream it when its beginning went well.

    Raises:
        Busy: when as many exports run as this process lets run at once.
        NotInstalled: when the format needs a library that this hub does not have.
    """
    pieces = _in_turn(context, make)
    try:
        first = next(pieces, b"")
    except SettingsError as error:
        raise NotInstalled(str(error)) from error
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(chain((first,), pieces), media_type=media_type, headers=headers)


def _in_turn(context: ApiContext, make: Callable[[], Iterator[bytes]]) -> Iterator[bytes]:
    if not context.exporting.acquire(blocking=False):
        raise Busy("as many exports are being made as the hub makes at once; try again in a minute")
    try:
        yield from make()
    finally:
        context.exporting.release()
