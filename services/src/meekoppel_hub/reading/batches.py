"""All that a viewer may see, batch by batch, each read in a transaction of its own: a long export holds none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from meekoppel_hub.platform.database import Database
from meekoppel_hub.reading.access import Viewer
from meekoppel_hub.reading.overlaps import OverlapFilter, overlaps_query, read_overlaps
from meekoppel_hub.reading.plans import PlanFilter, plans_query, read_plans
from meekoppel_hub.reading.sight import WholeSight
from meekoppel_hub.reading.stored import StoredPlan

_ROWS_AT_ONCE = 1000


def plan_batches(
    database: Database, viewer: Viewer, wanted: PlanFilter, now: datetime, *, withdrawn: bool = False
) -> Iterator[list[StoredPlan]]:
    """Give the plans that are shared now and that the viewer may see, by plan id; each once, as it is when it is read.

    Args:
        database: of the view.
        viewer: who asks.
        wanted: what is asked for.
        now: the time.
        withdrawn: whether those come too that the viewer saw until they were withdrawn. That they are gone may be told,
            and why; what stands in them is for their owner.

    Raises:
        TransientError: when the database is away.
    """
    after: str | None = None
    with database.read() as connection:
        query = plans_query(connection, viewer, wanted, withdrawn=withdrawn)
    while True:
        with database.read() as connection:
            rows = read_plans(connection, viewer, wanted, query, after, now, _ROWS_AT_ONCE)
        if rows.seen:
            yield rows.seen
        if rows.last is None:
            return
        after = rows.last


def overlap_batches(
    database: Database, viewer: Viewer, wanted: OverlapFilter, now: datetime
) -> Iterator[list[WholeSight]]:
    """Give the pairs of which the viewer may see something, by id; each once, as it is when it is read.

    Raises:
        TransientError: when the database is away.
    """
    after: str | None = None
    with database.read() as connection:
        query = overlaps_query(connection, viewer, wanted)
    while True:
        with database.read() as connection:
            rows = read_overlaps(connection, viewer, wanted, query, after, now, _ROWS_AT_ONCE, whole=True)
        if rows.seen:
            yield rows.seen
        if rows.last is None:
            return
        after = rows.last
