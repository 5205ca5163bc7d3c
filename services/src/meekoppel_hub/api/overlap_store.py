"""Read the pairs of plans that meet, only as far as the viewer may see them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, FromClause, or_, select

from meekoppel_contracts.codec import decode_plan_event
from meekoppel_contracts.codes import Visibility
from meekoppel_hub.api.access import Viewer
from meekoppel_hub.api.overlap_sight import Sight, sight_of
from meekoppel_hub.platform.database.tables.view import overlaps, plan_versions, plans

_ROWS_AT_ONCE = 200
_first, _second = plans.alias("first_plan_now"), plans.alias("second_plan_now")
_first_event, _second_event = plan_versions.alias("first_event_now"), plan_versions.alias("second_event_now")


@dataclass(frozen=True, slots=True)
class OverlapFilter:
    """Which pairs are asked for; None asks for all.

    Attributes:
        kinds: one of these.
        state: `open` or `resolved`.
        organisation: the initiator of one of the sides.
        plan_id: one of the sides.
    """

    kinds: tuple[str, ...] = ()
    state: str | None = None
    organisation: str | None = None
    plan_id: str | None = None


def visible_overlaps(
    connection: Connection, viewer: Viewer, wanted: OverlapFilter, after: str | None, now: datetime
) -> Iterator[Sight]:
    """Give the pairs of which the viewer may see something, by overlap id, after a given one."""
    conditions = _conditions(viewer, wanted)
    query = (
        select(overlaps, _first_event.c.event.label("first_event"), _second_event.c.event.label("second_event"))
        .join(_first, _first.c.plan_id == overlaps.c.first_plan)
        .join(_second, _second.c.plan_id == overlaps.c.second_plan)
        .join(_first_event, _is_newest(_first_event, _first))
        .join(_second_event, _is_newest(_second_event, _second))
        .order_by(overlaps.c.overlap_id)
        .limit(_ROWS_AT_ONCE)
    )
    while True:
        page = [*conditions, overlaps.c.overlap_id > after] if after is not None else conditions
        rows = connection.execute(query.where(*page)).all()
        for row in rows:
            sight = sight_of(viewer, row, decode_plan_event(row.first_event), decode_plan_event(row.second_event), now)
            if sight is not None and _fits(sight, wanted):
                yield sight
        if len(rows) < _ROWS_AT_ONCE:
            return
        after = rows[-1].overlap_id


def _is_newest(version: FromClause, plan: FromClause) -> ColumnElement[bool]:
    return (version.c.plan_id == plan.c.plan_id) & (version.c.version == plan.c.version)


def _fits(sight: Sight, wanted: OverlapFilter) -> bool:
    """Filter again on what the viewer sees: asking for a hidden organisation or plan must not find its pairs."""
    if wanted.organisation is not None and not sight.names_organisation(wanted.organisation):
        return False
    return wanted.plan_id is None or sight.names_plan(wanted.plan_id)


def _conditions(viewer: Viewer, wanted: OverlapFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if viewer.organisation is None:
        conditions += [side.c.visibility == Visibility.PUBLIC.value for side in (_first, _second)]
        conditions += [side.c.withdrawn.is_(False) for side in (_first, _second)]
    if wanted.kinds:
        conditions.append(overlaps.c.kind.in_(wanted.kinds))
    if wanted.state is not None:
        conditions.append(overlaps.c.state == wanted.state)
    if wanted.organisation is not None:
        sides = (overlaps.c.first_organisation, overlaps.c.second_organisation)
        conditions.append(or_(*(side == wanted.organisation for side in sides)))
    if wanted.plan_id is not None:
        conditions.append(or_(overlaps.c.first_plan == wanted.plan_id, overlaps.c.second_plan == wanted.plan_id))
    return conditions
