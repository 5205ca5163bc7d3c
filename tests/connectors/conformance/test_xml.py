"""XML with one element per record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from meekoppel_connectors.testing import ConformanceCase, Record, conformance_of


class XmlCase(ConformanceCase):
    def source(self) -> dict[str, Any]:
        xml = {"format": "xml", "path": "plans.xml", "record": "work"}
        return {**xml, "crs": 28992, "geometry": {"x": "x", "y": "y"}}

    def write(self, records: Sequence[Record]) -> None:
        with (self.folder / "plans.xml").open("w", encoding="utf-8") as file:
            file.write("<works>")
            for record in records:
                fields = (f"<{name}>{escape(value)}</{name}>" for name, value in record.values().items())
                file.write(f"<work>{''.join(fields)}</work>")
            file.write("</works>")


TestXml = conformance_of(XmlCase)
