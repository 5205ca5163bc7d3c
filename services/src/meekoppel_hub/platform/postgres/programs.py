"""Find the programs of an installed PostgreSQL, and whether PostGIS is there for it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from meekoppel_hub.platform.errors import SettingsError

# Where packages put servers that are not on the PATH: Debian, Red Hat, Homebrew.
_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")


@dataclass(frozen=True, slots=True)
class PostgresPrograms:
    """An installed PostgreSQL server.

    Attributes:
        folder: holds `initdb` and `postgres`.
        version: its major version, such as 15.
        has_postgis: whether the PostGIS extension can be created in it.
    """

    folder: Path
    version: int
    has_postgis: bool


def find_postgres() -> PostgresPrograms:
    """Take the newest installed PostgreSQL that has PostGIS.

    Raises:
        SettingsError: when there is no server, or none with PostGIS.
    """
    found = sorted(_installed(), key=lambda each: (each.has_postgis, each.version), reverse=True)
    if found and found[0].has_postgis:
        return found[0]
    lacking = f"PostgreSQL {found[0].version} has no PostGIS" if found else "no PostgreSQL server is installed"
    raise SettingsError(
        f"{lacking}: install PostgreSQL with PostGIS (Debian: deploy/install-postgis.sh), "
        "or set MEEKOPPEL_DATABASE_URL to a database that has it"
    )


def _installed() -> Iterator[PostgresPrograms]:
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += [folder for place in _PLACES for folder in Path("/").glob(place.lstrip("/"))]
    for folder in dict.fromkeys(folders):
        version = _version(folder)
        if version and (folder / "initdb").exists():
            yield PostgresPrograms(folder, version, _has_postgis(folder, version))


def _version(folder: Path) -> int | None:
    said = _output(folder / "postgres", "--version")
    found = re.search(r"(\d+)(?:\.\d+)?", said)
    return int(found.group(1)) if found else None


def _has_postgis(folder: Path, version: int) -> bool:
    shared = [Path(f"/usr/share/postgresql/{version}"), Path(_output(folder / "pg_config", "--sharedir") or "/nowhere")]
    return any((place / "extension" / "postgis.control").exists() for place in shared)


def _output(program: Path, *arguments: str) -> str:
    try:
        done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
