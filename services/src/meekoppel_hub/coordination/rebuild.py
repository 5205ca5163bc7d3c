"""Match a whole view from nothing: the proof that what was found step by step is what is there.

It shares with the daily work the rules (`matching`) and nothing else: plans are read from their events, candidates
come from a search of their own (`near`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, and_, select

from meekoppel_contracts.areas import MoratoriumEvent
from meekoppel_contracts.codec import decode_moratorium_event, decode_plan_event
from meekoppel_contracts.events import PlanEvent
from meekoppel_hub.coordination.facts import facts_of, facts_of_moratorium
from meekoppel_hub.coordination.matching import match_from_nothing, meetings
from meekoppel_hub.coordination.meeting import Meeting
from meekoppel_hub.coordination.plan_table import plan_table
from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.coordination.threads import Threads
from meekoppel_hub.coordination.zone_periods import periods_of
from meekoppel_hub.coordination.zones import MORATORIUM_ROLE, Periods, zone_table
from meekoppel_hub.platform.database.tables.places import moratoria as moratoria_table
from meekoppel_hub.platform.database.tables.places import moratorium_versions
from meekoppel_hub.platform.database.tables.view import NEWEST, plan_versions

Zone = tuple[str, bytes, float, Periods | None]


def match_all(connection: Connection, rulebook: Rulebook) -> list[Meeting]:
    """Find how all plans of the view meet, and which moratoria they break, whatever its overlaps say.

    Args:
        connection: a reading transaction.
        rulebook: the rules.

    Returns:
        The meetings, ordered by their two ids.
    """
    return match_events(_stored_events(connection), rulebook, stored_moratoria(connection))


def match_events(
    events: Iterable[PlanEvent], rulebook: Rulebook, moratoria: Iterable[MoratoriumEvent] = ()
) -> list[Meeting]:
    """Find how plans meet, each given by its newest event, and which moratoria they break."""
    taking_part = [(facts_of(event), _zones(event)) for event in events]
    taking_part += [(facts_of_moratorium(event), resting_zones(event)) for event in moratoria]
    taking_part.sort(key=lambda one: one[0].plan_id)
    plans = [facts for facts, _ in taking_part]
    zones = zone_table([(index, *zone) for index, (_, zones) in enumerate(taking_part) for zone in zones])
    return meetings(plans, match_from_nothing(plan_table(plans), zones, rulebook, Threads()), rulebook)


def _stored_events(connection: Connection) -> Iterator[PlanEvent]:
    for (framed,) in connection.execute(select(plan_versions.c.event).select_from(NEWEST)):
        yield decode_plan_event(bytes(framed))


def stored_moratoria(connection: Connection) -> Iterator[MoratoriumEvent]:
    """Read the moratoria of the view, each as its newest event."""
    newest = and_(
        moratorium_versions.c.moratorium_id == moratoria_table.c.moratorium_id,
        moratorium_versions.c.revision == moratoria_table.c.revision,
    )
    for (framed,) in connection.execute(
        select(moratorium_versions.c.event).select_from(moratorium_versions.join(moratoria_table, newest))
    ):
        yield decode_moratorium_event(bytes(framed))


def _zones(event: PlanEvent) -> list[Zone]:
    return [(zone.role.value, zone.geometry, zone.buffer_m, periods_of(zone, event.plan)) for zone in event.plan.zones]


def resting_zones(event: MoratoriumEvent) -> list[Zone]:
    """Give the zone of a moratorium, as it takes part in matching."""
    return [(MORATORIUM_ROLE, event.geometry, 0.0, None)]
