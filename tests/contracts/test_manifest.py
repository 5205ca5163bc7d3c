"""What identifies a contract: fingerprints that other programs compute alike. `test_published` has the manifest."""

from __future__ import annotations

import avro.schema
import pytest
from fastavro.schema import fingerprint

from meekoppel_contracts import SchemaVersion, fingerprints, packaged_registry

VERSIONS = [entry for subject in packaged_registry().subjects() for entry in packaged_registry().versions(subject)]
each_version = pytest.mark.parametrize("entry", VERSIONS, ids=lambda entry: entry.file)


@each_version
def test_apache_avro_reads_the_same_schema(entry: SchemaVersion) -> None:
    schema = avro.schema.parse(packaged_registry().text(entry.schema_id))

    # Apache's Python leaves out the specification's PRIMITIVES step where a logical type stood.
    canonical = schema.canonical_form.replace('{"type":"long"}', '"long"')
    assert fingerprint(canonical, "SHA-256") == entry.fingerprints.sha256


def test_the_fingerprint_of_meaning_sees_what_the_canonical_form_leaves_out() -> None:
    before = {"type": "enum", "name": "E", "symbols": ["a", "b"], "default": "a", "doc": "one"}

    reworded = fingerprints({**before, "doc": "two"})
    changed = fingerprints({**before, "default": "b"})

    assert reworded == fingerprints(before)
    assert changed.sha256 == reworded.sha256
    assert changed.meaning_sha256 != reworded.meaning_sha256
