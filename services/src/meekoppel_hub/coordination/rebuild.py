"""Match a whole view from nothing: the proof that what was found step by step is what is there.

It shares with the daily work the rules (`matching`) and nothing else: plans are read from their events, candidates
come from a search of their own (`near`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, select

from meekoppel_contracts.codec import decode_plan_event
from meekoppel_contracts.events import PlanEvent
from meekoppel_hub.coordination.facts import facts_of
from meekoppel_hub.coordination.matching import match_from_nothing, meetings
from meekoppel_hub.coordination.meeting import Meeting
from meekoppel_hub.coordination.plan_table import plan_table
from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.coordination.threads import Threads
from meekoppel_hub.coordination.zone_periods import periods_of
from meekoppel_hub.coordination.zones import ZoneTable, zone_table
from meekoppel_hub.platform.database.tables.view import NEWEST, plan_versions


def match_all(connection: Connection, rulebook: Rulebook) -> list[Meeting]:
    """Find how all plans of the view meet, whatever its overlaps say.

    Args:
        connection: a reading transaction.
        rulebook: the rules.

    Returns:
        The meetings, ordered by their two plan ids.
    """
    return match_events(_stored_events(connection), rulebook)


def match_events(events: Iterable[PlanEvent], rulebook: Rulebook) -> list[Meeting]:
    """Find how plans meet, each given by its newest event."""
    ordered = sorted(events, key=lambda event: event.plan.plan_id)
    zones = _zone_table(ordered)
    plans = [facts_of(event) for event in ordered]
    return meetings(plans, match_from_nothing(plan_table(plans), zones, rulebook, Threads()), rulebook)


def _stored_events(connection: Connection) -> Iterator[PlanEvent]:
    for (framed,) in connection.execute(select(plan_versions.c.event).select_from(NEWEST)):
        yield decode_plan_event(bytes(framed))


def _zone_table(events: list[PlanEvent]) -> ZoneTable:
    return zone_table(
        [
            (index, zone.role.value, zone.geometry, zone.buffer_m, periods_of(zone, event.plan))
            for index, event in enumerate(events)
            for zone in event.plan.zones
        ]
    )
