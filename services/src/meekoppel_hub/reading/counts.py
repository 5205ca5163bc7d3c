"""How many plans and pairs lie in an area, without reading them one by one.

What the narrow rows tell is counted by the database: all that is not restricted, for who has a token. The rest is read,
since only an event names who may see a restricted plan, and from when a plan is public for who has no token.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, Connection, Select, and_, func, not_, select, text

from meekoppel_hub.platform.clock import to_micros
from meekoppel_hub.platform.database.tables.places import moratoria
from meekoppel_hub.platform.database.tables.view import overlaps, plan_zones, plans
from meekoppel_hub.reading.access import Viewer
from meekoppel_hub.reading.overlaps import FIRST, SECOND, OverlapFilter, near, overlaps_query, read_overlaps
from meekoppel_hub.reading.plans import PlanFilter, meets_box, narrow_conditions, plans_query, read_plans
from meekoppel_hub.reading.stored import shapes_touch

_ROWS_AT_ONCE = 1000
_FOR_EVER = 2**62

# Pairs that everybody with a token sees in full.
_IS_OPEN = and_(
    overlaps.c.restricted.is_(False),
    *(column.is_(False) for column in (FIRST.c.restricted, FIRST.c.withdrawn)),
    *(func.coalesce(column, False).is_(False) for column in (SECOND.c.restricted, SECOND.c.withdrawn)),
)

# The zones that touch an area, as `zones_touch` tells: by their boxes, then themselves with their buffers.
_ZONES_IN_AREA = """
    SELECT plan_id FROM plan_zones
    WHERE box && box(point(:min_x, :min_y), point(:max_x, :max_y))
      AND ST_DWithin(
          geom, ST_GeomFromText(:area, (SELECT value::int FROM view_settings WHERE name = 'crs')), buffer_m)"""


@dataclass(frozen=True, slots=True)
class AreaCounts:
    """How much of what a viewer may see lies in an area.

    Attributes:
        plans: the number of plans per status.
        overlaps: the number of open pairs per kind.
    """

    plans: dict[str, int]
    overlaps: dict[str, int]


def count_area(
    connection: Connection,
    viewer: Viewer,
    area: BaseGeometry | None,
    period: tuple[datetime | None, datetime | None],
    now: datetime,
) -> AreaCounts:
    """Count the plans that are shared now and the open pairs.

    Args:
        connection: of the view.
        viewer: who asks.
        area: in the hub's CRS; None for everywhere.
        period: plans whose windows touch it, and pairs of such plans; open ends are None.
        now: the time.
    """
    begin, end = period
    of_plans = PlanFilter(area=area, period_from=begin, period_to=end)
    of_pairs = OverlapFilter(area=area, period_from=begin, period_to=end, state="open")
    return AreaCounts(
        _count_plans(connection, viewer, of_plans, now), _count_overlaps(connection, viewer, of_pairs, now)
    )


def _count_plans(connection: Connection, viewer: Viewer, wanted: PlanFilter, now: datetime) -> dict[str, int]:
    counts: Counter[str] = Counter()
    to_read = True
    if not _is_anybody(viewer):
        narrow = _narrow_counts(connection, wanted)
        counts.update({status: count for (status, restricted), count in narrow.items() if not restricted})
        to_read = any(restricted for _, restricted in narrow)
    if to_read:
        query = plans_query(connection, viewer, wanted)
        query = query if _is_anybody(viewer) else query.where(plans.c.restricted.is_(True))
        counts.update(plan.plan["status"] for plan in _all_plans(connection, viewer, wanted, query, now))
    return dict(sorted(counts.items()))


def _narrow_counts(connection: Connection, wanted: PlanFilter) -> Mapping[tuple[str, bool], int]:
    """Count the plans per status, the restricted ones apart."""
    conditions, area = [plans.c.withdrawn.is_(False), *narrow_conditions(wanted)], wanted.area
    if area is not None and connection.dialect.name == "sqlite":
        return _counts_by_shape(connection, conditions, area)
    query = select(plans.c.status, plans.c.restricted, func.count()).where(*conditions)
    if area is not None:
        min_x, min_y, max_x, max_y = area.bounds
        values = {"min_x": min_x, "min_y": min_y, "max_x": max_x, "max_y": max_y, "area": area.wkt}
        query = query.where(plans.c.plan_id.in_(text(_ZONES_IN_AREA).bindparams(**values).columns(plans.c.plan_id)))
    rows = connection.execute(query.group_by(plans.c.status, plans.c.restricted))
    return {(status, restricted): count for status, restricted, count in rows}


def _counts_by_shape(
    connection: Connection, conditions: Sequence[ColumnElement[bool]], area: BaseGeometry
) -> Mapping[tuple[str, bool], int]:
    query = (
        select(plans.c.plan_id, plans.c.status, plans.c.restricted, plan_zones.c.wkb, plan_zones.c.buffer_m)
        .join(plan_zones, plan_zones.c.plan_id == plans.c.plan_id)
        .where(*conditions, meets_box(connection, area.bounds))
    )
    rows = connection.execute(query).all()
    touching = shapes_touch([(row.wkb, row.buffer_m) for row in rows], area)
    found = {row.plan_id: (row.status, row.restricted) for row, here in zip(rows, touching, strict=True) if here}
    return Counter(found.values())


def _all_plans(
    connection: Connection, viewer: Viewer, wanted: PlanFilter, query: Select[Any], now: datetime
) -> Iterable[Any]:
    after: str | None = None
    while True:
        rows = read_plans(connection, viewer, wanted, query, after, now, _ROWS_AT_ONCE)
        yield from rows.seen
        if rows.last is None:
            return
        after = rows.last


def _count_overlaps(connection: Connection, viewer: Viewer, wanted: OverlapFilter, now: datetime) -> dict[str, int]:
    counts: Counter[str] = Counter()
    query = overlaps_query(connection, viewer, wanted)
    if not _is_anybody(viewer) and (wanted.area is None or wanted.area.equals(wanted.area.envelope)):
        counts.update(_open_counts(connection, wanted))
        query = query.where(not_(_IS_OPEN))
    after: str | None = None
    while True:
        rows = read_overlaps(connection, viewer, wanted, query, after, now, _ROWS_AT_ONCE)
        counts.update(sight.row.kind for sight in rows.seen)
        if rows.last is None:
            return dict(sorted(counts.items()))
        after = rows.last


def _open_counts(connection: Connection, wanted: OverlapFilter) -> dict[str, int]:
    """Count the pairs that everybody with a token sees in full, in a box."""
    query = (
        select(overlaps.c.kind, func.count())
        .join(FIRST, FIRST.c.plan_id == overlaps.c.first_plan)
        .outerjoin(SECOND, SECOND.c.plan_id == overlaps.c.second_plan)
        .outerjoin(moratoria, moratoria.c.moratorium_id == overlaps.c.moratorium_id)
        .where(_IS_OPEN, overlaps.c.state == wanted.state, *_both_windows(wanted))
        .group_by(overlaps.c.kind)
    )
    if wanted.area is not None:
        query = query.where(near(connection, wanted.area.bounds))
    return {row.kind: row[1] for row in connection.execute(query)}


def _both_windows(wanted: OverlapFilter) -> Iterable[ColumnElement[bool]]:
    begins = (FIRST.c.starts_us, func.coalesce(SECOND.c.starts_us, moratoria.c.starts_us, 0))
    ends = (FIRST.c.ends_us, func.coalesce(SECOND.c.ends_us, moratoria.c.ends_us, _FOR_EVER))
    if wanted.period_from is not None:
        yield from (end >= to_micros(wanted.period_from) for end in ends)
    if wanted.period_to is not None:
        yield from (begin <= to_micros(wanted.period_to) for begin in begins)


def _is_anybody(viewer: Viewer) -> bool:
    return viewer.organisation is None and not viewer.operator
