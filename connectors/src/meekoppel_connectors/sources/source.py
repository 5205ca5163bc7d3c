"""What an author of a source writes: one class, with `snapshot()` or `changes()`, that yields rows.

All the rest (mapping, validation, difference, ids, outbox, publishing, retries, state) is the connector's::

    class DigNotices(Source[DigNoticeSettings]):
        settings_type = DigNoticeSettings

        def snapshot(self):
            for record in fetch(self.settings.url):
                yield SourceRow(record)

A source that cannot go on raises `SourceError` (a person must change something) or `SourceAway` (it may work later). A
row that is broken is yielded with its `fault`, and becomes a rejection.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar, Generic, TypeVar

from pyproj import CRS

from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.settings import SourceSettings

Settings = TypeVar("Settings", bound=SourceSettings)
SAMPLE_ROWS = 100


@dataclass(frozen=True, slots=True)
class Description:
    """What a source says about itself.

    Attributes:
        fields: the names of its fields.
        fixed: whether every row has these fields, as in a table; else they are those that occur in some row.
        crs: the CRS that the source names; None when it names none.
        row_count: how many rows it has, where that is known without reading them.
    """

    fields: tuple[str, ...]
    fixed: bool
    crs: CRS | None = None
    row_count: int | None = None


@dataclass(frozen=True, slots=True)
class Reached:
    """Says that everything up to this cursor was given; the next reading begins there.

    The connector stores the cursor with the rows before it, in one transaction.

    Attributes:
        cursor: whatever the source needs to go on, as text; `cursor.TieSafe` makes one of a time and an id.
    """

    cursor: str


class Source(Generic[Settings]):
    """A source of rows. Implement `snapshot`, or `changes`, or both.

    Attributes:
        settings: the `source:` part of the configuration, checked.
    """

    settings_type: ClassVar[type[SourceSettings]]

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def describe(self, *, whole: bool = False) -> Description:
        """Open the source and tell what is in it. By default that is what the first rows hold, or all with `whole`.

        Args:
            whole: whether all of a source without a head may be read, to learn the names of its fields.

        Raises:
            SourceError: when it cannot be read as the configuration says.
            SourceAway: when it does not answer.
        """
        if not self.gives_snapshots():
            return Description((), fixed=False)
        fields: dict[str, None] = {}
        for row in islice(self.snapshot(), None if whole else SAMPLE_ROWS):
            fields.update(dict.fromkeys(row.values))
        return Description(tuple(fields), fixed=False)

    def snapshot(self) -> Iterator[SourceRow]:
        """Read everything that the source holds now, in a stable order.

        A plan that a snapshot no longer holds has left the source.

        Raises:
            SourceError: also half-way, when it turns out to be damaged; what was read before is then of no use.
            SourceAway: also half-way; it is then read again from its beginning.
        """
        raise NotImplementedError(f"{type(self).__name__} gives no snapshots")

    def changes(self, since: str | None) -> Iterator[SourceRow | Reached]:
        """Read what changed since a cursor, in the order in which it changed; a plan may come several times.

        The last thing that is yielded is a `Reached`; what came after the last one is read again.

        Args:
            since: the cursor of the last `Reached`; None to begin at the beginning.

        Raises:
            SourceError: as `snapshot`.
            SourceAway: as `snapshot`; reading then begins at the last cursor.
        """
        raise NotImplementedError(f"{type(self).__name__} gives no changes")

    def sample(self) -> Iterator[SourceRow | Reached]:
        """Give rows from which it can be guessed what is in the source; by default those with which reading begins.

        A source that reads everything before it gives its first row says here how some are had sooner.

        Raises:
            SourceError: as `snapshot`.
            SourceAway: as `snapshot`.
        """
        return self.snapshot() if self.gives_snapshots() else self.changes(None)

    def is_followed(self) -> bool:
        """Tell whether runs follow it by its changes, as it is configured; by default where the author wrote `changes`.

        A source that can do both says so here, mostly by whether its settings name a cursor.
        """
        return self.gives_changes()

    @classmethod
    def gives_snapshots(cls) -> bool:
        """Tell whether the author wrote `snapshot`."""
        return cls.snapshot is not Source.snapshot

    @classmethod
    def gives_changes(cls) -> bool:
        """Tell whether the author wrote `changes`."""
        return cls.changes is not Source.changes
