"""Fills the view through coordination itself, with plan events recorded at moments that the test chooses."""

from __future__ import annotations

from datetime import datetime

from meekoppel_contracts.events import PlanEvent
from meekoppel_hub.coordination.consume import CoordinationProcessor
from meekoppel_hub.platform.database import Database
from meekoppel_hub.testing.plan_events import CRS, log_record
from meekoppel_hub.testing.scope import DirectScope


class Recorded:
    """A view that takes events as recorded at a moment."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._now: datetime
        self._processor = CoordinationProcessor(CRS, clock=lambda: self._now)

    def at(self, moment: datetime, *events: PlanEvent) -> None:
        self._now = moment
        recorded = [event.model_copy(update={"recorded_at": moment}) for event in events]
        items = [self._processor.decode(log_record(event, offset=n)) for n, event in enumerate(recorded)]
        self._processor.apply(items, DirectScope(self._database))
