"""Finding contracts, and reading what other versions wrote."""

from __future__ import annotations

import json
from typing import Any

import pytest

from meekoppel_contracts import (
    PLAN_EVENT,
    PLAN_EVENTS,
    Codec,
    Discipline,
    PlanEvent,
    Registry,
    SchemaId,
    SchemaMismatch,
    SchemaVersion,
    UnknownSchema,
    encode_plan_event,
    fingerprints,
    packaged_registry,
)
from meekoppel_contracts.testing import example_event, example_plan

NEWEST = packaged_registry().newest(PLAN_EVENT).version
NEXT = NEWEST + 1


class NextPlanEvent(PlanEvent):
    """The model of a made-up next version with one field more."""

    urgency: str | None = None


def next_schema() -> Any:
    """Make a next version: a field more, and a discipline that the newest version does not know."""
    schema = json.loads(packaged_registry().text(packaged_registry().newest(PLAN_EVENT).schema_id))
    schema["fields"].append({"name": "urgency", "type": ["null", "string"], "default": None, "doc": "How urgent."})
    plan = next(field for field in schema["fields"] if field["name"] == "plan")["type"]
    disciplines = next(field for field in plan["fields"] if field["name"] == "disciplines")
    disciplines["type"]["items"]["symbols"].append("cooling")
    return schema


@pytest.fixture
def wider() -> Registry:
    schema = next_schema()
    entry = SchemaVersion(SchemaId(77), PLAN_EVENT, NEXT, f"plan-event/v{NEXT}.avsc", fingerprints(schema))
    return packaged_registry().with_version(entry, json.dumps(schema))


def test_a_version_is_found_by_its_id_and_by_its_number() -> None:
    entry = packaged_registry().version(PLAN_EVENT, 1)

    assert packaged_registry().by_id(entry.schema_id) is entry
    assert entry.uri == "urn:meekoppel:contract:plan-event:1"


def test_an_unknown_id_subject_or_version_is_said_so() -> None:
    registry = packaged_registry()

    with pytest.raises(UnknownSchema, match="schema id 404"):
        registry.by_id(SchemaId(404))
    with pytest.raises(UnknownSchema, match="'plans'; there are plan-event, overlap-event, plan-rejection, "):
        registry.newest("plans")
    with pytest.raises(UnknownSchema, match=f"no version 99; the newest is {NEWEST}"):
        registry.version(PLAN_EVENT, 99)


def test_schemas_are_parsed_once() -> None:
    assert packaged_registry().parsed(SchemaId(1)) is packaged_registry().parsed(SchemaId(1))
    assert packaged_registry().resolution(SchemaId(1), SchemaId(1)) is packaged_registry().resolution(
        SchemaId(1), SchemaId(1)
    )


def test_different_subjects_are_never_resolved_to_each_other() -> None:
    with pytest.raises(SchemaMismatch):
        packaged_registry().resolution(SchemaId(1), SchemaId(2))


def test_a_new_reader_reads_an_old_event_and_fills_in_the_default(wider: Registry) -> None:
    reader = Codec(PLAN_EVENT, NextPlanEvent, wider, version=NEXT)

    decoded = reader.decode(encode_plan_event(example_event()))

    assert decoded.urgency is None
    assert decoded.plan == example_plan()


def test_an_old_reader_that_was_given_the_new_contract_reads_a_new_event(wider: Registry) -> None:
    writer = Codec(PLAN_EVENT, NextPlanEvent, wider, version=NEXT)
    reader = Codec(PLAN_EVENT, PlanEvent, wider)
    event = NextPlanEvent(**example_event().model_dump(), urgency="high")

    assert reader.decode(writer.encode(event)) == example_event()


def test_an_old_reader_takes_a_symbol_that_it_does_not_know_as_the_default(wider: Registry) -> None:
    known = example_plan(disciplines=(Discipline.ROAD, Discipline.OTHER))
    writer = Codec(PLAN_EVENT, NextPlanEvent, wider, version=NEXT)
    data = bytearray(writer.encode(NextPlanEvent(**example_event(plan=known).model_dump())))
    # The new symbol stands behind those of the newest version: one byte makes the difference.
    road, other, cooling = (index * 2 for index in (11, 19, len(Discipline)))
    at = data.index(bytes((4, road, other)))
    data[at + 2] = cooling

    decoded = Codec(PLAN_EVENT, PlanEvent, wider).decode(bytes(data))

    assert decoded.plan.disciplines == (Discipline.ROAD, Discipline.OTHER)


def test_an_old_reader_without_the_new_contract_says_that_it_must_be_upgraded(wider: Registry) -> None:
    data = Codec(PLAN_EVENT, NextPlanEvent, wider, version=NEXT).encode(NextPlanEvent(**example_event().model_dump()))

    with pytest.raises(UnknownSchema, match="upgrade meekoppel-contracts"):
        PLAN_EVENTS.decode(data)


def test_a_wider_registry_leaves_the_first_one_as_it_was(wider: Registry) -> None:
    assert wider.newest(PLAN_EVENT).version == NEXT
    assert packaged_registry().newest(PLAN_EVENT).version == NEWEST
