"""JSON files that are no GeoJSON: every entry of a list is a row, as interfaces of cities and open-data portals answer.

Fields within fields become `a.b`. A member that holds a GeoJSON geometry is the row's geometry.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pyproj import CRS

from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.records.json_stream import json_records
from meekoppel_connectors.sources.records.nested import flattened, top_of
from meekoppel_connectors.sources.settings import FileSettings
from meekoppel_connectors.sources.source import Description, Source
from meekoppel_connectors.sources.vector.shapes import shape_of

LONGITUDE_LATITUDE = CRS.from_string("OGC:CRS84")


class JsonSettings(FileSettings):
    """A JSON file.

    Attributes:
        record: the list whose entries are the rows, as `data/works`; not given when the file itself is a list.
        shape: the member of an entry that holds its GeoJSON geometry, as `geo/shape`.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".json",)

    format: Literal["json"]
    record: str = ""
    shape: str = "geometry"


class JsonRecordFile(Source[JsonSettings]):
    """A JSON file whose rows are the entries of a list, such as `records` or `data/works`."""

    settings_type = JsonSettings

    def describe(self, *, whole: bool = False) -> Description:
        """Give the fields of the first entries or, with `whole`, all that occur; the CRS is that of GeoJSON."""
        found = super().describe(whole=whole)
        crs = None if self.settings.geometry.columns else LONGITUDE_LATITUDE
        return Description(found.fields, fixed=False, crs=crs)

    def snapshot(self) -> Iterator[SourceRow]:
        """Read entry after entry."""
        place = tuple(part for part in self.settings.record.split("/") if part)
        for number, record in enumerate(json_records(self.settings.file, place), start=1):
            yield self._row(number, record)

    def _row(self, number: int, record: Any) -> SourceRow:
        if not isinstance(record, dict):
            return SourceRow({"value": record}, number=number, fault="is no object with fields")
        shape, fault = None, None
        try:
            shape = shape_of(_taken_out(record, self.settings.shape.split("/")))
        except ValueError as error:
            fault = str(error)
        try:
            return SourceRow(flattened(record), shape, number=number, fault=fault)
        except ValueError as error:
            return SourceRow(top_of(record), shape, number=number, fault=str(error))


def _taken_out(record: dict[str, Any], path: list[str]) -> Any:
    """Take the geometry out, so that its coordinates do not become a field."""
    for name in path[:-1]:
        inner = record.get(name)
        if not isinstance(inner, dict):
            return None
        record = inner
    return record.pop(path[-1], None) if isinstance(record.get(path[-1]), dict) else None
