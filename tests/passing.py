"""Folders and databases that go when they are no longer needed: for tests, the trial and the benchmarks."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from meekoppel_hub.platform.postgres import start_postgres

STORES = ("sqlite", "postgis")


@contextmanager
def passing_folder() -> Iterator[Path]:
    """A folder for a server, which the user `postgres` may enter; pytest's own belong to root alone."""
    folder = Path(tempfile.mkdtemp(prefix="meekoppel-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def new_database(server: str, purpose: str, template: str = "template1") -> Iterator[str]:
    """Make a database on a server and drop it afterwards; gives its URL."""
    name = f"meekoppel_{purpose}_{uuid.uuid4().hex[:12]}"
    address = make_url(server).set(drivername="postgresql+psycopg")
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    try:
        yield address.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        engine.dispose()


@contextmanager
def passing_store(name: str) -> Iterator[tuple[Path, str]]:
    """One of the two stores: a folder, and the URL of the view's database; empty for SQLite in that folder."""
    with passing_folder() as folder:
        if name == "sqlite":
            yield folder, ""
            return
        with start_postgres(folder) as server:
            yield folder, server.url
