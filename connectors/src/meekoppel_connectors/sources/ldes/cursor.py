"""How far a stream was read, in a text of bounded size.

New is a member of a later time than the last one, or of that very time and not yet given: of several members with one
time some may stand in a page and some come later. Beside that it is remembered which pages may still grow, so that
pages that a server calls immutable are never asked for again, and what the stream said about itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.sources.ldes.moments import moment_of
from meekoppel_connectors.sources.ldes.page import StreamFacts

MOST_TIES = 5_000
MOST_OPEN_PAGES = 500
MOST_DONE_PAGES = 5_000


def short(text: str) -> str:
    """Give a digest by which a member or a page is remembered."""
    return hashlib.blake2b(text.encode(), digest_size=9).hexdigest()


@dataclass(frozen=True, slots=True)
class StreamCursor:
    """How far a stream was read.

    Attributes:
        time: of the last member that was given, sortable; empty when none was.
        ties: digests of the members with that time.
        through: where there are too many of them: they are given in the order of their ids, up to this one.
        open_pages: address of a page that may still grow → its ETag, or None; empty to begin at the entry.
        done_pages: digests of immutable pages to which open ones lead.
        facts: what the stream said about itself; its entry may not be read again.
    """

    time: str = ""
    ties: frozenset[str] = frozenset()
    through: str = ""
    open_pages: Mapping[str, str | None] = field(default_factory=dict)
    done_pages: frozenset[str] = frozenset()
    facts: StreamFacts = field(default_factory=StreamFacts)

    @property
    def moment(self) -> datetime | None:
        """The time of the last member; None when none was given."""
        return moment_of(self.time) if self.time else None

    def is_new(self, time: str, id: str) -> bool:
        """Tell whether a member was not given yet."""
        if time != self.time:
            return time > self.time
        return id > self.through if self.through else short(id) not in self.ties

    def after(self, time: str, id: str) -> StreamCursor:
        """Give the cursor after one more member; they come in the order of time and id."""
        if time != self.time:
            return replace(self, time=time, ties=frozenset({short(id)}), through="")
        if self.through or len(self.ties) >= MOST_TIES:
            return replace(self, ties=frozenset(), through=id)
        return replace(self, ties=self.ties | {short(id)})

    def with_pages(
        self, open_pages: Mapping[str, str | None], done_pages: Iterable[str], facts: StreamFacts
    ) -> StreamCursor:
        """Give the cursor with what is known of the pages; with too many it begins at the entry again."""
        done = frozenset(done_pages)
        if len(open_pages) > MOST_OPEN_PAGES or len(done) > MOST_DONE_PAGES:
            return replace(self, open_pages={}, done_pages=frozenset(), facts=facts)
        return replace(self, open_pages=dict(open_pages), done_pages=done, facts=facts)

    def to_text(self) -> str:
        """Write it."""
        return json.dumps(
            {
                "time": self.time,
                "ties": sorted(self.ties),
                "through": self.through,
                "open": dict(self.open_pages),
                "done": sorted(self.done_pages),
                "facts": [self.facts.timestamp, self.facts.version_of, self.facts.deleted],
            },
            separators=(",", ":"),
        )

    @classmethod
    def from_text(cls, text: str | None, place: str) -> Self:
        """Read it; None is the beginning.

        Raises:
            SourceError: when it is none, such as one of another kind of source.
        """
        if text is None:
            return cls()
        try:
            read = json.loads(text)
            timestamp, version_of, deleted = read["facts"]
            return cls(
                read["time"],
                frozenset(read["ties"]),
                read["through"],
                read["open"],
                frozenset(read["done"]),
                StreamFacts(timestamp and tuple(timestamp), version_of and tuple(version_of), deleted),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise SourceError(place, "the state holds a cursor of another kind of source; reset the state") from error
