"""The checker against fastavro: what it allows is really read, in both directions; what it forbids really breaks.

Apache's library judges and fastavro reads: two programs that know nothing of each other. `expected` says, from the
Avro specification alone, what a reader has to make of what another version wrote.
"""

from __future__ import annotations

import copy
import io
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from fastavro import parse_schema, schemaless_reader, schemaless_writer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meekoppel_contracts.compatibility import check_versions

Schema = Any
TIME = {"type": "long", "logicalType": "timestamp-micros"}
WITHOUT_DEFAULT = ("string", "long", "double", "boolean", "bytes", TIME)
thorough = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
brief = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def record(name: str, fields: list[Schema]) -> Schema:
    return {"type": "record", "name": name, "doc": "Own record.", "fields": fields}


def field(name: str, kind: Schema, **more: Any) -> Schema:
    return {"name": name, "type": kind, "doc": f"Own field {name}, which counts microseconds.", **more}


def enum(name: str, symbols: list[str], **more: Any) -> Schema:
    return {"type": "enum", "name": name, "doc": "Own list.", "symbols": symbols, **more}


# --- any schema, and any record of it ---------------------------------------------------------------------------------


@st.composite
def fields(draw: st.DrawFn, numbers: Iterator[int], depth: int) -> Schema:
    name = f"f{next(numbers)}"
    shape = draw(st.sampled_from(("plain", "defaulted", "enum", *(("optional", "array", "record") if depth else ()))))
    if shape == "plain":
        return field(name, draw(st.sampled_from(WITHOUT_DEFAULT)))
    if shape == "defaulted":
        return field(name, "long", default=draw(st.integers(0, 9)))
    if shape == "enum":
        return field(name, enum(f"E{next(numbers)}", ["a", "b", "other"], default="other"))
    inner = draw(fields(numbers, depth - 1))["type"]
    if shape == "record":
        return field(name, draw(records(numbers, depth - 1)))
    if shape == "array":
        return field(name, {"type": "array", "items": inner}, default=[])
    return field(name, ["null", inner if not isinstance(inner, list) else "string"], default=None)


@st.composite
def records(draw: st.DrawFn, numbers: Iterator[int], depth: int) -> Schema:
    name = f"R{next(numbers)}"
    return record(name, [draw(fields(numbers, depth)) for _ in range(draw(st.integers(1, 3)))])


def values(kind: Schema) -> st.SearchStrategy[Any]:
    """Give any value of a type."""
    if isinstance(kind, list):
        return st.none() | values(kind[1])
    if kind == TIME:
        return st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
    if isinstance(kind, dict):
        if kind["type"] == "enum":
            return st.sampled_from(kind["symbols"])
        if kind["type"] == "array":
            return st.lists(values(kind["items"]), max_size=2)
        return st.fixed_dictionaries({each["name"]: values(each["type"]) for each in kind["fields"]})
    return {
        "string": st.text(max_size=5),
        "long": st.integers(-(2**63), 2**63 - 1),
        "double": st.floats(allow_nan=False),
        "boolean": st.booleans(),
        "bytes": st.binary(max_size=5),
    }[kind]


def parts(node: Schema, kind: str) -> list[Schema]:
    """Find all records, or all enums, in a schema."""
    if isinstance(node, list):
        return [part for each in node for part in parts(each, kind)]
    if not isinstance(node, dict):
        return []
    found = [node] if node.get("type") == kind else []
    return found + [part for key in ("type", "items", "fields") if key in node for part in parts(node[key], kind)]


# --- changes that are allowed -----------------------------------------------------------------------------------------


def add_optional(draw: st.DrawFn, schema: Schema, numbers: Iterator[int]) -> None:
    kind = draw(st.sampled_from(WITHOUT_DEFAULT))
    into = draw(st.sampled_from(parts(schema, "record")))["fields"]
    into.insert(draw(st.integers(0, len(into))), field(f"f{next(numbers)}", ["null", kind], default=None))


def add_with_default(draw: st.DrawFn, schema: Schema, numbers: Iterator[int]) -> None:
    name = f"f{next(numbers)}"
    added = draw(
        st.sampled_from(
            (
                field(name, "long", default=7),
                field(name, {"type": "array", "items": "string"}, default=[]),
                field(name, enum(f"E{next(numbers)}", ["a", "other"], default="other"), default="a"),
            )
        )
    )
    draw(st.sampled_from(parts(schema, "record")))["fields"].append(added)


def take_away(draw: st.DrawFn, schema: Schema, _: Iterator[int]) -> None:
    possible = [(each, one) for each in parts(schema, "record") for one in each["fields"] if "default" in one]
    if possible:
        within, one = draw(st.sampled_from(possible))
        within["fields"].remove(one)


def add_symbol(draw: st.DrawFn, schema: Schema, numbers: Iterator[int]) -> None:
    lists = parts(schema, "enum")
    if lists:
        symbols = draw(st.sampled_from(lists))["symbols"]
        symbols.insert(draw(st.integers(0, len(symbols))), f"s{next(numbers)}")


def rename_with_alias(draw: st.DrawFn, schema: Schema, numbers: Iterator[int]) -> None:
    possible = [one for each in parts(schema, "record") for one in each["fields"] if "default" in one]
    if possible:
        one = draw(st.sampled_from(possible))
        one["aliases"] = [*one.get("aliases", ()), one["name"]]
        one["name"] = f"f{next(numbers)}"


def reorder(draw: st.DrawFn, schema: Schema, _: Iterator[int]) -> None:
    draw(st.sampled_from(parts(schema, "record")))["fields"].reverse()


ALLOWED = (add_optional, add_with_default, take_away, add_symbol, rename_with_alias, reorder)


@st.composite
def evolutions(draw: st.DrawFn) -> list[Schema]:
    """Give three versions of a contract, each made of the one before by allowed changes."""
    numbers = itertools.count()
    versions = [draw(records(numbers, 2))]
    for _ in range(2):
        versions.append(copy.deepcopy(versions[-1]))
        for change in draw(st.lists(st.sampled_from(ALLOWED), min_size=1, max_size=3)):
            change(draw, versions[-1], numbers)
    return versions


def expected(writer: Schema, reader: Schema, value: Any) -> Any:
    """Say what a reader has to make of a value, after the Avro specification."""
    if isinstance(writer, list):
        return None if value is None else expected(writer[1], reader[1], value)
    if not isinstance(writer, dict) or writer == TIME:
        return value
    if writer["type"] == "enum":
        return value if value in reader["symbols"] else reader["default"]
    if writer["type"] == "array":
        return [expected(writer["items"], reader["items"], each) for each in value]
    written = {each["name"]: each["type"] for each in writer["fields"]}
    read = {}
    for each in reader["fields"]:
        name = next((name for name in (each["name"], *each.get("aliases", ())) if name in written), None)
        read[each["name"]] = each["default"] if name is None else expected(written[name], each["type"], value[name])
    return read


def passed_on(writer: Schema, reader: Schema, value: Any) -> Any:
    """Write with one schema and read with another, as fastavro does it."""
    body = io.BytesIO()
    schemaless_writer(body, parse_schema(copy.deepcopy(writer)), value, strict=True, disable_tuple_notation=True)
    body.seek(0)
    read = schemaless_reader(body, parse_schema(copy.deepcopy(writer)), parse_schema(copy.deepcopy(reader)))
    assert not body.read()
    return read


@thorough
@given(versions=evolutions(), data=st.data())
def test_what_the_checker_allows_every_version_reads_of_every_other(versions: list[Schema], data: Any) -> None:
    assert check_versions("thing-event", dict(enumerate(versions, start=1))) == []

    for writer, reader in itertools.permutations(versions, 2):
        value = data.draw(values(writer))
        assert passed_on(writer, reader, value) == expected(writer, reader, value)


# --- changes that are forbidden ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Forbidden:
    """A change of one field, and values that show what it breaks: written by the old version, or by the new one."""

    rule: str
    old: Schema | None
    new: Schema | None
    by_old: tuple[Any, ...] = ()
    by_new: tuple[Any, ...] = ()


NONE = object()
"""For a value of a record that does not have the field."""

FALLS_BACK = enum("Kind", ["a", "b", "other"], default="other")
FORBIDDEN = (
    Forbidden("new_field_default", None, field("v", "long"), by_old=(NONE,)),
    Forbidden("removed_field_default", field("v", "long"), None, by_new=(NONE,)),
    Forbidden("type_changed", field("v", "long"), field("v", "string"), by_old=(5,), by_new=("x",)),
    Forbidden("type_changed", field("v", "long"), field("v", "double"), by_old=(2**53 + 1,), by_new=(0.5,)),
    Forbidden("type_changed", field("v", "boolean"), field("v", "long"), by_old=(True,), by_new=(5,)),
    Forbidden("type_changed", field("v", "bytes"), field("v", "string"), by_old=(b"\xff",), by_new=("x",)),
    Forbidden("type_changed", field("v", TIME), field("v", "long"), by_old=(datetime(2026, 3, 2, tzinfo=UTC),)),
    Forbidden("type_changed", field("v", ["null", "long"], default=None), field("v", "long"), by_old=(None,)),
    Forbidden("type_changed", field("v", "long"), field("v", ["null", "long"], default=None), by_new=(None,)),
    Forbidden("type_changed", field("v", "long"), field("v", {"type": "array", "items": "long"}), by_old=(5,)),
    Forbidden("symbol_removed", field("v", FALLS_BACK), field("v", {**FALLS_BACK, "symbols": ["b", "other"]}), ("a",)),
    Forbidden("type_renamed", field("v", FALLS_BACK), field("v", {**FALLS_BACK, "name": "Sort"}), by_old=("a",)),
    Forbidden("enum_default", field("v", enum("Kind", ["a"])), field("v", enum("Kind", ["a", "b"])), by_new=("b",)),
    Forbidden(
        "rename_without_alias",
        field("v", ["null", "string"], default=None),
        {**field("v", ["null", "string"], default=None), "name": "w"},
        by_old=("x",),
    ),
)
PLACES: tuple[Callable[[Schema], Schema], ...] = (
    lambda within: within,
    lambda within: record("Outer", [field("inner", within)]),
    lambda within: record("Outer", [field("inner", ["null", within], default=None)]),
    lambda within: record("Outer", [field("inner", {"type": "array", "items": within}, default=[])]),
)


def put(place: int, value: Any) -> Any:
    return value if place == 0 else {"inner": [value] if place == 3 else value}


def take(place: int, value: Any) -> Any:
    inner = value if place == 0 else value["inner"]
    return inner[0] if place == 3 else inner


def breaks(writer: Schema, reader: Schema, whole: Any, place: int, victim: Any, wanted: Schema | None) -> bool:
    """Tell whether reading fails, gives another value than was written, or one that the reader's type cannot have.

    The last is how a logical type is lost: fastavro takes that of the writer, whatever the reader asks for.
    """
    try:
        read = take(place, passed_on(writer, reader, whole))
    except Exception:
        return True
    if victim is NONE or wanted is None:
        return False
    got = read[wanted["name"]]
    mistyped = wanted["type"] in ("long", TIME) and isinstance(got, datetime) is not (wanted["type"] == TIME)
    return mistyped or type(got) is not type(victim) or got != victim


@pytest.mark.parametrize("change", FORBIDDEN, ids=lambda change: change.rule)
@brief
@given(place=st.integers(0, 3), data=st.data())
def test_what_the_checker_forbids_breaks_or_alters_what_was_written(change: Forbidden, place: int, data: Any) -> None:
    around = data.draw(st.lists(fields(itertools.count(), 1), max_size=2))
    old, new = (
        PLACES[place](record("Within", copy.deepcopy([*around, *([each] if each else [])])))
        for each in (change.old, change.new)
    )

    assert change.rule in {violation.rule for violation in check_versions("thing-event", {1: old, 2: new})}

    surroundings = data.draw(values(record("Within", around)))
    shown = []
    for writer, reader, own, other, victims in (
        (old, new, change.old, change.new, change.by_old),
        (new, old, change.new, change.old, change.by_new),
    ):
        for victim in victims:
            written = surroundings if victim is NONE else {**surroundings, own["name"]: victim}
            shown.append(breaks(writer, reader, put(place, written), place, victim, other))
    assert any(shown)


def test_a_default_that_changed_makes_readers_disagree_about_the_same_old_event() -> None:
    without = record("R", [field("n", "long")])
    first, second = (record("R", [field("n", "long"), field("v", "long", default=default)]) for default in (1, 2))

    assert "default_changed" in {
        found.rule for found in check_versions("thing-event", {1: without, 2: first, 3: second})
    }
    assert passed_on(without, first, {"n": 0}) != passed_on(without, second, {"n": 0})


def test_a_fallback_that_changed_makes_readers_disagree_about_the_same_new_event() -> None:
    newest = record("R", [field("v", enum("Kind", ["a", "b", "new"], default="a"))])
    first, second = (record("R", [field("v", enum("Kind", ["a", "b"], default=default))]) for default in ("a", "b"))

    assert "fallback_changed" in {found.rule for found in check_versions("thing-event", {1: first, 2: second})}
    assert passed_on(newest, first, {"v": "new"}) != passed_on(newest, second, {"v": "new"})


# --- where the two libraries differ -----------------------------------------------------------------------------------


def rules_of_apache_alone(old: Schema, new: Schema) -> set[str]:
    return {found.rule for found in check_versions("thing-event", {1: old, 2: new})} & {"full_transitive"}


@pytest.mark.parametrize(
    ("old", "new", "value"),
    [
        (field("v", "bytes"), field("v", "string"), b"\xff"),
        (field("v", TIME), field("v", "long"), datetime(2026, 3, 2, tzinfo=UTC)),
    ],
)
def test_apache_alone_would_allow_what_fastavro_cannot_read_as_it_was(old: Schema, new: Schema, value: Any) -> None:
    writer, reader = record("R", [old]), record("R", [new])

    assert rules_of_apache_alone(writer, reader) == set()
    assert breaks(writer, reader, {"v": value}, 0, value, new)
