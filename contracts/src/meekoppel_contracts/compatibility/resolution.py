"""FULL_TRANSITIVE: every version reads what every other wrote, by Apache's own checker."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations

import avro.schema
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType

from meekoppel_contracts.compatibility.violations import Violation


def incompatibilities(subject: str, texts: Mapping[int, str]) -> list[Violation]:
    """Say which version cannot read which other, where and why; texts are the schemas by version."""
    parsed = {version: avro.schema.parse(text) for version, text in texts.items()}
    found = []
    for reader, writer in permutations(parsed, 2):
        checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]  # Apache's constructor says no types
        result = checker.get_compatibility(parsed[reader], parsed[writer])
        if result.compatibility is not SchemaCompatibilityType.compatible:
            for path, why in zip(sorted(result.locations), sorted(result.messages), strict=False):
                reason = f"version {reader} cannot read what version {writer} wrote: {why}"
                found.append(Violation(subject, max(reader, writer), path, "full_transitive", reason))
    return found
