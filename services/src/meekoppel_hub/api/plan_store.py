"""One plan and its versions, only as far as the viewer may see them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from meekoppel_hub.api.errors import Gone, NotFound
from meekoppel_hub.platform.database.tables.view import plan_versions, plans
from meekoppel_hub.reading.access import Viewer, is_shared, may_see
from meekoppel_hub.reading.as_of import plan_as_of
from meekoppel_hub.reading.plans import newest_plans
from meekoppel_hub.reading.stored import StoredPlan, read_stored


def find_plan(connection: Connection, viewer: Viewer, plan_id: str, now: datetime) -> StoredPlan:
    """Give the newest state of a plan.

    Raises:
        NotFound: when there is none that the viewer may see; whether it exists is not told.
        Gone: when it was shared with the viewer and is withdrawn.
    """
    row = connection.execute(newest_plans().where(plans.c.plan_id == plan_id)).first()
    if row is None:
        raise _not_found(plan_id)
    newest = read_stored(row.event)
    if is_shared(viewer, newest.sharing, now):
        return newest
    last_seen = _last_visible(connection, viewer, plan_id, now)
    if last_seen is not None and last_seen.sharing.withdrawn:
        raise _gone(last_seen)
    raise _not_found(plan_id)


def find_plan_as_of(connection: Connection, viewer: Viewer, today: StoredPlan, moment: datetime) -> StoredPlan:
    """Give the state of a plan that held at a moment.

    Args:
        connection: of the view.
        viewer: who asks.
        today: the plan as the viewer may see it now.
        moment: the recorded time to go back to.

    Raises:
        NotFound: when there was none that the viewer might see.
        Gone: when it was withdrawn then.
    """
    then = plan_as_of(connection, today.plan_id, moment)
    if then is None or not may_see(viewer, then.sharing, moment):
        raise NotFound(f"on {moment.isoformat()} the hub knew no plan {today.plan_id} that you might see then")
    if not is_shared(viewer, then.sharing, moment):
        raise _gone(then)
    return then


def _last_visible(connection: Connection, viewer: Viewer, plan_id: str, now: datetime) -> StoredPlan | None:
    query = select(plan_versions.c.event).where(plan_versions.c.plan_id == plan_id)
    for row in connection.execute(query.order_by(plan_versions.c.version.desc())):
        stored = read_stored(row.event)
        if may_see(viewer, stored.sharing, now):
            return stored
    return None


def _gone(withdrawn: StoredPlan) -> Gone:
    return Gone(
        f"plan {withdrawn.plan_id} is withdrawn and no longer shared",
        reason=withdrawn.values["reason"],
        withdrawn_at=withdrawn.values["recorded_at"],
    )


def _not_found(plan_id: str) -> NotFound:
    return NotFound(f"there is no plan {plan_id} that you may see; with an organisation's token you may see more")
