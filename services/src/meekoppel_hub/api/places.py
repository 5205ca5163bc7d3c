"""Areas, agreements and moratoria: pages of them, one of them, and its revisions. Open to everybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from sqlalchemy import Connection
from starlette.responses import Response

from meekoppel_hub.api import examples
from meekoppel_hub.api.answers import GeoJsonAnswer, JsonAnswer, feature_collection, named_crs
from meekoppel_hub.api.box import BoxText, read_box
from meekoppel_hub.api.context import ApiContext, Context
from meekoppel_hub.api.errors import NotFound
from meekoppel_hub.api.moments import Moment, in_utc
from meekoppel_hub.api.paging import DEFAULT_LIMIT, Cursor, Limit, one_page, read_cursor, without_nul
from meekoppel_hub.reading.places import (
    Place,
    PlaceFilter,
    agreement_revisions,
    area_revisions,
    differences_of,
    moratorium_revisions,
    newest_agreements,
    newest_areas,
    newest_moratoria,
)

router = APIRouter(tags=["areas, agreements, moratoria"])

Authority = Annotated[str | None, Query(description="The organisation whose they are.", examples=["gm0361"])]
HoldingAt = Annotated[
    Moment | None, Query(description="Only what holds at this moment; UTC without a zone.", examples=["2027-03-01"])
]
AreaPath = Annotated[str, Path(description="The area's id.", examples=["NL.gm0361.gemeente"])]
AgreementPath = Annotated[str, Path(description="The agreement's id.", examples=["NL.gm0361.afspraken"])]
MoratoriumPath = Annotated[str, Path(description="The moratorium's id.", examples=["NL.gm0361.rust-2026-12"])]

_Newest = Callable[[Connection, PlaceFilter, str | None, datetime], Iterator[Place]]
_Revisions = Callable[[Connection, str, datetime], list[Place]]


@router.get("/areas", summary="Where organisations have a say", responses=examples.AREAS, response_class=GeoJsonAnswer)
def list_areas(
    context: Context,
    bbox: BoxText = None,
    authority: Authority = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Give a page of areas, each at its newest revision, in the order of their ids; `holds` tells what is in use."""
    wanted = PlaceFilter(authority=_text(authority), area=read_box(bbox))
    page, after = _page(context, newest_areas, wanted, limit, cursor)
    return feature_collection([place.feature() for place in page], context.settings.crs, after)


@router.get("/areas/{area_id:path}/versions", summary="The revisions of an area", responses=examples.AREA_VERSIONS)
def list_area_versions(context: Context, area_id: AreaPath) -> Response:
    """Give every revision of an area, oldest first."""
    return _versions(context, "area_id", area_id, _found(context, area_revisions, "area", area_id))


@router.get("/areas/{area_id:path}", summary="One area", responses=examples.AREA, response_class=GeoJsonAnswer)
def get_area(context: Context, area_id: AreaPath) -> Response:
    """Give one area at its newest revision."""
    return _one(context, _found(context, area_revisions, "area", area_id)[-1])


@router.get("/agreements", summary="By which rules plans meet", responses=examples.AGREEMENTS)
def list_agreements(
    context: Context, authority: Authority = None, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Response:
    """Give a page of agreements, each at its newest revision with its whole rule set, in the order of their ids."""
    page, after = _page(context, newest_agreements, PlaceFilter(authority=_text(authority)), limit, cursor)
    return JsonAnswer({"agreements": [place.properties() for place in page], "next": after})


@router.get(
    "/agreements/{agreement_id:path}/versions",
    summary="The revisions of an agreement",
    responses=examples.AGREEMENT_VERSIONS,
)
def list_agreement_versions(context: Context, agreement_id: AgreementPath) -> Response:
    """Give every revision of an agreement, oldest first, each with what it changed in words."""
    revisions = _found(context, agreement_revisions, "agreement", agreement_id)
    changed = differences_of(revisions)
    entries = [{**place.properties(), "differences": said} for place, said in zip(revisions, changed, strict=True)]
    return JsonAnswer({"agreement_id": agreement_id, "versions": entries})


@router.get("/agreements/{agreement_id:path}", summary="One agreement", responses=examples.AGREEMENT)
def get_agreement(context: Context, agreement_id: AgreementPath) -> Response:
    """Give one agreement at its newest revision, with its whole rule set."""
    return JsonAnswer(_found(context, agreement_revisions, "agreement", agreement_id)[-1].properties())


@router.get("/moratoria", summary="Where the ground rests", responses=examples.MORATORIA, response_class=GeoJsonAnswer)
def list_moratoria(
    context: Context,
    bbox: BoxText = None,
    authority: Authority = None,
    holding_at: HoldingAt = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Give a page of moratoria, each at its newest revision, lifted ones too, in the order of their ids."""
    wanted = PlaceFilter(authority=_text(authority), area=read_box(bbox), holding_at=in_utc(holding_at))
    page, after = _page(context, newest_moratoria, wanted, limit, cursor)
    return feature_collection([place.feature() for place in page], context.settings.crs, after)


@router.get(
    "/moratoria/{moratorium_id:path}/versions",
    summary="The revisions of a moratorium",
    responses=examples.MORATORIUM_VERSIONS,
)
def list_moratorium_versions(context: Context, moratorium_id: MoratoriumPath) -> Response:
    """Give every revision of a moratorium, oldest first."""
    found = _found(context, moratorium_revisions, "moratorium", moratorium_id)
    return _versions(context, "moratorium_id", moratorium_id, found)


@router.get(
    "/moratoria/{moratorium_id:path}",
    summary="One moratorium",
    responses=examples.MORATORIUM,
    response_class=GeoJsonAnswer,
)
def get_moratorium(context: Context, moratorium_id: MoratoriumPath) -> Response:
    """Give one moratorium at its newest revision."""
    return _one(context, _found(context, moratorium_revisions, "moratorium", moratorium_id)[-1])


def _page(
    context: ApiContext, newest: _Newest, wanted: PlaceFilter, limit: int, cursor: str | None
) -> tuple[list[Place], str | None]:
    after = read_cursor(cursor)
    with context.database.read() as connection:
        return one_page(newest(connection, wanted, after, context.clock()), limit, lambda place: place.key)


def _found(context: ApiContext, revisions: _Revisions, what: str, key: str) -> list[Place]:
    with context.database.read() as connection:
        found = revisions(connection, without_nul(key), context.clock())
    if not found:
        raise NotFound(f"there is no {what} {key}")
    return found


def _one(context: ApiContext, place: Place) -> Response:
    return GeoJsonAnswer({**place.feature(), "crs": named_crs(context.settings.crs)})


def _versions(context: ApiContext, name: str, key: str, revisions: Sequence[Place]) -> Response:
    entries: list[dict[str, Any]] = [place.feature() for place in revisions]
    return JsonAnswer({name: key, "crs": named_crs(context.settings.crs), "versions": entries})


def _text(value: str | None) -> str | None:
    return None if value is None else without_nul(value)
