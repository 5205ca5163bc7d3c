"""Version 1 and version 2 of plan-event read each other: with the schemas as published, not with made-up ones."""

from __future__ import annotations

import io
from typing import Any

import pytest
from fastavro import schemaless_reader, schemaless_writer

from meekoppel_contracts import (
    PLAN_EVENT,
    Discipline,
    PlanEvent,
    changed_fields,
    decode_plan_event,
    encode_plan_event,
    frame_prefix,
    packaged_registry,
)
from meekoppel_contracts.testing import example_event, example_plan, example_zone

SINCE_VERSION_2 = ("repaired", "position_error_m", "simplified_m")
V1, V2 = (packaged_registry().version(PLAN_EVENT, version).schema_id for version in (1, 2))


def written_by_version_1(event: PlanEvent) -> bytes:
    """Write as a program does that knows nothing of this package's models."""
    values = event.model_dump()
    for zone in values["plan"]["zones"]:
        for field in SINCE_VERSION_2:
            del zone[field]
    out = io.BytesIO(frame_prefix(V1))
    out.seek(0, io.SEEK_END)
    schemaless_writer(out, packaged_registry().parsed(V1), values, strict=True)
    return out.getvalue()


def read_by_version_1(data: bytes) -> dict[str, Any]:
    body = io.BytesIO(data[5:])
    record = schemaless_reader(body, packaged_registry().parsed(V2), packaged_registry().parsed(V1))
    assert not body.read()
    assert isinstance(record, dict)
    return record


def test_what_version_1_wrote_gets_the_defaults_of_the_new_fields() -> None:
    (zone,) = decode_plan_event(written_by_version_1(example_event())).plan.zones

    assert (zone.repaired, zone.position_error_m, zone.simplified_m) == (False, None, None)


def test_a_plan_that_version_1_wrote_equals_the_same_plan_written_by_version_2() -> None:
    old = decode_plan_event(written_by_version_1(example_event()))
    new = decode_plan_event(encode_plan_event(example_event()))

    assert changed_fields(old.plan, new.plan) == ()


def test_version_1_reads_what_version_2_wrote_without_the_new_fields() -> None:
    zone = example_zone(repaired=True, position_error_m=0.25, simplified_m=0.1)
    event = example_event(plan=example_plan(zones=(zone,)))

    (read,) = read_by_version_1(encode_plan_event(event))["plan"]["zones"]

    assert read == zone.model_dump(mode="python", exclude=set(SINCE_VERSION_2))


def test_version_1_takes_hydrogen_as_other() -> None:
    event = example_event(plan=example_plan(disciplines=(Discipline.HYDROGEN, Discipline.ROAD)))

    assert read_by_version_1(encode_plan_event(event))["plan"]["disciplines"] == ["other", "road"]


@pytest.mark.parametrize("field", SINCE_VERSION_2)
def test_each_new_field_comes_back_as_it_was(field: str) -> None:
    value = True if field == "repaired" else 0.018
    event = example_event(plan=example_plan(zones=(example_zone(**{field: value}),)))

    assert decode_plan_event(encode_plan_event(event)) == event
