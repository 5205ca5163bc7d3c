"""Framing and strictness, one case at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from meekoppel_contracts import (
    OVERLAP_EVENT,
    PLAN_EVENTS,
    Codec,
    ContractError,
    FramingError,
    OverlapEvent,
    PlanEvent,
    SchemaMismatch,
    UnknownSchema,
    contract_of_record,
    decode_overlap_event,
    decode_plan_event,
    decode_record,
    encode_overlap_event,
    encode_plan_event,
    framed_schema_id,
)
from meekoppel_contracts.testing import example_event, example_overlap, example_plan


def test_a_record_begins_with_a_zero_byte_and_its_schema_id() -> None:
    assert encode_plan_event(example_event())[:5] == b"\x00\x00\x00\x00\x04"
    assert framed_schema_id(encode_overlap_event(example_overlap())) == 11


def test_times_come_back_in_utc_as_the_same_moment() -> None:
    summer_time = timezone(timedelta(hours=2))
    event = example_event(occurred_at=datetime(2026, 7, 1, 9, 30, 0, 123456, tzinfo=summer_time))

    decoded = decode_plan_event(encode_plan_event(event))

    assert decoded.occurred_at == event.occurred_at
    assert decoded.occurred_at is not None
    assert decoded.occurred_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize("value", [None, b""])
def test_a_tombstone_is_refused(value: bytes | None) -> None:
    with pytest.raises(FramingError, match="tombstone"):
        decode_plan_event(value)


def test_a_wrong_magic_byte_is_refused() -> None:
    with pytest.raises(FramingError, match="0x7b"):
        decode_plan_event(b'{"plan": {}}')


def test_a_value_shorter_than_the_framing_is_refused() -> None:
    with pytest.raises(FramingError, match="ends after 3 bytes"):
        decode_plan_event(b"\x00\x00\x00")


def test_an_unknown_schema_id_is_refused() -> None:
    with pytest.raises(UnknownSchema, match="schema id 9000"):
        decode_plan_event(b"\x00" + (9000).to_bytes(4, "big") + b"body")


def test_a_record_of_another_contract_is_refused_even_if_its_bytes_would_fit() -> None:
    with pytest.raises(SchemaMismatch, match="plan-event, where overlap-event was expected"):
        decode_overlap_event(encode_plan_event(example_event()))


def test_a_record_is_read_by_the_contract_that_it_says_it_follows() -> None:
    event, overlap = example_event(), example_overlap()
    assert contract_of_record(encode_plan_event(event)) == "plan-event"
    assert contract_of_record(encode_overlap_event(overlap)) == "overlap-event"
    assert decode_record(encode_plan_event(event)) == event
    assert decode_record(encode_overlap_event(overlap)) == overlap


@pytest.mark.parametrize("value", [None, b"", b"\x00\x00", b"\x00\x00\x00\x7f\xff", b"\x01\x00\x00\x00\x01"])
def test_a_record_that_names_no_known_contract_is_refused(value: bytes | None) -> None:
    with pytest.raises(ContractError):
        decode_record(value)


def test_a_truncated_record_is_refused() -> None:
    with pytest.raises(SchemaMismatch, match="ends in the middle"):
        decode_plan_event(encode_plan_event(example_event())[:-20])


def test_bytes_left_over_after_the_record_are_refused() -> None:
    with pytest.raises(FramingError, match="2 bytes are left over"):
        decode_plan_event(encode_plan_event(example_event()) + b"\x00\x00")


def test_a_field_that_breaks_its_rule_is_named() -> None:
    good = encode_plan_event(example_event(publisher="gm0307-x"))

    with pytest.raises(SchemaMismatch, match=r"publisher: .*organisation code"):
        decode_plan_event(good.replace(b"gm0307-x", b"GM0307-X"))


def test_text_that_is_not_utf8_is_refused() -> None:
    good = encode_plan_event(example_event(reason="abcdef"))

    with pytest.raises(SchemaMismatch, match="UnicodeDecodeError"):
        decode_plan_event(good.replace(b"abcdef", b"abc\xff\xfef"))


def test_a_time_outside_the_calendar_is_refused() -> None:
    event = example_overlap(recorded_at=datetime(2026, 1, 1, tzinfo=UTC))
    body = encode_overlap_event(event)
    beyond_year_9999 = b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"

    with pytest.raises(SchemaMismatch):
        decode_overlap_event(body[:-8] + beyond_year_9999)


def test_a_naive_time_is_refused_before_it_is_written() -> None:
    naive = example_event().model_copy(update={"occurred_at": datetime(2026, 1, 1)})  # noqa: DTZ001

    with pytest.raises(SchemaMismatch, match=r"occurred_at: .*timezone"):
        encode_plan_event(naive)


def test_a_field_that_the_contract_does_not_have_is_refused_before_it_is_written() -> None:
    class Coloured(OverlapEvent):
        colour: str

    event = Coloured(**example_overlap().model_dump(), colour="red")

    with pytest.raises(SchemaMismatch, match="colour"):
        Codec(OVERLAP_EVENT, Coloured).encode(event)


def test_what_could_not_be_read_back_is_refused_before_it_is_written() -> None:
    too_long = example_plan().model_copy(update={"title": "x" * 101})

    with pytest.raises(SchemaMismatch, match=r"plan\.title"):
        encode_plan_event(example_event().model_copy(update={"plan": too_long}))


def test_a_number_of_more_than_64_bits_is_refused_before_it_is_written() -> None:
    with pytest.raises(SchemaMismatch):
        encode_plan_event(example_event(version=2**63))


def test_an_incomplete_record_is_refused_before_it_is_written() -> None:
    with pytest.raises(SchemaMismatch, match="cannot be written"):
        encode_plan_event(PlanEvent.model_construct(version=1))


def test_a_message_does_not_repeat_the_value() -> None:
    secret = example_plan().model_copy(update={"title": "secret" * 30})

    with pytest.raises(ContractError) as raised:
        encode_plan_event(example_event().model_copy(update={"plan": secret}))

    assert "secret" not in str(raised.value)


def test_plain_values_are_what_the_model_holds() -> None:
    event = example_event()

    values = PLAN_EVENTS.values(encode_plan_event(event))

    assert PlanEvent.model_validate(values) == event
    assert values["plan"]["status"] == event.plan.status.value


def test_bytes_left_over_are_refused_in_plain_values_too() -> None:
    with pytest.raises(FramingError, match="1 bytes are left over"):
        PLAN_EVENTS.values(encode_plan_event(example_event()) + b"\x00")
