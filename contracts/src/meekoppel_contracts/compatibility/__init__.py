"""What a new version of a contract may change, so that every version reads what every other one wrote.

It needs the extra `tools` (Apache's Avro library); the rest of the package does not import it.
"""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import avro.errors
import avro.schema

from meekoppel_contracts.compatibility.changes import changes
from meekoppel_contracts.compatibility.lint import lint
from meekoppel_contracts.compatibility.published import (
    Published,
    differences_from,
    manifest_problems,
    read_folder,
    read_git,
)
from meekoppel_contracts.compatibility.resolution import incompatibilities
from meekoppel_contracts.compatibility.schema_nodes import ROOT
from meekoppel_contracts.compatibility.violations import Violation

__all__ = [
    "PACKAGED",
    "Published",
    "Violation",
    "changes",
    "check_published",
    "check_versions",
    "differences_from",
    "incompatibilities",
    "lint",
    "manifest_problems",
    "read_folder",
    "read_git",
]

PACKAGED = Path(__file__).parents[1] / "schemas"
"""The folder of the contracts of this package."""


def check_published(now: Published, before: Published | None = None) -> list[Violation]:
    """Check all contracts: each version by itself, with every other of its subject, and with what was published.

    Args:
        now: the contracts as they are.
        before: as they were, such as at the last release; left out when there is nothing to compare with.
    """
    found = manifest_problems(now)
    if before is not None:
        found += differences_from(before, now)
    for subject in now.manifest["subjects"]:
        numbers = sorted(version for name, version in now.versions if name == subject)
        found += check_versions(subject, {number: now.schema(subject, number) for number in numbers})
    return found


def check_versions(subject: str, versions: dict[int, Any]) -> list[Violation]:
    """Check the versions of one subject, given as JSON holds them: FULL_TRANSITIVE, and the rules on top."""
    refused = [_unreadable(subject, number, schema) for number, schema in versions.items()]
    if any(refused):
        return [violation for violation in refused if violation is not None]
    found = [violation for number, schema in versions.items() for violation in lint(subject, number, schema)]
    for older, newer in combinations(sorted(versions.items()), 2):
        found += changes(subject, older, newer)
    return found + incompatibilities(subject, versions)


def _unreadable(subject: str, version: int, schema: Any) -> Violation | None:
    try:
        avro.schema.parse(json.dumps(schema))
    except avro.errors.AvroException as error:
        return Violation(subject, version, ROOT, "avro", f"Apache's Avro library refuses it: {error}")
    return None
