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

import orjson
from sqlalchemy import ColumnElement, Connection, FromClause, Row, Select, Table, and_, func, or_, select

from meekoppel_contracts.codec import MORATORIUM_EVENTS, OVERLAP_EVENTS
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
    candidates = _candidates(wanted)
    seen: list[WholeSight] = []
    for _ in range(MOST_LOOKED_AT // _ROWS_AT_ONCE):
        page = candidates if after is None else candidates.where(overlaps.c.overlap_id > after)
        rows = connection.execute(_as_told(page.limit(_ROWS_AT_ONCE), moment)).all()
        sights = [sight for row in rows if (sight := _sight(row, viewer, moment, now))]
        seen += fitting([sight for sight in sights if _was_told(sight.row, wanted)], wanted)
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
    candidate = _candidates(OverlapFilter()).where(overlaps.c.overlap_id == overlap_id).limit(1)
    row = connection.execute(_as_told(candidate, moment)).first()
    return None if row is None else _sight(row, viewer, moment, now)


def _candidates(wanted: OverlapFilter) -> Select[Any]:
    """Select pairs by id; of one plan when one is asked for, since a pair never changes its plans."""
    names = ("overlap_id", "first_plan", "second_plan", "moratorium_id")
    query = select(*(overlaps.c[name] for name in names)).order_by(overlaps.c.overlap_id)
    if wanted.plan_id is None:
        return query
    return query.where(or_(overlaps.c.first_plan == wanted.plan_id, overlaps.c.second_plan == wanted.plan_id))


def _as_told(candidates: Select[Any], moment: datetime) -> Select[Any]:
    """Join some pairs with what was told of them until then, and with their plans of then and of today.

    The limit of the candidates stands within the query: the planner then knows that there are few.
    """
    some, told, rest = candidates.subquery("some"), overlap_versions.alias("told"), moratorium_versions.alias("rest")
    query = (
        select(some.c.overlap_id, some.c.moratorium_id, *_told_columns(told), rest.c.event.label("rest_event"))
        .select_from(some)
        .outerjoin(told, _newest_of(overlap_versions, told, some.c.overlap_id, moment))
        .outerjoin(rest, _newest_of(moratorium_versions, rest, some.c.moratorium_id, moment))
    )
    for side in _SIDES:
        plan_id, plan, then, newest = some.c[f"{side}_plan"], _now[side], _then[side], _newest[side]
        query = (
            query.outerjoin(plan, plan.c.plan_id == plan_id)
            .outerjoin(then, (then.c.plan_id == plan_id) & (then.c.version == version_as_of(plan_id, moment)))
            .outerjoin(newest, (newest.c.plan_id == plan_id) & (newest.c.version == plan.c.version))
            .add_columns(then.c.event.label(f"{side}_event"), newest.c.event.label(f"{side}_newest_event"))
            .add_columns(*(plan.c[name].label(f"{side}_{name}") for name in _SHARED))
        )
    return query.order_by(some.c.overlap_id)


def _told_columns(told: FromClause) -> Iterator[ColumnElement[Any]]:
    yield told.c.event
    yield from (told.c[name] for name in ("state", "restricted", "detected_at"))


def _newest_of(table: Table, joined: FromClause, subject: Any, moment: datetime) -> ColumnElement[bool]:
    """Join the highest revision of a subject that was recorded until a moment."""
    name = next(iter(table.primary_key)).name
    earlier = table.alias()
    revision = select(func.max(earlier.c.revision)).where(earlier.c[name] == subject, earlier.c.recorded_at <= moment)
    return and_(joined.c[name] == subject, joined.c.revision == revision.scalar_subquery())


def _was_told(told: Any, wanted: OverlapFilter) -> bool:
    """Tell whether what was told then is what is asked for, but for the sides and the area."""
    return (
        (not wanted.kinds or told.kind in wanted.kinds)
        and (wanted.state is None or told.state == wanted.state)
        and (wanted.changed_since is None or told.changed_at >= wanted.changed_since)
    )


def _sight(row: Row[Any], viewer: Viewer, moment: datetime, now: datetime) -> WholeSight | None:
    """Give what the viewer sees of a pair, or None: also when nothing was told of it yet."""
    no_side = row.moratorium_id is None and row.second_event is None
    if row.event is None or row.first_event is None or no_side:
        return None
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


_TOLD_OTHERWISE = ("type", "first", "second", "recorded_at", "score_parts", "rulesets")


def _told(row: Row[Any]) -> SimpleNamespace:
    """Put what was told into the form of a row of `overlaps`."""
    values = OVERLAP_EVENTS.values(row.event)
    first, second = values["first"], values["second"]
    return SimpleNamespace(
        **{name: value for name, value in values.items() if name not in _TOLD_OTHERWISE},
        score_parts=orjson.dumps(values["score_parts"]).decode() if values["score_parts"] else None,
        rulesets=",".join(values["rulesets"]),
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
