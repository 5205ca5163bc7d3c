"""The published contracts keep every rule, and the checker sees each rule broken: where, and why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from meekoppel_contracts.compatibility import PACKAGED, Violation, check_published, check_versions, lint, read_folder

Schema = dict[str, Any]


def record(*fields: Schema, name: str = "R") -> Schema:
    return {"type": "record", "name": name, "doc": "Own record.", "fields": list(fields)}


def field(name: str, kind: Any, **more: Any) -> Schema:
    return {"name": name, "type": kind, "doc": "Own field.", **more}


def enum(*symbols: str, name: str = "E", **more: Any) -> Schema:
    return {"type": "enum", "name": name, "doc": "Own list.", "symbols": list(symbols), **more}


TIME = {"type": "long", "logicalType": "timestamp-micros"}
NUMBER = field("number", "long")
WORD = field("word", "string")
OPTIONAL_WORD = field("word", ["null", "string"], default=None)
FALLS_BACK = field("kind", enum("a", "other", default="other"))


def rules(*versions: Schema) -> set[tuple[str, str]]:
    """Check versions of one contract; give the rules that are broken, and where."""
    found = check_versions("thing-event", dict(enumerate(versions, start=1)))
    return {(violation.rule, violation.path) for violation in found}


def test_the_published_contracts_keep_every_rule() -> None:
    assert check_published(read_folder(PACKAGED)) == []


@pytest.mark.parametrize(
    "newer",
    [
        record(NUMBER, OPTIONAL_WORD),
        record(OPTIONAL_WORD, NUMBER),
        record(NUMBER, field("words", {"type": "array", "items": "string"}, default=[])),
        record(NUMBER, field("inner", ["null", record(WORD, name="Inner")], default=None)),
        record({**NUMBER, "doc": "Own field, told better."}),
    ],
)
def test_what_a_new_version_may_add(newer: Schema) -> None:
    assert rules(record(NUMBER), newer) == set()


def test_a_field_with_a_default_may_be_taken_away_and_a_symbol_added() -> None:
    wider = field("kind", enum("a", "other", "b", default="other"))

    assert rules(record(NUMBER, OPTIONAL_WORD, FALLS_BACK), record(NUMBER, wider)) == set()


@pytest.mark.parametrize(
    ("older", "newer", "rule", "path"),
    [
        ([NUMBER], [NUMBER, WORD], "new_field_default", "/word"),
        ([NUMBER, WORD], [NUMBER], "removed_field_default", "/word"),
        ([NUMBER], [field("number", "string")], "type_changed", "/number"),
        ([field("raw", "bytes")], [field("raw", "string")], "type_changed", "/raw"),
        ([field("at", TIME)], [field("at", "long")], "type_changed", "/at"),
        ([OPTIONAL_WORD], [field("word", "string", default="")], "type_changed", "/word"),
        ([field("n", "long", default=1)], [field("n", "long", default=2)], "default_changed", "/n"),
        ([field("n", "boolean", default=False)], [field("n", "boolean")], "default_changed", "/n"),
        ([FALLS_BACK], [field("kind", enum("other", default="other"))], "symbol_removed", "/kind"),
        ([FALLS_BACK], [field("kind", enum("a", "other", default="a"))], "fallback_changed", "/kind"),
        ([FALLS_BACK], [field("kind", enum("a", "other", name="F", default="other"))], "type_renamed", "/kind"),
        ([OPTIONAL_WORD], [{**OPTIONAL_WORD, "name": "term"}], "rename_without_alias", "/word"),
    ],
)
def test_a_change_that_is_not_allowed_is_named_with_its_place(
    older: list[Schema], newer: list[Schema], rule: str, path: str
) -> None:
    assert (rule, path) in rules(record(*older), record(*newer))


def test_a_rename_with_an_alias_is_allowed() -> None:
    assert rules(record(OPTIONAL_WORD), record({**OPTIONAL_WORD, "name": "term", "aliases": ["word"]})) == set()


def test_the_place_within_lists_and_optional_records_is_told_by_the_names_of_fields() -> None:
    def nested(inner: Schema) -> Schema:
        within = record(inner, name="Inner")
        listed = record(field("inner", ["null", within], default=None), name="Listed")
        return record(field("list", {"type": "array", "items": listed}, default=[]))

    assert ("type_changed", "/list/inner/number") in rules(nested(NUMBER), nested(field("number", "string")))


def test_a_type_that_is_used_twice_is_compared_once_and_where_it_is_defined() -> None:
    def twice(inner: Schema) -> Schema:
        return record(field("first", record(inner, name="Side")), field("second", "Side"))

    found = check_versions("thing-event", {1: twice(NUMBER), 2: twice(field("number", "string"))})

    assert [each.path for each in found if each.rule == "type_changed"] == ["/first/number"]


def test_versions_that_are_not_neighbours_are_compared() -> None:
    found = check_versions(
        "thing-event", {1: record(NUMBER), 2: record(NUMBER, {**WORD, "default": "x"}), 3: record(NUMBER, WORD)}
    )

    assert any(
        each.rule == "full_transitive" and "version 3 cannot read what version 1 wrote" in each.reason for each in found
    )


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        ({"name": "f", "type": "string"}, "documented"),
        (field("f", ["string", "null"], default="x"), "null_first"),
        (field("f", ["null", "string", "long"], default=None), "null_first"),
        (field("f", ["null", "string"]), "optional_default"),
        (field("f", ["null", "string"], default="x"), "union_default"),
        (field("f", enum("a")), "enum_default"),
        (field("f", enum("a", default="b")), "enum_default"),
        (field("f", {"type": "array", "items": "long"}, default=[1]), "array_default"),
        (field("f", "int"), "widest_number"),
        (field("f", {"type": "long", "logicalType": "timestamp-millis"}), "microseconds"),
        (field("f_m", "double"), "unit"),
        (field("f", TIME), "unit"),
        ({**field("f", "string"), "doc": "What it is."}, "origin"),
    ],
)
def test_the_lint_sees_a_broken_rule(broken: Schema, rule: str) -> None:
    assert rule in {violation.rule for violation in lint("thing-event", 1, record(broken))}


def test_what_apache_avro_refuses_is_said_and_nothing_else() -> None:
    found = check_versions("thing-event", {1: record(NUMBER), 2: record(field("x", "no_such_type"))})

    assert [(violation.rule, violation.version) for violation in found] == [("avro", 2)]


def test_a_violation_is_one_line_with_the_place_first() -> None:
    violation = Violation("plan-event", 3, "/plan/title", "type_changed", "changed its type")

    assert str(violation) == "plan-event v3 /plan/title: changed its type [type_changed]"
    assert json.dumps(str(Violation("plan-event", None, "/", "numbered", "why"))) == '"plan-event /: why [numbered]"'
