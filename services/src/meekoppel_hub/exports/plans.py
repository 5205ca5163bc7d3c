"""Plans as files: GeoPackage, GeoJSON, CSV, Excel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
import shapely

from meekoppel_contracts.codes import Accuracy, ZoneRole
from meekoppel_hub.exports.columns import Column, Kind, label
from meekoppel_hub.exports.crs import brought
from meekoppel_hub.exports.csv_file import csv_chunks
from meekoppel_hub.exports.filters import plans_in_words
from meekoppel_hub.exports.geojson import geojson_chunks
from meekoppel_hub.exports.geopackage import Feature, write_geopackage
from meekoppel_hub.exports.orders import Format, Order, made_first
from meekoppel_hub.exports.plan_columns import PLAN_COLUMNS, PlanLine, plan_lines
from meekoppel_hub.exports.styles import role_style
from meekoppel_hub.exports.workbook import write_workbook
from meekoppel_hub.reading.batches import plan_batches
from meekoppel_hub.reading.features import plan_features
from meekoppel_hub.reading.plans import PlanFilter
from meekoppel_hub.reading.stored import StoredPlan


def export_plans(order: Order, wanted: PlanFilter) -> Iterator[bytes]:
    """Write plans in the format of the order, piece by piece, with bounded memory.

    Args:
        order: for whom, in which format, in which language.
        wanted: which plans.

    Raises:
        SettingsError: when the format needs a library that is not installed.
        TransientError: when the database is away.
    """
    batches = order.counted(plan_batches(order.database, order.viewer, wanted, order.now))
    shown, places = order.presentation, order.places
    title = shown.word("Plannen", "Plans")
    lines = (plan_lines(batch, places) for batch in batches)
    match order.form:
        case Format.GEOJSON:
            return geojson_chunks((_features(batch, order) for batch in batches), places)
        case Format.CSV:
            return csv_chunks(lines, PLAN_COLUMNS, shown, order.dutch_csv)
        case Format.XLSX:
            about = order.about(title, plans_in_words(wanted, shown), PLAN_COLUMNS)
            return made_first(".xlsx", lambda path: write_workbook(path, title, lines, PLAN_COLUMNS, shown, about))
        case Format.GPKG:
            return made_first(".gpkg", lambda path: _write_zones(path, batches, order))


@dataclass(frozen=True, slots=True)
class _ZoneLine:
    plan: PlanLine
    zone: dict[str, Any]


def _zone(name: str) -> Callable[[_ZoneLine], Any]:
    return lambda line: line.zone[name]


def _of_plan(column: Column[PlanLine]) -> Column[_ZoneLine]:
    return Column(
        column.name, column.nl, column.en, column.kind, lambda line: column.value(line.plan), column.codes, column.width
    )


_ZONE_COLUMNS: Final[tuple[Column[_ZoneLine], ...]] = (
    *(_of_plan(column) for column in PLAN_COLUMNS if column.name not in ("x", "y", "zones")),
    Column("zone_id", "Zone", "Zone", Kind.TEXT, _zone("zone_id")),
    Column("role", "Rol van de zone", "Role of the zone", Kind.CODE, _zone("role"), ZoneRole),
    Column("accuracy", "Nauwkeurigheid", "Accuracy", Kind.CODE, _zone("accuracy"), Accuracy),
    Column("buffer_m", "Buffer (m)", "Buffer (m)", Kind.NUMBER, _zone("buffer_m")),
)


def _write_zones(path: Path, batches: Iterable[Sequence[StoredPlan]], order: Order) -> None:
    shown = order.presentation
    names = {
        "area": shown.word("vlakken", "areas"),
        "line": shown.word("lijnen", "lines"),
        "point": shown.word("punten", "points"),
    }
    write_geopackage(path, (_zones(batch, order) for batch in batches), _ZONE_COLUMNS, shown, names)


def _zones(plans: Sequence[StoredPlan], order: Order) -> Iterator[Feature]:
    language = order.presentation.language
    lines = [_ZoneLine(line, zone) for line in plan_lines(plans, order.places) for zone in line.stored.plan["zones"]]
    shapes = brought(shapely.from_wkb([line.zone["geometry"] for line in lines]), order.places)
    for line, shape in zip(lines, shapes, strict=True):
        role = line.zone["role"]
        layer = label(ZoneRole, role, language).lower().replace(" ", "_")
        yield Feature(layer, role_style(role), shape, line)


def _features(plans: Sequence[StoredPlan], order: Order) -> list[dict[str, Any]]:
    features = plan_features(plans)
    places = order.places
    if places.crs == places.hub_crs:
        return features
    zones = [shapely.from_wkb([zone["geometry"] for zone in plan.plan["zones"]]) for plan in plans]
    whole = [shapes[0] if len(shapes) == 1 else shapely.GeometryCollection(list(shapes)) for shapes in zones]
    moved = shapely.to_geojson(brought(np.array(whole, dtype=object), places))
    return [{**feature, "geometry": orjson.Fragment(shape)} for feature, shape in zip(features, moved, strict=True)]
