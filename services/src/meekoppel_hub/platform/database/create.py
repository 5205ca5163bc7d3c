"""Make the tables, in an empty database or beside what is there."""

from __future__ import annotations

from sqlalchemy import text

from meekoppel_hub.platform.database.engine import Database
from meekoppel_hub.platform.database.tables import ALL_OWNERS
from meekoppel_hub.platform.database.tables.base import metadata

# One number for the whole scheme. Two workers that start together make the tables one after the other.
CREATE_LOCK = 7_364_001


def create_tables(database: Database, crs: int) -> None:
    """Make what is missing: tables, the spatial indexes of the dialect, and the note of the view's CRS.

    Args:
        database: where.
        crs: EPSG number of the hub's CRS; a view that was made for another is refused.

    Raises:
        SettingsError: when the view was made for another CRS.
    """
    with database.begin() as connection:
        if database.dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": CREATE_LOCK})
            connection.execute(text("CREATE EXTENSION IF NOT EXISTS postgis"))
        metadata.create_all(connection)
        for owner in ALL_OWNERS:
            owner(connection, crs)
