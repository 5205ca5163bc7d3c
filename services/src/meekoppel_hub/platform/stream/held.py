"""What a worker knows of a partition that it holds."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from meekoppel_hub.platform.stream.offsets import Claim


@dataclass(slots=True)
class Held:
    """One partition that this worker holds.

    Attributes:
        claim: the right to store its results.
        next_offset: where the next batch begins; equal to what the database says.
        taken: up to here its records were taken in; what lies between waits to be handled.
        failures: transient failures in a row.
        end_offset: the log's end when it was last asked.
        moved_at: monotonic time, seconds, of the last progress or try.
        gap_checked: the offset at which a gap in the log was looked for again.
        pausing: whether it waits after a transient failure.
        looked_again: the offset from which it was read once more because nothing came.
        passed: up to here the log holds no records, only marks of transactions.
        told_kafka: the offset that Kafka was last told.
    """

    claim: Claim
    next_offset: int
    taken: int = field(init=False)
    failures: int = 0
    end_offset: int = 0
    moved_at: float = field(default_factory=time.monotonic)
    gap_checked: int = -1
    pausing: bool = False
    looked_again: int = -1
    passed: int = 0
    told_kafka: int = 0

    def __post_init__(self) -> None:
        """Begin to take in where the handling goes on."""
        self.taken = self.next_offset

    @property
    def behind(self) -> int:
        """Count the records that are in the log and not handled yet, as last asked."""
        return max(0, self.end_offset - max(self.next_offset, self.passed))
