"""Layers of ArcGIS feature services, read page by page by their object ids.

Written after Esri's description of the REST API, and tested against a server that answers as it says; nobody has run it
against a server of Esri here.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.arcgis.asking import Feature, LayerReader
from meekoppel_connectors.sources.arcgis.layer import Layer, crs_of
from meekoppel_connectors.sources.arcgis.settings import ArcGisSettings, EditTime
from meekoppel_connectors.sources.arcgis.shapes import esri_shape
from meekoppel_connectors.sources.cursor import TieSafe
from meekoppel_connectors.sources.http.client import HttpReader
from meekoppel_connectors.sources.source import Description, Reached, Source

_WIDEST_ZONE = timedelta(hours=14)
"""A condition is taken in the service's own time zone, where the layer does not say that it is UTC."""


class ArcGisLayer(Source[ArcGisSettings]):
    """A layer or table of an ArcGIS feature or map service."""

    settings_type = ArcGisSettings

    def is_followed(self) -> bool:
        """Tell whether a cursor is configured."""
        return self.settings.cursor is not None

    def describe(self, *, whole: bool = False) -> Description:
        """Give the fields, the CRS and the number of features."""
        with HttpReader(self.settings.url, self.settings) as http:
            reader = LayerReader(http, self.settings)
            layer = reader.layer()
            self._refuse_unknown(layer)
            fields = layer.fields
            if self.settings.out_fields:
                fields = tuple(name for name in fields if name in {*self.settings.out_fields, layer.object_id})
            crs = {"wkid": self.settings.out_sr} if self.settings.out_sr else layer.spatial_reference
            count = reader.count(self.settings.where)
            return Description(fields, fixed=True, crs=crs_of(crs, layer.place), row_count=count)

    def snapshot(self) -> Iterator[SourceRow]:
        """Read all features, by their object ids."""
        with HttpReader(self.settings.url, self.settings) as http:
            reader = LayerReader(http, self.settings)
            layer = reader.layer()
            self._refuse_unknown(layer)
            yield from self._rows(reader, layer, self.settings.where)

    def changes(self, since: str | None) -> Iterator[SourceRow | Reached]:
        """Read the features that were edited since then, and those without a time of editing, by their object ids.

        Raises:
            SourceError: also when `source.cursor` is not given, or the cursor is of another source.
        """
        edited = self.settings.cursor
        if edited is None:
            raise SourceError(self.settings.place, "gives changes only with source.cursor: {time: …}")
        begin = reached = self._begin(since)
        started = time.monotonic()
        with HttpReader(self.settings.url, self.settings) as http:
            reader = LayerReader(http, self.settings)
            layer = reader.layer()
            self._refuse_unknown(layer)
            where = self.settings.where if begin is None else self._since(layer, edited, begin)
            for row in self._rows(reader, layer, where):
                yield row
                reached = _later(reached, row, edited, layer)
            if reached is not None and reached != begin:
                reached = _before(reached, begin, time.monotonic() - started)
            yield Reached(reached.to_cursor() if reached else "")

    def _since(self, layer: Layer, edited: EditTime, reached: TieSafe) -> str:
        back = timedelta(seconds=edited.overlap_seconds)
        if edited.time not in layer.utc_fields:
            back += _WIDEST_ZONE
        begin = datetime.fromisoformat(str(reached.time)) - back
        condition = f"{edited.time} >= TIMESTAMP '{begin:%Y-%m-%d %H:%M:%S}' OR {edited.time} IS NULL"
        return f"({self.settings.where}) AND ({condition})"

    def _rows(self, reader: LayerReader, layer: Layer, where: str) -> Iterator[SourceRow]:
        number = 0
        for said, features in reader.pages(layer, where, reader.ids(layer, where)):
            self._refuse_other_crs(layer, said)
            for feature in features:
                number += 1
                yield self._row(layer, feature, number)

    def _row(self, layer: Layer, feature: Feature, number: int) -> SourceRow:
        attributes = dict(feature.get("attributes") or {})
        edited = self.settings.cursor
        try:
            values = layer.values(attributes, with_names=self.settings.domains == "names")
            moment = values.get(edited.time) if edited else None
            at = moment if isinstance(moment, datetime) and moment.tzinfo else None
            return SourceRow(values, esri_shape(feature.get("geometry")), number=number, occurred_at=at)
        except ValueError as error:
            return SourceRow(attributes, number=number, fault=str(error))

    def _refuse_unknown(self, layer: Layer) -> None:
        named = [(name, "out_fields") for name in self.settings.out_fields]
        if self.settings.cursor:
            named.append((self.settings.cursor.time, "cursor"))
        for name, setting in named:
            if name not in layer.fields:
                close = difflib.get_close_matches(name, layer.fields, n=1)
                hint = f"; did you mean {close[0]!r}?" if close else f"; it has {', '.join(layer.fields)}"
                raise SourceError(layer.place, f"has no field {name!r}, which source.{setting} names{hint}")
        if self.settings.cursor and self.settings.cursor.time not in layer.dates:
            raise SourceError(layer.place, f"source.cursor: {self.settings.cursor.time} is no field with times")

    def _refuse_other_crs(self, layer: Layer, said: Mapping[str, Any]) -> None:
        """The layer's own CRS was told before; coordinates in another would all be in the wrong place."""
        given = said.get("spatialReference")
        wanted = {"wkid": self.settings.out_sr} if self.settings.out_sr else layer.spatial_reference
        if given and wanted and crs_of(given, layer.place) != crs_of(wanted, layer.place):
            raise SourceError(layer.place, f"gives coordinates in {dict(given)} instead of {dict(wanted)}; set out_sr")

    def _begin(self, since: str | None) -> TieSafe | None:
        try:
            begin = TieSafe.from_cursor(since) if since else None
            if begin is not None:
                datetime.fromisoformat(str(begin.time))
        except (ValueError, TypeError) as error:
            raise SourceError(
                self.settings.place, "the state holds the cursor of another source; use a state file of its own"
            ) from error
        return begin


def _before(reached: TieSafe, begin: TieSafe | None, seconds: float) -> TieSafe:
    """Take off how long the reading took: what was edited meanwhile may have been read before its edit."""
    moment = datetime.fromisoformat(str(reached.time)) - timedelta(seconds=seconds)
    earlier = TieSafe(moment.isoformat(timespec="milliseconds"), reached.id)
    return earlier if begin is None or str(earlier.time) > str(begin.time) else begin


def _later(reached: TieSafe | None, row: SourceRow, edited: EditTime, layer: Layer) -> TieSafe | None:
    moment = row.values.get(edited.time)
    if not isinstance(moment, datetime):  # without one, or with one that is none; it is read again at every run
        return reached
    found = TieSafe(moment.isoformat(timespec="milliseconds"), int(row.values[layer.object_id]))
    if reached is None or (str(found.time), found.id) > (str(reached.time), reached.id):
        return found
    return reached
