"""A local PostgreSQL on a folder: PostGIS, what it keeps, how it ends."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from sqlalchemy import text

from meekoppel_hub.platform.database import open_database
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.postgres import LocalPostgres, find_postgres, programs, start_postgres

pytestmark = pytest.mark.postgis


@pytest.fixture
def folder(postgis_url: str) -> Iterator[Path]:
    """A folder that the user `postgres` may enter, where PostgreSQL is installed; else the test is not run."""
    try:
        find_postgres()
    except SettingsError as error:
        pytest.skip(f"PostGIS part NOT RUN: {error}")
    made = Path(tempfile.mkdtemp(prefix="meekoppel-postgres-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def run(server: LocalPostgres, statement: str) -> object:
    database = open_database(server.url)
    try:
        with database.begin() as connection:
            result = connection.execute(text(statement))
            return result.scalar() if result.returns_rows else None
    finally:
        database.close()


def test_it_has_postgis_and_keeps_what_was_stored(folder: Path) -> None:
    with start_postgres(folder) as first:
        assert str(run(first, "SELECT postgis_lib_version()")).startswith("3.")
        run(first, "CREATE TABLE kept AS SELECT 7 AS number")
    with start_postgres(folder) as again:
        assert run(again, "SELECT number FROM kept") == 7
        assert run(again, "SHOW fsync") == "on"


def test_stopping_leaves_no_process_even_with_a_client_connected(folder: Path) -> None:
    server = start_postgres(folder, durable=False)
    client = psycopg.connect(server.url.replace("+psycopg", ""))

    server.stop()

    client.close()
    commands = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    assert not [command for command in commands if str(folder) in command]
    assert "database system is shut down" in (folder / "postgres.log").read_text()


def test_its_owner_needs_the_password(folder: Path) -> None:
    with start_postgres(folder, durable=False) as server:
        port = server.url.rsplit(":", 1)[1].split("/")[0]
        stranger = open_database(f"postgresql://meekoppel:guess@127.0.0.1:{port}/meekoppel")
        with pytest.raises(Exception, match="password authentication failed"), stranger.read():
            pass
        stranger.close()
    assert (folder / "postgres.password").stat().st_mode & 0o077 == 0


def test_no_server_is_refused_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(programs, "_PLACES", ())

    with pytest.raises(SettingsError, match=r"no PostgreSQL server is installed: .*install-postgis\.sh"):
        find_postgres()
