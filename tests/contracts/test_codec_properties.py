"""What holds for every record and for every string of bytes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meekoppel_contracts import (
    OVERLAP_EVENTS,
    PLAN_EVENTS,
    PLAN_REJECTIONS,
    Codec,
    ContractError,
    OverlapEvent,
    PlanEvent,
    PlanRejection,
    decode_overlap_event,
    decode_plan_event,
    decode_plan_rejection,
    encode_overlap_event,
    encode_plan_event,
    encode_plan_rejection,
    framed_schema_id,
    packaged_registry,
)
from meekoppel_contracts.testing import example_event, example_overlap, example_rejection
from tests.contracts.strategies import overlap_events, plan_events, rejections

CODECS = pytest.mark.parametrize("codec", [PLAN_EVENTS, OVERLAP_EVENTS, PLAN_REJECTIONS], ids=lambda c: c.subject)
EXAMPLES = (
    encode_plan_event(example_event()),
    encode_overlap_event(example_overlap()),
    encode_plan_rejection(example_rejection()),
)
IDS = [entry.schema_id for subject in packaged_registry().subjects() for entry in packaged_registry().versions(subject)]
building_is_slow = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
cheap = settings(max_examples=300, deadline=None)


@building_is_slow
@given(plan_events)
def test_every_plan_event_comes_back_as_it_was(event: PlanEvent) -> None:
    assert decode_plan_event(encode_plan_event(event)) == event


@building_is_slow
@given(overlap_events)
def test_every_overlap_event_comes_back_as_it_was(event: OverlapEvent) -> None:
    assert decode_overlap_event(encode_overlap_event(event)) == event


@building_is_slow
@given(rejections)
def test_every_rejection_comes_back_as_it_was(rejection: PlanRejection) -> None:
    assert decode_plan_rejection(encode_plan_rejection(rejection)) == rejection


@CODECS
@cheap
@given(data=st.binary(max_size=400))
def test_random_bytes_give_a_contract_error_and_nothing_else(codec: Codec[Any], data: bytes) -> None:
    with suppress(ContractError):
        codec.decode(data)


@CODECS
@cheap
@given(schema_id=st.sampled_from(IDS), body=st.binary(max_size=400))
def test_a_random_body_gives_a_contract_error_and_nothing_else(codec: Codec[Any], schema_id: int, body: bytes) -> None:
    with suppress(ContractError):
        codec.decode(b"\x00" + schema_id.to_bytes(4, "big") + body)


def flip(data: bytes, at: int, piece: bytes) -> bytes:
    return data[:at] + piece + data[at + len(piece) :]


def insert(data: bytes, at: int, piece: bytes) -> bytes:
    return data[:at] + piece + data[at:]


def cut(data: bytes, at: int, piece: bytes) -> bytes:
    return data[:at] + data[at + len(piece) + 1 :]


huge_lengths = st.sampled_from([b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\xff" * 9 + b"\x01", b"\xff" * 12])
mutations = st.lists(
    st.tuples(
        st.sampled_from([flip, insert, cut]),
        st.integers(min_value=0, max_value=800),
        st.binary(min_size=1, max_size=4) | huge_lengths,
    ),
    min_size=1,
    max_size=4,
)


@cheap
@given(data=st.sampled_from(EXAMPLES), changes=mutations)
def test_a_damaged_record_gives_a_contract_error_and_nothing_else(
    data: bytes, changes: list[tuple[Callable[[bytes, int, bytes], bytes], int, bytes]]
) -> None:
    for change, at, piece in changes:
        data = change(data, at % max(1, len(data)), piece)
    for codec in (PLAN_EVENTS, OVERLAP_EVENTS, PLAN_REJECTIONS):
        with suppress(ContractError):
            codec.decode(data)


@pytest.mark.parametrize("data", EXAMPLES, ids=["plan-event", "overlap-event", "plan-rejection"])
def test_a_record_that_ends_anywhere_too_early_is_refused(data: bytes) -> None:
    subject = packaged_registry().by_id(framed_schema_id(data)).subject
    (codec,) = [codec for codec in (PLAN_EVENTS, OVERLAP_EVENTS, PLAN_REJECTIONS) if codec.subject == subject]
    for length in range(len(data)):
        with pytest.raises(ContractError):
            codec.decode(data[:length])
