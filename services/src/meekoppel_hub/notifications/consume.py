"""Notifications' work on the log: for each change, who is affected, stored together with the offset."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from meekoppel_hub.notifications.affected import Affected
from meekoppel_hub.notifications.changes import TOPICS, Change, PassedOver, PlanChange, read_change
from meekoppel_hub.notifications.departures import known_presences, plans_that_moved, with_departures
from meekoppel_hub.notifications.message import message_for
from meekoppel_hub.notifications.metrics import PASSED_OVER, QUEUED
from meekoppel_hub.notifications.queue import PartyBook, queue_messages
from meekoppel_hub.platform.clock import Clock, utc_now
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.stream.processor import BatchScope
from meekoppel_hub.platform.stream.records import LogRecord
from meekoppel_hub.reading.collaborations import collaboration_members

__all__ = ["TOPICS", "NotificationsProcessor", "hub_source"]


def hub_source(namespace: str) -> str:
    """Give the CloudEvents source of what a hub itself says: `urn:meekoppel:hub:<namespace>`."""
    return f"urn:meekoppel:hub:{namespace}"


class NotificationsProcessor:
    """Turns changes of plans and overlaps into deliveries (a `Processor`); consumes the topics in `TOPICS`.

    The same change handled again gives nothing new: a delivery's key follows from subscription and event.
    """

    def __init__(
        self, database: Database, namespace: str, clock: Clock = utc_now, on_queued: Callable[[], None] | None = None
    ) -> None:
        """Keep what is needed; `on_queued` is called after each commit that stored something to be sent."""
        self._database = database
        self._parties = PartyBook(database)
        self._source = hub_source(namespace)
        self._clock = clock
        self._on_queued = on_queued

    def decode(self, record: LogRecord) -> Change | PassedOver:
        """Decode one record.

        Raises:
            PoisonRecord: when it can never be handled.
        """
        return read_change(record)

    def apply(self, items: Sequence[Change | PassedOver], scope: BatchScope) -> None:
        """Store what each affected subscription is to be told."""
        changes = [item for item in items if not isinstance(item, PassedOver)]
        messages = [message_for(each, self._source) for each in self._affected(changes)] if changes else []
        with scope.commit() as unit:
            queue_messages(unit.connection, messages, self._clock())
        for item in items:
            if isinstance(item, PassedOver):
                PASSED_OVER.labels(item.contract).inc()
        if messages:
            QUEUED.inc(len(messages))
            if self._on_queued is not None:
                self._on_queued()

    def _with_members(self, changes: Sequence[Change]) -> Sequence[Change]:
        """Find out who is in the collaborations with which restricted plans are shared."""
        if not any(isinstance(change, PlanChange) and change.collaborations for change in changes):
            return changes
        with self._database.read() as connection:
            members = collaboration_members(connection, self._clock())
        return [
            replace(change, members=frozenset().union(*(members.get(one, ()) for one in change.collaborations)))
            if isinstance(change, PlanChange) and change.collaborations
            else change
            for change in changes
        ]

    def _affected(self, changes: Sequence[Change]) -> Sequence[Affected]:
        changes = self._with_members(changes)
        parties = self._parties.current()
        affected = parties.affected_by(changes)
        moved = plans_that_moved(changes)
        if not moved:
            return affected
        with self._database.read() as connection:
            present = known_presences(connection, moved)
        return with_departures(changes, affected, present, parties)
