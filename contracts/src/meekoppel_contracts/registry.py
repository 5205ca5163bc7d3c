"""The contracts that this package carries: which schema has which id, and how old bytes become today's record.

The `.avsc` files under `schemas/` are the source of truth; `schemas/manifest.json` gives each version its id for ever.
Where an existing schema registry is used, its ids are written instead: see `meekoppel_contracts.schema_ids`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, Final

from fastavro import parse_schema

from meekoppel_contracts.errors import SchemaMismatch, UnknownSchema
from meekoppel_contracts.fingerprints import Fingerprints
from meekoppel_contracts.ids import SchemaId
from meekoppel_contracts.schema_ids import SchemaIds, numbers_from, read_schema_ids, schema_ids_file

PLAN_EVENT: Final = "plan-event"
OVERLAP_EVENT: Final = "overlap-event"
PLAN_REJECTION: Final = "plan-rejection"
ASSESSMENT_EVENT: Final = "assessment-event"
COOPERATION_EVENT: Final = "cooperation-event"
MORATORIUM_EVENT: Final = "moratorium-event"
AREA_EVENT: Final = "area-event"
AGREEMENT_EVENT: Final = "agreement-event"
CONNECTOR_HEARTBEAT: Final = "connector-heartbeat"
NOTIFICATION: Final = "notification"
QUALITY_EVENT: Final = "quality-event"


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """One version of one contract, as the manifest lists it.

    Attributes:
        schema_id: the number in the framing; never given to another schema.
        subject: the contract, such as `plan-event`.
        version: counts from 1 per subject.
        file: where the schema stands, relative to the folder of the schemas.
        fingerprints: what the schema must hash to.
    """

    schema_id: SchemaId
    subject: str
    version: int
    file: str
    fingerprints: Fingerprints

    @property
    def uri(self) -> str:
        """Name this version as a URI, for `ce_dataschema`."""
        return f"urn:meekoppel:contract:{self.subject}:{self.version}"


@dataclass(frozen=True, slots=True)
class Resolution:
    """How to read bytes of one version: the schema that wrote them, and the one that the reader wants.

    `reader` is None when it is the writer's own: Avro then has nothing to resolve, which is twice as fast.
    """

    writer: Any
    reader: Any | None


class Registry:
    """Looks up contracts by id or by subject and version, and keeps every schema parsed.

    A registry never changes; `with_version` gives a wider one. It may be shared between threads: what it caches is
    computed from what never changes.
    """

    def __init__(
        self,
        versions: Iterable[SchemaVersion],
        read: Callable[[str], str],
        also_known_as: Mapping[SchemaId, SchemaId] | None = None,
    ) -> None:
        """Take the versions of the manifest and a function that reads the text of a schema's file.

        Args:
            versions: each with the id that is written.
            read: gives the text of a schema's file.
            also_known_as: further ids under which a version is read, and the id that is written instead.
        """
        self._read = read
        written = {entry.schema_id: entry for entry in versions}
        self._also_known_as = dict(also_known_as or {})
        self._by_id = {**{other: written[one] for other, one in self._also_known_as.items()}, **written}
        self._by_subject = _by_subject(written.values())
        self._texts: dict[SchemaId, str] = {}
        self._parsed: dict[SchemaId, Any] = {}
        self._resolutions: dict[tuple[SchemaId, SchemaId], Resolution] = {}

    def subjects(self) -> tuple[str, ...]:
        """List the subjects, in the order of the manifest."""
        return tuple(self._by_subject)

    def versions(self, subject: str) -> tuple[SchemaVersion, ...]:
        """List the versions of a subject, oldest first.

        Raises:
            UnknownSchema: when there is no such subject.
        """
        found = self._by_subject.get(subject)
        if found is None:
            raise UnknownSchema(f"no contract is called {subject!r}; there are {', '.join(self.subjects())}")
        return found

    def by_id(self, schema_id: SchemaId) -> SchemaVersion:
        """Find a version by the id in the framing.

        Raises:
            UnknownSchema: when no contract has the id.
        """
        entry = self._by_id.get(schema_id)
        if entry is None:
            raise UnknownSchema(
                f"no contract has schema id {schema_id}; either the bytes are not Meekoppel's, or they follow a newer "
                "contract: upgrade meekoppel-contracts"
            )
        return entry

    def version(self, subject: str, version: int) -> SchemaVersion:
        """Find one version of a subject.

        Raises:
            UnknownSchema: when the subject or the version does not exist.
        """
        versions = self.versions(subject)
        for entry in versions:
            if entry.version == version:
                return entry
        raise UnknownSchema(f"contract {subject} has no version {version}; the newest is {versions[-1].version}")

    def newest(self, subject: str) -> SchemaVersion:
        """Find the newest version of a subject.

        Raises:
            UnknownSchema: when there is no such subject.
        """
        return self.versions(subject)[-1]

    def text(self, schema_id: SchemaId) -> str:
        """Give the schema as it stands in its file, for people and for other registries.

        Raises:
            UnknownSchema: when no contract has the id.
        """
        if schema_id not in self._texts:
            self._texts[schema_id] = self._read(self.by_id(schema_id).file)
        return self._texts[schema_id]

    def parsed(self, schema_id: SchemaId) -> Any:
        """Give the schema as fastavro parsed it, once.

        Raises:
            UnknownSchema: when no contract has the id.
        """
        if schema_id not in self._parsed:
            self._parsed[schema_id] = parse_schema(json.loads(self.text(schema_id)))
        return self._parsed[schema_id]

    def resolution(self, writer: SchemaId, reader: SchemaId) -> Resolution:
        """Say how bytes that one version wrote become a record of another version of the same subject; kept per pair.

        Raises:
            UnknownSchema: when no contract has one of the ids.
            SchemaMismatch: when they are of different subjects.
        """
        known = self._resolutions.get((writer, reader))
        if known is not None:
            return known
        written, wanted = self.by_id(writer), self.by_id(reader)
        if written.subject != wanted.subject:
            raise SchemaMismatch(
                f"schema id {writer} is of contract {written.subject}, where {wanted.subject} was expected; "
                "was the record read from another topic?"
            )
        resolution = Resolution(self.parsed(writer), None if written is wanted else self.parsed(reader))
        self._resolutions[writer, reader] = resolution
        return resolution

    def with_version(self, entry: SchemaVersion, text: str) -> Registry:
        """Give a registry that knows one version more, such as a newer one that was fetched from a hub."""
        texts = {entry.file: text}
        return Registry(
            [*self._written(), entry],
            lambda file: texts[file] if file in texts else self._read(file),
            self._also_known_as,
        )

    def numbered_by(self, ids: SchemaIds, file: str) -> Registry:
        """Give a registry that writes the ids of another one, and reads these and its own.

        Raises:
            SchemaIdsError: when the ids do not fit these contracts; `file` names them in the message.
        """
        numbers = numbers_from({entry.schema_id: entry for entry in self._written()}, ids, file)
        renumbered = [replace(entry, schema_id=numbers[entry.schema_id]) for entry in self._written()]
        return Registry(renumbered, self._read, numbers if ids.own_ids_up_to else None)

    def _written(self) -> list[SchemaVersion]:
        return [entry for versions in self._by_subject.values() for entry in versions]


@cache
def packaged_registry() -> Registry:
    """Give the registry of the contracts in this package, with the ids that MEEKOPPEL_SCHEMA_IDS names, if any.

    A program that reads or writes events calls this first, so that a file that cannot be used ends it at once.

    Raises:
        SchemaIdsError: when that file cannot be used.
    """
    file = schema_ids_file()
    return own_registry() if file is None else own_registry().numbered_by(read_schema_ids(file), str(file))


@cache
def own_registry() -> Registry:
    """Give the registry of the contracts in this package with its own ids, as the manifest lists them."""
    folder = files("meekoppel_contracts") / "schemas"
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    return Registry(_entries(manifest), lambda file: (folder / file).read_text("utf-8"))


def _by_subject(entries: Iterable[SchemaVersion]) -> dict[str, tuple[SchemaVersion, ...]]:
    grouped: dict[str, list[SchemaVersion]] = {}
    for entry in sorted(entries, key=lambda entry: entry.version):
        grouped.setdefault(entry.subject, []).append(entry)
    return {subject: tuple(versions) for subject, versions in grouped.items()}


def _entries(manifest: Any) -> list[SchemaVersion]:
    return [
        SchemaVersion(
            schema_id=SchemaId(listed["id"]),
            subject=subject,
            version=listed["version"],
            file=listed["file"],
            fingerprints=Fingerprints(**listed["fingerprints"]),
        )
        for subject, versions in manifest["subjects"].items()
        for listed in versions
    ]
