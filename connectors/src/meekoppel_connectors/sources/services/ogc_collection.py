"""Finding a collection of an OGC API Features service, and the CRS in which to ask for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from pydantic import Field
from pyproj import CRS

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.crs import named_crs
from meekoppel_connectors.mapping.reasons import Unreadable
from meekoppel_connectors.sources.http.client import HttpReader
from meekoppel_connectors.sources.services.settings import ServiceSettings

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
JSON = {"Accept": "application/json"}
_ALL_OF_SERVICE = "#/crs"


class OgcFeaturesSettings(ServiceSettings):
    """A collection of an OGC API Features service.

    Attributes:
        collection: its identifier; when not given, url is that of a collection, or of a service with one.
        bbox: west, south, east, north in degrees: only features that meet this box.
        datetime: only features of this time, as `2026-01-01T00:00:00Z/..`.
        parameters: further parameters, such as filters that the service offers.
    """

    format: Literal["ogc-features"]
    collection: str | None = None
    bbox: tuple[float, float, float, float] | None = None
    datetime: str | None = None
    parameters: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection, and how it is asked.

    Attributes:
        url: of the collection itself, without a query.
        crs: the address of the CRS in which coordinates come.
        asks_for_crs: whether that must be asked for; else it is the one that every service gives.
    """

    url: str
    crs: str
    asks_for_crs: bool


def find_collection(http: HttpReader, settings: OgcFeaturesSettings) -> Collection:
    """Find the collection that the configuration names.

    Raises:
        SourceError: when there is none of that name, several are to choose from, or the CRS is not offered.
        SourceAway: when the service does not answer.
    """
    service, name = _parts(settings)
    if name is None:
        name = _only_one(http, service, settings)
    url = f"{service}/collections/{quote(name, safe='')}"
    said = http.get(url, headers=JSON).json()
    if not isinstance(said, dict) or "id" not in said:
        raise SourceError(url, "is no collection of an OGC API Features service; check source.url")
    offered = _offered(said)
    if _ALL_OF_SERVICE in offered:
        everywhere = http.get(f"{service}/collections", headers=JSON).json()
        offered = [one for one in offered if one != _ALL_OF_SERVICE] + _offered(everywhere)
    chosen = _chosen_crs(settings, said.get("storageCrs"), offered)
    return Collection(url, chosen, asks_for_crs=named_crs(chosen) != named_crs(CRS84))


def _offered(said: Any) -> list[str]:
    """Give the CRSs that a service says it offers; none when it does not say them as a list."""
    crs = said.get("crs") if isinstance(said, dict) else None
    return [str(one) for one in crs] if isinstance(crs, list) else []


def _parts(settings: OgcFeaturesSettings) -> tuple[str, str | None]:
    """Take the address apart into that of the service and the name of the collection."""
    parts = urlsplit(settings.url)
    path = parts.path.rstrip("/").removesuffix("/items")
    before, _, name = path.partition("/collections/")
    service = f"{parts.scheme}://{parts.netloc}{before.removesuffix('/collections')}"
    if name and settings.collection and name != settings.collection:
        raise SourceError(settings.place, f"is of another collection than source.collection, {settings.collection}")
    return service, settings.collection or name or None


def _only_one(http: HttpReader, service: str, settings: OgcFeaturesSettings) -> str:
    said = http.get(f"{service}/collections", headers=JSON).json()
    found = said.get("collections") if isinstance(said, dict) else None
    if not isinstance(found, list) or not found or not all(isinstance(one, dict) for one in found):
        raise SourceError(settings.place, "is no OGC API Features service; check source.url")
    names = [str(one.get("id")) for one in found]
    if len(names) > 1:
        choice = ", ".join(names)
        raise SourceError(settings.place, f"has several collections; set source.collection to one of {choice}")
    return names[0]


def _chosen_crs(settings: OgcFeaturesSettings, stored: Any, offered: list[str]) -> str:
    """Take the CRS of the configuration, else the one in which the service stores, else the one that all give."""
    if settings.crs is None:
        return str(stored) if stored and str(stored) in offered and _is_known(str(stored)) else CRS84
    wanted = named_crs(CRS84) if str(settings.crs).endswith("CRS84") else CRS.from_user_input(settings.crs)
    for address in (*offered, CRS84):
        if _is_known(address) and named_crs(address) == wanted:
            return address
    choice = ", ".join(offered) or CRS84
    raise SourceError(settings.place, f"gives no coordinates in source.crs {settings.crs}; it offers {choice}")


def _is_known(address: str) -> bool:
    try:
        named_crs(address)
    except Unreadable:
        return False
    return True
