"""What was last told of each pair: read from the coordination topics, so that revisions go on where they were."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, select

from meekoppel_contracts.codec import decode_overlap_event
from meekoppel_contracts.codes import OverlapEventType
from meekoppel_contracts.events import OverlapEvent
from meekoppel_contracts.headers import overlap_event_type
from meekoppel_contracts.ids import OverlapId
from meekoppel_contracts.topics import COORDINATION, COORDINATION_RESTRICTED
from meekoppel_hub.coordination.overlap import OverlapRow
from meekoppel_hub.coordination.plan_change import Row
from meekoppel_hub.coordination.rebuilding.held_back import SERVICE
from meekoppel_hub.coordination.rebuilding.retelling import row_told
from meekoppel_hub.coordination.rebuilding.working import Advance
from meekoppel_hub.platform.database.tables.stream import outbox
from meekoppel_hub.platform.stream.bulk import Positions, Stretch, log_record, read_stretch, whole_log
from meekoppel_hub.platform.stream.records import LogRecord, PartitionId, unpack_headers

_TYPES = {overlap_event_type(kind).encode() for kind in OverlapEventType}
TOPICS = (COORDINATION, COORDINATION_RESTRICTED)


@dataclass(slots=True)
class Told:
    """What was told of the pairs, as far as it was read.

    Attributes:
        rows: the last of each pair, as a row of `overlaps`.
        position: up to where the topics were read.
        events: how many were read.
    """

    rows: dict[OverlapId, OverlapRow] = field(default_factory=dict)
    position: Positions = field(default_factory=dict)
    events: int = 0
    _in_topic: dict[tuple[str, OverlapId], int] = field(default_factory=dict)

    def read_on(self, bootstrap: str, advance: Advance = lambda _: None) -> Iterator[list[tuple[OverlapRow, bytes]]]:
        """Read to where the topics end now; give what was told since, each revision once."""
        end = whole_log(bootstrap, TOPICS)
        stretch = Stretch({**end.begin, **self.position}, end.end)
        for messages in read_stretch(bootstrap, stretch):
            yield [row for message in messages for row in self.take(log_record(message))]
            advance(len(messages))
        self.position = end.end

    def take_waiting(self, connection: Connection) -> list[tuple[OverlapRow, bytes]]:
        """Take what is stored to be told and may not stand in the topics yet."""
        query = select(outbox).where(outbox.c.service == SERVICE, outbox.c.topic.in_(TOPICS)).order_by(outbox.c.id)
        found = []
        for row in connection.execute(query):
            source = PartitionId(row.topic, 0)
            found += self.take(LogRecord(source, 0, 0, row.key, row.value, unpack_headers(row.headers)))
        return found

    def take(self, record: LogRecord) -> list[tuple[OverlapRow, bytes]]:
        """Take one record: nothing comes of one that tells no news of a pair."""
        if record.header("ce_type") not in _TYPES or record.value is None:
            return []
        event = decode_overlap_event(record.value)
        told_before = self._in_topic.get((record.source.topic, event.overlap_id), 0)
        if event.revision <= told_before:
            return []
        self._in_topic[record.source.topic, event.overlap_id] = event.revision
        self.events += 1
        last = self.rows.get(event.overlap_id)
        row = row_told(
            event, restricted=record.source.topic == COORDINATION_RESTRICTED, detected_at=_detected_at(event, last)
        )
        if last is None or last.revision < row.revision:
            self.rows[event.overlap_id] = row
        return [(row, record.value)]


def _detected_at(event: OverlapEvent, last: OverlapRow | None) -> datetime:
    return event.recorded_at if event.type is OverlapEventType.DETECTED or last is None else last.detected_at


def version_row(row: OverlapRow, event: bytes) -> Row:
    """Make the row of `overlap_versions` of what was told."""
    return (
        row.overlap_id,
        row.revision,
        row.state,
        row.kind,
        row.first_organisation,
        row.second_organisation,
        row.restricted,
        row.detected_at,
        row.changed_at,
        event,
    )


VERSION_COLUMNS = (
    "overlap_id",
    "revision",
    "state",
    "kind",
    "first_organisation",
    "second_organisation",
    "restricted",
    "detected_at",
    "recorded_at",
    "event",
)
