"""Live plans of which nothing was heard for so long: what an organisation has to confirm, change or end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from meekoppel_hub.platform.database.tables.view import plans
from meekoppel_hub.quality.moves import DAY
from meekoppel_hub.quality.points import heard_at, is_overdue
from meekoppel_hub.reading.access import Viewer
from meekoppel_hub.reading.plans import PlanFilter, plans_query, read_plans
from meekoppel_hub.reading.stored import StoredPlan

SILENT_COLUMNS: Final = (
    "plan_id",
    "title",
    "publisher",
    "organisation",
    "phase",
    "certainty",
    "heard_at",
    "silent_days",
    "overdue",
)
_ROWS_AT_ONCE = 500


def silent_plans(
    connection: Connection, viewer: Viewer, organisation: str | None, days: int, after: str | None, now: datetime
) -> Iterator[dict[str, Any]]:
    """Give the live plans of which nothing was heard for so many days, by plan id.

    Args:
        connection: of the view.
        viewer: who asks; restricted plans are among them where the viewer may see them.
        organisation: only of this initiator.
        days: nothing was heard for longer than this.
        after: the plan id after which they come.
        now: the time.
    """
    wanted = PlanFilter(organisations=() if organisation is None else (organisation,))
    query = plans_query(connection, viewer, wanted).where(plans.c.ended.is_(None))
    more = True
    while more:
        rows = read_plans(connection, viewer, wanted, query, after, now, _ROWS_AT_ONCE)
        for stored in rows.seen:
            silent_days = int((now - heard_at(stored.values)) / DAY)
            if silent_days > days:
                yield _row(stored, silent_days, now)
        after, more = rows.last, rows.last is not None


def _row(stored: StoredPlan, silent_days: int, now: datetime) -> dict[str, Any]:
    plan = stored.plan
    return {
        "plan_id": stored.plan_id,
        "title": plan["title"],
        "publisher": stored.sharing.publisher,
        "organisation": stored.sharing.initiator,
        "phase": plan["phase"],
        "certainty": plan["certainty"],
        "heard_at": heard_at(stored.values),
        "silent_days": silent_days,
        "overdue": is_overdue(plan, now),
    }
