"""Overlaps as files: GeoPackage, GeoJSON, CSV, Excel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import shapely

from meekoppel_hub.exports.crs import brought
from meekoppel_hub.exports.csv_file import csv_chunks
from meekoppel_hub.exports.filters import overlaps_in_words
from meekoppel_hub.exports.geojson import geojson_chunks
from meekoppel_hub.exports.geopackage import Feature, write_geopackage
from meekoppel_hub.exports.orders import Format, Order, made_first
from meekoppel_hub.exports.overlap_columns import OVERLAP_COLUMNS, OverlapLine, overlap_lines
from meekoppel_hub.exports.styles import kinds_style
from meekoppel_hub.exports.workbook import write_workbook
from meekoppel_hub.reading.batches import overlap_batches
from meekoppel_hub.reading.overlaps import OverlapFilter
from meekoppel_hub.reading.sight import WholeSight


def export_overlaps(order: Order, wanted: OverlapFilter) -> Iterator[bytes]:
    """Write overlaps in the format of the order, piece by piece, with bounded memory.

    A blind match stands in tables without place, measures and the other side; a GeoPackage has no place for it, and
    GeoJSON has it without geometry.

    Args:
        order: for whom, in which format, in which language.
        wanted: which overlaps.

    Raises:
        SettingsError: when the format needs a library that is not installed.
        TransientError: when the database is away.
    """
    batches = order.counted(overlap_batches(order.database, order.viewer, wanted, order.now))
    shown, places = order.presentation, order.places
    title = shown.word("Samenloop", "Overlaps")
    lines = (overlap_lines(batch, places) for batch in batches)
    match order.form:
        case Format.GEOJSON:
            return geojson_chunks((_features(batch, order) for batch in batches), places)
        case Format.CSV:
            return csv_chunks(lines, OVERLAP_COLUMNS, shown, order.dutch_csv)
        case Format.XLSX:
            about = order.about(title, overlaps_in_words(wanted, shown), OVERLAP_COLUMNS)
            return made_first(".xlsx", lambda path: write_workbook(path, title, lines, OVERLAP_COLUMNS, shown, about))
        case Format.GPKG:
            return made_first(".gpkg", lambda path: _write_places(path, lines, order))


def _write_places(path: Path, lines: Iterable[Sequence[OverlapLine]], order: Order) -> None:
    shown = order.presentation
    names = {kind: shown.word("punten", "points") for kind in ("point", "line", "area")}
    layer, style = shown.word("samenloop", "overlaps"), kinds_style(shown)
    features = (
        (
            Feature(layer, style, shapely.Point(line.x, line.y), line)
            for line in batch
            if line.x is not None and line.y is not None
        )
        for batch in lines
    )
    write_geopackage(path, features, OVERLAP_COLUMNS, shown, names)


def _features(sights: Sequence[WholeSight], order: Order) -> list[dict[str, Any]]:
    features = [sight.feature() for sight in sights]
    places = order.places
    if places.crs == places.hub_crs:
        return features
    moved = shapely.to_geojson(brought(shapely.from_wkb([sight.row.location for sight in sights]), places))
    return [
        {**feature, "geometry": orjson.Fragment(shape) if sight.in_full() else None}
        for sight, feature, shape in zip(sights, features, moved, strict=True)
    ]
