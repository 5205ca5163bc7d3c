"""FULL_TRANSITIVE: every version of a subject reads every other, by Apache's own checker; and the lint rules on top."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise, permutations
from typing import Any

import avro.schema
import pytest
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType

from meekoppel_contracts import packaged_registry

SUBJECTS = packaged_registry().subjects()
TEXTS = {
    entry.file: packaged_registry().text(entry.schema_id)
    for subject in SUBJECTS
    for entry in packaged_registry().versions(subject)
}
each_contract = pytest.mark.parametrize("file", TEXTS)


def incompatibilities(versions: list[str]) -> list[str]:
    """Say which reader cannot read which writer, and why; versions are texts of schemas, oldest first."""
    parsed = [avro.schema.parse(text) for text in versions]
    found = []
    for (r, reader), (w, writer) in permutations(enumerate(parsed, start=1), 2):
        result = ReaderWriterCompatibilityChecker().get_compatibility(reader, writer)
        if result.compatibility is not SchemaCompatibilityType.compatible:
            found += [f"v{r} cannot read v{w}: {why}" for why in result.messages]
    return found


def nodes(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Walk a schema: every object in it (records, fields, enums, arrays), with its path."""
    if isinstance(node, dict):
        here = f"{path}/{node.get('name', '')}"
        yield here, node
        for key in ("fields", "type", "items"):
            yield from nodes(node.get(key), here)
    elif isinstance(node, list):
        for child in node:
            yield from nodes(child, path)


def lint(schema: Any) -> list[str]:
    """List what breaks our own rules, which Avro itself does not ask for."""
    return [f"{path}: {problem}" for path, node in nodes(schema) for problem in problems(node)]


def problems(node: dict[str, Any]) -> Iterator[str]:
    if "name" in node and not node.get("doc", "").strip():
        yield "has no doc"
    if node["type"] == "enum" and node.get("default") not in node["symbols"]:
        yield "is an enum without a default symbol of its own"
    if isinstance(node["type"], list):
        if node["type"][0] != "null" or len(node["type"]) != 2:
            yield "is a union that is not null first and one type"
        elif node.get("default", "absent") is not None:
            yield "is optional without default null"
    if isinstance(node["type"], dict) and node["type"]["type"] == "array" and node.get("default") not in ([], None):
        yield "is an array whose default is not empty"
    if node.get("logicalType") == "timestamp-millis":
        yield "is a time in milliseconds where all others are in microseconds"


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_version_reads_every_other(subject: str) -> None:
    versions = [packaged_registry().text(entry.schema_id) for entry in packaged_registry().versions(subject)]

    assert incompatibilities(versions) == []


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_field_that_is_new_in_a_version_has_a_default(subject: str) -> None:
    versions = [packaged_registry().text(entry.schema_id) for entry in packaged_registry().versions(subject)]

    for older, newer in pairwise(versions):
        known = {path for path, _ in nodes(json.loads(older))}
        added = [(path, node) for path, node in nodes(json.loads(newer)) if path not in known and "doc" in node]
        assert [path for path, node in added if "type" in node and "fields" not in node and "default" not in node] == []


@each_contract
def test_a_contract_follows_the_lint_rules(file: str) -> None:
    assert lint(json.loads(TEXTS[file])) == []


def version(fields: list[dict[str, Any]]) -> str:
    return json.dumps({"type": "record", "name": "R", "doc": "d", "fields": fields})


NUMBER = {"name": "number", "type": "long", "doc": "d"}
NO_FALLBACK = {"type": "enum", "name": "E", "doc": "d", "symbols": ["A"]}
WORD = {"name": "word", "type": "string", "doc": "d"}


def test_the_check_sees_a_new_field_without_a_default() -> None:
    assert incompatibilities([version([NUMBER]), version([NUMBER, WORD])])


def test_the_check_sees_a_field_whose_type_widens_because_old_readers_cannot_follow() -> None:
    narrow = {**NUMBER, "type": "int"}

    assert incompatibilities([version([narrow]), version([NUMBER])])


def test_the_check_compares_versions_that_are_not_neighbours() -> None:
    with_default = {**WORD, "default": "x"}

    found = incompatibilities([version([NUMBER]), version([NUMBER, with_default]), version([NUMBER, WORD])])

    assert any("v3 cannot read v1" in line for line in found)


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        ({"name": "f", "type": "string"}, "no doc"),
        ({"name": "f", "doc": "d", "type": ["string", "null"], "default": "x"}, "null first"),
        ({"name": "f", "doc": "d", "type": ["null", "string"]}, "without default null"),
        ({"name": "f", "doc": "d", "type": NO_FALLBACK}, "default symbol"),
    ],
)
def test_the_lint_sees_a_broken_rule(field: dict[str, Any], problem: str) -> None:
    found = lint(json.loads(version([field])))

    assert any(problem in line for line in found)
