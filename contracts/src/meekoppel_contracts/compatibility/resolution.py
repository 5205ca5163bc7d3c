"""FULL_TRANSITIVE: every version reads what every other wrote, by Apache's own checker."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import permutations
from typing import Any

import avro.schema
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType

from meekoppel_contracts.compatibility.schema_nodes import path_of
from meekoppel_contracts.compatibility.violations import Violation


def incompatibilities(subject: str, versions: Mapping[int, Any]) -> list[Violation]:
    """Say which version cannot read which other, where and why; versions are schemas as JSON holds them.

    Within an optional record Apache's checker names the record, not the field; `changes` names that.
    """
    parsed = {version: avro.schema.parse(json.dumps(schema)) for version, schema in versions.items()}
    found = []
    for reader, writer in permutations(parsed, 2):
        checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]  # Apache's constructor says no types
        result = checker.get_compatibility(parsed[reader], parsed[writer])
        if result.compatibility is not SchemaCompatibilityType.compatible:
            why = "; ".join(sorted(result.messages))
            reason = f"version {reader} cannot read what version {writer} wrote: {why}"
            for path in sorted({path_of(versions[reader], location) for location in result.locations}):
                found.append(Violation(subject, max(reader, writer), path, "full_transitive", reason))
    return found
