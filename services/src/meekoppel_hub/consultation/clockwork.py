"""What consultation does as time passes: decides on requests that waited, acts on deadlines that passed.

Every worker looks every second. The rows that it acts on are locked and read in its transaction, so what one worker has
done the other finds done: once each, however many workers run.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, exists, select

from meekoppel_hub.consultation.batch import Batch
from meekoppel_hub.consultation.deadlines import act_on_deadlines, overdue
from meekoppel_hub.consultation.handler import Handler
from meekoppel_hub.consultation.outcome import Outcome, Request
from meekoppel_hub.consultation.receive import read_request
from meekoppel_hub.consultation.registered import load_organisations
from meekoppel_hub.consultation.requests import end_waiting, load_waiting, record_of_waiting
from meekoppel_hub.platform.database.tables.consultation import waiting
from meekoppel_hub.platform.stream.records import PartitionId

PATIENCE: Final = timedelta(seconds=60)
"""How long a request waits for the log to bring what it names."""

_AT_ONCE = 200


def has_work(connection: Connection, now: datetime) -> bool:
    """Tell whether a request waits or a deadline passed."""
    waits = select(exists().where(waiting.c.id.is_not(None)))
    return bool(connection.execute(waits).scalar_one()) or connection.execute(overdue(now).limit(1)).first() is not None


def work(batch: Batch, lane: PartitionId, handlers: Mapping[str, Handler]) -> None:
    """Do what the time asks for.

    Args:
        batch: a transaction of its own; what it publishes goes into `lane`.
        lane: a partition that this worker holds.
        handlers: by contract.
    """
    _decide_on_waiting(batch, handlers)
    act_on_deadlines(batch, lane)


def _decide_on_waiting(batch: Batch, handlers: Mapping[str, Handler]) -> None:
    """Decide on requests that waited, in their order; one whose time is over is refused."""
    blocked: set[tuple[str, str]] = set()
    for row in load_waiting(batch.connection, _AT_ONCE):
        if (row.organisation, row.subject) in blocked:
            continue
        item = read_request(record_of_waiting(row), handlers)
        assert isinstance(item, Request), "it was read before it was kept"
        batch.register(load_organisations(batch.connection, {item.organisation}))
        if batch.take_again(item, patient=row.since + PATIENCE > batch.now) is Outcome.WAITING:
            blocked.add((row.organisation, row.subject))
        else:
            end_waiting(batch.connection, row.id)
