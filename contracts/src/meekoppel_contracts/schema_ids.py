"""Other numbers for the same contracts: those that an existing schema registry gave them.

`meekoppel-contracts publish` writes them into a file; `MEEKOPPEL_SCHEMA_IDS` names that file to whoever writes or reads
events. What is written then carries the registry's numbers, so that its other users can read it; what is read may carry
either. A number that means one contract here and another there would be read wrong without anyone noticing, so such a
file is refused, unless it says that nothing was ever written with that number of the package's own: the package goes on
counting after the registry took over, and must not run into the registry's numbers some release later.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from meekoppel_contracts.errors import SchemaIdsError
from meekoppel_contracts.ids import SchemaId

SCHEMA_IDS_VARIABLE: Final = "MEEKOPPEL_SCHEMA_IDS"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GivenId(_Strict):
    """The number that a registry gave one version of a contract.

    Attributes:
        version: of the contract, as this package counts.
        id: what the registry calls it.
        meaning_sha256: which schema that is, so that a file is not used for other contracts.
    """

    version: int = Field(ge=1)
    id: int = Field(ge=0, le=2**31 - 1)
    meaning_sha256: str


class SchemaIds(_Strict):
    """What stands in the file.

    Attributes:
        registry: the address of the registry, for people.
        own_ids_up_to: the highest of the package's own numbers with which records may have been written: those that it
            had when the registry's numbers were first taken. A higher one may mean something else in the registry. 0
            where none was ever written: no own number is read then.
        subjects: the numbers of each contract, by its name.
    """

    registry: str
    own_ids_up_to: int = Field(ge=0)
    subjects: dict[str, tuple[GivenId, ...]]

    def given(self) -> dict[tuple[str, int], GivenId]:
        """Give the numbers by contract and version."""
        return {(subject, one.version): one for subject, several in self.subjects.items() for one in several}

    def to_json(self) -> str:
        """Write the file."""
        return json.dumps(self.model_dump(), indent=2) + "\n"


@dataclass(frozen=True, slots=True)
class ConflictingId:
    """A number that means one contract in this package and another in the registry."""

    number: SchemaId
    here: str
    there: str

    def __str__(self) -> str:
        """Say it in words."""
        return f"{self.number} is {self.here} here and {self.there} there"


def read_schema_ids(file: Path) -> SchemaIds:
    """Read the file that `publish` wrote.

    Raises:
        SchemaIdsError: when it cannot be read, or is not such a file.
    """
    try:
        return SchemaIds.model_validate_json(file.read_bytes())
    except OSError as error:
        raise SchemaIdsError(f"{file} cannot be read ({error.strerror}); {_how_to_make()}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SchemaIdsError(
            f"{file} is not a file of schema ids ({place}: {first['msg']}); {_how_to_make()}"
        ) from error


def schema_ids_file(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Give the file that the environment names; None when it names none."""
    named = environment.get(SCHEMA_IDS_VARIABLE, "").strip()
    return Path(named) if named else None


def conflicting_ids(own: Mapping[SchemaId, tuple[str, int]], ids: SchemaIds) -> list[ConflictingId]:
    """Find the numbers in use that mean different contracts; `own` gives contract and version by the own number."""
    return [
        ConflictingId(SchemaId(one.id), _named(own[SchemaId(one.id)]), _named(there))
        for there, one in sorted(ids.given().items())
        if one.id <= ids.own_ids_up_to and own.get(SchemaId(one.id), there) != there
    ]


def _named(contract: tuple[str, int]) -> str:
    subject, version = contract
    return f"{subject} version {version}"


def _how_to_make() -> str:
    return f"make it with `meekoppel-contracts publish`, or unset {SCHEMA_IDS_VARIABLE}"


def numbers_from(own: Mapping[SchemaId, Any], ids: SchemaIds, file: str) -> dict[SchemaId, SchemaId]:
    """Give the registry's number for each of the package's own.

    Args:
        own: the package's versions by their own numbers.
        ids: what stands in the file.
        file: its name, for messages.

    Raises:
        SchemaIdsError: when a version is missing in the file or is another schema there, or a number means two things.
    """
    given = ids.given()
    numbers: dict[SchemaId, SchemaId] = {}
    for number, entry in own.items():
        one = given.get((entry.subject, entry.version))
        if one is None:
            raise SchemaIdsError(
                f"{file} has no id for {entry.subject} version {entry.version}, which this meekoppel-contracts writes: "
                f"publish it to {ids.registry} with this version of the package, and use the new file"
            )
        if one.meaning_sha256 != entry.fingerprints.meaning_sha256:
            raise SchemaIdsError(
                f"{file} was made for another {entry.subject} version {entry.version} than this meekoppel-contracts "
                f"has; {_how_to_make()}"
            )
        numbers[number] = SchemaId(one.id)
    _refuse_doubles(given, file)
    found = conflicting_ids({number: (entry.subject, entry.version) for number, entry in own.items()}, ids)
    if found:
        raise SchemaIdsError(
            f"{file}: the same number means different contracts ({'; '.join(map(str, found))}), so records could be "
            "read wrong. If no record was ever written without this file, publish again with --only-registry-ids; "
            f"else use a registry that gives other numbers, or unset {SCHEMA_IDS_VARIABLE}"
        )
    return numbers


def _refuse_doubles(given: Mapping[tuple[str, int], GivenId], file: str) -> None:
    seen: dict[int, tuple[str, int]] = {}
    for contract, one in given.items():
        if one.id in seen:
            raise SchemaIdsError(
                f"{file} gives {_named(seen[one.id])} and {_named(contract)} the same id {one.id}; {_how_to_make()}"
            )
        seen[one.id] = contract
