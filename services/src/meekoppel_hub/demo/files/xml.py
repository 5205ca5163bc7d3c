"""XML with one element per plan, and the place in an element of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from meekoppel_hub.demo.files.table import ExportRow, point_of


def write_xml(path: Path, rows: Sequence[ExportRow], *, root: str, record: str, xy: tuple[str, str]) -> None:
    """Write a document `<root>` with a `<record>` per row; `<locatie>` holds the point."""
    document = ET.Element(root)
    for row in rows:
        element = ET.SubElement(document, record)
        for name, value in row.values.items():
            ET.SubElement(element, name).text = "" if value is None else str(value)
        point = point_of(row)
        if point is not None:
            place = ET.SubElement(element, "locatie")
            for name, coordinate in zip(xy, (point.x, point.y), strict=True):
                ET.SubElement(place, name).text = f"{coordinate:.2f}"
    ET.indent(document)
    ET.ElementTree(document).write(path, encoding="utf-8", xml_declaration=True)
