import pytest
from sqlalchemy import text

from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.create import create_tables
from meekoppel_hub.platform.database.view_state import SCHEME, SCHEME_SETTING, generation, scheme, write_setting
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.testing.plan_events import CRS


def note(database: Database, value: str | None) -> None:
    with database.begin() as connection:
        write_setting(connection, SCHEME_SETTING, value)


def test_a_new_view_notes_its_scheme(database: Database) -> None:
    with database.read() as connection:
        assert scheme(connection) == SCHEME
        assert generation(connection) == 0


def test_a_view_of_an_older_scheme_is_refused_and_the_way_is_named(database: Database) -> None:
    note(database, None)  # as the first scheme, which did not note itself
    with pytest.raises(SettingsError, match=r"older scheme 1.*meekoppel view rebuild"):
        create_tables(database, CRS)


def test_whoever_makes_the_view_anew_may_open_an_older_one(database: Database) -> None:
    note(database, None)
    create_tables(database, CRS, any_scheme=True)
    with database.read() as connection:
        assert scheme(connection) == 1


def test_a_view_of_a_newer_scheme_asks_for_an_upgrade(database: Database) -> None:
    note(database, str(SCHEME + 1))
    with pytest.raises(SettingsError, match="upgrade"):
        create_tables(database, CRS)


def test_a_database_of_another_program_is_no_view_of_an_older_scheme(database: Database) -> None:
    with database.begin() as connection:
        for table in ("overlaps", "plan_zones", "plan_versions", "plans"):
            connection.execute(text(f'DROP TABLE "{table}"'))
        assert scheme(connection) is None
