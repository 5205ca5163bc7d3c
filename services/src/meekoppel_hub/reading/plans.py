"""Read plans from the view, only as far as the viewer may see them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, Connection, Select, exists, or_, select, text

from meekoppel_contracts.codes import Visibility
from meekoppel_hub.platform.clock import to_micros
from meekoppel_hub.platform.database.tables.view import NEWEST, plan_versions, plan_zones, plans
from meekoppel_hub.reading.access import Viewer, may_see
from meekoppel_hub.reading.stored import StoredPlan, read_stored, zones_touch

_ROWS_AT_ONCE = 200
_MOST_BY_INDEX = 2000

# The spatial indexes of `view_spatial`: candidates, which the exact geometry then confirms.
BOX_QUERIES = {
    "sqlite": """
        SELECT zones.plan_id FROM plan_zone_boxes AS boxes CROSS JOIN plan_zones AS zones
        ON zones.zone_key = boxes.zone_key
        WHERE boxes.max_x >= :min_x AND boxes.min_x <= :max_x AND boxes.max_y >= :min_y AND boxes.min_y <= :max_y
        LIMIT :most""",
    "postgresql": """
        SELECT plan_id FROM plan_zones
        WHERE box && box(point(:min_x, :min_y), point(:max_x, :max_y)) LIMIT :most""",
}


@dataclass(frozen=True, slots=True)
class PlanFilter:
    """Which plans are asked for; what is empty asks for all.

    Attributes:
        area: in the hub's CRS; a zone with its buffer touches it.
        organisations: the initiator is one of these.
        statuses: one of these.
        phases: one of these.
        certainties: one of these.
        disciplines: the plan has one of these.
        period_from: the plan's window ends then or later.
        period_to: the plan's window begins then or earlier.
        changed_since: its newest version was recorded then or later.
    """

    area: BaseGeometry | None = None
    organisations: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()
    certainties: tuple[str, ...] = ()
    disciplines: tuple[str, ...] = ()
    period_from: datetime | None = None
    period_to: datetime | None = None
    changed_since: datetime | None = None

    def fits(self, stored: StoredPlan) -> bool:
        """Tell whether a version of a plan is what is asked for, but for the area."""
        plan, period = stored.plan, stored.plan["period"]
        among = (
            (self.organisations, stored.sharing.initiator),
            (self.statuses, plan["status"]),
            (self.phases, plan["phase"]),
            (self.certainties, plan["certainty"]),
        )
        return (
            all(value in values for values, value in among if values)
            and (not self.disciplines or not set(self.disciplines).isdisjoint(plan["disciplines"]))
            and (self.period_from is None or period["latest_end"] >= self.period_from)
            and (self.period_to is None or period["earliest_start"] <= self.period_to)
            and (self.changed_since is None or stored.values["recorded_at"] >= self.changed_since)
        )


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows that were read.

    Attributes:
        seen: what of them the viewer asked for and may see.
        last: the id after which the next ones come; None when these were the last.
    """

    seen: list[Any]
    last: str | None


def visible_plans(
    connection: Connection, viewer: Viewer, wanted: PlanFilter, after: str | None, now: datetime
) -> Iterator[StoredPlan]:
    """Give the plans that are shared now and that the viewer may see, by plan id, after a given one."""
    query = plans_query(connection, viewer, wanted)
    while True:
        rows = read_plans(connection, viewer, wanted, query, after, now, _ROWS_AT_ONCE)
        yield from rows.seen
        if rows.last is None:
            return
        after = rows.last


def plans_query(connection: Connection, viewer: Viewer, wanted: PlanFilter, *, withdrawn: bool = False) -> Select[Any]:
    """Make the query of the plans that are shared now, as far as the database can tell what is asked for.

    Args:
        connection: of the view.
        viewer: who asks.
        wanted: what is asked for.
        withdrawn: whether withdrawn plans are asked for too.
    """
    conditions = _conditions(viewer, wanted)
    if not withdrawn:
        conditions.append(plans.c.withdrawn.is_(False))
    if wanted.area is not None:
        conditions.append(meets_box(connection, wanted.area.bounds))
    return newest_plans().where(*conditions)


def newest_plans() -> Select[Any]:
    """Select plan ids with the event of their newest version, by id."""
    return select(plans.c.plan_id, plan_versions.c.event).select_from(NEWEST).order_by(plans.c.plan_id)


def read_plans(
    connection: Connection,
    viewer: Viewer,
    wanted: PlanFilter,
    query: Select[Any],
    after: str | None,
    now: datetime,
    count: int,
) -> Rows:
    """Read some rows of `plans_query`, and keep what the viewer may see and the database could not tell.

    Args:
        connection: of the view.
        viewer: who asks.
        wanted: what is asked for.
        query: from `plans_query`, with the same filter.
        after: the plan id after which they come.
        now: the time.
        count: of the rows to read.
    """
    page = query if after is None else query.where(plans.c.plan_id > after)
    rows = connection.execute(page.limit(count)).all()
    stored = [read_stored(row.event) for row in rows]
    seen = [plan for plan in stored if may_see(viewer, plan.sharing, now)]
    if wanted.area is not None:
        touching = zones_touch(seen, wanted.area)
        seen = [plan for plan, touches in zip(seen, touching, strict=True) if touches]
    return Rows(seen, rows[-1].plan_id if len(rows) == count else None)


def meets_box(connection: Connection, box: tuple[float, ...]) -> ColumnElement[bool]:
    """Take the few plans of a small box from the spatial index; many fill a page soon when walked by their ids.

    Args:
        connection: of the view.
        box: min x, min y, max x, max y in the hub's CRS.
    """
    min_x, min_y, max_x, max_y = box
    values = {"min_x": min_x, "min_y": min_y, "max_x": max_x, "max_y": max_y, "most": _MOST_BY_INDEX + 1}
    found = connection.execute(text(BOX_QUERIES[connection.dialect.name]), values).scalars().all()
    if len(found) <= _MOST_BY_INDEX:
        return plans.c.plan_id.in_(set(found))
    zone = plan_zones.c
    return exists().where(
        zone.plan_id == plans.c.plan_id,
        zone.max_x >= min_x,
        zone.min_x <= max_x,
        zone.max_y >= min_y,
        zone.min_y <= max_y,
    )


def _conditions(viewer: Viewer, wanted: PlanFilter) -> list[ColumnElement[bool]]:
    conditions = narrow_conditions(wanted)
    if viewer.organisation is None and not viewer.operator:
        conditions.append(plans.c.visibility == Visibility.PUBLIC.value)
    return conditions


def narrow_conditions(wanted: PlanFilter) -> list[ColumnElement[bool]]:
    """Make the conditions that the narrow rows of the newest versions can tell: all but the area."""
    conditions: list[ColumnElement[bool]] = []
    for column, values in (
        (plans.c.initiator, wanted.organisations),
        (plans.c.status, wanted.statuses),
        (plans.c.phase, wanted.phases),
        (plans.c.certainty, wanted.certainties),
    ):
        if values:
            conditions.append(column.in_(values))
    if wanted.disciplines:
        listed = "," + plans.c.disciplines + ","
        conditions.append(or_(*(listed.contains(f",{one},") for one in wanted.disciplines)))
    if wanted.period_from is not None:
        conditions.append(plans.c.ends_us >= to_micros(wanted.period_from))
    if wanted.period_to is not None:
        conditions.append(plans.c.starts_us <= to_micros(wanted.period_to))
    if wanted.changed_since is not None:
        conditions.append(plans.c.recorded_at >= wanted.changed_since)
    return conditions


def box_area(box: tuple[float, float, float, float]) -> BaseGeometry:
    """Make an area of min x, min y, max x, max y, which may be a line or a point too."""
    min_x, min_y, max_x, max_y = box
    if min_x == max_x and min_y == max_y:
        return shapely.Point(min_x, min_y)
    if min_x == max_x or min_y == max_y:
        return shapely.LineString([(min_x, min_y), (max_x, max_y)])
    return shapely.box(min_x, min_y, max_x, max_y)
