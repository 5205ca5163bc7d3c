"""WFS 2.0: a feature type of a service, read page by page as GeoJSON where the service offers that, else as GML.

Source of the rules: OGC 09-025r2. GML gives coordinates in the order of axes of the CRS's authority when the CRS is
named by an address (`urn:…`); GDAL puts them into the order of the connector. GeoJSON has easting or longitude first.
Fields of GML are text. The identifier of a feature becomes the field `id`, unless it has one of its own.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pyogrio
from pydantic import Field

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.crs import named_crs
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.http.client import HttpAnswer, HttpReader
from meekoppel_connectors.sources.records.nested import flattened
from meekoppel_connectors.sources.services.paging import Completeness
from meekoppel_connectors.sources.services.settings import ServiceSettings
from meekoppel_connectors.sources.services.wfs_capabilities import FeatureType, feature_type, root_of
from meekoppel_connectors.sources.source import SAMPLE_ROWS, Description, Source
from meekoppel_connectors.sources.vector.features import Layer, read_features

GML_ID = "gml_id"
_BOUNDS = ("lowerCorner", "upperCorner")  # of the feature's own box, which GDAL gives as fields
_GML_OPTIONS = {"DOWNLOAD_SCHEMA": "NO", "WRITE_GFS": "NO", "EXPOSE_GML_ID": "YES", "EXPOSE_FID": "NO"}
_GML_CONFIGURATION = {"GML_FIELDTYPES": "ALWAYS_STRING", "GML_SKIP_RESOLVE_ELEMS": "ALL"}


class WfsSettings(ServiceSettings):
    """A feature type of a WFS 2.0.

    Attributes:
        type_name: of the feature type, when there are several.
        sort_by: a field with a different value in each feature, for services that need one to give pages in order.
        output: the format to ask for; GeoJSON where it is offered, when not given.
        parameters: further parameters, such as `cql_filter` of GeoServer.
    """

    format: Literal["wfs"]
    type_name: str | None = None
    sort_by: str | None = None
    output: Literal["geojson", "gml"] | None = None
    parameters: dict[str, str] = Field(default_factory=dict)


class WebFeatureService(Source[WfsSettings]):
    """A feature type, in the order in which the service gives it."""

    settings_type = WfsSettings

    def describe(self, *, whole: bool = False) -> Description:
        """Give the fields of the first features or, with `whole`, all that occur; and the CRS and the count."""
        fields: dict[str, None] = {}
        with HttpReader(self.settings.url, self.settings) as http:
            asking = _Asking(http, self.settings)
            rows = asking.rows() if whole else asking.page(0, SAMPLE_ROWS)
            for row in rows:
                fields.update(dict.fromkeys(row.values))
            return Description(tuple(fields), fixed=False, crs=named_crs(asking.crs), row_count=asking.count())

    def snapshot(self) -> Iterator[SourceRow]:
        """Read page after page; an incomplete reading is an error and no shorter snapshot."""
        with HttpReader(self.settings.url, self.settings) as http:
            yield from _Asking(http, self.settings).rows()


class _Asking:
    """Questions to one service about one feature type.

    Attributes:
        crs: the service's name of the CRS in which coordinates come.
    """

    def __init__(self, http: HttpReader, settings: WfsSettings) -> None:
        self._http = http
        self._settings = settings
        self._place = settings.place
        self._type = self._described()
        self.crs = self._type.crs_for(settings.crs, self._place)
        self._geojson = None if settings.output == "gml" else self._type.geojson()
        if settings.output == "geojson" and self._geojson is None:
            formats = ", ".join(self._type.formats)
            raise SourceError(self._place, f"offers no GeoJSON; it offers {formats}")

    def rows(self) -> Iterator[SourceRow]:
        """Read all pages, and prove that they are the whole."""
        complete = Completeness(self._place, self.count())
        before: SourceRow | None = None
        while not complete.is_whole():
            page = self.page(complete.read, self._settings.page_size)
            if not page:
                break
            if before is not None and (page[0].values, page[0].geometry) == (before.values, before.geometry):
                raise SourceError(self._place, "gives the same page again and again; it cannot be read in pages")
            before = page[0]
            for row in page:
                complete.add(row.values.get("id"))
                yield replace(row, number=complete.read)
        complete.refuse_less()

    def count(self) -> int | None:
        """Ask how many features there are; None when the service does not know."""
        answer = self._get(request="GetFeature", resultType="hits", **self._chosen())
        matched = root_of(answer.content, self._place).get("numberMatched", "")
        return int(matched) if matched.isdigit() else None

    def page(self, start: int, count: int) -> list[SourceRow]:
        """Read some features."""
        question = self._chosen() | {"startIndex": str(start), "count": str(count), "srsName": self.crs}
        if self._settings.sort_by:
            question["sortBy"] = self._settings.sort_by
        if self._geojson is None:
            return self._of_gml(self._get(request="GetFeature", **question))
        return self._of_geojson(self._get(request="GetFeature", outputFormat=self._geojson, **question))

    def _described(self) -> FeatureType:
        answer = self._get(request="GetCapabilities", acceptVersions="2.0.0")
        return feature_type(answer.content, self._settings.type_name, self._place)

    def _chosen(self) -> dict[str, str]:
        return {"typeNames": self._type.name} | self._settings.parameters

    def _get(self, **question: str) -> HttpAnswer:
        return self._http.get(self._settings.url, params={"service": "WFS", "version": "2.0.0"} | question)

    def _of_geojson(self, answer: HttpAnswer) -> list[SourceRow]:
        if answer.content.lstrip().startswith(b"<"):
            root_of(answer.content, self._place)  # says what the service does not like
        page = answer.json()
        if not isinstance(page, dict) or not isinstance(page.get("features"), list):
            raise SourceError(self._place, "answers with no collection of features")
        named = ((page.get("crs") or {}).get("properties") or {}).get("name")
        if named:
            self._refuse_other_crs(str(named))
        return [_of_feature(one) for one in page["features"]]

    def _of_gml(self, answer: HttpAnswer) -> list[SourceRow]:
        root = root_of(answer.content, self._place)
        if root.get("numberReturned") == "0":
            return []
        options = _GML_OPTIONS
        if "axis_order" in self._settings.model_fields_set:
            options = options | {"INVERT_AXIS_ORDER_IF_LAT_LONG": "NO"}
        pyogrio.set_gdal_config_options(_GML_CONFIGURATION)
        with tempfile.TemporaryDirectory(prefix="meekoppel-") as folder:
            path = Path(folder) / "page.gml"
            path.write_bytes(answer.content)
            try:
                self._refuse_other_crs(str(pyogrio.read_info(path, **options)["crs"]))
                return [_of_member(row) for row in read_features(Layer(path, options=dict(options)))]
            except pyogrio.errors.DataSourceError as error:
                raise SourceError(self._place, f"answers with GML that cannot be read: {error}") from error
            except SourceError as error:
                raise SourceError(self._place, error.problem) from error

    def _refuse_other_crs(self, named: str) -> None:
        """Coordinates in another CRS than was asked for would lie somewhere else."""
        if named_crs(named) != named_crs(self.crs):
            raise SourceError(self._place, f"was asked for coordinates in {self.crs}, and gives them in {named}")


def _of_feature(feature: Any) -> SourceRow:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        return SourceRow({"value": feature}, fault="is no GeoJSON feature")
    own = {"id": feature["id"]} if feature.get("id") is not None else {}
    return SourceRow(own | flattened(feature.get("properties") or {}), feature.get("geometry"))


def _of_member(row: SourceRow) -> SourceRow:
    values = {name: value for name, value in row.values.items() if name not in _BOUNDS}
    values.setdefault("id", values.pop(GML_ID, None))
    return replace(row, values=values)
