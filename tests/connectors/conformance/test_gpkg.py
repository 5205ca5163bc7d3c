"""GeoPackage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from meekoppel_connectors.testing import ConformanceCase, Record, conformance_of
from tests.connectors.conformance.vector_files import write_vector


class GeoPackageCase(ConformanceCase):
    def source(self) -> dict[str, Any]:
        return {"format": "gpkg", "path": "plans.gpkg"}

    def write(self, records: Sequence[Record]) -> None:
        write_vector(self.folder / "plans.gpkg", records, "GPKG")


TestGeoPackage = conformance_of(GeoPackageCase)
