"""CSV and XLSX, as people keep tables."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import Any

from meekoppel_connectors.testing import ConformanceCase, Record, conformance_of
from meekoppel_connectors.testing.case import FIELDS


class CsvCase(ConformanceCase):
    def source(self) -> dict[str, Any]:
        return {"format": "csv", "path": "plans.csv", "crs": 28992, "geometry": {"x": "x", "y": "y"}}

    def write(self, records: Sequence[Record]) -> None:
        with (self.folder / "plans.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, FIELDS, delimiter=";")
            writer.writeheader()
            writer.writerows(record.values() for record in records)


TestCsv = conformance_of(CsvCase)
