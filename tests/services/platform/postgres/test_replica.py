"""Reading from a real standby: what is written goes to the primary, and what is shown comes from the copy."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from meekoppel_hub.platform.database import Database, open_database
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.postgres import LocalPostgres, find_postgres, start_postgres

pytestmark = pytest.mark.postgis


def copy(primary: LocalPostgres, folder: Path) -> None:
    """Copy a running server into a folder, as a standby of it (`pg_basebackup`)."""
    url = make_url(primary.url)
    data = folder / "postgres"
    data.mkdir(mode=0o700)
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(data, user)
    command = [str(find_postgres().folder / "pg_basebackup"), "--pgdata", str(data), "--write-recovery-conf"]
    command += ["--host", str(url.host), "--port", str(url.port), "--username", str(url.username), "--checkpoint=fast"]
    subprocess.run(command, check=True, user=user, cwd="/", env=os.environ | {"PGPASSWORD": str(url.password)})
    shutil.copy(folder.parent / "primary" / "postgres.password", folder / "postgres.password")


@pytest.fixture
def pair(postgis_url: str) -> Iterator[tuple[str, str]]:
    """A primary and a standby that follows it, where PostgreSQL is installed; else the test is not run."""
    try:
        find_postgres()
    except SettingsError as error:
        pytest.skip(f"PostGIS part NOT RUN: {error}")
    folder = Path(tempfile.mkdtemp(prefix="meekoppel-replica-"))
    for place in (folder, folder / "primary", folder / "standby"):
        place.mkdir(exist_ok=True)
        place.chmod(0o755)
    with start_postgres(folder / "primary") as primary:
        copy(primary, folder / "standby")
        with start_postgres(folder / "standby") as standby:
            yield primary.url, standby.url
    shutil.rmtree(folder)


def value(database: Database, statement: str) -> object:
    with database.read() as connection:
        return connection.execute(text(statement)).scalar()


def test_what_is_written_goes_to_the_primary_and_what_is_read_comes_from_the_replica(pair: tuple[str, str]) -> None:
    primary = open_database(pair[0])
    shown = primary.read_from(pair[1])
    try:
        with shown.begin() as connection:
            connection.execute(text("CREATE TABLE kept AS SELECT 7 AS number"))
        while not value(shown, "SELECT count(*) FROM pg_class WHERE relname = 'kept'"):
            time.sleep(0.01)
        assert value(shown, "SELECT number FROM kept") == 7
        assert value(shown, "SELECT pg_is_in_recovery()") is True
        assert value(primary, "SELECT pg_is_in_recovery()") is False
    finally:
        shown.close()


def test_a_replica_of_sqlite_is_refused(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'view.db'}")
    with pytest.raises(SettingsError, match="MEEKOPPEL_REPLICA_URL names a replica of PostgreSQL"):
        database.read_from("postgresql://hub@replica/hub")
    database.close()
