"""The way through the pages of a stream: each once, immutable ones never again, and none that can hold nothing new."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.sources.ldes import terms
from meekoppel_connectors.sources.ldes.cursor import StreamCursor, short
from meekoppel_connectors.sources.ldes.fetching import Pages, shown
from meekoppel_connectors.sources.ldes.members import Member, Reading, members_of
from meekoppel_connectors.sources.ldes.page import Link, Page, Steps, StreamFacts, read_page


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the configuration says about a stream; what it leaves out is read from the stream.

    Attributes:
        timestamp: the way to a member's time.
        version_of: the way to a member's object.
        deleted: types that say that an object is gone.
        view: which view of the stream, by its address or the end of it.
        languages: in which texts are wanted.
        contexts: local copies of JSON-LD contexts.
    """

    timestamp: Steps | None
    version_of: Steps | None
    deleted: frozenset[str]
    view: str | None
    languages: tuple[str, ...]
    contexts: Mapping[str, Path]


@dataclass(slots=True)
class Walk:
    """One reading of the pages.

    Attributes:
        open_pages: pages that may still grow → ETag; what the next reading begins with.
        facts: what the stream says about itself, as far as it was read.
    """

    pages: Pages
    wishes: Wishes
    cursor: StreamCursor
    open_pages: dict[str, str | None] = field(default_factory=dict)
    facts: StreamFacts = field(init=False)
    _immutable: set[str] = field(init=False)
    _open_pages_lead_to: set[str] = field(default_factory=set)
    _seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.facts = self.cursor.facts
        self._immutable = set(self.cursor.done_pages)

    def done_pages(self) -> set[str]:
        """Give the digests of immutable pages to which open ones lead; the others are not met again."""
        return self._open_pages_lead_to & self._immutable

    def members(self) -> Iterator[Member]:
        """Give the members of all pages that may hold something new, in the order of the pages.

        Raises:
            SourceError: when a page cannot be read.
            SourceAway: when one cannot be had now.
        """
        waiting = deque(self.cursor.open_pages or self.pages.entries())
        while waiting:
            address = waiting.popleft()
            if address in self._seen:
                continue
            self._seen.add(address)
            page = self._page(address)
            if page is None:
                continue
            yield from members_of(page, self._reading())
            waiting.extend(self._next(page, address))

    def _page(self, address: str) -> Page | None:
        etag = self.cursor.open_pages.get(address)
        fetched = self.pages.fetch(address, etag)
        if fetched is None:
            self.open_pages[address] = etag
            self._open_pages_lead_to |= self.cursor.done_pages
            return None
        if fetched.immutable:
            self._immutable.add(short(address))
        else:
            self.open_pages[address] = fetched.etag
        page = read_page(fetched.content, fetched.kind, fetched.address, self.wishes.contexts, shown(address))
        self._learn(page.facts())
        return page

    def _learn(self, facts: StreamFacts) -> None:
        known = self.facts
        self.facts = StreamFacts(
            known.timestamp or facts.timestamp, known.version_of or facts.version_of, known.deleted or facts.deleted
        )

    def _reading(self) -> Reading:
        return Reading(
            timestamp=self.wishes.timestamp or self.facts.timestamp or (terms.GENERATED_AT,),
            version_of=self.wishes.version_of or self.facts.version_of or (terms.IS_VERSION_OF,),
            deleted=self.wishes.deleted | ({self.facts.deleted} if self.facts.deleted else set()),
            languages=self.wishes.languages,
        )

    def _next(self, page: Page, address: str) -> Iterator[str]:
        links = page.links(self._reading().timestamp) or self._views(page, address)
        for link in links:
            if not self.pages.holds(link.page):
                continue
            digest = short(link.page)
            if address in self.open_pages:
                self._open_pages_lead_to.add(digest)
            if digest not in self._immutable and not self._is_over(link):
                yield link.page

    def _is_over(self, link: Link) -> bool:
        moment = self.cursor.moment
        return moment is not None and link.leads_only_to_before(moment)

    def _views(self, page: Page, address: str) -> list[Link]:
        """Of a page that only describes the stream, take the view that is wanted."""
        views = [view for view in page.views() if view != address and view not in self._seen]
        if self.wishes.view is not None:
            views = [view for view in views if view.endswith(self.wishes.view)]
        if len(views) > 1:
            raise SourceError(shown(address), f"has several views; set source.view to one of {', '.join(views)}")
        return [Link(view) for view in views]
