"""A cursor of a time and an id, with which a source of changes goes on exactly where it stopped.

A time alone is not enough: of several rows with one time, some may have been read and some not. With the id beside it
the order is total: ask the source for `time > t OR (time = t AND id > i)`, ordered by time and id.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class TieSafe:
    """The last row that was read.

    Attributes:
        time: when it changed, as the source writes it: text that sorts, a number, or an ISO time.
        id: which of the rows with this time it was.
    """

    time: str | int | float
    id: str | int

    def to_cursor(self) -> str:
        """Write it as the cursor of a `Reached`."""
        return json.dumps([self.time, self.id])

    @classmethod
    def from_cursor(cls, cursor: str) -> Self:
        """Read it back.

        Raises:
            ValueError: when the text is no such cursor.
        """
        time, id = json.loads(cursor)
        return cls(time, id)
