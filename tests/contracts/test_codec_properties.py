"""What holds for every record and for every string of bytes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meekoppel_contracts import CODECS, Codec, ContractError, framed_schema_id, packaged_registry
from tests.contracts.examples import EXAMPLES
from tests.contracts.strategies import RECORDS

each_codec = pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
WRITTEN = tuple(CODECS[subject].encode(example) for subject, example in EXAMPLES.items())
IDS = [entry.schema_id for subject in packaged_registry().subjects() for entry in packaged_registry().versions(subject)]
building_is_slow = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
cheap = settings(max_examples=300, deadline=None)


@pytest.mark.parametrize("subject", CODECS)
@building_is_slow
@given(data=st.data())
def test_every_record_comes_back_as_it_was(subject: str, data: st.DataObject) -> None:
    record = data.draw(RECORDS[subject])

    assert CODECS[subject].decode(CODECS[subject].encode(record)) == record


@each_codec
@cheap
@given(data=st.binary(max_size=400))
def test_random_bytes_give_a_contract_error_and_nothing_else(codec: Codec[Any], data: bytes) -> None:
    with suppress(ContractError):
        codec.decode(data)


@each_codec
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
@given(data=st.sampled_from(WRITTEN), changes=mutations)
def test_a_damaged_record_gives_a_contract_error_and_nothing_else(
    data: bytes, changes: list[tuple[Callable[[bytes, int, bytes], bytes], int, bytes]]
) -> None:
    for change, at, piece in changes:
        data = change(data, at % max(1, len(data)), piece)
    for codec in CODECS.values():
        with suppress(ContractError):
            codec.decode(data)


@pytest.mark.parametrize("data", WRITTEN, ids=EXAMPLES)
def test_a_record_that_ends_anywhere_too_early_is_refused(data: bytes) -> None:
    codec = CODECS[packaged_registry().by_id(framed_schema_id(data)).subject]
    for length in range(len(data)):
        with pytest.raises(ContractError):
            codec.decode(data[:length])
