"""Members put in order on disk: pages come in any order, and a stream may be larger than the memory."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

from meekoppel_connectors.sources.ldes.members import Member
from meekoppel_connectors.sources.ldes.moments import moment_of, sortable

_TABLE = """
CREATE TABLE members (
    id TEXT PRIMARY KEY, time TEXT, object TEXT NOT NULL, fields TEXT NOT NULL, fault TEXT, removed INTEGER NOT NULL
) WITHOUT ROWID
"""
_IN_ORDER = "SELECT id, time, object, fields, fault, removed FROM members WHERE time IS NOT NULL ORDER BY time, id"
_WITHOUT_TIME = "SELECT id, time, object, fields, fault, removed FROM members WHERE time IS NULL ORDER BY id"
_NEWEST = """
SELECT id, time, object, fields, fault, removed FROM (
    SELECT *, row_number() OVER (PARTITION BY object ORDER BY time DESC, id DESC) AS place
    FROM members WHERE time IS NOT NULL
) WHERE place = 1 ORDER BY object
"""


class Spool:
    """Holds members until all pages are read; gone when it is closed."""

    def __enter__(self) -> Self:
        """Make the file."""
        self._folder = tempfile.TemporaryDirectory(prefix="meekoppel-ldes-")
        self._database = sqlite3.connect(Path(self._folder.name) / "members.db")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute(_TABLE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the file."""
        self._database.close()
        self._folder.cleanup()

    def add(self, member: Member) -> None:
        """Hold a member; one that stands in two pages is held once."""
        time = sortable(member.time) if member.time else None
        fields = json.dumps(member.values, ensure_ascii=False)
        self._database.execute(
            "INSERT OR IGNORE INTO members VALUES (?, ?, ?, ?, ?, ?)",
            (member.id, time, member.version_of, fields, member.fault, member.removed),
        )

    def in_order(self) -> Iterator[Member]:
        """Give the members in the order of their times, then of their ids."""
        return self._members(_IN_ORDER)

    def without_time(self) -> Iterator[Member]:
        """Give those that have no time, so no place in the order."""
        return self._members(_WITHOUT_TIME)

    def newest(self) -> Iterator[Member]:
        """Give the last version of each object, in the order of the objects."""
        return self._members(_NEWEST)

    def _members(self, query: str) -> Iterator[Member]:
        with closing(self._database.execute(query)) as rows:
            for id, time, version_of, fields, fault, removed in rows:
                moment = moment_of(time) if time else None
                yield Member(id, version_of, moment, json.loads(fields), fault, removed=bool(removed))
