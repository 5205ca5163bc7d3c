"""GeoJSON, a piece per batch: the same features as the API gives, with the codes of the contracts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

import orjson

from meekoppel_hub.exports.crs import WGS84, Places

Line = TypeVar("Line")


def geojson_chunks(batches: Iterable[Sequence[dict[str, Any]]], places: Places) -> Iterator[bytes]:
    """Write features as a FeatureCollection.

    In longitude and latitude it is GeoJSON as RFC 7946 has it; in any other CRS a member `crs` names it, as GeoJSON of
    2008 had, which GDAL and QGIS read.

    Args:
        batches: the features, with their geometry in the CRS of the export.
        places: which CRS that is.
    """
    named = {"crs": {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{places.crs}"}}}
    head = orjson.dumps({"type": "FeatureCollection", **({} if places.crs == WGS84 else named)})
    yield head[:-1] + b',"features":['
    comma = b"\n"
    for batch in batches:
        lines = [orjson.dumps(feature, option=orjson.OPT_UTC_Z) for feature in batch]
        if lines:
            yield comma + b",\n".join(lines)
            comma = b",\n"
    yield b"\n]}\n"
