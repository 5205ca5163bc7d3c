"""Guessing what answers at an address: a service by what it says of itself, else a file that can be fetched."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.guessing.formats import Found, guess_format
from meekoppel_connectors.guessing.guess import Confidence, Guess
from meekoppel_connectors.sources.http.client import HttpReader
from meekoppel_connectors.sources.http.settings import HttpSettings, checked_address, without_query
from meekoppel_connectors.sources.opening import source_class
from meekoppel_connectors.sources.places.location import is_remote
from meekoppel_connectors.sources.settings import FileSettings

_ITEMS = re.compile(r"(?P<service>https?://[^?]+?)/collections/(?P<collection>[^/?]+)(?:/items)?/?(?:\?.*)?$")
_ARCGIS = re.compile(r"/(?:Feature|Map)Server(?:/\d+)?/?(?:\?.*)?$", re.IGNORECASE)
_WFS = re.compile(r"<(?:\w+:)?WFS_Capabilities\b|<(?:\w+:)?FeatureCollection\b[^>]*opengis\.net/wfs")
_LANDING = re.compile(r'"rel"\s*:\s*"(?:http://www\.opengis\.net/def/rel/ogc/1\.0/)?(?:conformance|data)"')
_EVENT_STREAM = re.compile(r"w3id\.org/(?:tree|ldes)#")
_START = 64 * 1024
_ALL = {"pick": "all"}


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found where a person pointed.

    Attributes:
        found: the format and its settings.
        place: the settings of `source` that say where it is; the first is `path` or `url`.
        sampled: the first of them, for taking a sample now: of what was fetched, the local copy.
    """

    found: Found
    place: Mapping[str, str]
    sampled: Mapping[str, str]


@contextmanager
def looked_at(source: str, place: str) -> Iterator[Looked]:
    """Look at a file or an address; what was fetched from there is gone after the block.

    Args:
        source: the path of a file or a folder, or an address of HTTP.
        place: how a configuration names the path.

    Raises:
        SourceError: when it is none of what a connector reads.
        SourceAway: when the server does not answer.
    """
    if not is_remote(source):
        file = _one_of(Path(source))
        found = guess_format(file)
        several = Path(source).is_dir() and issubclass(source_class(found.format).settings_type, FileSettings)
        yield Looked(found, {"path": place, **(_ALL if several else {})}, {"path": str(file.resolve())})
        return
    if not source.startswith("http"):
        raise SourceError(without_query(source), "cannot be looked at by init; fetch one file and name that")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / _file_name(source)
        fetched = _fetched(source, copy)
        service = _service(source, fetched)
        if service is None:
            yield Looked(guess_format(copy), {"path": source}, {"path": str(copy)})
        else:
            address = _address(source, service)
            yield Looked(service, {"url": address}, {"url": address})


def _one_of(path: Path) -> Path:
    """Of a folder take the first file by name: all files of a folder are written alike."""
    if not path.is_dir():
        return path
    files = sorted(each for each in path.iterdir() if each.is_file() and not each.name.startswith("."))
    if not files:
        raise SourceError(path, "is a folder without files; put an export into it, so that init can look at one")
    return files[0]


def _file_name(source: str) -> str:
    return Path(urlsplit(source).path).name or "source"


def _fetched(source: str, copy: Path) -> str:
    """Fetch what stands there, and give its beginning as text."""
    try:
        checked_address(source)
    except ValueError as error:
        raise SourceError(without_query(source), str(error)) from error
    with HttpReader(source, HttpSettings()) as http:
        http.download(source, copy)
    with copy.open("rb") as file:
        return file.read(_START).decode("utf-8", errors="replace")


def _service(source: str, start: str) -> Found | None:
    items = _ITEMS.match(source)
    if items:
        collection = Guess(items["collection"], Confidence.SURE, "named in the address")
        return Found("ogc-features", "a collection of OGC API Features by its address", {"collection": collection})
    if _ARCGIS.search(source):
        return Found("arcgis", "a layer of ArcGIS by its address")
    if _WFS.search(start):
        return Found("wfs", "a WFS by what it says of itself")
    if start.lstrip().startswith("{") and _LANDING.search(start):
        return Found("ogc-features", "a service of OGC API Features by what it says of itself")
    if _EVENT_STREAM.search(start):
        return Found("ldes", "a linked data event stream by what it says of itself")
    return None


def _address(source: str, found: Found) -> str:
    items = _ITEMS.match(source)
    if items:
        return items["service"]
    return source if found.format == "ldes" else source.partition("?")[0]
