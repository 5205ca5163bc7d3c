"""Which jars make up local Kafka: the checked-in list, so that every machine runs the same bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Jar:
    """One jar: its Maven coordinate and what its file must be.

    Attributes:
        group: Maven group id.
        artifact: Maven artifact id.
        version: Maven version.
        size: of the file, in bytes.
        sha256: of the file, in hexadecimal.
    """

    group: str
    artifact: str
    version: str
    size: int
    sha256: str

    @property
    def file_name(self) -> str:
        """The name of the file, as Maven gives it."""
        return f"{self.artifact}-{self.version}.jar"

    def is_whole(self, file: Path) -> bool:
        """Tell whether a file is this jar, byte for byte."""
        return self.has_size(file) and hashlib.sha256(file.read_bytes()).hexdigest() == self.sha256

    def has_size(self, file: Path) -> bool:
        """Tell whether a file is there and as long as this jar."""
        return file.is_file() and file.stat().st_size == self.size


@cache
def kafka_jars() -> tuple[Jar, ...]:
    """List the jars of local Kafka."""
    lines = (files("meekoppel_hub.platform.kafka") / "jars.lock").read_text(encoding="utf-8").splitlines()
    return tuple(_parse(line) for line in lines if line and not line.startswith("#"))


@cache
def kafka_version() -> str:
    """Give the version of Kafka that the list holds."""
    return next(jar.version for jar in kafka_jars() if jar.artifact == "kafka-clients")


@cache
def list_digest() -> str:
    """Give eight hexadecimal digits that change whenever the list does."""
    return hashlib.sha256(repr(kafka_jars()).encode()).hexdigest()[:8]


def _parse(line: str) -> Jar:
    coordinate, size, sha256 = line.split()
    group, artifact, version = coordinate.split(":")
    return Jar(group, artifact, version, int(size), sha256)
