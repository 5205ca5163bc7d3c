"""Fold what was logged in the meantime, by the very code of the daily fold, within a transaction that is open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection

from meekoppel_contracts.ids import OverlapId
from meekoppel_contracts.topics import AREAS
from meekoppel_hub.coordination.consume import Change, CoordinationProcessor
from meekoppel_hub.coordination.rebuilding.held_back import SERVICE
from meekoppel_hub.coordination.rules_state import lock_rules
from meekoppel_hub.platform.errors import PoisonRecord
from meekoppel_hub.platform.stream import outbox
from meekoppel_hub.platform.stream.parking import SetAside
from meekoppel_hub.platform.stream.records import LogRecord, Outgoing, PartitionId

_AT_ONCE = 1_000


@dataclass(slots=True)
class _Unit:
    """The transaction as the processor sees it.

    What it publishes of pairs is only noted: it may have been told already. Of a moratorium that follows from a plan
    the processor itself knows what it said: such a message is a new one, and goes out.
    """

    connection: Connection
    sources: frozenset[PartitionId] = frozenset()
    messages: list[Outgoing] = field(default_factory=list)

    def publish(self, message: Outgoing, source: PartitionId) -> None:
        """Note a message."""
        if message.topic == AREAS:
            outbox.put(self.connection, SERVICE, [(source.lane, message)])
        else:
            self.messages.append(message)


@dataclass(slots=True)
class _Scope:
    """A scope of which both transactions are the one that is open."""

    unit: _Unit

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Give the open transaction."""
        yield self.unit.connection

    @contextmanager
    def commit(self) -> Iterator[_Unit]:
        """Give the open transaction."""
        yield self.unit


@dataclass(slots=True)
class Folded:
    """What came of the records.

    Attributes:
        records: how many were folded.
        touched: the pairs of which something changed.
        poison: those that can never be handled.
    """

    records: int = 0
    touched: set[OverlapId] = field(default_factory=set)
    poison: list[SetAside] = field(default_factory=list)

    def add(self, other: Folded) -> None:
        """Add what came of more."""
        self.records += other.records
        self.touched |= other.touched
        self.poison += other.poison


def fold_records(connection: Connection, processor: CoordinationProcessor, records: Sequence[LogRecord]) -> Folded:
    """Fold records in order, and match their plans.

    Args:
        connection: where plain names of tables mean those that are to be changed.
        processor: of coordination.
        records: of the log of plans.
    """
    folded = Folded()
    unit = _Unit(connection)
    lock_rules(connection, shared=True)  # before the place in the order of commits, which storing takes
    for begin in range(0, len(records), _AT_ONCE):
        items: list[Change] = []
        some = records[begin : begin + _AT_ONCE]
        decoded = []
        for record in some:
            try:
                items.append(processor.decode(record))
                decoded.append(record)
            except PoisonRecord as poison:
                folded.poison.append(SetAside(record, poison.reason, poison.detail))
        _apply(unit, processor, items, decoded, folded)
    folded.touched |= {OverlapId(message.event_id.rpartition("/")[0]) for message in unit.messages}
    return folded


def _apply(
    unit: _Unit,
    processor: CoordinationProcessor,
    items: Sequence[Change],
    records: Sequence[LogRecord],
    folded: Folded,
) -> None:
    """Apply all at once; where one of them is poison, one by one."""
    if not items:
        return
    try:
        with unit.connection.begin_nested():
            processor.apply(items, _Scope(unit))
        folded.records += len(items)
    except PoisonRecord as poison:
        if len(items) == 1:
            folded.poison.append(SetAside(records[0], poison.reason, poison.detail))
            return
        for item, record in zip(items, records, strict=True):
            _apply(unit, processor, [item], [record], folded)
