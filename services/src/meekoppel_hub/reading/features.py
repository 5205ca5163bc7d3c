"""Plans as GeoJSON features, in the hub's CRS."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
import shapely

from meekoppel_hub.reading.stored import StoredPlan


def plan_features(plans: Sequence[StoredPlan]) -> list[dict[str, Any]]:
    """Write plans as features: all zones of each as its geometry, all its fields as properties.

    A zone in the properties tells its role, accuracy and buffer; `geometry_no` is its place in the geometry. The
    geometry is JSON already: the features are for orjson.
    """
    shapes = iter(geojson_of(zone["geometry"] for plan in plans for zone in plan.plan["zones"]))
    return [_feature(plan, [next(shapes) for _ in plan.plan["zones"]]) for plan in plans]


def version_entry(stored: StoredPlan) -> dict[str, Any]:
    """Write one version of a plan: what happened, and the whole plan as it was then."""
    values = stored.values
    return {
        "version": values["version"],
        "type": values["type"],
        "recorded_at": values["recorded_at"],
        "occurred_at": values["occurred_at"],
        "reason": values["reason"],
        "publisher": values["publisher"],
        "changed_fields": values["changed_fields"],
        "plan": plan_features([stored])[0],
    }


def geojson_of(geometries: Iterable[bytes]) -> list[str]:
    """Write WKB as GeoJSON geometries, with all their digits."""
    wkb = list(geometries)
    return list(shapely.to_geojson(shapely.from_wkb(wkb))) if wkb else []


def _feature(stored: StoredPlan, shapes: list[str]) -> dict[str, Any]:
    values, plan = stored.values, stored.plan
    zones = [
        {**{name: value for name, value in zone.items() if name != "geometry"}, "geometry_no": number}
        for number, zone in enumerate(plan["zones"])
    ]
    geometry = shapes[0] if len(shapes) == 1 else f'{{"type":"GeometryCollection","geometries":[{",".join(shapes)}]}}'
    properties = {
        **plan,
        "zones": zones,
        "version": values["version"],
        "publisher": values["publisher"],
        "recorded_at": values["recorded_at"],
        "occurred_at": values["occurred_at"],
        "withdrawn": stored.sharing.withdrawn,
    }
    return {"type": "Feature", "id": stored.plan_id, "geometry": orjson.Fragment(geometry), "properties": properties}
