"""A file behind an address that asks for a token: CSV by HTTP."""

from __future__ import annotations

import csv
import io
from typing import Any

from meekoppel_connectors.testing import conformance_of
from meekoppel_connectors.testing.case import FIELDS
from tests.connectors.conformance.served import AUTH, ServedCase
from tests.connectors.web import Answering, Asked


class CsvByHttpCase(ServedCase):
    def source(self) -> dict[str, Any]:
        place = {"crs": 28992, "geometry": {"x": "x", "y": "y"}}
        return {"format": "csv", "path": f"{self.web.url}/plans.csv", "auth": AUTH, **place}

    def answers(self) -> dict[str, Answering]:
        return {"/plans.csv": self._file}

    def _file(self, _asked: Asked) -> bytes:
        text = io.StringIO()
        writer = csv.DictWriter(text, FIELDS, delimiter=";")
        writer.writeheader()
        writer.writerows(record.values() for record in self.records)
        return text.getvalue().encode()


TestCsvByHttp = conformance_of(CsvByHttpCase)
