"""OGC API Features: a collection of a service, read page by page as GeoJSON.

Source of the rules: OGC API - Features, part 1 (17-069r4) and part 2 on coordinate reference systems (18-058r1).
Coordinates are asked for in the CRS in which the service stores them, or in the one that the configuration names; part
2 gives them in the order of axes of that CRS's authority, and they are put into the order of the connector: easting or
longitude first. The identifier of a feature becomes the field `id`, unless it has one of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urljoin

import shapely

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.crs import named_crs, northing_first
from meekoppel_connectors.mapping.reasons import Unreadable
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.http.client import HttpReader
from meekoppel_connectors.sources.http.settings import without_query
from meekoppel_connectors.sources.records.nested import flattened, top_of
from meekoppel_connectors.sources.services.ogc_collection import Collection, OgcFeaturesSettings, find_collection
from meekoppel_connectors.sources.services.paging import Completeness
from meekoppel_connectors.sources.source import SAMPLE_ROWS, Description, Source
from meekoppel_connectors.sources.vector.shapes import shape_of

MOST_EMPTY_PAGES = 100
GEOJSON = {"Accept": "application/geo+json, application/json;q=0.9"}


class OgcFeatures(Source[OgcFeaturesSettings]):
    """A collection of features, in the order in which the service gives them."""

    settings_type = OgcFeaturesSettings

    def describe(self, *, whole: bool = False) -> Description:
        """Give the fields of the first features or, with `whole`, all that occur; and the CRS and the count."""
        fields: dict[str, None] = {}
        with self._reader() as http:
            collection = find_collection(http, self.settings)
            for page in self._pages(http, collection, self.settings.page_size if whole else SAMPLE_ROWS):
                for feature in page["features"]:
                    with suppress(ValueError):  # a feature that cannot be read becomes a rejection
                        fields.update(dict.fromkeys(_values(feature)))
                if not whole:
                    break
        count = _matched(page)
        return Description(tuple(fields), fixed=False, crs=named_crs(collection.crs), row_count=count)

    def snapshot(self) -> Iterator[SourceRow]:
        """Read page after page; an incomplete reading is an error and no shorter snapshot."""
        with self._reader() as http:
            collection = find_collection(http, self.settings)
            swapped = northing_first(named_crs(collection.crs)) and "axis_order" not in self.settings.model_fields_set
            complete: Completeness | None = None
            for page in self._pages(http, collection, self.settings.page_size):
                complete = complete or Completeness(self.settings.place, _matched(page))
                complete.expect(_matched(page))
                for feature in page["features"]:
                    complete.add(feature.get("id") if isinstance(feature, dict) else None)
                    yield _row(complete.read, feature, swapped=swapped)
            if complete is not None:
                complete.refuse_less()

    def _reader(self) -> HttpReader:
        return HttpReader(self.settings.url, self.settings)

    def _pages(self, http: HttpReader, collection: Collection, limit: int) -> Iterator[dict[str, Any]]:
        address: str | None = f"{collection.url}/items"
        params: Mapping[str, str] | None = self._question(collection, limit)
        asked: set[int] = set()
        empty = 0
        while address is not None:
            if hash(address) in asked:
                raise SourceError(without_query(address), "has a next page that was read before; the service is wrong")
            asked.add(hash(address))
            answer = http.get(address, params=params, headers=GEOJSON)
            self._refuse_other_crs(answer.headers.get("content-crs"), collection)
            page = answer.json()
            if not isinstance(page, dict) or not isinstance(page.get("features"), list):
                raise SourceError(without_query(answer.address), "answers with no features; check source.url")
            yield page
            following = _next(page, without_query(answer.address))
            empty = 0 if page["features"] else empty + 1
            if empty > MOST_EMPTY_PAGES:
                raise SourceError(without_query(address), f"leads through {empty} pages without a feature")
            address, params = _absolute(answer.address, following) if following else None, None

    def _question(self, collection: Collection, limit: int) -> dict[str, str]:
        settings = self.settings
        question = {"limit": str(limit)} | settings.parameters
        if collection.asks_for_crs:
            question["crs"] = collection.crs
        if settings.bbox:
            question["bbox"] = ",".join(str(degrees) for degrees in settings.bbox)
        if settings.datetime:
            question["datetime"] = settings.datetime
        return question

    def _refuse_other_crs(self, header: str | None, collection: Collection) -> None:
        """Coordinates in another CRS than was asked for would lie somewhere else; the header says which it is."""
        if header is None and not collection.asks_for_crs:
            return
        given = None if header is None else header.strip().strip("<>")
        try:
            right = given is not None and named_crs(given) == named_crs(collection.crs)
        except Unreadable:
            right = False
        if not right:
            raise SourceError(
                self.settings.place,
                f"was asked for coordinates in {collection.crs}, and says that it gives them in {given or 'nothing'}",
            )


def _row(number: int, feature: Any, *, swapped: bool) -> SourceRow:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        return SourceRow({"value": feature}, number=number, fault="is no GeoJSON feature")
    try:
        values = _values(feature)
    except ValueError as error:
        return SourceRow(top_of(feature), number=number, fault=str(error))
    if not swapped:
        return SourceRow(values, feature.get("geometry"), number=number)
    try:
        shape = shape_of(feature.get("geometry"))
    except ValueError as error:
        return SourceRow(values, number=number, fault=str(error))
    turned = None if shape is None else shapely.transform(shape, lambda coordinates: coordinates[:, ::-1])
    return SourceRow(values, turned, number=number)


def _values(feature: Any) -> dict[str, Any]:
    if not isinstance(feature, dict):
        return {}
    own = {"id": feature["id"]} if "id" in feature else {}
    properties = feature.get("properties") or {}
    if not isinstance(properties, dict):
        raise ValueError("has properties that are no object with fields")
    return own | flattened(properties)


def _absolute(address: str, following: str) -> str:
    try:
        return urljoin(address, following)
    except ValueError as error:
        raise SourceError(without_query(address), f"has a next page at an impossible address: {error}") from error


def _matched(page: Mapping[str, Any]) -> int | None:
    """Give how many features there are; None when the service does not say it as a number."""
    count = page.get("numberMatched")
    return count if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else None


def _next(page: Mapping[str, Any], place: str) -> str | None:
    """Give the address of the page that follows; links that cannot be read could hide one, and are refused."""
    links = page.get("links") or []
    if not isinstance(links, list) or not all(isinstance(link, dict) for link in links):
        raise SourceError(place, "has links that are no list of links, so that a next page could be missed")
    found = next((link.get("href") for link in links if link.get("rel") == "next"), None)
    if found is not None and not isinstance(found, str):
        raise SourceError(place, "has a next page whose address is no text")
    return found or None
