"""Match a whole view from nothing: the proof that what was found step by step is what is there.

It shares with the daily work the rules (`matching`) and nothing else: plans are read from their events, candidates
come from a tree in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import shapely
from sqlalchemy import Connection, select

from meekoppel_contracts.codec import decode_plan_event
from meekoppel_contracts.events import PlanEvent
from meekoppel_hub.coordination.facts import facts_of
from meekoppel_hub.coordination.matching import Meeting, match
from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.coordination.zone_periods import periods_of
from meekoppel_hub.coordination.zones import (
    MATCHED_ROLES,
    Floats,
    Geometries,
    Indexes,
    ZoneTable,
    boxes,
    zone_table,
)
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
    return match([facts_of(event) for event in ordered], zones, _near(zones, rulebook.reach_m), rulebook)


def _stored_events(connection: Connection) -> Iterator[PlanEvent]:
    for (framed,) in connection.execute(select(plan_versions.c.event).select_from(NEWEST)):
        yield decode_plan_event(bytes(framed))


def _zone_table(events: list[PlanEvent]) -> ZoneTable:
    return zone_table(
        [
            (index, zone.role.value, zone.geometry, zone.buffer_m, periods_of(zone, event.plan))
            for index, event in enumerate(events)
            for zone in event.plan.zones
            if zone.role.value in MATCHED_ROLES
        ]
    )


def _near(zones: ZoneTable, reach_m: float) -> tuple[Indexes, Indexes]:
    """Find the pairs of zones whose widened boxes lie within the reach."""
    bounds = boxes(zones.shapes, zones.buffer_m)
    tree = shapely.STRtree(_rectangles(bounds))
    left, right = tree.query(_rectangles(bounds + np.array([-reach_m, -reach_m, reach_m, reach_m])))
    return left.astype(np.int64), right.astype(np.int64)


def _rectangles(bounds: Floats) -> Geometries:
    return np.asarray(shapely.box(bounds[:, 0], bounds[:, 1], bounds[:, 2], bounds[:, 3]), dtype=object)
