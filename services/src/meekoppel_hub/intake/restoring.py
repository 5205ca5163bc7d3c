"""Make intake's numbering again from the log, for a database that was lost.

The log names with each event the number under which its sender sent it. So the newest event of each plan gives the
state from which intake goes on. It goes on in each inbox behind the last record that the log names: intake publishes in
the order in which it reads, so nothing behind that was published. What it had found unchanged there, or rejected, it
finds again; a rejection is then told twice, under the same id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from meekoppel_contracts.codes import PlanEventType
from meekoppel_contracts.errors import ContractError
from meekoppel_contracts.headers import INBOX_ID_HEADER, EventHeaders, plan_event_type
from meekoppel_contracts.ids import PlanId
from meekoppel_contracts.topics import INBOX_PREFIX, PLANS, PLANS_RESTRICTED
from meekoppel_hub.intake.store import save_states
from meekoppel_hub.intake.versions import PlanState
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.intake import plan_state
from meekoppel_hub.platform.database.tables.stream import offsets
from meekoppel_hub.platform.stream.bulk import log_record, read_stretch, topics_like, whole_log
from meekoppel_hub.platform.stream.records import LogRecord, PartitionId

_SERVICE = "intake"
_WITHDRAWN = plan_event_type(PlanEventType.WITHDRAWN)
_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored.

    Attributes:
        plans: of how many plans the numbering goes on.
        inboxes: how many inboxes were looked through.
        to_read: how many of their records intake reads (again).
    """

    plans: int
    inboxes: int
    to_read: int


def restore_numbering(database: Database, bootstrap: str, now: datetime) -> Restored | None:
    """Restore intake's state from the log, where the database has none.

    Args:
        database: of the hub.
        bootstrap: Kafka, `host:port,…`.
        now: the time.

    Returns:
        What was restored; None when there was a state, or there are no plans.

    Raises:
        TransientError: Kafka or the database is away; nothing was stored.
    """
    with database.read() as connection:
        if connection.execute(select(plan_state.c.plan_id).limit(1)).first() is not None:
            return None
    states = _newest(bootstrap)
    if not states:
        return None
    inboxes = topics_like(bootstrap, INBOX_PREFIX)
    log = whole_log(bootstrap, inboxes)
    position = dict.fromkeys(log.end, 0) | _behind_what_is_named(bootstrap, inboxes, states)
    in_order = [states[plan_id] for plan_id in sorted(states)]
    with database.begin() as connection:
        for begin in range(0, len(in_order), _AT_ONCE):
            save_states(connection, in_order[begin : begin + _AT_ONCE])
        if position:
            connection.execute(
                insert(offsets), [_offset_row(source, offset, now) for source, offset in position.items()]
            )
    to_read = sum(end - max(position[source], log.begin[source]) for source, end in log.end.items())
    return Restored(len(states), len(inboxes), to_read)


def _newest(bootstrap: str) -> dict[PlanId, PlanState]:
    """Read the newest event of each plan, as the state that intake had when it published it."""
    states: dict[PlanId, PlanState] = {}
    for record in _records(bootstrap, [PLANS, PLANS_RESTRICTED]):
        try:
            headers = EventHeaders.parse(record.headers)
        except ContractError:  # not of intake: coordination sets it aside
            continue
        plan_id = PlanId(headers.subject)
        known = states.get(plan_id)
        if record.value is None or (known is not None and known.version >= headers.sequence):
            continue
        epoch, _, sequence = (record.header(INBOX_ID_HEADER) or b"").decode("ascii", "replace").rpartition("/")
        states[plan_id] = PlanState(
            plan_id=plan_id,
            version=headers.sequence,
            epoch=epoch,
            sequence=int(sequence) if sequence.isdecimal() else 0,
            content_sha256="",  # only a quick way to see that nothing changed
            event=record.value,
            withdrawn=headers.type == _WITHDRAWN,
            topic=record.source.topic,
            recorded_at=headers.time,
            revision=0,
        )
    return states


def _behind_what_is_named(
    bootstrap: str, inboxes: list[str], states: Mapping[PlanId, PlanState]
) -> dict[PartitionId, int]:
    """Find in each partition of the inboxes the place behind the last record that the log names."""
    found: dict[PartitionId, int] = {}
    for record in _records(bootstrap, inboxes):
        state = states.get(PlanId((record.key or b"").decode("utf-8", "replace")))
        if state is not None and _number(record) == (state.epoch, str(state.sequence)):
            found[record.source] = record.offset + 1
    return found


def _number(record: LogRecord) -> tuple[str, str]:
    epoch, sequence = (record.header(name) or b"" for name in ("ce_epoch", "ce_sequence"))
    return epoch.decode("ascii", "replace"), sequence.decode("ascii", "replace")


def _records(bootstrap: str, topics: list[str]) -> Iterator[LogRecord]:
    for messages in read_stretch(bootstrap, whole_log(bootstrap, topics)):
        yield from map(log_record, messages)


def _offset_row(source: PartitionId, offset: int, now: datetime) -> dict[str, object]:
    place = {"topic": source.topic, "partition": source.partition, "next_offset": offset}
    return place | {"service": _SERVICE, "epoch": 1, "owner": "view rebuild", "updated_at": now}
