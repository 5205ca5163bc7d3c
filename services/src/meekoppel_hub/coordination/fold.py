"""Turn plan events of the log into rows of the view. Pure: what wins against what is stored is decided by the store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np
import shapely

from meekoppel_contracts.codes import PlanEventType
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.ids import PlanId
from meekoppel_contracts.plan import Zone
from meekoppel_hub.coordination.facts import FACT_COLUMNS, facts_of
from meekoppel_hub.coordination.zone_periods import periods_of, to_text
from meekoppel_hub.coordination.zones import boxes, read_shapes
from meekoppel_hub.platform.errors import PoisonRecord

Row = tuple[Any, ...]

LISTED_COLUMNS = ("event_type", "publisher", "visibility", "withdrawn", "recorded_at")
PLAN_COLUMNS = (*FACT_COLUMNS, *LISTED_COLUMNS)
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
PLACE_COLUMNS = ("plan_id", "min_x", "min_y", "max_x", "max_y")
ZONE_COLUMNS = ("plan_id", "zone_no", "role", "wkb", "buffer_m", "periods", "min_x", "min_y", "max_x", "max_y")

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
        zones: the rows of `plan_zones` that go with them.
        places: where the zones of all versions in the batch lie, as rows of `former_places`.
    """

    versions: list[Row]
    plans: list[Row]
    zones: list[Row]
    places: frozenset[Row]

    @property
    def plan_ids(self) -> list[PlanId]:
        """List the plans of the batch."""
        return [row[0] for row in self.plans]

    def zones_of(self, accepted: set[PlanId]) -> list[Row]:
        """Give the rows of `plan_zones` of the plans whose version was newer than what was stored."""
        return [row for row in self.zones if row[0] in accepted]

    def former_places(self, accepted: set[PlanId], removed: Iterable[Row]) -> list[Row]:
        """Give the places where plans were and no longer are: also those of versions that came and went in the batch.

        Args:
            accepted: the plans whose version was newer than what was stored.
            removed: the places of the zones that these had.
        """
        return sorted(self.places.union(removed) - {place_of(row) for row in self.zones_of(accepted)})


def place_of(zone_row: Row) -> Row:
    """Take the row of `former_places` out of a row of `plan_zones`."""
    return (zone_row[0], *zone_row[-4:])


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
        zones=[row for index in chosen for row in zones[index]],
        places=frozenset(place_of(row) for rows in zones for row in rows),
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
    event = change.event
    return (
        *_facts_row(facts_of(event)),
        event.type.value,
        event.publisher,
        event.plan.visibility.value,
        event.type is PlanEventType.WITHDRAWN,
        event.recorded_at,
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
        plan = changes[index].event.plan
        periods = to_text(periods_of(zone, plan))
        rows[index].append((plan.plan_id, number, zone.role.value, zone.geometry, zone.buffer_m, periods, *corners))
    return rows


def _zones(change: PlanChange) -> Iterable[tuple[int, Zone]]:
    return enumerate(change.event.plan.zones)


def _name(zone: Zone, change: PlanChange) -> str:
    return f"zone {zone.zone_id!r} of plan {change.event.plan.plan_id} version {change.event.version}"
