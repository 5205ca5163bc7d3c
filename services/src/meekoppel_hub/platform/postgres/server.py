"""Start PostgreSQL as a child process on a free loopback port."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
import psycopg

from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.loopback import LOOPBACK, free_ports
from meekoppel_hub.platform.postgres.programs import PostgresPrograms, find_postgres
from meekoppel_hub.platform.processes import GuardedProcess

_ROLE = "meekoppel"
_DATABASE = "meekoppel"
_READY_SECONDS = 60.0
_ATTEMPTS = 3
_MOST_CACHE_MB = 2_048


class LocalPostgres:
    """A running local PostgreSQL; leave its `with` block, or call `stop`, to end it.

    Attributes:
        url: SQLAlchemy URL of its database `meekoppel`, which has PostGIS.
    """

    def __init__(self, url: str, process: GuardedProcess) -> None:
        self.url = url
        self._process = process

    @property
    def is_running(self) -> bool:
        """Tell whether the server runs."""
        return self._process.is_running

    def stop(self) -> None:
        """End the server, closing its connections."""
        self._process.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def start_postgres(folder: Path, *, durable: bool = True, port: int | None = None) -> LocalPostgres:
    """Start PostgreSQL on `<folder>/postgres`, making the database the first time.

    PostgreSQL refuses to run as root: root runs it as the user `postgres`, who must be able to enter the folder.

    Args:
        folder: where its files are kept.
        durable: False gives up surviving a power cut, for speed in tests.
        port: None takes a free one.

    Raises:
        SettingsError: when PostgreSQL or PostGIS is not installed or does not start; nothing runs then.
    """
    programs = find_postgres()
    user = _server_user()
    data = folder.absolute() / "postgres"
    data.mkdir(parents=True, exist_ok=True)
    if user:
        _give_to(user, data)
    password = _initialise(programs, data, user)
    for _ in range(_ATTEMPTS):
        chosen = port or free_ports(1)[0]
        process = _launch(programs, data, user, chosen, durable=durable)
        try:
            if _await_ready(process, data, chosen, password):
                _prepare_database(chosen, password)
                return LocalPostgres(
                    f"postgresql+psycopg://{_ROLE}:{password}@{LOOPBACK}:{chosen}/{_DATABASE}", process
                )
        except BaseException:
            process.stop()
            raise
    raise SettingsError(f"PostgreSQL did not start on {data}: {_last_line(_log(data))}")


def _server_user() -> str | None:
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        raise SettingsError(
            "PostgreSQL refuses to run as root and there is no user postgres: make that user, or do not work as root"
        ) from None


def _give_to(user: str, data: Path) -> None:
    shutil.chown(data, user)
    if subprocess.run(["test", "-w", str(data)], user=user, check=False).returncode:
        raise SettingsError(
            f"the user {user} cannot enter {data.parent}: take a folder that other users may enter, such as one in /tmp"
        )


def _initialise(programs: PostgresPrograms, data: Path, user: str | None) -> str:
    """Make the database cluster when there is none; give the password of its owner."""
    kept = data.parent / "postgres.password"
    if (data / "PG_VERSION").exists():
        return kept.read_text(encoding="utf-8").strip()
    password = secrets.token_hex(16)
    kept.touch(mode=0o600)
    kept.write_text(password + "\n", encoding="utf-8")
    if user:
        shutil.chown(kept, user)
    command = [str(programs.folder / "initdb"), "-D", str(data), "-U", _ROLE, "--encoding=UTF8", "--locale=C"]
    command += ["--auth=scram-sha-256", f"--pwfile={kept}", "--no-sync"]
    done = subprocess.run(command, capture_output=True, text=True, user=user, cwd="/", check=False)
    if done.returncode:
        raise SettingsError(f"PostgreSQL cannot use the folder {data}: {_last_line(done.stderr)}")
    return password


def _launch(programs: PostgresPrograms, data: Path, user: str | None, port: int, *, durable: bool) -> GuardedProcess:
    settings = {"listen_addresses": LOOPBACK, "port": str(port), "unix_socket_directories": "", **_sized_for_a_view()}
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    command = [str(programs.folder / "postgres"), "-D", str(data)]
    command += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients to leave.
    return GuardedProcess(command, log=data.parent / "postgres.log", stop_signal=signal.SIGINT, user=user)


def _sized_for_a_view() -> dict[str, str]:
    """Give the settings that differ from PostgreSQL's own, which are meant for any machine and hardly any data.

    The view of a country is some gigabytes that change all over. Rare checkpoints and compressed pages in the WAL keep
    it from being written over and over; the statements are short, so compiling them (`jit`) costs more than it gives.
    """
    cache_mb = max(128, min(_MOST_CACHE_MB, psutil.virtual_memory().total // (8 * 1024 * 1024)))
    return {
        "shared_buffers": f"{cache_mb}MB",
        "wal_compression": "on",
        "max_wal_size": "8GB",
        "min_wal_size": "512MB",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",  # no disk of today seeks
        "jit": "off",
    }


def _await_ready(process: GuardedProcess, data: Path, port: int, password: str) -> bool:
    """Wait until our server answers; False when it ended, as it does when its port was taken meanwhile."""
    deadline = time.monotonic() + _READY_SECONDS
    while process.is_running and time.monotonic() < deadline:
        try:
            with _connect(port, password, "postgres") as connection:
                answer = connection.execute("SHOW data_directory").fetchone()
                return answer is not None and Path(answer[0]) == data
        except psycopg.OperationalError:
            time.sleep(0.05)
    if process.is_running:
        raise SettingsError(f"PostgreSQL did not answer within {_READY_SECONDS:.0f} s: {_last_line(_log(data))}")
    return False


def _prepare_database(port: int, password: str) -> None:
    with _connect(port, password, "postgres") as connection:
        standby = connection.execute("SELECT pg_is_in_recovery()").fetchone()
        if standby is not None and standby[0]:
            return  # what a standby holds comes from its primary
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_DATABASE]).fetchone():
            connection.execute(f"CREATE DATABASE {_DATABASE}")
    with _connect(port, password, _DATABASE) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")


def _connect(port: int, password: str, database: str) -> psycopg.Connection:
    return psycopg.connect(
        host=LOOPBACK, port=port, user=_ROLE, password=password, dbname=database, autocommit=True, connect_timeout=5
    )


def _log(data: Path) -> str:
    return (data.parent / "postgres.log").read_text(encoding="utf-8", errors="replace")


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.strip().splitlines()) if line.strip()), "it gave no reason")
