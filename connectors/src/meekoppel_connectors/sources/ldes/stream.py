"""Linked Data Event Streams (LDES), as GIPOD in Flanders publishes its works: pages of versions, which only grow.

Every version of an object is a row; `changes` gives those that are new, in the order of their times, and `snapshot` the
last version of every object. Fields are explained in `members`. WKT stays text, with the CRS that stands before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.http.client import HttpReader
from meekoppel_connectors.sources.http.settings import HttpAddress, HttpSettings, without_query
from meekoppel_connectors.sources.ldes import terms
from meekoppel_connectors.sources.ldes.cursor import StreamCursor
from meekoppel_connectors.sources.ldes.fetching import Pages, SavedPages, ServedPages
from meekoppel_connectors.sources.ldes.members import Member
from meekoppel_connectors.sources.ldes.moments import sortable
from meekoppel_connectors.sources.ldes.spool import Spool
from meekoppel_connectors.sources.ldes.walk import Walk, Wishes
from meekoppel_connectors.sources.settings import SourceSettings
from meekoppel_connectors.sources.source import Description, Reached, Source

ROWS_PER_CURSOR = 1000


class LdesSettings(HttpSettings, SourceSettings):
    """A stream.

    Attributes:
        url: the address of the stream, of a view, or of a page.
        path: instead of it, a page that was saved as a file, or a folder of such pages.
        view: which view, when the stream has several: its address, or the end of it.
        timestamp_path: the predicate that gives a version its time, when the stream does not say so; several when the
            time lies deeper.
        version_of_path: the predicate that leads from a version to its object, likewise.
        removed_types: types of versions that say that their object is gone, beside what the stream says itself.
        languages: in which texts are wanted; the first before the second.
        contexts: address of a JSON-LD context → file with a copy of it; contexts are never fetched.
        pause_seconds: between two pages, so that the server is not overrun.
    """

    has_geometry: ClassVar[bool] = False

    format: Literal["ldes"]
    url: HttpAddress | None = None
    path: Path | None = None
    view: str | None = None
    timestamp_path: tuple[str, ...] | None = None
    version_of_path: tuple[str, ...] | None = None
    removed_types: tuple[str, ...] = (terms.DELETE,)
    languages: tuple[str, ...] = ("nl", "en")
    contexts: dict[str, Path] = Field(default_factory=dict)
    pause_seconds: float = Field(default=0.0, ge=0, le=600)

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.url is None) == (self.path is None):
            raise ValueError("give either url or path")
        return self

    @property
    def place(self) -> str:
        """The address or the path."""
        return without_query(self.url) if self.url else str(self.path)

    def in_folder(self, folder: Path) -> Self:
        """Give the same settings with paths that count from this folder."""
        contexts = {address: folder / file for address, file in self.contexts.items()}
        changes = {"path": folder / self.path if self.path else None, "contexts": contexts}
        return self.http_in_folder(folder).model_copy(update=changes)


class EventStream(Source[LdesSettings]):
    """A stream of versions."""

    settings_type = LdesSettings

    def describe(self, *, whole: bool = False) -> Description:
        """Tell nothing, since a run has no need to fetch pages for it; or, with `whole`, the fields that occur."""
        fields: dict[str, None] = {}
        for row in self.sample() if whole else ():
            fields.update(dict.fromkeys(row.values))
        return Description(tuple(fields), fixed=False)

    def sample(self) -> Iterator[SourceRow]:
        """Give the members as they stand in the pages, without putting them in order."""
        with self._pages() as pages:
            yield from (_row(member) for member in self._walk(pages, StreamCursor()).members())

    def snapshot(self) -> Iterator[SourceRow]:
        """Read the whole stream, and give the last version of every object that is not gone."""
        with Spool() as spool, self._pages() as pages:
            for member in self._walk(pages, StreamCursor()).members():
                spool.add(member)
            yield from (_row(member) for member in spool.newest() if not member.removed)
            yield from (_row(member) for member in spool.without_time())

    def changes(self, since: str | None) -> Iterator[SourceRow | Reached]:
        """Read what is new, and give it version after version."""
        cursor = StreamCursor.from_text(since, self.settings.place)
        with Spool() as spool, self._pages() as pages:
            walk = self._walk(pages, cursor)
            for member in walk.members():
                if member.time is None or cursor.is_new(sortable(member.time), member.id):
                    spool.add(member)
            for number, member in enumerate(spool.in_order(), start=1):
                yield _row(member)
                cursor = cursor.after(sortable(member.time), member.id) if member.time else cursor
                if number % ROWS_PER_CURSOR == 0:
                    yield Reached(cursor.to_text())
            yield from (_row(member) for member in spool.without_time())
            yield Reached(cursor.with_pages(walk.open_pages, walk.done_pages(), walk.facts).to_text())

    def _walk(self, pages: Pages, cursor: StreamCursor) -> Walk:
        settings = self.settings
        wishes = Wishes(
            timestamp=settings.timestamp_path,
            version_of=settings.version_of_path,
            deleted=frozenset(settings.removed_types),
            view=settings.view,
            languages=settings.languages,
            contexts=settings.contexts,
        )
        return Walk(pages, wishes, cursor)

    @contextmanager
    def _pages(self) -> Iterator[Pages]:
        settings = self.settings
        if settings.path is not None:
            yield SavedPages(settings.path)
            return
        assert settings.url is not None
        with HttpReader(settings.url, settings) as http:
            yield ServedPages(settings.url, http, settings.pause_seconds)


def _row(member: Member) -> SourceRow:
    return SourceRow(member.values, fault=member.fault, occurred_at=member.time, removed=member.removed)
