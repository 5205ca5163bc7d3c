"""Bring back what topic `areas` says where the database has lost it: areas, agreements and moratoria.

Their tables are not made anew beside the live ones: every revision is a row that never changes, and reading them again
adds what is missing and nothing else.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from meekoppel_contracts.areas import MoratoriumEvent
from meekoppel_contracts.topics import AREAS
from meekoppel_hub.coordination.derivation import recall
from meekoppel_hub.coordination.places import PlaceChange, decode_place
from meekoppel_hub.coordination.rebuilding.position import records_of, store_position
from meekoppel_hub.coordination.rules_change import take_over
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.places import agreements, areas, moratorium_versions
from meekoppel_hub.platform.errors import PoisonRecord
from meekoppel_hub.platform.stream.bulk import whole_log

_CAUSE = "the view is made again from the log"


def bring_back_what_was_agreed(database: Database, bootstrap: str, crs: int, now: datetime, *, is_lost: bool) -> int:
    """Read topic `areas` from its beginning, and add what the tables lack.

    Args:
        database: of the hub.
        bootstrap: Kafka, `host:port,…`.
        crs: EPSG number of the hub's CRS.
        now: the moment at which rules are taken.
        is_lost: whether coordination has never read the topic into this database; it then goes on behind it.

    Returns:
        How many revisions were added.
    """
    log = whole_log(bootstrap, [AREAS])
    changes: list[PlaceChange] = []
    for record in records_of(bootstrap, log):
        try:
            changes.append(decode_place(record, crs))
        except PoisonRecord:  # coordination has set it aside, or does so when it comes to it
            is_lost = False
    before = _count(database)
    with database.begin() as connection:
        if changes:
            take_over(connection, changes, _CAUSE, now)
            recall(connection, [change.event for change in changes if isinstance(change.event, MoratoriumEvent)])
        if is_lost:
            store_position(connection, log.end, now)
    return _count(database) - before


def _count(database: Database) -> int:
    with database.read() as connection:
        counts = (select(func.count()).select_from(table) for table in (areas, agreements, moratorium_versions))
        return sum(connection.scalar(count) or 0 for count in counts)
