"""Turn plan changes of the log into rows of the view. Pure: what wins against what is stored, the store decides."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import numpy as np
import shapely

from meekoppel_contracts.ids import PlanId
from meekoppel_hub.coordination.facts import FACT_COLUMNS
from meekoppel_hub.coordination.plan_change import PlanChange, Row
from meekoppel_hub.coordination.zones import boxes, read_shapes
from meekoppel_hub.platform.errors import PoisonRecord

LISTED_COLUMNS = ("event_type", "publisher", "visibility", "withdrawn", "zones_hash", "recorded_at")
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

Boxes = list[tuple[float, float, float, float]]


class FoldedBatch:
    """The changes of a batch, and the rows that come of them, in the order of the `…_COLUMNS`.

    Attributes:
        changes: all of them.
        newest: of each plan the newest version in the batch, ordered by plan id.
    """

    def __init__(self, changes: Sequence[PlanChange], boxes_of: Mapping[tuple[PlanId, int], Boxes]) -> None:
        """Set up.

        Args:
            changes: in any order.
            boxes_of: the boxes of the zones that were read so far, by plan and version.
        """
        self.changes = changes
        self._boxes = dict(boxes_of)
        newest: dict[PlanId, PlanChange] = {}
        for change in changes:
            known = newest.get(change.plan_id)
            if known is None or known.version < change.version:
                newest[change.plan_id] = change
        self.newest = {plan_id: newest[plan_id] for plan_id in sorted(newest)}

    @property
    def plan_ids(self) -> list[PlanId]:
        """List the plans of the batch, ordered."""
        return list(self.newest)

    def version_rows(self) -> list[Row]:
        """Give the row of `plan_versions` of each change."""
        return [
            (
                change.facts[0],
                change.facts[1],
                change.event_type,
                change.visibility,
                change.recorded_at,
                change.source.topic,
                change.source.partition,
                change.offset,
                change.framed,
            )
            for change in self.changes
        ]

    def boxes_of(self, change: PlanChange) -> Boxes:
        """Give the box of each zone of a change: min x, min y, max x, max y."""
        key = (change.plan_id, change.version)
        if key not in self._boxes:
            self._boxes[key] = _read_boxes([change])[0]
        return self._boxes[key]

    def zone_rows(self, plan_ids: Iterable[PlanId]) -> list[Row]:
        """Give the rows of `plan_zones` of some of the plans."""
        rows = []
        for change in (self.newest[plan_id] for plan_id in plan_ids):
            for number, (zone, box) in enumerate(zip(change.zones, self.boxes_of(change), strict=True)):
                rows.append((change.plan_id, number, *zone, *box))
        return rows

    def former_places(self, current: Collection[PlanId], removed: Iterable[Row]) -> list[Row]:
        """Give the places where plans were and no longer are, as rows of `former_places`.

        Args:
            current: the plans whose newest version in the batch is what is stored now.
            removed: the places of zones that were removed for them.
        """
        places = set(removed)
        for change in self.changes:
            here = self.newest[change.plan_id]
            if change.plan_id not in current or change.zones_hash != here.zones_hash:
                places.update((change.plan_id, *box) for box in self.boxes_of(change))
        for plan_id in {place[0] for place in places}.intersection(current):
            here = self.newest[plan_id]
            places.difference_update((plan_id, *box) for box in self.boxes_of(here))
        return sorted(places)


def plan_row(change: PlanChange) -> Row:
    """Give the row of `plans` of a change."""
    return (
        *change.facts,
        change.event_type,
        change.publisher,
        change.visibility,
        change.withdrawn,
        change.zones_hash,
        change.recorded_at,
    )


def fold(
    changes: Sequence[PlanChange], crs: int, known: Callable[[PlanId], int | None] = lambda _: None
) -> FoldedBatch:
    """Turn the changes of a batch into rows.

    Args:
        changes: in any order.
        crs: EPSG number of the hub's CRS.
        known: gives the hash of the zones that a plan is known to have; such zones were read before and are not
            read again until somebody asks for them.

    Raises:
        PoisonRecord: `wrong_crs` or `invalid_geometry`, when a zone cannot be matched. Older versions are checked as
            the newest is: what is poison must not depend on how records happened to be batched.
    """
    for change in changes:
        if change.srids != {crs}:
            raise PoisonRecord(
                "wrong_crs",
                f"plan {change.plan_id} version {change.version} has zones in EPSG:{sorted(change.srids)}; "
                f"the view is in EPSG:{crs}",
            )
    unread = [change for change in changes if known(change.plan_id) != change.zones_hash]
    found = zip(unread, _read_boxes(unread), strict=True)
    return FoldedBatch(changes, {(change.plan_id, change.version): boxes for change, boxes in found})


def _read_boxes(changes: Sequence[PlanChange]) -> list[Boxes]:
    """Give the boxes of the zones of each change."""
    zones = [zone for change in changes for zone in change.zones]
    shapes = read_shapes([zone.wkb for zone in zones])
    owners = [(change, number) for change in changes for number in range(len(change.zones))]
    for unreadable in np.nonzero(shapely.is_missing(shapes.geometry))[0]:
        change, number = owners[unreadable]
        raise PoisonRecord(
            "invalid_geometry",
            f"zone {number + 1} of plan {change.plan_id} version {change.version} cannot be read or is empty",
        )
    found: list[Boxes] = []
    rows = iter(boxes(shapes, np.array([zone.buffer_m for zone in zones], dtype=float)).tolist())
    for change in changes:
        found.append([tuple(next(rows)) for _ in change.zones])
    return found
