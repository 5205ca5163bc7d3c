"""Pairs as of an earlier moment: as they were last told until then, as far as the viewer might see them.

A pair is what its highest revision recorded at or before the moment says: what the log told, not what today's rules
would have found. Access is that of `as_of`, for each side: as it was then, and as it is now. A moratorium is open to
everybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, or_, select

from meekoppel_contracts.codec import MORATORIUM_EVENTS, OVERLAP_EVENTS
from meekoppel_contracts.codes import Visibility
from meekoppel_hub.platform.clock import to_micros
from meekoppel_hub.platform.database.tables.places import moratorium_versions
from meekoppel_hub.platform.database.tables.view import overlap_versions, overlaps, plan_versions, plans
from meekoppel_hub.reading.access import Viewer, owns
from meekoppel_hub.reading.as_of import MOST_LOOKED_AT, PageAsOf, might_see, sharing_today, version_as_of
from meekoppel_hub.reading.overlaps import OverlapFilter, fitting
from meekoppel_hub.reading.sides import RestSide, rest_side
from meekoppel_hub.reading.sight import Sight, WholeSight
from meekoppel_hub.reading.stored import StoredPlan, read_stored

_ROWS_AT_ONCE = 200
_SIDES = ("first", "second")
_SHARED = ("visibility", "withdrawn", "initiator", "publisher")
_now = {side: plans.alias(f"{side}_now") for side in _SIDES}
_then = {side: plan_versions.alias(f"{side}_then") for side in _SIDES}
_newest = {side: plan_versions.alias(f"{side}_newest") for side in _SIDES}


def overlaps_as_of(
    connection: Connection,
    viewer: Viewer,
    wanted: OverlapFilter,
    moment: datetime,
    after: str | None,
    now: datetime,
    limit: int,
) -> PageAsOf:
    """Give a page of the pairs (`Sight`) that were known at a moment, by overlap id.

    Args:
        connection: of the view.
        viewer: who asks.
        wanted: what is asked for, of the pairs and plans as they were then.
        moment: the recorded time to go back to.
        after: the overlap id after which the page begins.
        now: the time now, for what the viewer may see today.
        limit: of the page.
    """
    query = _query(viewer, wanted, moment)
    seen: list[WholeSight] = []
    for _ in range(MOST_LOOKED_AT // _ROWS_AT_ONCE):
        page = query if after is None else query.where(overlaps.c.overlap_id > after)
        rows = connection.execute(page.limit(_ROWS_AT_ONCE)).all()
        seen += fitting([sight for row in rows if (sight := _sight(row, viewer, moment, now))], wanted)
        if len(seen) > limit:
            return PageAsOf(seen[:limit], str(seen[limit - 1].row.overlap_id))
        if len(rows) < _ROWS_AT_ONCE:
            return PageAsOf(seen, None)
        after = rows[-1].overlap_id
    return PageAsOf(seen, after)


def overlap_as_of(
    connection: Connection, viewer: Viewer, overlap_id: str, moment: datetime, now: datetime
) -> WholeSight | None:
    """Give one pair as it was known at a moment; None when there was none that the viewer may see."""
    query = _query(viewer, OverlapFilter(), moment).where(overlaps.c.overlap_id == overlap_id)
    row = connection.execute(query).first()
    return None if row is None else _sight(row, viewer, moment, now)


def _query(viewer: Viewer, wanted: OverlapFilter, moment: datetime) -> Select[Any]:
    told = overlap_versions.c
    earlier = overlap_versions.alias()
    revision = (
        select(func.max(earlier.c.revision))
        .where(earlier.c.overlap_id == overlaps.c.overlap_id, earlier.c.recorded_at <= moment)
        .scalar_subquery()
    )
    columns = (told.overlap_id, told.state, told.restricted, told.detected_at, told.event, *_columns())
    held = (told.overlap_id == overlaps.c.overlap_id) & (told.revision == revision)
    query = select(*columns).select_from(overlaps).join(overlap_versions, held)
    for side, plan_id in zip(_SIDES, (overlaps.c.first_plan, overlaps.c.second_plan), strict=True):
        plan, then, newest = _now[side], _then[side], _newest[side]
        version = version_as_of(plan_id, moment)
        no_plan = side == "second"  # it may be a moratorium
        query = (
            query.join(plan, plan.c.plan_id == plan_id, isouter=no_plan)
            .join(then, (then.c.plan_id == plan_id) & (then.c.version == version), isouter=no_plan)
            .join(newest, (newest.c.plan_id == plan_id) & (newest.c.version == plan.c.version), isouter=no_plan)
        )
    query = query.outerjoin(moratorium_versions, _rest_as_of(moment))
    known = or_(_then["second"].c.event.is_not(None), overlaps.c.moratorium_id.is_not(None))
    return query.where(known, *_conditions(viewer, wanted)).order_by(overlaps.c.overlap_id)


def _rest_as_of(moment: datetime) -> ColumnElement[bool]:
    """Join the moratorium of a breach as it was at a moment."""
    rest, earlier = moratorium_versions.c, moratorium_versions.alias()
    revision = (
        select(func.max(earlier.c.revision))
        .where(earlier.c.moratorium_id == overlaps.c.moratorium_id, earlier.c.recorded_at <= moment)
        .scalar_subquery()
    )
    return (rest.moratorium_id == overlaps.c.moratorium_id) & (rest.revision == revision)


def _columns() -> Iterator[ColumnElement[Any]]:
    yield overlaps.c.moratorium_id
    yield moratorium_versions.c.event.label("rest_event")
    for side in _SIDES:
        yield _then[side].c.event.label(f"{side}_event")
        yield _newest[side].c.event.label(f"{side}_newest_event")
        yield from (_now[side].c[name].label(f"{side}_{name}") for name in _SHARED)


def _conditions(viewer: Viewer, wanted: OverlapFilter) -> list[ColumnElement[bool]]:
    told = overlap_versions.c
    conditions: list[ColumnElement[bool]] = []
    if viewer.organisation is None and not viewer.operator:
        open_first, open_second = (_now[side].c.visibility == Visibility.PUBLIC.value for side in _SIDES)
        conditions += [open_first, or_(open_second, overlaps.c.moratorium_id.is_not(None))]
    if wanted.kinds:
        conditions.append(told.kind.in_(wanted.kinds))
    if wanted.state is not None:
        conditions.append(told.state == wanted.state)
    if wanted.organisations:
        sides = (told.first_organisation, told.second_organisation)
        conditions.append(or_(*(side.in_(wanted.organisations) for side in sides)))
    if wanted.plan_id is not None:
        conditions.append(or_(overlaps.c.first_plan == wanted.plan_id, overlaps.c.second_plan == wanted.plan_id))
    if wanted.changed_since is not None:
        conditions.append(told.recorded_at >= wanted.changed_since)
    return conditions


def _sight(row: Row[Any], viewer: Viewer, moment: datetime, now: datetime) -> WholeSight | None:
    told = _told(row)
    seen: list[StoredPlan | RestSide | None] = []
    own = False
    for side in _SIDES:
        if side == "second" and row.moratorium_id is not None:
            seen.append(_rest(row, told))
            continue
        then = read_stored(getattr(row, f"{side}_event"))
        names = (*_SHARED, "newest_event")
        today = sharing_today(SimpleNamespace(**{name: getattr(row, f"{side}_{name}") for name in names}), viewer)
        seen.append(then if might_see(viewer, then, today, moment, now) else None)
        own = own or (owns(viewer, then.sharing) and owns(viewer, today))
    if not own and None in seen:
        return None
    return Sight(told, *seen)


def _rest(row: Row[Any], told: SimpleNamespace) -> RestSide:
    values = None if row.rest_event is None else MORATORIUM_EVENTS.values(row.rest_event)
    starts, ends = (None, None) if values is None else (values["starts"], values["ends"])
    return rest_side(
        row.moratorium_id,
        told.second_title,
        told.second_organisation,
        None if starts is None else to_micros(starts),
        None if ends is None else to_micros(ends),
    )


def _told(row: Row[Any]) -> SimpleNamespace:
    """Put what was told into the form of a row of `overlaps`."""
    values = OVERLAP_EVENTS.values(row.event)
    first, second = values["first"], values["second"]
    return SimpleNamespace(
        **{name: value for name, value in values.items() if name not in ("type", "first", "second", "recorded_at")},
        state=row.state,
        restricted=row.restricted,
        detected_at=row.detected_at,
        changed_at=values["recorded_at"],
        first_plan=first["plan_id"],
        first_version=first["version"],
        second_plan=second["plan_id"],
        second_version=second["version"],
        second_organisation=second["organisation"],
        second_title=second["title"],
    )
