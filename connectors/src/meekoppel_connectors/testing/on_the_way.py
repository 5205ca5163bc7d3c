"""What the kit does to a connector that runs in a process of its own; `process` is that process."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

PROGRAM = "meekoppel_connectors.testing.process"


@dataclass(frozen=True, slots=True)
class OnTheWay:
    """What is to happen to the process.

    Attributes:
        inbox: the file to publish to instead of Kafka.
        kill_after_rows: SIGKILL when the source has given so many rows.
        kill_before_publishing: SIGKILL when everything is stored and nothing published.
        kill_before_acknowledging: SIGKILL when what waits was delivered, and the runner does not know yet.
        stall_after_rows: read no further after so many rows, for up to a minute, and make the file `stalled`.
        stalled: is made when the source stalls.
    """

    inbox: str | None = None
    kill_after_rows: int | None = None
    kill_before_publishing: bool = False
    kill_before_acknowledging: bool = False
    stall_after_rows: int | None = None
    stalled: str | None = None

    def to_json(self) -> str:
        """Write it as the first argument of the process."""
        return json.dumps(asdict(self))
