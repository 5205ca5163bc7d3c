"""Plans as of an earlier moment: what was recorded until then, of it what the viewer might see then and may see now.

Of each plan the newest version recorded at or before the moment holds. Both rules of access apply: what was not shared
with the viewer then stays out of sight when it has been opened since, and what is not shared with the viewer now is
not shown by going back in time; so of a plan that is withdrawn now, only its owner sees what was before.

Candidates come from the narrow rows of today where they cannot have changed since, from the spatial index of today, and
from that of the places that plans have left. A page looks at a bounded number of plans, whatever is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, Connection, FromClause, Row, ScalarSelect, Select, exists, func, or_, select, text

from meekoppel_contracts.codes import Visibility
from meekoppel_hub.platform.database.tables.view import former_places, plan_versions, plan_zones, plans
from meekoppel_hub.reading.access import Sharing, Viewer, is_shared, may_see
from meekoppel_hub.reading.plans import BOX_QUERIES, PlanFilter, narrow_conditions
from meekoppel_hub.reading.stored import StoredPlan, read_stored, zones_touch

MOST_LOOKED_AT = 4_000
_ROWS_AT_ONCE = 400
_SPARE_ROWS = 20  # some of those that are read will not fit
_MOST_BY_INDEX = 2_000

_FORMER_QUERIES = {
    "sqlite": """
        SELECT places.plan_id FROM former_place_boxes AS boxes CROSS JOIN former_places AS places
        ON places.place_key = boxes.place_key
        WHERE boxes.max_x >= :min_x AND boxes.min_x <= :max_x AND boxes.max_y >= :min_y AND boxes.min_y <= :max_y
        LIMIT :most""",
    "postgresql": """
        SELECT plan_id FROM former_places
        WHERE box && box(point(:min_x, :min_y), point(:max_x, :max_y)) LIMIT :most""",
}


@dataclass(frozen=True, slots=True)
class PageAsOf:
    """A page of what was there at an earlier moment.

    Attributes:
        seen: what was asked for and the viewer may see; it may be less than the page holds while there is more.
        last: the id after which the next page comes; None on the last page.
    """

    seen: list[Any]
    last: str | None


def plans_as_of(
    connection: Connection,
    viewer: Viewer,
    wanted: PlanFilter,
    moment: datetime,
    after: str | None,
    now: datetime,
    limit: int,
) -> PageAsOf:
    """Give a page of the plans that were shared at a moment, by plan id.

    Args:
        connection: of the view.
        viewer: who asks.
        wanted: what is asked for, of the plans as they were then.
        moment: the recorded time to go back to.
        after: the plan id after which the page begins.
        now: the time now, for what the viewer may see today.
        limit: of the page.
    """
    candidates = _candidates(connection, viewer, wanted, moment)
    seen: list[StoredPlan] = []
    looked_at, count = 0, min(_ROWS_AT_ONCE, limit + _SPARE_ROWS)
    while looked_at < MOST_LOOKED_AT:
        page = candidates if after is None else candidates.where(plans.c.plan_id > after)
        rows = connection.execute(_with_versions(page.limit(count), moment)).all()
        seen += _fitting([plan for row in rows if (plan := _seen(row, viewer, moment, now))], wanted)
        if len(seen) > limit:
            return PageAsOf(seen[:limit], seen[limit - 1].plan_id)
        if len(rows) < count:
            return PageAsOf(seen, None)
        after, looked_at = rows[-1].plan_id, looked_at + count
    return PageAsOf(seen, after)


def plan_as_of(connection: Connection, plan_id: str, moment: datetime) -> StoredPlan | None:
    """Give the version of a plan that held at a moment, whoever asks; None when there was none yet."""
    recorded = plan_versions.c.recorded_at <= moment
    query = select(plan_versions.c.event).where(plan_versions.c.plan_id == plan_id, recorded)
    row = connection.execute(query.order_by(plan_versions.c.version.desc()).limit(1)).first()
    return None if row is None else read_stored(row.event)


def version_as_of(plan_id: Any, moment: datetime) -> ScalarSelect[Any]:
    """Select the number of the version that held at a moment, within a query that gives the plan id."""
    earlier = plan_versions.alias()
    return (
        select(func.max(earlier.c.version))
        .where(earlier.c.plan_id == plan_id, earlier.c.recorded_at <= moment)
        .scalar_subquery()
    )


def might_see(viewer: Viewer, then: StoredPlan, today: Sharing, moment: datetime, now: datetime) -> bool:
    """Tell whether the viewer might see a plan as it was then, and may see what has become of it."""
    return is_shared(viewer, then.sharing, moment) and is_shared(viewer, today, now)


def sharing_today(row: Any, viewer: Viewer) -> Sharing:
    """Tell with whom a plan is shared today, from its narrow row where that says enough.

    Args:
        row: with `visibility`, `withdrawn`, `initiator` and `publisher` of `plans`, and `newest_event`.
        viewer: who asks.
    """
    by_name = row.visibility == Visibility.RESTRICTED.value or viewer.organisation is None
    if by_name and not viewer.operator:
        return read_stored(row.newest_event).sharing
    return Sharing(row.initiator, row.publisher, row.visibility, (), None, row.withdrawn)


def _candidates(connection: Connection, viewer: Viewer, wanted: PlanFilter, moment: datetime) -> Select[Any]:
    """Select the plans that may be asked for, by id, from what the database can tell of them."""
    conditions: list[ColumnElement[bool]] = []
    if viewer.organisation is None and not viewer.operator:
        conditions.append(plans.c.visibility == Visibility.PUBLIC.value)
    if unchanged := narrow_conditions(wanted):
        changed_since = plans.c.recorded_at > moment
        conditions += [or_(changed_since, condition) for condition in unchanged]
    if wanted.area is not None:
        conditions.append(_was_in(connection, wanted.area))
    own = ("plan_id", "version", "visibility", "withdrawn", "initiator", "publisher")
    return select(*(plans.c[name] for name in own)).where(*conditions).order_by(plans.c.plan_id)


def _with_versions(candidates: Select[Any], moment: datetime) -> Select[Any]:
    """Join some plans with their versions of then (null where there was none yet) and of today.

    The limit of the candidates stands within the query: the planner then knows that there are few.
    """
    some, then, newest = candidates.subquery("some"), plan_versions.alias("then"), plan_versions.alias("newest")
    held = (then.c.plan_id == some.c.plan_id) & (then.c.version == version_as_of(some.c.plan_id, moment))
    return (
        select(some, then.c.event, newest.c.event.label("newest_event"))
        .select_from(some)
        .outerjoin(then, held)
        .join(newest, (newest.c.plan_id == some.c.plan_id) & (newest.c.version == some.c.version))
        .order_by(some.c.plan_id)
    )


def _was_in(connection: Connection, area: BaseGeometry) -> ColumnElement[bool]:
    """Take the few plans that are or were in a small box from the indexes; many fill a page soon when walked."""
    min_x, min_y, max_x, max_y = area.bounds
    box = {"min_x": min_x, "min_y": min_y, "max_x": max_x, "max_y": max_y}
    found: set[str] = set()
    for queries in (BOX_QUERIES, _FORMER_QUERIES):
        statement = text(queries[connection.dialect.name])
        found |= set(connection.execute(statement, {**box, "most": _MOST_BY_INDEX + 1}).scalars())
    if len(found) <= _MOST_BY_INDEX:
        return plans.c.plan_id.in_(found)
    return or_(*(_has_box(table, box) for table in (plan_zones, former_places)))


def _has_box(table: FromClause, box: dict[str, float]) -> ColumnElement[bool]:
    return exists().where(
        table.c.plan_id == plans.c.plan_id,
        table.c.max_x >= box["min_x"],
        table.c.min_x <= box["max_x"],
        table.c.max_y >= box["min_y"],
        table.c.min_y <= box["max_y"],
    )


def _seen(row: Row[Any], viewer: Viewer, moment: datetime, now: datetime) -> StoredPlan | None:
    if row.event is None:
        return None
    then = read_stored(row.event)
    if then.sharing.withdrawn or not may_see(viewer, then.sharing, moment):
        return None
    return then if is_shared(viewer, sharing_today(row, viewer), now) else None


def _fitting(found: list[StoredPlan], wanted: PlanFilter) -> list[StoredPlan]:
    fitting = [plan for plan in found if wanted.fits(plan)]
    if wanted.area is None:
        return fitting
    return [plan for plan, touches in zip(fitting, zones_touch(fitting, wanted.area), strict=True) if touches]
