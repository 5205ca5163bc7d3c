"""GeoJSON in longitude and latitude."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from meekoppel_connectors.testing import ConformanceCase, Record, conformance_of


def feature(record: Record) -> dict[str, Any]:
    """Give a record as a GeoJSON feature."""
    values = record.values()
    properties = {name: values[name] for name in ("id", "title", "start", "end")}
    point = {"type": "Point", "coordinates": [record.lon, record.lat]}
    return {"type": "Feature", "properties": properties, "geometry": point}


class GeoJsonCase(ConformanceCase):
    def source(self) -> dict[str, Any]:
        return {"format": "geojson", "path": "plans.geojson"}

    def write(self, records: Sequence[Record]) -> None:
        content = {"type": "FeatureCollection", "features": [feature(record) for record in records]}
        (self.folder / "plans.geojson").write_text(json.dumps(content), encoding="utf-8")


TestGeoJson = conformance_of(GeoJsonCase)
