"""What a new version of a contract may change, so that every version reads what every other one wrote.

It needs the extra `tools` (Apache's Avro library); the rest of the package does not import it.
"""

from __future__ import annotations

from meekoppel_contracts.compatibility.lint import lint
from meekoppel_contracts.compatibility.resolution import incompatibilities
from meekoppel_contracts.compatibility.violations import Violation
from meekoppel_contracts.registry import Registry

__all__ = ["Violation", "check_registry", "incompatibilities", "lint"]


def check_registry(registry: Registry) -> list[Violation]:
    """Check all versions of all subjects: each by itself, and each with every other of its subject."""
    found: list[Violation] = []
    for subject in registry.subjects():
        texts = {entry.version: registry.text(entry.schema_id) for entry in registry.versions(subject)}
        for version, text in texts.items():
            found += lint(subject, version, text)
        found += incompatibilities(subject, texts)
    return found
