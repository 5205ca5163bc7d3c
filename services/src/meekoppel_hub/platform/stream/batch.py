"""What one batch is made of: for each partition a part, its records decoded and nothing decided on them yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from meekoppel_hub.platform.stream.offsets import Claim
from meekoppel_hub.platform.stream.parking import SetAside
from meekoppel_hub.platform.stream.records import LogRecord

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Failed:
    """A record whose decoding failed for a reason that nobody thought of."""

    record: LogRecord
    error: Exception


@dataclass(frozen=True, slots=True)
class Part(Generic[Item]):
    """Records of one partition, in order and without a gap, as the claim's holder read them.

    Whether a record waits behind a poison record of its key is not decided here: a part is decoded ahead, while the
    batch before it may still park keys.

    Attributes:
        claim: the right to store results.
        records: as they came.
        entries: for each record what decoding gave: an item, poison to be set aside, or a failure.
    """

    claim: Claim
    records: Sequence[LogRecord]
    entries: Sequence[Item | SetAside | Failed]

    @property
    def next_offset(self) -> int:
        """The offset behind the last record."""
        return self.records[-1].offset + 1

    def halves(self) -> tuple[Part[Item], Part[Item]]:
        """Cut a part of two or more records in two."""
        middle = len(self.records) // 2
        first = Part(self.claim, self.records[:middle], self.entries[:middle])
        return first, Part(self.claim, self.records[middle:], self.entries[middle:])

    def with_more(self, more: Part[Item]) -> Part[Item]:
        """Put what was read next behind it."""
        return Part(self.claim, [*self.records, *more.records], [*self.entries, *more.entries])
