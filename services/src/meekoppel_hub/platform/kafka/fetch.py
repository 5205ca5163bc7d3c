"""Fetch jars by their Maven coordinates: by Maven where it is installed, else by jgo; the other when one fails."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.kafka.jar_list import Jar

Progress = Callable[[str], None]
Fetch = Callable[[Sequence[Jar], Path, Progress], None]

_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
_JGO_AT_ONCE = 4


class FetchError(Exception):
    """One tool could not fetch the jars; another may."""


def fetch_jars(jars: Sequence[Jar], folder: Path, progress: Progress) -> None:
    """Put the jars into an empty folder and check each against its size and SHA-256.

    Raises:
        SettingsError: when no tool could fetch them all.
    """
    failures: list[str] = []
    for name, fetch in _tools():
        progress(f"fetching {len(jars)} jars of Kafka with {name}")
        try:
            fetch(jars, folder, progress)
            _check(jars, folder)
        except FetchError as failure:
            failures.append(f"{name}: {failure}")
            continue
        return
    raise SettingsError(
        f"the jars of Kafka could not be fetched ({'; '.join(failures)}): check the network and proxy settings, "
        "or set MEEKOPPEL_KAFKA_BOOTSTRAP to an existing Kafka"
    )


def _tools() -> list[tuple[str, Fetch]]:
    return (
        [("Maven", _fetch_with_maven), ("jgo", _fetch_with_jgo)] if shutil.which("mvn") else [("jgo", _fetch_with_jgo)]
    )


def _check(jars: Sequence[Jar], folder: Path) -> None:
    for jar in jars:
        if not jar.is_whole(folder / jar.file_name):
            raise FetchError(f"{jar.file_name} is missing or is not the file that was expected")


def _fetch_with_maven(jars: Sequence[Jar], folder: Path, progress: Progress) -> None:
    (folder / "pom.xml").write_text(_pom(jars), encoding="utf-8")
    command = ["mvn", "-B", "-f", str(folder / "pom.xml"), _PLUGIN, f"-DoutputDirectory={folder}"]
    try:
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as maven:
            said = _follow(maven, progress)
    except OSError as error:
        raise FetchError(str(error)) from error
    finally:
        (folder / "pom.xml").unlink()
    if maven.returncode:
        raise FetchError(next((line for line in said if line.startswith("[ERROR]")), "it failed")[:300])


def _follow(maven: subprocess.Popen[str], progress: Progress) -> list[str]:
    said: list[str] = []
    for line in maven.stdout or ():
        said.append(line.strip())
        if line.startswith("Downloaded from") and ".jar " in line:
            progress(f"fetched {line.split('.jar ')[0].rsplit('/', 1)[-1]}.jar")
    return said


def _pom(jars: Sequence[Jar]) -> str:
    """Name every jar and let none bring others: the list is complete."""
    nothing_else = "<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>"
    dependencies = "".join(
        f"<dependency><groupId>{jar.group}</groupId><artifactId>{jar.artifact}</artifactId>"
        f"<version>{jar.version}</version>{nothing_else}</dependency>"
        for jar in jars
    )
    return (
        "<project><modelVersion>4.0.0</modelVersion><groupId>nl.meekoppel</groupId><artifactId>kafka-jars</artifactId>"
        f"<version>1</version><dependencies>{dependencies}</dependencies></project>"
    )


def _fetch_with_jgo(jars: Sequence[Jar], folder: Path, progress: Progress) -> None:
    from jgo.maven import MavenContext  # takes a third of a second, and is needed once per machine

    repository = folder / "repository"
    context = MavenContext(repo_cache=repository, timeout=60)

    def fetch(jar: Jar) -> None:
        found = context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
        shutil.copyfile(found, folder / jar.file_name)
        progress(f"fetched {jar.file_name}")

    try:
        with ThreadPoolExecutor(_JGO_AT_ONCE) as several:
            list(several.map(fetch, jars))
    except (OSError, RuntimeError, ValueError, AssertionError) as error:  # requests' errors are OSErrors
        raise FetchError(str(error)[:300]) from error
    finally:
        shutil.rmtree(repository, ignore_errors=True)
