"""XLSX with identifiers as zero-padded numbers, dates as dates, and coordinates as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from meekoppel_connectors.testing import ConformanceCase, Record, conformance_of
from meekoppel_connectors.testing.case import FIELDS, NO_DATE


class WorkbookCase(ConformanceCase):
    many = 10_000  # writing takes longer than reading

    def source(self) -> dict[str, Any]:
        return {"format": "xlsx", "path": "plans.xlsx", "crs": 28992, "geometry": {"x": "x", "y": "y"}}

    def write(self, records: Sequence[Record]) -> None:
        workbook = Workbook(write_only=True)
        sheet = workbook.create_sheet("Works")
        sheet.append(FIELDS)
        for record in records:
            number = WriteOnlyCell(sheet, int(record.id))
            number.number_format = "0000"
            end = NO_DATE if record.broken else record.end
            sheet.append((number, record.title, record.start, end, *record.position))
        workbook.save(self.folder / "plans.xlsx")


TestXlsx = conformance_of(WorkbookCase)
