"""Plain reading: the same bytes are taken and refused as by the codec, and what comes of them is the same."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from fastavro import schemaless_writer
from hypothesis import given, settings

from meekoppel_contracts.codec import decode_plan_event, encode_overlap_event, encode_plan_event
from meekoppel_contracts.errors import ContractError
from meekoppel_contracts.events import OverlapEvent, PlanEvent
from meekoppel_contracts.framing import frame_prefix
from meekoppel_contracts.plain import PlainReader
from meekoppel_contracts.registry import PLAN_EVENT, packaged_registry
from tests.contracts.strategies import overlap_events, plan_events

READER = PlainReader(PLAN_EVENT)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@settings(max_examples=25)
@given(plan_events)
def test_moments_are_microseconds_and_codes_are_their_place_in_the_list(event: PlanEvent):
    plain = READER.read(encode_plan_event(event))
    plan = event.plan
    assert READER.names["Status"][plain["plan"]["status"]] == plan.status.value
    assert [READER.names["Discipline"][code] for code in plain["plan"]["disciplines"]] == list(plan.disciplines)
    passed = plan.period.earliest_start - EPOCH
    assert plain["plan"]["period"]["earliest_start"] == passed.total_seconds() * 1e6
    assert [zone["geometry"] for zone in plain["plan"]["zones"]] == [zone.geometry for zone in plan.zones]


@settings(max_examples=25)
@given(plan_events)
def test_a_record_of_an_older_version_is_read_as_the_newest_is(event: PlanEvent):
    known_then = event.plan.model_copy(update={"disciplines": ()})
    newest = decode_plan_event(encode_plan_event(event.model_copy(update={"plan": known_then})))
    older = packaged_registry().version(PLAN_EVENT, 1)
    out = io.BytesIO()
    out.write(frame_prefix(older.schema_id))
    schemaless_writer(out, packaged_registry().parsed(older.schema_id), newest.model_dump())
    expected = encode_plan_event(decode_plan_event(out.getvalue()))
    assert READER.read(out.getvalue()) == READER.read(expected)


@settings(max_examples=25)
@given(overlap_events)
def test_another_contract_is_refused(event: OverlapEvent):
    with pytest.raises(ContractError):
        READER.read(encode_overlap_event(event))


@settings(max_examples=25)
@given(plan_events)
def test_what_is_cut_or_followed_by_more_is_refused(event: PlanEvent):
    framed = encode_plan_event(event)
    for bad in (b"", None, framed[:3], framed[:-1], framed + b"\x00", b"\x01" + framed[1:]):
        with pytest.raises(ContractError):
            READER.read(bad)
