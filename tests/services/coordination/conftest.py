"""A view on each store, and a way to give it plan events without Kafka."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from meekoppel_contracts.codec import decode_overlap_event
from meekoppel_contracts.events import OverlapEvent, PlanEvent
from meekoppel_contracts.topics import AREAS
from meekoppel_hub.coordination.consume import CoordinationProcessor
from meekoppel_hub.coordination.digest import ViewDigest, view_digest
from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.platform.agreements import Agreement
from meekoppel_hub.platform.clock import Clock
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.view import overlaps
from meekoppel_hub.platform.stream.records import Outgoing
from meekoppel_hub.testing.place_events import place_record
from meekoppel_hub.testing.plan_events import CRS, log_record
from meekoppel_hub.testing.scope import DirectScope

NOW = datetime(2027, 1, 1, tzinfo=UTC)


@dataclass
class View:
    """A view that takes plan events in batches, and remembers what it published."""

    database: Database
    agreement: Agreement | None = None
    published: list[Outgoing] = field(default_factory=list)
    clock: Clock = lambda: NOW

    def __post_init__(self) -> None:
        fixed = None if self.agreement is None else Rulebook.everywhere(self.agreement)
        self.processor = CoordinationProcessor(CRS, lambda: self.clock(), fixed)
        self.follower = self.processor.follower

    def take(self, *events: PlanEvent) -> list[tuple[str, OverlapEvent]]:
        """Handle one batch; give the topics and events that came of it."""
        return self.apply([self.decoded(event, n) for n, event in enumerate(events)])

    def decoded(self, event: PlanEvent, offset: int = 0) -> Any:
        return self.processor.decode(log_record(event, offset=offset))

    def apply(self, items: Sequence[Any], scope: DirectScope | None = None) -> list[tuple[str, OverlapEvent]]:
        scope = scope or DirectScope(self.database)
        self.processor.apply(items, scope)
        self.published.extend(scope.published)
        return [
            (message.topic, decode_overlap_event(message.value))
            for message in scope.published
            if message.topic != AREAS
        ]

    def place(self, *events: Any) -> list[tuple[str, OverlapEvent]]:
        """Handle a batch of topic `areas`."""
        return self.apply([self.processor.decode(place_record(event, offset=n)) for n, event in enumerate(events)])

    def work_besides(self) -> list[tuple[str, OverlapEvent]]:
        """Do all work besides the log; give what came of it."""
        scope = DirectScope(self.database)
        while self.processor.work_besides(scope):
            pass
        self.published.extend(scope.published)
        return [(message.topic, decode_overlap_event(message.value)) for message in scope.published]

    def pairs(self) -> list[Any]:
        with self.database.read() as connection:
            return list(connection.execute(select(overlaps).order_by(overlaps.c.overlap_id)))

    def digest(self) -> ViewDigest:
        with self.database.read() as connection:
            return view_digest(connection)


@pytest.fixture
def view(database: Database) -> View:
    return View(database)


@pytest.fixture
def make_view() -> type[View]:
    """For tests that need their own agreement, or several workers on one database."""
    return View
