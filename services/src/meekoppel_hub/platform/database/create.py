"""Make the tables, in an empty database or beside what is there."""

from __future__ import annotations

from sqlalchemy import text

from meekoppel_hub.platform.data_folder import check_format
from meekoppel_hub.platform.database.engine import Database, open_database
from meekoppel_hub.platform.database.tables import ALL_OWNERS
from meekoppel_hub.platform.database.tables.base import metadata
from meekoppel_hub.platform.database.view_state import (
    SCHEME,
    SCHEME_SETTING,
    refuse_other_scheme,
    scheme,
    write_setting,
)
from meekoppel_hub.platform.errors import SettingsError, TransientError
from meekoppel_hub.platform.settings import HubSettings

# One number for the whole scheme. Two workers that start together make the tables one after the other.
CREATE_LOCK = 7_364_001


def create_tables(database: Database, crs: int, *, any_scheme: bool = False) -> None:
    """Make what is missing: tables, the spatial indexes of the dialect, and the note of the view's CRS.

    Args:
        database: where.
        crs: EPSG number of the hub's CRS; a view that was made for another is refused.
        any_scheme: whether tables of an older scheme are let be, for whoever makes the view anew.

    Raises:
        SettingsError: when the view was made for another CRS, or its tables follow another scheme.
    """
    with database.begin() as connection:
        if database.dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": CREATE_LOCK})
            connection.execute(text("CREATE EXTENSION IF NOT EXISTS postgis"))
        found = scheme(connection)
        if not any_scheme:
            refuse_other_scheme(found)
        metadata.create_all(connection)
        if found is None:
            write_setting(connection, SCHEME_SETTING, str(SCHEME))
        if found in {None, SCHEME}:
            for owner in ALL_OWNERS:
                owner(connection, crs)


def open_view(settings: HubSettings, *, any_scheme: bool = False) -> Database:
    """Open the hub's database and make what is missing in it.

    Args:
        settings: which database.
        any_scheme: whether tables of an older scheme are let be, for whoever makes the view anew.

    Raises:
        SettingsError: when it cannot be had: the server does not answer, the folder cannot be written, it was
            written by a newer version or for another CRS, or its tables follow another scheme.
    """
    if not settings.database_url:
        check_format(settings.data_folder)
    try:
        database = open_database(settings.sqlalchemy_url())
    except OSError as error:
        raise SettingsError(
            f"the data folder {settings.data_folder} cannot be used ({error.strerror}): "
            "set MEEKOPPEL_DATA_FOLDER to a folder that can"
        ) from error
    try:
        create_tables(database, settings.crs, any_scheme=any_scheme)
    except TransientError as error:
        database.close()
        raise SettingsError(f"{' '.join(str(error).split())}; see to MEEKOPPEL_DATABASE_URL") from error
    except BaseException:
        database.close()
        raise
    return database
