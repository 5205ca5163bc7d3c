"""The manifest says what the files are; what was published does not change."""

from __future__ import annotations

import json
from importlib.resources import files
from importlib.resources.abc import Traversable

import avro.schema
import pytest
from fastavro.schema import fingerprint

from meekoppel_contracts import SchemaVersion, fingerprints, packaged_registry

SCHEMAS = files("meekoppel_contracts") / "schemas"
VERSIONS = [entry for subject in packaged_registry().subjects() for entry in packaged_registry().versions(subject)]
each_version = pytest.mark.parametrize("entry", VERSIONS, ids=lambda entry: entry.file)


def avsc_files(folder: Traversable, prefix: str = "") -> set[str]:
    found: set[str] = set()
    for child in folder.iterdir():
        if child.is_dir():
            found |= avsc_files(child, f"{prefix}{child.name}/")
        elif child.name.endswith(".avsc"):
            found.add(prefix + child.name)
    return found


def test_the_manifest_lists_every_file_and_no_other() -> None:
    assert {entry.file for entry in VERSIONS} == avsc_files(SCHEMAS)


@each_version
def test_the_fingerprints_are_those_of_the_file(entry: SchemaVersion) -> None:
    actual = fingerprints(json.loads(packaged_registry().text(entry.schema_id)))

    assert actual == entry.fingerprints, "a published version never changes: add a new version instead"


@each_version
def test_apache_avro_reads_the_same_schema(entry: SchemaVersion) -> None:
    schema = avro.schema.parse(packaged_registry().text(entry.schema_id))

    # Apache's Python leaves out the specification's PRIMITIVES step where a logical type stood.
    canonical = schema.canonical_form.replace('{"type":"long"}', '"long"')
    assert fingerprint(canonical, "SHA-256") == entry.fingerprints.sha256


@each_version
def test_a_file_stands_in_the_folder_of_its_subject_under_its_version(entry: SchemaVersion) -> None:
    assert entry.file == f"{entry.subject}/v{entry.version}.avsc"


def test_ids_and_versions_count_from_one_without_doubles() -> None:
    manifest = json.loads((SCHEMAS / "manifest.json").read_text("utf-8"))
    listed = [version for versions in manifest["subjects"].values() for version in versions]

    assert sorted(version["id"] for version in listed) == list(range(1, len(listed) + 1))
    for versions in manifest["subjects"].values():
        assert [version["version"] for version in versions] == list(range(1, len(versions) + 1))


@each_version
def test_every_record_is_in_the_namespace_of_the_manifest(entry: SchemaVersion) -> None:
    manifest = json.loads((SCHEMAS / "manifest.json").read_text("utf-8"))

    assert json.loads(packaged_registry().text(entry.schema_id))["namespace"] == manifest["namespace"]


def test_the_fingerprint_of_meaning_sees_what_the_canonical_form_leaves_out() -> None:
    before = {"type": "enum", "name": "E", "symbols": ["a", "b"], "default": "a", "doc": "one"}

    reworded = fingerprints({**before, "doc": "two"})
    changed = fingerprints({**before, "default": "b"})

    assert reworded == fingerprints(before)
    assert changed.sha256 == reworded.sha256
    assert changed.meaning_sha256 != reworded.meaning_sha256
