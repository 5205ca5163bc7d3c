"""Getting the pages of a stream: from a server, politely, or from a folder into which they were saved."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urldefrag, urlsplit

from pyoxigraph import RdfFormat

from meekoppel_connectors.errors import SourceAway, SourceError
from meekoppel_connectors.sources.http.client import HttpAnswer, HttpReader
from meekoppel_connectors.sources.http.settings import without_query
from meekoppel_connectors.sources.tables.cells import existing

ACCEPT = (
    "application/n-quads, application/trig, text/turtle;q=0.9, application/n-triples;q=0.9, application/ld+json;q=0.8"
)
WAITS_SECONDS = (1.0, 4.0, 15.0)
LONGEST_WAIT_SECONDS = 60.0
_BY_MEDIA_TYPE = {
    "text/turtle": RdfFormat.TURTLE,
    "application/trig": RdfFormat.TRIG,
    "application/n-quads": RdfFormat.N_QUADS,
    "application/n-triples": RdfFormat.N_TRIPLES,
    "application/ld+json": RdfFormat.JSON_LD,
    "application/json": RdfFormat.JSON_LD,
}
_BY_ENDING = {
    ".ttl": RdfFormat.TURTLE,
    ".trig": RdfFormat.TRIG,
    ".nq": RdfFormat.N_QUADS,
    ".nt": RdfFormat.N_TRIPLES,
    ".jsonld": RdfFormat.JSON_LD,
    ".json": RdfFormat.JSON_LD,
}


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """A page as it was answered.

    Attributes:
        address: from which relative addresses in it count.
        content: its bytes.
        kind: in which form it is written.
        etag: by which the server knows this version; None when it gives none.
        immutable: whether the server says that it never changes.
    """

    address: str
    content: bytes
    kind: RdfFormat
    etag: str | None = None
    immutable: bool = False


class Pages(Protocol):
    """Where pages come from."""

    def entries(self) -> list[str]:
        """Give the addresses at which reading begins."""

    def holds(self, address: str) -> bool:
        """Tell whether a page to which another leads is to be fetched."""

    def fetch(self, address: str, etag: str | None) -> FetchedPage | None:
        """Fetch a page; None when it is still the version with this ETag.

        Raises:
            SourceError: when it cannot be had, or is of no known form.
            SourceAway: when it cannot be had now.
        """


class ServedPages:
    """Pages on a server, fetched one after another with a pause between them."""

    def __init__(
        self, entry: str, http: HttpReader, pause_seconds: float, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._entry = entry
        self._http = http
        self._pause_seconds = pause_seconds
        self._sleep = sleep
        self._answered = False

    def entries(self) -> list[str]:
        """Give the address from the configuration."""
        return [self._entry]

    def holds(self, address: str) -> bool:
        """Follow every link; one to another server is refused by `HttpReader`, so that it is not passed over."""
        return True

    def fetch(self, address: str, etag: str | None) -> FetchedPage | None:
        """Ask for a page."""
        answer = self._answer(address, {"Accept": ACCEPT} | ({"If-None-Match": etag} if etag else {}))
        self._answered = True
        if answer.status == HTTPStatus.NOT_MODIFIED:
            return None
        media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        kind = _BY_MEDIA_TYPE.get(media_type)
        if kind is None:
            raise SourceError(
                without_query(address), f"answers {media_type or 'without a type'}, which is no linked data"
            )
        immutable = "immutable" in answer.headers.get("cache-control", "").lower()
        return FetchedPage(answer.address, answer.content, kind, answer.headers.get("etag"), immutable)

    def _answer(self, address: str, headers: Mapping[str, str]) -> HttpAnswer:
        """Ask, and ask again for a page that is missing half-way: else all pages before it would be read again."""
        if self._answered and self._pause_seconds:
            self._sleep(self._pause_seconds)
        for seconds in WAITS_SECONDS if self._answered else ():
            try:
                return self._http.get(address, headers=headers)
            except SourceAway as away:
                asked = away.retry_after_seconds
                if asked is not None and asked > LONGEST_WAIT_SECONDS:
                    raise
                self._sleep(seconds if asked is None else asked)
        return self._http.get(address, headers=headers)


class SavedPages:
    """Pages in a folder, or a file and those beside it to which it leads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._folder = path if path.is_dir() else path.parent

    def entries(self) -> list[str]:
        """Give the file, or all files of the folder that are linked data, in the order of their names."""
        files = sorted(self._path.iterdir()) if self._path.is_dir() else [existing(self._path)]
        found = [file.resolve().as_uri() for file in files if file.suffix.lower() in _BY_ENDING]
        if not found:
            raise SourceError(self._path, f"is no linked data, or holds none: {', '.join(_BY_ENDING)}")
        return found

    def holds(self, address: str) -> bool:
        """Tell whether it is a file of the folder; addresses of the server from which pages were saved are not."""
        file = _file_of(address)
        return file is not None and file.parent == self._folder.resolve() and file.is_file()

    def fetch(self, address: str, etag: str | None) -> FetchedPage | None:
        """Read a file."""
        file = _file_of(address) or Path(address)
        try:
            return FetchedPage(address, existing(file).read_bytes(), _BY_ENDING[file.suffix.lower()])
        except (OSError, KeyError) as error:
            raise SourceError(file, f"cannot be read as a page of linked data: {error}") from error


def _file_of(address: str) -> Path | None:
    parts = urlsplit(urldefrag(address).url)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def shown(address: str) -> str:
    """Give the address of a page as it may be shown."""
    file = _file_of(address)
    return str(file) if file is not None else without_query(address)
