"""Turn plan events of the log into rows of the view. Pure: what wins against what is stored is decided by the store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

import numpy as np
import shapely

from meekoppel_contracts.codes import PlanEventType
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.ids import PlanId
from meekoppel_contracts.plan import Zone
from meekoppel_hub.coordination.facts import PlanFacts, facts_of
from meekoppel_hub.coordination.zones import boxes, read_shapes
from meekoppel_hub.platform.errors import PoisonRecord

Row = tuple[Any, ...]

PLAN_COLUMNS = (
    "plan_id",
    "version",
    "event_type",
    "publisher",
    "initiator",
    "title",
    "status",
    "certainty",
    "phase",
    "visibility",
    "withdrawn",
    "earliest_start",
    "latest_end",
    "recorded_at",
    "event",
)
VERSION_COLUMNS = (
    "plan_id",
    "version",
    "event_type",
    "visibility",
    "recorded_at",
    "topic",
    "partition",
    "offset",
    "event",
)
FACT_COLUMNS = tuple(field.name for field in fields(PlanFacts))
ZONE_COLUMNS = ("plan_id", "zone_no", "role", "wkb", "buffer_m", "min_x", "min_y", "max_x", "max_y")

_facts_row = attrgetter(*FACT_COLUMNS)


@dataclass(frozen=True, slots=True)
class PlanChange:
    """One plan event and where in the log it stands.

    Attributes:
        event: decoded.
        framed: the same as it stands in the log.
        topic: `plans` or `plans-restricted`.
        partition: of the topic.
        offset: in the partition.
    """

    event: PlanEvent
    framed: bytes
    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class FoldedBatch:
    """Rows of a batch, in the order of the `…_COLUMNS`.

    Attributes:
        versions: one row of `plan_versions` for each event.
        plans: one row of `plans` for each plan: the newest version in the batch; ordered by plan id.
        facts: the rows of `plan_facts` that go with them.
        zones: the rows of `plan_zones` that go with them.
    """

    versions: list[Row]
    plans: list[Row]
    facts: list[Row]
    zones: list[Row]

    @property
    def plan_ids(self) -> list[PlanId]:
        """List the plans of the batch."""
        return [row[0] for row in self.plans]

    def zones_of(self, accepted: set[PlanId]) -> list[Row]:
        """Give the rows of `plan_zones` of the plans whose version was newer than what was stored."""
        return [row for row in self.zones if row[0] in accepted]

    def facts_for(self, accepted: set[PlanId]) -> list[Row]:
        """Give the rows of `plan_facts` of the plans whose version was newer than what was stored."""
        return [row for row in self.facts if row[0] in accepted]


def fold(changes: Sequence[PlanChange], crs: int) -> FoldedBatch:
    """Turn the plan events of a batch into rows.

    Args:
        changes: in any order.
        crs: EPSG number of the hub's CRS.

    Raises:
        PoisonRecord: `wrong_crs` or `invalid_geometry`, when a zone cannot be matched. Older versions are checked as
            the newest is: what is poison must not depend on how records happened to be batched.
    """
    _check_crs(changes, crs)
    zones = _zone_rows(changes)
    newest: dict[PlanId, int] = {}
    for index, change in enumerate(changes):
        known = newest.get(change.event.plan.plan_id)
        if known is None or changes[known].event.version < change.event.version:
            newest[change.event.plan.plan_id] = index
    chosen = [newest[plan_id] for plan_id in sorted(newest)]
    return FoldedBatch(
        versions=[_version_row(change) for change in changes],
        plans=[_plan_row(changes[index]) for index in chosen],
        facts=[_facts_row(facts_of(changes[index].event)) for index in chosen],
        zones=[row for index in chosen for row in zones[index]],
    )


def _check_crs(changes: Iterable[PlanChange], crs: int) -> None:
    for change in changes:
        for zone in change.event.plan.zones:
            if zone.srid != crs:
                raise PoisonRecord(
                    "wrong_crs", f"{_name(zone, change)} is in EPSG:{zone.srid}; the view is in EPSG:{crs}"
                )


def _version_row(change: PlanChange) -> Row:
    event = change.event
    return (
        event.plan.plan_id,
        event.version,
        event.type.value,
        event.plan.visibility.value,
        event.recorded_at,
        change.topic,
        change.partition,
        change.offset,
        change.framed,
    )


def _plan_row(change: PlanChange) -> Row:
    event, plan = change.event, change.event.plan
    return (
        plan.plan_id,
        event.version,
        event.type.value,
        event.publisher,
        plan.initiator.organisation,
        plan.title,
        plan.status.value,
        plan.certainty.value,
        plan.phase.value,
        plan.visibility.value,
        event.type is PlanEventType.WITHDRAWN,
        plan.period.earliest_start,
        plan.period.latest_end,
        event.recorded_at,
        change.framed,
    )


def _zone_rows(changes: Sequence[PlanChange]) -> list[list[Row]]:
    """Give the rows of `plan_zones` of each change."""
    rows: list[list[Row]] = [[] for _ in changes]
    zones = [(index, number, zone) for index, change in enumerate(changes) for number, zone in _zones(change)]
    shapes = read_shapes([zone.geometry for _, _, zone in zones])
    for unreadable in np.nonzero(shapely.is_missing(shapes.geometry))[0]:
        index, _, zone = zones[unreadable]
        raise PoisonRecord("invalid_geometry", f"{_name(zone, changes[index])} cannot be read or is empty")
    box = boxes(shapes, np.array([zone.buffer_m for _, _, zone in zones], dtype=float)).tolist()
    for (index, number, zone), corners in zip(zones, box, strict=True):
        plan_id = changes[index].event.plan.plan_id
        rows[index].append((plan_id, number, zone.role.value, zone.geometry, zone.buffer_m, *corners))
    return rows


def _zones(change: PlanChange) -> Iterable[tuple[int, Zone]]:
    return enumerate(change.event.plan.zones)


def _name(zone: Zone, change: PlanChange) -> str:
    return f"zone {zone.zone_id!r} of plan {change.event.plan.plan_id} version {change.event.version}"
