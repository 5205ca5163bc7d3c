"""Read plans from the view, only as far as the viewer may see them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import shapely
from sqlalchemy import ColumnElement, Connection, exists, select, text

from meekoppel_contracts.codec import decode_plan_event
from meekoppel_contracts.codes import PlanEventType, Visibility
from meekoppel_contracts.events import PlanEvent
from meekoppel_hub.api.access import Viewer, may_see, owns
from meekoppel_hub.api.errors import Gone, NotFound
from meekoppel_hub.api.features import zone_shapes
from meekoppel_hub.platform.clock import to_micros
from meekoppel_hub.platform.database.tables.view import NEWEST, plan_versions, plan_zones, plans

Box = tuple[float, float, float, float]
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
    """Which plans are asked for; None asks for all.

    Attributes:
        box: min x, min y, max x, max y in the hub's CRS; a zone with its buffer touches it.
        organisation: the initiator.
        statuses: one of these.
        period_from: the plan's window ends then or later.
        period_to: the plan's window begins then or earlier.
    """

    box: Box | None = None
    organisation: str | None = None
    statuses: tuple[str, ...] = ()
    period_from: datetime | None = None
    period_to: datetime | None = None


def visible_plans(
    connection: Connection, viewer: Viewer, wanted: PlanFilter, after: str | None, now: datetime
) -> Iterator[PlanEvent]:
    """Give the plans that are shared now and that the viewer may see, by plan id, after a given one."""
    conditions = _conditions(viewer, wanted)
    if wanted.box is not None:
        conditions.append(_meets_box(connection, wanted.box))
    while True:
        page = [*conditions, plans.c.plan_id > after] if after is not None else conditions
        query = select(plans.c.plan_id, plan_versions.c.event).select_from(NEWEST).where(*page)
        rows = connection.execute(query.order_by(plans.c.plan_id).limit(_ROWS_AT_ONCE)).all()
        for row in rows:
            event = decode_plan_event(row.event)
            if may_see(viewer, event, now) and _touches(event, wanted.box):
                yield event
        if len(rows) < _ROWS_AT_ONCE:
            return
        after = rows[-1].plan_id


def find_plan(connection: Connection, viewer: Viewer, plan_id: str, now: datetime) -> PlanEvent:
    """Give the newest state of a plan.

    Raises:
        NotFound: when there is none that the viewer may see; whether it exists is not told.
        Gone: when it was shared with the viewer and is withdrawn.
    """
    query = select(plan_versions.c.event).select_from(NEWEST).where(plans.c.plan_id == plan_id)
    row = connection.execute(query).first()
    if row is None:
        raise _not_found(plan_id)
    newest = decode_plan_event(row.event)
    if may_see(viewer, newest, now) and (newest.type is not PlanEventType.WITHDRAWN or owns(viewer, newest)):
        return newest
    last_seen = _last_visible(connection, viewer, plan_id, now)
    if last_seen is not None and last_seen.type is PlanEventType.WITHDRAWN:
        raise Gone(
            f"plan {plan_id} is withdrawn and no longer shared",
            reason=last_seen.reason,
            withdrawn_at=last_seen.recorded_at,
        )
    raise _not_found(plan_id)


def visible_versions(
    connection: Connection, viewer: Viewer, plan_id: str, after: int, now: datetime
) -> Iterator[PlanEvent]:
    """Give the versions of a plan that the viewer might see when they were the newest, oldest first."""
    query = select(plan_versions.c.event).where(plan_versions.c.plan_id == plan_id, plan_versions.c.version > after)
    for row in connection.execute(query.order_by(plan_versions.c.version)):
        event = decode_plan_event(row.event)
        if may_see(viewer, event, now):
            yield event


def _last_visible(connection: Connection, viewer: Viewer, plan_id: str, now: datetime) -> PlanEvent | None:
    query = select(plan_versions.c.event).where(plan_versions.c.plan_id == plan_id)
    for row in connection.execute(query.order_by(plan_versions.c.version.desc())):
        event = decode_plan_event(row.event)
        if may_see(viewer, event, now):
            return event
    return None


def _conditions(viewer: Viewer, wanted: PlanFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [plans.c.withdrawn.is_(False)]
    if viewer.organisation is None:
        conditions.append(plans.c.visibility == Visibility.PUBLIC.value)
    if wanted.organisation is not None:
        conditions.append(plans.c.initiator == wanted.organisation)
    if wanted.statuses:
        conditions.append(plans.c.status.in_(wanted.statuses))
    if wanted.period_from is not None:
        conditions.append(plans.c.ends_us >= to_micros(wanted.period_from))
    if wanted.period_to is not None:
        conditions.append(plans.c.starts_us <= to_micros(wanted.period_to))
    return conditions


def _meets_box(connection: Connection, box: Box) -> ColumnElement[bool]:
    """Take the few plans of a small box from the spatial index; many fill a page soon when walked by their ids."""
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


def _touches(event: PlanEvent, box: Box | None) -> bool:
    if box is None:
        return True
    return bool(shapely.intersects(shapely.box(*box), zone_shapes(event.plan.zones)).any())


def _not_found(plan_id: str) -> NotFound:
    return NotFound(f"there is no plan {plan_id} that you may see; with an organisation's token you may see more")
