"""What tests of all distributions share: a real broker, both stores, fresh names.

A test that asks for `kafka_bootstrap` or `postgis_url` gets the marker of the same name by itself.
"""

from __future__ import annotations

import os
import shutil
import uuid
import warnings
from collections.abc import Awaitable, Callable, Generator, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import make_url

from meekoppel_contracts.ids import OrgCode
from meekoppel_contracts.ids import org_code as check_org_code
from meekoppel_contracts.topics import TopicSpec
from meekoppel_hub.platform.database import Database, open_database
from meekoppel_hub.platform.database.create import create_tables
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.kafka import ensure_topics, start_kafka
from meekoppel_hub.platform.postgres import find_postgres, start_postgres
from tests.foreign import apicurio_url, avrocat, empty_apicurio_url, kcat, node
from tests.parts import give_up, not_run
from tests.passing import new_database, passing_folder

__all__ = ["apicurio_url", "avrocat", "empty_apicurio_url", "kcat", "node"]  # fixtures for all tests

CRS = 28992
MARKER_BY_FIXTURE = {
    "kafka_bootstrap": "kafka",
    "postgis_url": "postgis",
    **dict.fromkeys(("node", "kcat", "avrocat", "apicurio_url", "empty_apicurio_url"), "foreign"),
    **dict.fromkeys(("pygeoapi_url", "mapserver_url"), "foreign"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for fixture, marker in MARKER_BY_FIXTURE.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(marker)


@pytest.hookimpl(wrapper=True, tryfirst=True)  # outermost, so that the line comes after the list of skipped tests
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
    yield
    # From the reports: the tests may run in several processes, and this is the one that collects.
    for reason in not_run(terminalreporter.stats.get("skipped", [])):
        terminalreporter.write_line(reason, yellow=True, bold=True)


@pytest.fixture(scope="session")
def kafka_bootstrap() -> Iterator[str]:
    """`host:port` of a real broker: an existing cluster, else a container, else the local launcher."""
    existing = os.environ.get("MEEKOPPEL_KAFKA_BOOTSTRAP")
    if existing:
        yield existing
        return
    with ExitStack() as running:
        yield kafka_in_container(running) or local_kafka(running)


def kafka_in_container(running: ExitStack) -> str | None:
    """Start a broker in a container; None when no Docker engine answers or it cannot run one."""
    if not has_docker():
        return None
    from testcontainers.community.kafka import KafkaContainer

    container = KafkaContainer().with_kraft().with_env("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false")
    try:
        bootstrap: str = running.enter_context(container).get_bootstrap_server()
    except Exception as error:  # an engine without network or room fails in many ways; the launcher is left
        warnings.warn(f"no Kafka in a container: {error}", stacklevel=1)
        return None
    return bootstrap


def local_kafka(running: ExitStack) -> str:
    folder = running.enter_context(passing_folder())
    try:
        return running.enter_context(start_kafka(folder)).bootstrap
    except SettingsError as error:
        pytest.fail(f"no Kafka broker for the tests: {error}", pytrace=False)


@pytest.fixture(scope="session")
def postgis_url() -> Iterator[str]:
    """URL of a PostgreSQL with PostGIS in which databases may be made: given, else local, else a container."""
    given = os.environ.get("MEEKOPPEL_TEST_DATABASE_URL") or os.environ.get("MEEKOPPEL_DATABASE_URL")
    if given:
        yield given
        return
    with ExitStack() as running:
        try:
            url = local_postgis(running)
        except SettingsError as error:
            url = postgis_in_container(running) or give_up("PostGIS", str(error))
        yield url


def local_postgis(running: ExitStack) -> str:
    find_postgres()
    folder = running.enter_context(passing_folder())
    return running.enter_context(start_postgres(folder, durable=False)).url


def postgis_in_container(running: ExitStack) -> str | None:
    """Start PostgreSQL with PostGIS in a container; None when no Docker engine answers or it cannot run one."""
    if not has_docker():
        return None
    from testcontainers.community.postgres import PostgresContainer

    container = PostgresContainer("postgis/postgis:16-3.4", driver="psycopg")
    try:
        url: str = running.enter_context(container).get_connection_url()
    except Exception as error:  # as for Kafka
        warnings.warn(f"no PostGIS in a container: {error}", stacklevel=1)
        return None
    return url


@pytest.fixture(scope="session")
def postgis_template(postgis_url: str) -> Iterator[str]:
    """Name of a database with PostGIS and all tables, from which the database of each test is copied."""
    with new_database(postgis_url, "template") as url:
        database = open_database(url)
        create_tables(database, CRS)
        database.close()
        yield str(make_url(url).database)


@pytest.fixture
def postgis_database(postgis_url: str, postgis_template: str) -> Iterator[Database]:
    """A fresh database with PostGIS and all tables."""
    with new_database(postgis_url, "test", template=postgis_template) as url:
        database = open_database(url)
        yield database
        database.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables, from which the database of each test is copied."""
    file = tmp_path_factory.mktemp("template") / "view.db"
    database = open_database(f"sqlite:///{file}")
    create_tables(database, CRS)
    database.close()
    return file


@pytest.fixture
def sqlite_database(tmp_path: Path, sqlite_template: Path) -> Iterator[Database]:
    """A fresh SQLite file with all tables."""
    database = open_database(f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'view.db')}")
    yield database
    database.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgis)])
def database(request: pytest.FixtureRequest) -> Database:
    """A fresh database with all tables, once for each store."""
    name = "sqlite_database" if request.param == "sqlite" else "postgis_database"
    chosen: Database = request.getfixturevalue(name)
    return chosen


@pytest.fixture
def org_code() -> OrgCode:
    """An organisation code that no other test uses, so that tests may share a broker."""
    return check_org_code(f"org-{uuid.uuid4().hex[:12]}")


@pytest.fixture(scope="session")
def create_topics() -> Callable[[str, Sequence[TopicSpec]], Awaitable[None]]:
    """`await create_topics(bootstrap, specs)`: make topics and wait until they can be used."""
    return ensure_topics


def has_docker() -> bool:
    """Tell whether a Docker engine answers."""
    try:
        import docker
    except ImportError:
        return False
    try:
        return bool(docker.from_env(timeout=3).ping())
    except (OSError, docker.errors.DockerException):
        return False
