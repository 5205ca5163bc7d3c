"""Plans as GeoJSON features, in the hub's CRS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from meekoppel_contracts.codes import PlanEventType
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.plan import Zone


def plan_feature(event: PlanEvent) -> dict[str, Any]:
    """Write a plan as a feature: all its zones as its geometry, all its fields as properties.

    A zone in the properties tells its role, accuracy and buffer; `geometry_no` is its place in the geometry.
    """
    plan = event.plan
    properties = plan.model_dump(mode="json", exclude={"zones"})
    properties["zones"] = [
        {**zone.model_dump(mode="json", exclude={"geometry"}), "geometry_no": number}
        for number, zone in enumerate(plan.zones)
    ]
    properties.update(
        version=event.version,
        publisher=event.publisher,
        recorded_at=event.recorded_at,
        occurred_at=event.occurred_at,
        withdrawn=event.type is PlanEventType.WITHDRAWN,
    )
    return {"type": "Feature", "id": plan.plan_id, "geometry": _geometry(plan.zones), "properties": properties}


def version_entry(event: PlanEvent) -> dict[str, Any]:
    """Write one version of a plan: what happened, and the whole plan as it was then."""
    return {
        "version": event.version,
        "type": event.type.value,
        "recorded_at": event.recorded_at,
        "occurred_at": event.occurred_at,
        "reason": event.reason,
        "publisher": event.publisher,
        "changed_fields": event.changed_fields,
        "plan": plan_feature(event),
    }


def zone_shapes(zones: Sequence[Zone]) -> list[BaseGeometry]:
    """Read the geometry of zones, each widened by its own buffer."""
    return [
        shapely.from_wkb(zone.geometry).buffer(zone.buffer_m) if zone.buffer_m else shapely.from_wkb(zone.geometry)
        for zone in zones
    ]


def _geometry(zones: Sequence[Zone]) -> dict[str, Any]:
    shapes = [mapping(shapely.from_wkb(zone.geometry)) for zone in zones]
    return shapes[0] if len(shapes) == 1 else {"type": "GeometryCollection", "geometries": shapes}
