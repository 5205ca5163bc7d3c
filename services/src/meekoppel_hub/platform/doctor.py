"""Look at this machine and the settings: what is there, what is missing, how to get it. Changes nothing."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sqlalchemy import make_url, text
from sqlalchemy.exc import SQLAlchemyError

from meekoppel_hub.platform.data_folder import check_format
from meekoppel_hub.platform.database import open_database
from meekoppel_hub.platform.errors import HubError, SettingsError
from meekoppel_hub.platform.kafka.answers import ask_cluster
from meekoppel_hub.platform.kafka.jar_list import kafka_jars, kafka_version
from meekoppel_hub.platform.kafka.jars import has_jars, jar_folder
from meekoppel_hub.platform.kafka.java import find_java
from meekoppel_hub.platform.loopback import is_free
from meekoppel_hub.platform.postgres import find_postgres
from meekoppel_hub.platform.settings import HubSettings

_MEBIBYTE = 1024 * 1024
_LEAST_FREE_MIB = 1024


class State(StrEnum):
    """How something was found."""

    FOUND = "found"
    ATTENTION = "attention"  # the hub runs, but the user should know
    MISSING = "missing"  # the hub cannot run


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: of the thing.
        state: how it was found.
        detail: what was found, or what is wrong and what to do about it.
    """

    name: str
    state: State
    detail: str


def examine(settings: HubSettings) -> tuple[Finding, ...]:
    """Look at everything that a hub with these settings needs."""
    looks: tuple[Callable[[HubSettings], Finding], ...] = (
        _python,
        _java,
        _jars,
        _kafka,
        _data_folder,
        _database,
        _postgis,
        _api_port,
    )
    return tuple(look(settings) for look in looks)


def can_run(findings: tuple[Finding, ...]) -> bool:
    """Tell whether nothing essential is missing."""
    return all(finding.state is not State.MISSING for finding in findings)


def _python(_: HubSettings) -> Finding:
    return Finding("Python", State.FOUND, f"{platform.python_version()} at {sys.executable}")


def _java(settings: HubSettings) -> Finding:
    try:
        java = find_java()
    except SettingsError as error:
        state = State.ATTENTION if settings.kafka_bootstrap else State.MISSING
        return Finding("Java", state, str(error))
    return Finding("Java", State.FOUND, f"{java.version} at {java.executable} (from {java.origin})")


def _jars(settings: HubSettings) -> Finding:
    name = "Kafka jars"
    if has_jars():
        return Finding(name, State.FOUND, f"Kafka {kafka_version()} in {jar_folder()}")
    if settings.kafka_bootstrap:
        return Finding(name, State.FOUND, "none here, and none needed: MEEKOPPEL_KAFKA_BOOTSTRAP names a cluster")
    size = sum(jar.size for jar in kafka_jars()) // _MEBIBYTE
    tool = "Maven" if shutil.which("mvn") else "jgo"
    return Finding(
        name,
        State.ATTENTION,
        f"Kafka {kafka_version()} is not in the cache yet: the first start fetches it ({size} MiB, with {tool}), "
        f"into {jar_folder()}; that once needs the network",
    )


def _kafka(settings: HubSettings) -> Finding:
    if not settings.kafka_bootstrap:
        if _java(settings).state is State.MISSING:
            return Finding("Kafka", State.MISSING, "none is given and, without Java, none can be started here")
        return Finding("Kafka", State.FOUND, "started here when needed; MEEKOPPEL_KAFKA_BOOTSTRAP would name a cluster")
    failures: list[str] = []
    for host, port in _addresses(settings.kafka_bootstrap):
        try:
            cluster = ask_cluster(host, port)
        except OSError as error:
            failures.append(f"{host}:{port} ({error})")
            continue
        return Finding("Kafka", State.FOUND, f"{len(cluster.brokers)} broker(s) at {settings.kafka_bootstrap}")
    return Finding(
        "Kafka",
        State.MISSING,
        f"no broker answers at {', '.join(failures) or settings.kafka_bootstrap}: start it, correct "
        "MEEKOPPEL_KAFKA_BOOTSTRAP, or leave that out to run Kafka here",
    )


def _addresses(bootstrap: str) -> Iterator[tuple[str, int]]:
    for address in bootstrap.split(","):
        host, _, port = address.strip().rpartition(":")
        if host and port.isdecimal():
            yield host.strip("[]"), int(port)


def _data_folder(settings: HubSettings) -> Finding:
    name = "data folder"
    path = settings.data_folder.absolute()
    try:
        check_format(path)
    except (SettingsError, OSError) as error:
        return Finding(name, State.MISSING, str(error))
    existing = next(folder for folder in (path, *path.parents) if folder.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        return Finding(name, State.MISSING, f"{path} cannot be written: set MEEKOPPEL_DATA_FOLDER to another folder")
    free = shutil.disk_usage(existing).free // _MEBIBYTE
    if free < _LEAST_FREE_MIB:
        return Finding(name, State.ATTENTION, f"{path} has only {free} MiB left: make room, history is kept for ever")
    return Finding(name, State.FOUND, f"{path}{'' if path.exists() else ' (to be made)'}, {free} MiB free")


def _database(settings: HubSettings) -> Finding:
    if not settings.database_url:
        return _sqlite(settings)
    try:
        shown = make_url(settings.database_url).render_as_string(hide_password=True)
        version = _ask_database(settings.database_url, "SHOW server_version")
    except (HubError, SQLAlchemyError) as error:
        return Finding("database", State.MISSING, f"{_first_line(error)}: start it or correct MEEKOPPEL_DATABASE_URL")
    return Finding("database", State.FOUND, f"PostgreSQL {version} at {shown}")


def _sqlite(settings: HubSettings) -> Finding:
    with sqlite3.connect(":memory:") as connection:
        try:
            connection.execute("CREATE VIRTUAL TABLE boxes USING rtree(id, low, high)")
        except sqlite3.OperationalError:
            return Finding(
                "database",
                State.MISSING,
                f"this Python's SQLite {sqlite3.sqlite_version} has no R*Tree: take another build of Python, "
                "or set MEEKOPPEL_DATABASE_URL to PostgreSQL with PostGIS",
            )
    where = Path(settings.sqlalchemy_url().removeprefix("sqlite:///"))
    return Finding("database", State.FOUND, f"SQLite {sqlite3.sqlite_version} with R*Tree, {where}")


def _postgis(settings: HubSettings) -> Finding:
    if settings.database_url.startswith("postgres"):
        return _postgis_of(settings.database_url)
    try:
        programs = find_postgres()
    except SettingsError as error:
        return Finding(
            "PostGIS", State.ATTENTION, f"not needed with SQLite, but its tests and trials will not run: {error}"
        )
    return Finding(
        "PostGIS", State.FOUND, f"for PostgreSQL {programs.version} in {programs.folder}; not used by SQLite"
    )


def _postgis_of(url: str) -> Finding:
    query = "SELECT default_version FROM pg_available_extensions WHERE name = 'postgis'"
    try:
        version = _ask_database(url, query)
    except (HubError, SQLAlchemyError):
        return Finding("PostGIS", State.MISSING, "cannot be looked for while the database does not answer")
    if version is None:
        return Finding("PostGIS", State.MISSING, "the database's server does not have it: install its PostGIS package")
    return Finding("PostGIS", State.FOUND, f"{version} in the database")


def _ask_database(url: str, query: str) -> str | None:
    database = open_database(url)
    try:
        with database.read() as connection:
            answer = connection.execute(text(query)).scalar()
            return None if answer is None else str(answer)
    finally:
        database.close()


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def _api_port(settings: HubSettings) -> Finding:
    if settings.api_port == 0:
        return Finding("API port", State.FOUND, "a free one is taken at each start")
    if is_free(settings.api_port, settings.api_host):
        return Finding("API port", State.FOUND, f"{settings.api_port} on {settings.api_host} is free")
    return Finding(
        "API port",
        State.ATTENTION,
        f"{settings.api_port} on {settings.api_host} is in use, by a hub that runs or by another program: "
        "set MEEKOPPEL_API_PORT to another, or to 0 for a free one",
    )
