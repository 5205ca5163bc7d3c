"""Fills the view as coordination does, so that the API can be tested without it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import shapely
from sqlalchemy import Table, delete, insert

from meekoppel_contracts.codec import encode_plan_event
from meekoppel_contracts.codes import Certainty, OrganisationKind, PlanEventType, Status, Visibility
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.ids import OrgCode, PlanId, overlap_id, split_plan_id
from meekoppel_contracts.plan import Initiator, Period, Plan, SharedWith, Zone
from meekoppel_hub.coordination.fold import (
    PLAN_COLUMNS,
    VERSION_COLUMNS,
    ZONE_COLUMNS,
    fold,
    plan_row,
)
from meekoppel_hub.coordination.plan_change import Row, read_event
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.view import overlaps, plan_versions, plan_zones, plans
from meekoppel_hub.platform.stream.records import PartitionId

CRS = 28992
SPOT = shapely.Point(143_000, 457_500)


def plan(plan_id: str, **changes: Any) -> Plan:
    """Make a public, firm plan of one spot in spring 2027; `at`, `shared_with`, `start` and `end` in short."""
    _, organisation, _ = split_plan_id(PlanId(plan_id))
    at = changes.pop("at", SPOT)
    named = tuple(OrgCode(code) for code in changes.pop("shared_with", ()))
    period = Period(
        earliest_start=changes.pop("start", datetime(2027, 3, 1, tzinfo=UTC)),
        latest_end=changes.pop("end", datetime(2027, 6, 1, tzinfo=UTC)),
    )
    fields: dict[str, Any] = {
        "plan_id": PlanId(plan_id),
        "title": f"Werk {plan_id}",
        "initiator": Initiator(organisation=organisation, name=organisation.title(), kind=OrganisationKind.OTHER),
        "status": Status.PLANNED,
        "certainty": Certainty.FIRM,
        "period": period,
        "zones": (Zone(zone_id="1", geometry=shapely.to_wkb(at), srid=CRS),),
        "visibility": Visibility.PUBLIC,
        "shared_with": SharedWith(organisations=named) if named else None,
    }
    return Plan(**{**fields, **changes})


class ViewFilling:
    """Puts plans, their versions and pairs into the view."""

    def __init__(self, database: Database, now: datetime) -> None:
        self._database = database
        self._now = now
        self._versions: dict[str, int] = {}

    def put(
        self, put: Plan, kind: PlanEventType = PlanEventType.REGISTERED, reason: str | None = None, publisher: str = ""
    ) -> PlanEvent:
        """Store the next version of a plan."""
        version = self._versions[put.plan_id] = self._versions.get(put.plan_id, 0) + 1
        event = PlanEvent(
            type=kind,
            version=version,
            publisher=OrgCode(publisher or put.initiator.organisation),
            recorded_at=self._now,
            reason=reason,
            plan=put,
        )
        with self._database.begin() as connection:
            connection.execute(delete(plans).where(plans.c.plan_id == put.plan_id))
            connection.execute(delete(plan_zones).where(plan_zones.c.plan_id == put.plan_id))
            for table, columns, rows in self._rows(event):
                connection.execute(insert(table), [dict(zip(columns, row, strict=True)) for row in rows])
        return event

    def withdraw(self, withdrawn: Plan, reason: str) -> PlanEvent:
        """Store the withdrawal of a plan."""
        return self.put(withdrawn, PlanEventType.WITHDRAWN, reason)

    def meet(self, one: str, other: str, **changes: Any) -> str:
        """Store a pair that meets; gives its id."""
        first, second = sorted((PlanId(one), PlanId(other)))
        row: dict[str, Any] = {
            "overlap_id": overlap_id(first, second),
            "state": "open",
            "revision": 1,
            "kind": "conflict_heavy",
            "severity": "high",
            "first_plan": first,
            "first_version": 1,
            "first_organisation": split_plan_id(first)[1],
            "second_plan": second,
            "second_version": 1,
            "second_organisation": split_plan_id(second)[1],
            "restricted": False,
            "ruleset": "test/1",
            "area_m2": 12.5,
            "distance_m": 0.0,
            "overlap_days": 9,
            "gap_days": 0,
            "score": None,
            "explanation": f"Werk {first} meets Werk {second}",
            "location": shapely.to_wkb(SPOT),
            "detected_at": self._now,
            "changed_at": self._now,
        }
        with self._database.begin() as connection:
            connection.execute(insert(overlaps).values({**row, **changes}))
        return str(row["overlap_id"])

    @staticmethod
    def _rows(event: PlanEvent) -> list[tuple[Table, tuple[str, ...], list[Row]]]:
        change = read_event(encode_plan_event(event), PartitionId("plans", 0), event.version)
        batch = fold([change], CRS)
        return [
            (plans, PLAN_COLUMNS, [plan_row(change)]),
            (plan_versions, VERSION_COLUMNS, batch.version_rows()),
            (plan_zones, ZONE_COLUMNS, batch.zone_rows(batch.plan_ids)),
        ]
