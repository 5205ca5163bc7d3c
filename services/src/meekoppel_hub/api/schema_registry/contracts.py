"""The contracts as a schema registry sees them: subjects, versions, ids, and whether a schema would fit. Pure.

A contract is found under its own name, and where Confluent's three strategies look: under `<topic>-value` for a topic
that carries only that contract, under the full name of its record, and under `<topic>-<record>`. Only the contracts and
the topics that every hub has are listed: the rest follows from a rule, and who takes part is not for everybody.
"""

from __future__ import annotations

import json
import re
from typing import Any

import avro.errors
import avro.schema

from meekoppel_contracts import (
    Registry,
    SchemaId,
    SchemaVersion,
    UnknownSchema,
    contract_of_topic,
    fingerprints,
    shared_topics,
    use_of_topic,
)
from meekoppel_contracts.compatibility import incompatibilities
from meekoppel_hub.api.schema_registry.errors import (
    InvalidSchema,
    InvalidVersion,
    SchemaNotFound,
    SubjectNotFound,
    VersionNotFound,
)

_VALUE = "-value"
_LARGEST = 2**31 - 1
_NUMBER = re.compile(r"[0-9]{1,10}")


class ServedContracts:
    """Looks contracts up as a schema registry names them. It never changes.

    Args:
        registry: the contracts, with the ids that are written and read.
    """

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        schemas = {
            entry.file: json.loads(registry.text(entry.schema_id))
            for subject in registry.subjects()
            for entry in registry.versions(subject)
        }
        self._texts = {
            file: json.dumps(schema, separators=(",", ":"), ensure_ascii=False) for file, schema in schemas.items()
        }
        newest = {subject: schemas[registry.newest(subject).file] for subject in registry.subjects()}
        self._records = {subject: f"{schema['namespace']}.{schema['name']}" for subject, schema in newest.items()}

    def subjects(self) -> list[str]:
        """List the contracts, and the subjects of the topics that every hub has."""
        of_topics = [f"{topic}{_VALUE}" for topic in shared_topics() if contract_of_topic(topic)]
        return sorted([*self.registry.subjects(), *of_topics])

    def versions(self, subject: str) -> tuple[SchemaVersion, ...]:
        """List the versions of a subject.

        Raises:
            SubjectNotFound: when there is no such subject.
        """
        try:
            return self.registry.versions(self._contract_of(subject) or subject)
        except UnknownSchema:
            raise SubjectNotFound(subject) from None

    def _contract_of(self, subject: str) -> str | None:
        if subject.endswith(_VALUE) and (contract := contract_of_topic(subject.removesuffix(_VALUE))):
            return contract
        topic, dash, _ = subject.rpartition("-")
        use = use_of_topic(topic) if dash else None
        wanted = subject.removeprefix(f"{topic}-" if use else "")
        among = self.registry.subjects() if use is None else use.contracts
        return next((contract for contract in among if self._records[contract] == wanted), None)

    def version(self, subject: str, given: str) -> SchemaVersion:
        """Find a version by its number, or `latest` (or -1).

        Raises:
            SubjectNotFound: when there is no such subject.
            VersionNotFound: when the subject has no such version.
            InvalidVersion: when it is no number of a version.
        """
        versions = self.versions(subject)
        if given in ("latest", "-1"):
            return versions[-1]
        if not (_NUMBER.fullmatch(given) and 1 <= int(given) <= _LARGEST):
            raise InvalidVersion(given)
        found = [entry for entry in versions if entry.version == int(given)]
        if not found:
            raise VersionNotFound(int(given))
        return found[0]

    def by_id(self, given: str) -> SchemaVersion:
        """Find a version by the id in the framing.

        Raises:
            SchemaNotFound: when no contract has the id.
        """
        try:
            if _NUMBER.fullmatch(given):
                return self.registry.by_id(SchemaId(int(given)))
        except UnknownSchema:
            pass  # what follows says so
        raise SchemaNotFound(f"Schema {given[:20]}")

    def names_of(self, contract: str) -> list[str]:
        """List the subjects under which a contract is found."""
        return [subject for subject in self.subjects() if self.versions(subject)[0].subject == contract]

    def text(self, entry: SchemaVersion) -> str:
        """Give a schema without the white space of its file."""
        return self._texts[entry.file]

    def look_up(self, subject: str, body: Any) -> SchemaVersion:
        """Find the version that a schema is; its documentation does not count.

        Raises:
            SubjectNotFound: when there is no such subject.
            InvalidSchema: when the body holds no Avro schema.
            SchemaNotFound: when no version of the subject is that schema.
        """
        versions = self.versions(subject)
        meaning = fingerprints(json.loads(_schema_in(body))).meaning_sha256
        for entry in versions:
            if entry.fingerprints.meaning_sha256 == meaning:
                return entry
        raise SchemaNotFound

    def problems(self, subject: str, against: str | None, body: Any) -> list[str]:
        """Say why a schema could not be the next version, for each version that it is held against.

        Args:
            subject: the subject.
            against: one version, or None for all.
            body: what the client sent.

        Raises:
            RegistryRefusal: when the subject, the version or the schema cannot be read.
        """
        versions = self.versions(subject) if against is None else (self.version(subject, against),)
        schemas = {entry.version: json.loads(self.registry.text(entry.schema_id)) for entry in versions}
        offered = max(schemas) + 1
        found = incompatibilities(versions[0].subject, {**schemas, offered: json.loads(_schema_in(body))})
        return [str(violation) for violation in found if violation.version == offered]


def _schema_in(body: Any) -> str:
    """Take the Avro schema out of a request's body.

    Raises:
        InvalidSchema: when there is none.
    """
    if not isinstance(body, dict) or not isinstance(body.get("schema"), str):
        raise InvalidSchema('the body must read {"schema": "<the schema as a string>"}')
    if body.get("schemaType", "AVRO") != "AVRO":
        raise InvalidSchema(f"schemaType {body['schemaType']!r}; the contracts are in AVRO")
    if body.get("references"):
        raise InvalidSchema("references; every contract stands in one schema")
    text: str = body["schema"]
    try:
        avro.schema.parse(text)
    except (avro.errors.AvroException, ValueError, RecursionError) as error:
        raise InvalidSchema(str(error)[:300]) from error
    return text
