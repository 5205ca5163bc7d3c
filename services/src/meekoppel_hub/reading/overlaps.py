"""Read the pairs of plans that meet, only as far as the viewer may see them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, func, or_, select, text

from meekoppel_contracts.codes import Visibility
from meekoppel_hub.platform.clock import to_micros
from meekoppel_hub.platform.database.tables.consultation import assessments
from meekoppel_hub.platform.database.tables.places import moratoria
from meekoppel_hub.platform.database.tables.view import overlaps, plans
from meekoppel_hub.reading.access import Viewer
from meekoppel_hub.reading.plans import Rows
from meekoppel_hub.reading.sides import NARROW, Side, narrow_side, rest_side, whole_plans
from meekoppel_hub.reading.sight import AnySight, SideT, Sight, sight_of
from meekoppel_hub.reading.stored import StoredPlan, zones_touch

FIRST, SECOND = plans.alias("first_plan_now"), plans.alias("second_plan_now")

# By the index over the places; and of the pairs that may be blind, by that over the zones (see `view_spatial`).
_IN_BOX = """
    SELECT overlap_id FROM "overlaps"
    WHERE geom && ST_SetSRID(ST_MakeBox2D(ST_Point(:min_x, :min_y), ST_Point(:max_x, :max_y)),
                             (SELECT value::int FROM view_settings WHERE name = 'crs'))
    UNION ALL
    SELECT overlap_id FROM "overlaps" JOIN plan_zones ON plan_id IN (first_plan, second_plan)
    WHERE restricted AND box && box(point(:min_x, :min_y), point(:max_x, :max_y))"""


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
    connection: Connection, viewer: Viewer, wanted: OverlapFilter, after: str | None, now: datetime, count: int
) -> Iterator[AnySight]:
    """Give the pairs of which the viewer may see something, by overlap id after a given one; reads `count` at once."""
    query = overlaps_query(connection, viewer, wanted)
    while True:
        rows = read_overlaps(connection, viewer, wanted, query, after, now, count)
        yield from rows.seen
        if rows.last is None:
            return
        after = rows.last


def find_overlap(connection: Connection, viewer: Viewer, overlap_id: str, now: datetime) -> AnySight | None:
    """Give one pair; None when there is none of which the viewer may see something."""
    wanted = OverlapFilter()
    query = overlaps_query(connection, viewer, wanted).where(overlaps.c.overlap_id == overlap_id)
    seen: list[AnySight] = read_overlaps(connection, viewer, wanted, query, None, now, 1).seen
    return seen[0] if seen else None


def overlaps_query(connection: Connection, viewer: Viewer, wanted: OverlapFilter) -> Select[Any]:
    """Make the query of the pairs, as far as the database can tell what is asked for, by id."""
    sides = [
        plan.c[name].label(f"{side}_{name}") for side, plan in (("first", FIRST), ("second", SECOND)) for name in NARROW
    ]
    rest = [moratoria.c[name].label(f"rest_{name}") for name in ("title", "starts_us", "ends_us")]
    opening = (
        _opens_up(overlaps.c.first_organisation).label("first_opens_up"),
        _opens_up(overlaps.c.second_organisation).label("second_opens_up"),
    )
    query = (
        select(overlaps, *sides, *rest, *opening)
        .join(FIRST, FIRST.c.plan_id == overlaps.c.first_plan)
        .outerjoin(SECOND, SECOND.c.plan_id == overlaps.c.second_plan)
        .outerjoin(moratoria, moratoria.c.moratorium_id == overlaps.c.moratorium_id)
        .where(*_conditions(viewer, wanted))
        .order_by(overlaps.c.overlap_id)
    )
    return query if wanted.area is None else query.where(near(connection, wanted.area.bounds))


def read_overlaps(
    connection: Connection,
    viewer: Viewer,
    wanted: OverlapFilter,
    query: Select[Any],
    after: str | None,
    now: datetime,
    count: int,
    *,
    whole: bool = False,
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
        whole: whether the plans are read whole, as a `WholeSight` has them. Else only those are of which the narrow
            row does not tell who may see them.
    """
    page = query if after is None else query.where(overlaps.c.overlap_id > after)
    rows = connection.execute(page.limit(count)).all()
    plans_of = whole_plans(connection, _to_read(rows, viewer, wanted, whole))
    sights = [sight_of(viewer, row, _first_side(row, plans_of), _second_side(row, plans_of), now) for row in rows]
    seen = fitting([sight for sight in sights if sight is not None], wanted)
    return Rows(seen, rows[-1].overlap_id if len(rows) == count else None)


def _to_read(rows: Sequence[Row[Any]], viewer: Viewer, wanted: OverlapFilter, whole: bool) -> Iterator[str]:
    """Name the plans that must be read whole.

    A restricted plan names who may see it in its event alone; and only there stands from when a plan is public, which
    matters to who has no token. Of a pair that may be blind, the plan that is seen must lie in the area.
    """
    every = whole or (viewer.organisation is None and not viewer.operator)
    for row in rows:
        hidden = Visibility.RESTRICTED.value in (row.first_visibility, row.second_visibility)
        if every or hidden or (row.restricted and wanted.area is not None):
            yield row.first_plan
            if row.moratorium_id is None:
                yield row.second_plan


def _opens_up(organisation: ColumnElement[str]) -> ColumnElement[bool]:
    """Ask whether the owner of a side agreed to show it to the owner of the other; of interest in restricted pairs."""
    said = assessments.c
    agreed = exists().where(
        said.overlap_id == overlaps.c.overlap_id, said.organisation == organisation, said.opens_up, said.is_open
    )
    return and_(overlaps.c.restricted, agreed)


def _first_side(row: Row[Any], plans_of: Mapping[str, StoredPlan]) -> Side:
    plan = plans_of.get(row.first_plan)
    return plan if plan is not None else narrow_side(row.first_plan, "first", row)


def _second_side(row: Row[Any], plans_of: Mapping[str, StoredPlan]) -> Side:
    if row.moratorium_id is not None:
        authority = row.second_organisation
        return rest_side(row.moratorium_id, row.rest_title, authority, row.rest_starts_us, row.rest_ends_us)
    plan = plans_of.get(row.second_plan)
    return plan if plan is not None else narrow_side(row.second_plan, "second", row)


def near(connection: Connection, box: tuple[float, ...]) -> ColumnElement[bool]:
    """Find the pairs that may lie in a box: those that meet in it, and those that may be blind of a plan in it.

    PostgreSQL has an index over the places. SQLite has none, and reads them all: they are some bytes each.
    """
    min_x, min_y, max_x, max_y = box
    if connection.dialect.name == "postgresql":
        corners = {"min_x": min_x, "min_y": min_y, "max_x": max_x, "max_y": max_y}
        return overlaps.c.overlap_id.in_(text(_IN_BOX).bindparams(**corners).columns(overlaps.c.overlap_id))
    rows = connection.execute(select(overlaps.c.overlap_id, overlaps.c.location, overlaps.c.restricted)).all()
    points = shapely.from_wkb([row.location for row in rows])
    x, y = shapely.get_x(points), shapely.get_y(points)
    found = (x >= min_x) & (x <= max_x) & (y >= min_y) & (y <= max_y)
    listed = json.dumps([row.overlap_id for row, inside in zip(rows, found, strict=True) if inside or row.restricted])
    return overlaps.c.overlap_id.in_(select(func.json_each(listed).table_valued("value").c.value))


def fitting(sights: Sequence[Sight[SideT]], wanted: OverlapFilter) -> list[Sight[SideT]]:
    """Keep what is asked for, as far as the viewer sees it."""
    seen = [sight for sight in sights if _fits(sight, wanted)]
    return seen if wanted.area is None else _within(seen, wanted.area)


def _fits(sight: AnySight, wanted: OverlapFilter) -> bool:
    """Filter again on what the viewer sees: asking for what is hidden must not find its pairs."""
    if wanted.organisations and not any(sight.names_organisation(code) for code in wanted.organisations):
        return False
    if wanted.plan_id is not None and not sight.names_plan(wanted.plan_id):
        return False
    if wanted.severities and sight.row.severity not in wanted.severities:
        return False
    return all(_in_period(side, wanted) for side in sight.sides())


def _in_period(side: Side, wanted: OverlapFilter) -> bool:
    begins, ends = side.window
    if wanted.period_from is not None and ends is not None and ends < wanted.period_from:
        return False
    return wanted.period_to is None or begins <= wanted.period_to


def _within(sights: Sequence[Sight[SideT]], area: BaseGeometry) -> list[Sight[SideT]]:
    """Keep what lies in an area: the place where plans meet, or the plan that is seen of a blind match."""
    if not sights:
        return []
    shapely.prepare(area)
    meets = shapely.intersects(area, shapely.from_wkb([sight.row.location for sight in sights]))
    return [
        sight
        for sight, here in zip(sights, meets, strict=True)
        if (here if sight.in_full() else _a_plan_touches(sight.sides(), area))
    ]


def _a_plan_touches(sides: Sequence[Side], area: BaseGeometry) -> bool:
    """Tell whether a plan that is seen lies in an area; a moratorium alone must not tell where a hidden plan lies."""
    return bool(zones_touch([side for side in sides if isinstance(side, StoredPlan)], area).any())


def _conditions(viewer: Viewer, wanted: OverlapFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if viewer.organisation is None and not viewer.operator:
        open_first, open_second = (
            (side.c.visibility == Visibility.PUBLIC.value) & side.c.withdrawn.is_(False) for side in (FIRST, SECOND)
        )
        conditions += [open_first, or_(open_second, overlaps.c.moratorium_id.is_not(None))]
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
    if wanted.period_from is not None:  # of the sides that are seen, which may be one of the two; `_fits` knows which
        conditions.append(or_(*(side.c.ends_us >= to_micros(wanted.period_from) for side in (FIRST, SECOND))))
    if wanted.period_to is not None:
        conditions.append(or_(*(side.c.starts_us <= to_micros(wanted.period_to) for side in (FIRST, SECOND))))
    return conditions
