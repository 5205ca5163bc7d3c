"""What a connector last did, read from its state while it may be running."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meekoppel_connectors.clock import Clock, utc_now
from meekoppel_connectors.config import ConnectorConfig
from meekoppel_connectors.errors import StateError
from meekoppel_connectors.outbox import count_waiting, last_sequence
from meekoppel_connectors.state.hub_rejections import HubRejection, open_hub_rejections
from meekoppel_connectors.state.rejected_rows import RejectedRow, rejections_of
from meekoppel_connectors.state.runs import RunRecord, Runs
from meekoppel_connectors.state.schema import connect_to_read, has_begun, read_meta
from meekoppel_connectors.state.snapshot import Snapshot

RUNS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class ConnectorStatus:
    """What the state of a connector tells.

    Attributes:
        state: the state file.
        epoch: the life of the state; None when the connector never ran.
        last_sequence: the last number that an event got in this epoch; 0 when none did.
        live_plans: plans that are shared, have not ended and are not past their end now.
        outbox_waiting: events that the broker has not acknowledged yet.
        runs: the last runs, newest first.
        rejected: rejected rows of the last run that read its source, by row; of a source of changes, all that are not
            settled yet.
        sent_back: what the hub's intake did not accept, and no newer state of the plan was sent since.
    """

    state: Path
    epoch: str | None
    last_sequence: int
    live_plans: int
    outbox_waiting: int
    runs: tuple[RunRecord, ...]
    rejected: tuple[RejectedRow, ...]
    sent_back: tuple[HubRejection, ...] = ()

    def to_json(self) -> str:
        """Give it as one line of JSON."""
        content: dict[str, Any] = {
            "state": str(self.state),
            "epoch": self.epoch,
            "last_sequence": self.last_sequence,
            "live_plans": self.live_plans,
            "outbox_waiting": self.outbox_waiting,
            "runs": [run.to_dict() for run in self.runs],
            "rejected": [row.to_dict() for row in self.rejected],
            "sent_back": [each.to_dict() for each in self.sent_back],
        }
        return json.dumps(content, ensure_ascii=False)


def read_status(config: ConnectorConfig, *, clock: Clock = utc_now) -> ConnectorStatus:
    """Read what a connector last did; makes nothing and waits for nothing.

    Raises:
        StateError: when the state file is there but cannot be used.
    """
    if not has_begun(config.state):
        return ConnectorStatus(config.state, None, 0, 0, 0, (), ())
    connection = connect_to_read(config.state, config.organisation)
    try:
        return _status(connection, config.state, clock)
    except sqlite3.Error as error:
        raise StateError(f"The state file {config.state} could not be read ({error}); check the disk.") from error
    finally:
        connection.close()


def _status(connection: sqlite3.Connection, path: Path, clock: Clock) -> ConnectorStatus:
    runs = Runs(connection)
    last = runs.last_that_read()
    meta = read_meta(connection)
    rejected_in = None if "cursor" in meta else last
    return ConnectorStatus(
        state=path,
        epoch=meta["epoch"],
        last_sequence=last_sequence(connection),
        live_plans=Snapshot(connection).live(clock()),
        outbox_waiting=count_waiting(connection),
        runs=runs.last(RUNS_SHOWN),
        rejected=() if last is None else rejections_of(connection, rejected_in),
        sent_back=open_hub_rejections(connection),
    )
