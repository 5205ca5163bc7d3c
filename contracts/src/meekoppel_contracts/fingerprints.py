"""What identifies a contract: fingerprints that the manifest keeps and a test compares with the files."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from fastavro.schema import fingerprint, to_parsing_canonical_form


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """Three fingerprints of one schema, in hexadecimal.

    Attributes:
        sha256: SHA-256 of the Parsing Canonical Form of the Avro specification: the same for schemas that write the
            same bytes.
        crc64: CRC-64-AVRO of the same form, as Avro's single-object encoding uses it.
        meaning_sha256: SHA-256 of everything but the documentation. The canonical form leaves out defaults, logical
            types and the symbol that readers fall back to; what was published must not change in those either.
    """

    sha256: str
    crc64: str
    meaning_sha256: str


def fingerprints(schema: Any) -> Fingerprints:
    """Compute the fingerprints of a schema as it was read from its file."""
    canonical = to_parsing_canonical_form(schema)
    meaning = json.dumps(_without_docs(schema), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Fingerprints(
        sha256=fingerprint(canonical, "SHA-256"),
        crc64=fingerprint(canonical, "CRC-64-AVRO"),
        meaning_sha256=hashlib.sha256(meaning.encode()).hexdigest(),
    )


def _without_docs(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _without_docs(value) for key, value in node.items() if key != "doc"}
    if isinstance(node, list):
        return [_without_docs(item) for item in node]
    return node
