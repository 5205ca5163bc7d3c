"""The tables, one file per owner. A table is written by its owner alone; the API may read all.

`ALL_OWNERS` lists, for owners that need more than SQLAlchemy's `create_all`, a function that makes the rest
(`(connection, crs) -> None`, safe to call again).
"""

from collections.abc import Callable

from sqlalchemy import Connection

from meekoppel_hub.platform.database.tables import (
    consultation,
    intake,
    notifications,
    organisations,
    places,
    quality,
    stream,
    view,
    view_spatial,
)

ALL_OWNERS: tuple[Callable[[Connection, int], None], ...] = (view_spatial.add_spatial, places.add_rules)

__all__ = [
    "ALL_OWNERS",
    "consultation",
    "intake",
    "notifications",
    "organisations",
    "places",
    "quality",
    "stream",
    "view",
]
