"""Shapefile, with the CRS in its .prj file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from meekoppel_connectors.testing import ConformanceCase, Record, conformance_of
from tests.connectors.conformance.vector_files import write_vector


class ShapefileCase(ConformanceCase):
    def source(self) -> dict[str, Any]:
        return {"format": "shapefile", "path": "plans.shp"}

    def write(self, records: Sequence[Record]) -> None:
        write_vector(self.folder / "plans.shp", records, "ESRI Shapefile")


TestShapefile = conformance_of(ShapefileCase)
