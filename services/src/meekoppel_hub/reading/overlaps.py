"""Read the pairs of plans that meet, only as far as the viewer may see them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select

from meekoppel_contracts.codes import Visibility
from meekoppel_hub.platform.database.tables.view import overlaps, plan_versions, plans
from meekoppel_hub.reading.access import Viewer
from meekoppel_hub.reading.plans import Rows
from meekoppel_hub.reading.sight import Sight, sight_of
from meekoppel_hub.reading.stored import StoredPlan, read_stored, zones_touch

_ROWS_AT_ONCE = 200
_first, _second = plans.alias("first_plan_now"), plans.alias("second_plan_now")
_first_event, _second_event = plan_versions.alias("first_event_now"), plan_versions.alias("second_event_now")


@dataclass(frozen=True, slots=True)
class OverlapFilter:
    """Which pairs are asked for; what is empty asks for all.

    Whatever is asked of a side, is asked of the sides that the viewer sees: asking must not find out what is hidden.

    Attributes:
        kinds: one of these.
        severities: one of these.
        state: `open` or `resolved`.
        organisations: the initiator of a side is one of these.
        plan_id: one of the sides.
        area: in the hub's CRS; they meet in it, or in a blind match the viewer's own plan touches it.
        period_from: the windows of the sides end then or later.
        period_to: the windows of the sides begin then or earlier.
        changed_since: the pair changed then or later.
    """

    kinds: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    state: str | None = None
    organisations: tuple[str, ...] = ()
    plan_id: str | None = None
    area: BaseGeometry | None = None
    period_from: datetime | None = None
    period_to: datetime | None = None
    changed_since: datetime | None = None


def visible_overlaps(
    connection: Connection, viewer: Viewer, wanted: OverlapFilter, after: str | None, now: datetime
) -> Iterator[Sight]:
    """Give the pairs of which the viewer may see something, by overlap id, after a given one."""
    query = overlaps_query(viewer, wanted)
    while True:
        rows = read_overlaps(connection, viewer, wanted, query, after, now, _ROWS_AT_ONCE)
        yield from rows.seen
        if rows.last is None:
            return
        after = rows.last


def find_overlap(connection: Connection, viewer: Viewer, overlap_id: str, now: datetime) -> Sight | None:
    """Give one pair; None when there is none of which the viewer may see something."""
    wanted = OverlapFilter()
    query = overlaps_query(viewer, wanted).where(overlaps.c.overlap_id == overlap_id)
    seen: list[Sight] = read_overlaps(connection, viewer, wanted, query, None, now, 1).seen
    return seen[0] if seen else None


def overlaps_query(viewer: Viewer, wanted: OverlapFilter) -> Select[Any]:
    """Make the query of the pairs, as far as the database can tell what is asked for, by id."""
    return (
        select(overlaps, _first_event.c.event.label("first_event"), _second_event.c.event.label("second_event"))
        .join(_first, _first.c.plan_id == overlaps.c.first_plan)
        .join(_second, _second.c.plan_id == overlaps.c.second_plan)
        .join(_first_event, _newest(_first_event, _first))
        .join(_second_event, _newest(_second_event, _second))
        .where(*_conditions(viewer, wanted))
        .order_by(overlaps.c.overlap_id)
    )


def read_overlaps(
    connection: Connection,
    viewer: Viewer,
    wanted: OverlapFilter,
    query: Select[Any],
    after: str | None,
    now: datetime,
    count: int,
) -> Rows:
    """Read some rows of `overlaps_query`, and keep what the viewer may see and the database could not tell.

    Args:
        connection: of the view.
        viewer: who asks.
        wanted: what is asked for.
        query: from `overlaps_query`, with the same filter.
        after: the overlap id after which they come.
        now: the time.
        count: of the rows to read.
    """
    page = query if after is None else query.where(overlaps.c.overlap_id > after)
    rows = connection.execute(page.limit(count)).all()
    sights = [sight_of(viewer, row, read_stored(row.first_event), read_stored(row.second_event), now) for row in rows]
    seen = fitting([sight for sight in sights if sight is not None], wanted)
    return Rows(seen, rows[-1].overlap_id if len(rows) == count else None)


def _newest(event: Any, plan: Any) -> ColumnElement[bool]:
    return and_(event.c.plan_id == plan.c.plan_id, event.c.version == plan.c.version)


def fitting(sights: Sequence[Sight], wanted: OverlapFilter) -> list[Sight]:
    """Keep what is asked for, as far as the viewer sees it."""
    seen = [sight for sight in sights if _fits(sight, wanted)]
    return seen if wanted.area is None else _within(seen, wanted.area)


def _fits(sight: Sight, wanted: OverlapFilter) -> bool:
    """Filter again on what the viewer sees: asking for what is hidden must not find its pairs."""
    if wanted.organisations and not any(sight.names_organisation(code) for code in wanted.organisations):
        return False
    if wanted.plan_id is not None and not sight.names_plan(wanted.plan_id):
        return False
    if wanted.severities and sight.row.severity not in wanted.severities:
        return False
    return all(_in_period(side, wanted) for side in sight.sides())


def _in_period(side: StoredPlan, wanted: OverlapFilter) -> bool:
    period = side.plan["period"]
    if wanted.period_from is not None and period["latest_end"] < wanted.period_from:
        return False
    return wanted.period_to is None or bool(period["earliest_start"] <= wanted.period_to)


def _within(sights: Sequence[Sight], area: BaseGeometry) -> list[Sight]:
    """Keep what lies in an area: the place where plans meet, or the plan that is seen of a blind match."""
    if not sights:
        return []
    shapely.prepare(area)
    meets = shapely.intersects(area, shapely.from_wkb([sight.row.location for sight in sights]))
    return [
        sight
        for sight, here in zip(sights, meets, strict=True)
        if (here if sight.in_full() else bool(zones_touch(sight.sides(), area).any()))
    ]


def _conditions(viewer: Viewer, wanted: OverlapFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if viewer.organisation is None and not viewer.operator:
        conditions += [side.c.visibility == Visibility.PUBLIC.value for side in (_first, _second)]
        conditions += [side.c.withdrawn.is_(False) for side in (_first, _second)]
    if wanted.kinds:
        conditions.append(overlaps.c.kind.in_(wanted.kinds))
    if wanted.severities:
        conditions.append(overlaps.c.severity.in_(wanted.severities))
    if wanted.state is not None:
        conditions.append(overlaps.c.state == wanted.state)
    if wanted.organisations:
        sides = (overlaps.c.first_organisation, overlaps.c.second_organisation)
        conditions.append(or_(*(side.in_(wanted.organisations) for side in sides)))
    if wanted.plan_id is not None:
        conditions.append(or_(overlaps.c.first_plan == wanted.plan_id, overlaps.c.second_plan == wanted.plan_id))
    if wanted.changed_since is not None:
        conditions.append(overlaps.c.changed_at >= wanted.changed_since)
    return conditions
