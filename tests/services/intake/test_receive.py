from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from fastavro import schemaless_writer
from hypothesis import given
from hypothesis import strategies as st

from meekoppel_contracts.codes import RejectionReason
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.framing import frame_prefix
from meekoppel_contracts.registry import PLAN_EVENT, packaged_registry
from meekoppel_hub.intake.outcome import Submission, Undecodable
from meekoppel_hub.intake.receive import receive
from meekoppel_hub.platform.errors import PoisonRecord
from meekoppel_hub.platform.stream.records import LogRecord, PartitionId

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LIMIT = 256 * 1024
NAMES = st.sampled_from(["ce_sequence", "ce_epoch", "ce_id", "x"])


def framed_unchecked(event: PlanEvent) -> bytes:
    """Write an event as a foreign producer may: by the schema alone, without the rules of the model."""
    registry = packaged_registry()
    newest = registry.newest(PLAN_EVENT)
    out = io.BytesIO()
    out.write(frame_prefix(newest.schema_id))
    schemaless_writer(out, registry.parsed(newest.schema_id), event.model_dump())
    return out.getvalue()


def with_header(record: LogRecord, name: str, value: bytes | None) -> LogRecord:
    rest = tuple(header for header in record.headers if header[0] != name)
    return replace(record, headers=rest if value is None else (*rest, (name, value)))


def test_an_event_is_read_with_its_place_in_the_senders_numbering(inbox, plan) -> None:
    received = receive(inbox.send(plan(), sequence=7), LIMIT, NOW)
    assert isinstance(received, Submission)
    assert received.event.plan == plan()
    assert (received.organisation, received.epoch, received.sequence) == ("gm0361", inbox.epoch, 7)


def test_bytes_that_are_no_event_are_undecodable_also_without_headers(inbox) -> None:
    received = receive(inbox.record(b"garbage", b"key"), LIMIT, NOW)
    assert isinstance(received, Undecodable)
    assert received.rejection.reason is RejectionReason.UNDECODABLE


@pytest.mark.parametrize("value", [None, b"", b"{}", b"\0\0\0\0\1", b"\0\xff\xff\xff\xff rest"])
def test_bytes_that_are_no_event_are_undecodable(value: bytes | None, inbox, plan) -> None:
    received = receive(replace(inbox.send(plan()), value=value), LIMIT, NOW)
    assert isinstance(received, Undecodable)
    assert received.rejection.reason is RejectionReason.UNDECODABLE


def test_bytes_left_over_after_the_event_make_it_undecodable(inbox, plan) -> None:
    record = inbox.send(plan())
    received = receive(replace(record, value=(record.value or b"") + b"\0"), LIMIT, NOW)
    assert isinstance(received, Undecodable)
    assert received.rejection.reason is RejectionReason.UNDECODABLE


@pytest.mark.parametrize("name", ["ce_sequence", "ce_epoch"])
@pytest.mark.parametrize("value", [None, b"", b"-1", b"one", b"\xff\xfe", b"9" * 40, "٣".encode()])
def test_a_record_without_a_sane_numbering_is_refused(name: str, value: bytes | None, inbox, plan) -> None:
    received = receive(with_header(inbox.send(plan()), name, value), LIMIT, NOW)
    assert isinstance(received, Undecodable)
    assert received.rejection.reason is RejectionReason.MISSING_SEQUENCE
    assert received.rejection.field == name


@pytest.mark.parametrize("epoch", ["20261301T080000000000Z-00ff00", "20270101T080000000000Z-00ff00"])
def test_an_epoch_that_does_not_exist_or_lies_in_the_future_is_refused(epoch: str, inbox, plan) -> None:
    received = receive(inbox.send(plan(), epoch=epoch), LIMIT, NOW)
    assert isinstance(received, Undecodable)
    assert received.rejection.reason is RejectionReason.MISSING_SEQUENCE


def test_headers_that_break_the_contract_are_undecodable(inbox, plan) -> None:
    received = receive(with_header(inbox.send(plan()), "ce_id", b"\xff\xfe"), LIMIT, NOW)
    assert isinstance(received, Undecodable)
    assert received.rejection.reason is RejectionReason.UNDECODABLE


def test_a_value_that_is_too_long_is_refused_before_it_is_decoded(inbox, plan) -> None:
    received = receive(inbox.send(plan()), 10, NOW)
    assert isinstance(received, Undecodable)
    assert received.rejection.reason is RejectionReason.TOO_LARGE


def test_a_window_that_ends_before_it_starts_is_an_invalid_period(inbox, plan, event) -> None:
    good = plan()
    period = good.period.model_copy(update={"latest_end": datetime(2020, 1, 1, tzinfo=UTC)})
    backwards = event(good).model_copy(update={"plan": good.model_copy(update={"period": period})})
    headers = inbox.headers(backwards, inbox.epoch, 1)
    received = receive(inbox.record(framed_unchecked(backwards), b"k", headers), LIMIT, NOW)
    assert isinstance(received, Undecodable)
    assert received.rejection.reason is RejectionReason.INVALID_PERIOD
    assert received.rejection.field == "plan.period"


def test_a_topic_that_is_nobodys_inbox_is_a_fault_of_the_hub(inbox, plan) -> None:
    with pytest.raises(PoisonRecord):
        receive(replace(inbox.send(plan()), source=PartitionId("plan-inbox.Not_A_Code", 0)), LIMIT, NOW)


@given(
    value=st.none() | st.binary(max_size=200),
    headers=st.lists(st.tuples(NAMES, st.none() | st.binary(max_size=40))),
    key=st.none() | st.binary(max_size=40),
)
def test_no_bytes_at_all_raise_an_error(value, headers, key) -> None:
    record = LogRecord(PartitionId("plan-inbox.gm0361", 0), 0, 0, key, value, tuple(headers))
    assert isinstance(receive(record, LIMIT, NOW), Undecodable)
