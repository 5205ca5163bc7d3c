"""What `publish` does with a registry: look first, change only what is not as it must be, and read that back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from fastavro.schema import SchemaParseException

from meekoppel_contracts.errors import RegistryRefused
from meekoppel_contracts.fingerprints import fingerprints
from meekoppel_contracts.registry import Registry, SchemaVersion
from meekoppel_contracts.schema_ids import GivenId, SchemaIds

LEVEL: Final = "FULL_TRANSITIVE"
_WRITABLE: Final = frozenset({"READWRITE", "READWRITE_OVERRIDE", "IMPORT"})


class Target(Protocol):
    """A schema registry; `RegistryClient` is one."""

    address: str

    def mode(self, subject: str) -> str:
        """Tell whether the subject may be written."""

    def level(self, subject: str) -> str | None:
        """Tell its compatibility level."""

    def set_level(self, subject: str, level: str) -> None:
        """Set its compatibility level."""

    def schemas(self, subject: str) -> dict[int, str]:
        """Give its schemas by their ids."""

    def fits(self, subject: str, schema: str) -> list[str]:
        """Say why a schema could not be the next version."""

    def register(self, subject: str, schema: str) -> int:
        """Register a schema."""

    def schema(self, schema_id: int) -> str:
        """Give the schema with an id."""


class Step(StrEnum):
    """What was done, or would be."""

    THERE = "is there"
    REGISTERED = "registered"
    TO_REGISTER = "would be registered"
    LEVEL_SET = f"set to {LEVEL}"
    LEVEL_TO_SET = f"would be set to {LEVEL}"


@dataclass(frozen=True, slots=True)
class Published:
    """One step.

    Attributes:
        subject: the name in the registry.
        step: what was done.
        entry: the version of the contract; None for a step about the whole subject.
        schema_id: the registry's id; None where it has none yet.
    """

    subject: str
    step: Step
    entry: SchemaVersion | None = None
    schema_id: int | None = None

    def __str__(self) -> str:
        """Say it on one line."""
        version = f" version {self.entry.version}" if self.entry else ": compatibility"
        number = f" as id {self.schema_id}" if self.schema_id is not None else ""
        return f"{self.subject}{version} {self.step}{number}"


def publish(contracts: Registry, target: Target, *, prefix: str = "", dry_run: bool = False) -> Iterator[Published]:
    """Put every version of every contract into a registry; gives each step when it is done.

    It may be run again: what is there is left as it is, also when its documentation was reworded since. Versions are
    registered in the order of their own ids, so that an empty registry gives the same ones.

    Args:
        contracts: with their own ids.
        target: the registry.
        prefix: what to put before the names, where others have them already.
        dry_run: change nothing; steps then say what would be done.

    Raises:
        RegistryAway: when the registry does not answer.
        RegistryRefused: when it is read-only, wants someone else, or holds something that is not compatible.
    """
    for contract in contracts.subjects():
        yield from _prepare(target, prefix + contract, dry_run=dry_run)
    known = {subject: _by_meaning(target.schemas(prefix + subject)) for subject in contracts.subjects()}
    for entry in sorted(_entries(contracts), key=lambda one: one.schema_id):
        subject, text = prefix + entry.subject, _compact(contracts.text(entry.schema_id))
        there = known[entry.subject].get(entry.fingerprints.meaning_sha256)
        if there is not None:
            yield Published(subject, Step.THERE, entry, there)
        elif dry_run:
            _check_fits(target, subject, text, entry)
            yield Published(subject, Step.TO_REGISTER, entry)
        else:
            yield Published(subject, Step.REGISTERED, entry, _register(target, subject, text, entry))


def given_ids(steps: Sequence[Published], target: Target, *, own_ids_up_to: int) -> SchemaIds:
    """Gather the ids that the registry gave, for whoever writes and reads events.

    Args:
        steps: what was done.
        target: the registry.
        own_ids_up_to: the highest own id with which records may have been written; 0 for none.
    """
    subjects: dict[str, tuple[GivenId, ...]] = {}
    for step in steps:
        if step.entry is not None and step.schema_id is not None:
            meaning = step.entry.fingerprints.meaning_sha256
            one = GivenId(version=step.entry.version, id=step.schema_id, meaning_sha256=meaning)
            subjects[step.entry.subject] = (*subjects.get(step.entry.subject, ()), one)
    return SchemaIds(registry=target.address, own_ids_up_to=own_ids_up_to, subjects=subjects)


def _prepare(target: Target, subject: str, *, dry_run: bool) -> Iterator[Published]:
    mode = target.mode(subject)
    if mode not in _WRITABLE:
        raise RegistryRefused(f"write {subject}", f"its mode is {mode}; have it set to READWRITE, and publish again")
    if target.level(subject) == LEVEL:
        return
    if not dry_run:
        target.set_level(subject, LEVEL)
    yield Published(subject, Step.LEVEL_TO_SET if dry_run else Step.LEVEL_SET)


def _check_fits(target: Target, subject: str, text: str, entry: SchemaVersion) -> None:
    if problems := target.fits(subject, text):
        raise RegistryRefused(
            f"register {subject} version {entry.version}",
            f"what is there under this name is not compatible with it: {'; '.join(problems)[:500]}",
        )


def _register(target: Target, subject: str, text: str, entry: SchemaVersion) -> int:
    """Register a version and read it back: a registry that keeps less than it was given would mislead every reader."""
    number = target.register(subject, text)
    if fingerprints(json.loads(target.schema(number))).meaning_sha256 != entry.fingerprints.meaning_sha256:
        raise RegistryRefused(
            f"register {subject} version {entry.version}",
            f"it keeps another schema under id {number} than it was given; its ids cannot be used",
        )
    return number


def _by_meaning(schemas: dict[int, str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for number, text in schemas.items():
        try:
            found[fingerprints(json.loads(text)).meaning_sha256] = number
        except (ValueError, SchemaParseException):
            continue  # not one of ours, such as a schema with references: registering tells whether it is in the way
    return found


def _entries(contracts: Registry) -> list[SchemaVersion]:
    return [entry for subject in contracts.subjects() for entry in contracts.versions(subject)]


def _compact(text: str) -> str:
    return json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False)
