"""The history of one plan: its versions, and what each changed, as far as the viewer may see them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from meekoppel_hub.platform.database.tables.view import plan_versions, plans
from meekoppel_hub.reading.access import Viewer, is_shared, may_see
from meekoppel_hub.reading.differences import Difference, differences
from meekoppel_hub.reading.plans import newest_plans
from meekoppel_hub.reading.stored import StoredPlan, read_stored


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One version of a plan, against the one before it that the viewer may see.

    Attributes:
        stored: the version.
        compared_with: the number of the one before; None for the first.
        differences: what differs between the two; empty for the first.
    """

    stored: StoredPlan
    compared_with: int | None
    differences: list[Difference]

    def document(self) -> dict[str, Any]:
        """Write it as JSON is written."""
        values = self.stored.values
        names = ("version", "type", "recorded_at", "occurred_at", "publisher", "reason", "changed_fields")
        return {
            **{name: values[name] for name in names},
            "compared_with": self.compared_with,
            "differences": [one.document() for one in self.differences],
        }


def visible_versions(
    connection: Connection, viewer: Viewer, plan_id: str, after: int, now: datetime
) -> Iterator[StoredPlan]:
    """Give the versions of a plan that the viewer might see when they were the newest, oldest first."""
    query = select(plan_versions.c.event).where(plan_versions.c.plan_id == plan_id, plan_versions.c.version > after)
    for row in connection.execute(query.order_by(plan_versions.c.version)):
        stored = read_stored(row.event)
        if may_see(viewer, stored.sharing, now):
            yield stored


def may_look_back(connection: Connection, viewer: Viewer, plan_id: str, now: datetime) -> bool:
    """Tell whether the viewer may see the plan as it stands now, without which none of its history is shown."""
    row = connection.execute(newest_plans().where(plans.c.plan_id == plan_id)).first()
    return row is not None and is_shared(viewer, read_stored(row.event).sharing, now)


def plan_history(
    connection: Connection, viewer: Viewer, plan_id: str, after: int, now: datetime
) -> Iterator[HistoryEntry]:
    """Give what each version of a plan changed, oldest first, after a given version.

    A version that was not shared with the viewer is left out; the next one is compared with the one before it.
    """
    before: StoredPlan | None = None
    for stored in visible_versions(connection, viewer, plan_id, 0, now):
        if stored.version > after:
            changed = differences(before.plan, stored.plan) if before is not None else []
            yield HistoryEntry(stored, None if before is None else before.version, changed)
        before = stored
