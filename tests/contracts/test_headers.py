"""CloudEvents headers: written as agreed, read with tolerance for what is not ours and for nothing else."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meekoppel_contracts import (
    EventHeaders,
    HeaderError,
    agreement_event_headers,
    area_event_headers,
    assessment_event_headers,
    cooperation_event_headers,
    heartbeat_headers,
    moratorium_event_headers,
    notification_headers,
    overlap_event_headers,
    plan_event_headers,
    quality_event_headers,
    rejection_headers,
)
from meekoppel_contracts.testing import (
    EXAMPLE_COOPERATION_ID,
    EXAMPLE_PLAN_ID,
    example_agreement,
    example_area,
    example_assessment,
    example_cooperation,
    example_event,
    example_heartbeat,
    example_moratorium,
    example_notification,
    example_overlap,
    example_quality,
    example_rejection,
)

AT = datetime(2026, 11, 23, 17, 15, 40, 123456, tzinfo=UTC)
EPOCH = "20261123T171540123456Z-0a1b2c"
REQUIRED = [name for name, _ in plan_event_headers(example_event(), time=AT).to_kafka()]
names = st.sampled_from([*REQUIRED, "ce_epoch", "traceparent"]) | st.text(max_size=12)


def headers_without(name: str) -> list[tuple[str, bytes | None]]:
    return [pair for pair in plan_event_headers(example_event(), time=AT).to_kafka() if pair[0] != name]


def headers_with(name: str, value: bytes | None) -> list[tuple[str, bytes | None]]:
    return [(name, value), *headers_without(name)]


def test_an_event_in_an_inbox_is_written_with_sequence_and_epoch() -> None:
    event = example_event(version=0, recorded_at=None)

    headers = plan_event_headers(event, id=f"{EPOCH}/7", sequence=7, time=AT, epoch=EPOCH)

    assert headers.to_kafka() == [
        ("ce_specversion", b"1.0"),
        ("ce_id", f"{EPOCH}/7".encode()),
        ("ce_source", b"urn:meekoppel:organisation:gm0307"),
        ("ce_type", b"nl.meekoppel.plan.registered.v1"),
        ("ce_subject", EXAMPLE_PLAN_ID.encode()),
        ("ce_time", b"2026-11-23T17:15:40.123456Z"),
        ("ce_dataschema", b"urn:meekoppel:contract:plan-event:2"),
        ("ce_partitionkey", EXAMPLE_PLAN_ID.encode()),
        ("ce_sequence", b"7"),
        ("ce_epoch", EPOCH.encode()),
        ("content-type", b"application/avro"),
    ]


def test_an_event_in_the_log_is_named_by_plan_and_version() -> None:
    headers = plan_event_headers(example_event(version=4), time=AT)

    assert headers.id == f"{EXAMPLE_PLAN_ID}/4"
    assert headers.sequence == 4
    assert headers.epoch is None
    assert "ce_epoch" not in dict(headers.to_kafka())


def test_the_source_is_the_oin_where_the_registration_has_one() -> None:
    headers = plan_event_headers(example_event(), time=AT, oin="00000001001299992000")

    assert headers.source == "urn:nld:oin:00000001001299992000"


def test_an_overlap_is_numbered_by_its_revision_and_keyed_by_the_lower_plan() -> None:
    event = example_overlap(revision=3)

    headers = overlap_event_headers(event)

    assert headers.id == f"{event.overlap_id}/3"
    assert headers.type == "nl.meekoppel.overlap.detected.v1"
    assert headers.partition_key == EXAMPLE_PLAN_ID
    assert overlap_event_headers(event, partition_key="NL.x.1").partition_key == "NL.x.1"


def test_a_rejection_is_named_by_the_place_of_the_rejected_record() -> None:
    headers = rejection_headers(example_rejection())

    assert headers.id == "plan-inbox.gm0307/0/17"
    assert headers.type == "nl.meekoppel.plan.rejected.v1"
    assert headers.subject == headers.partition_key == EXAMPLE_PLAN_ID


def test_a_rejection_of_an_unreadable_record_is_keyed_by_the_organisation() -> None:
    headers = rejection_headers(example_rejection(plan_id=None))

    assert headers.subject == "plan-inbox.gm0307/0/17"
    assert headers.partition_key == "gm0307"


def test_an_assessment_is_numbered_per_party_and_stays_with_its_overlap() -> None:
    event = example_assessment(revision=2)

    headers = assessment_event_headers(event)

    assert headers.id == f"{event.overlap_id}/gm0307/2"
    assert headers.type == "nl.meekoppel.overlap.assessed.v1"
    assert headers.subject == event.overlap_id
    assert headers.partition_key == overlap_event_headers(example_overlap()).partition_key


def test_a_cooperation_is_ordered_by_its_own_id_since_plans_come_and_go() -> None:
    headers = cooperation_event_headers(example_cooperation(type="ended", revision=9))

    assert headers.id == f"{EXAMPLE_COOPERATION_ID}/9"
    assert headers.type == "nl.meekoppel.cooperation.ended.v1"
    assert headers.subject == headers.partition_key == EXAMPLE_COOPERATION_ID


def test_moratoria_and_areas_are_named_by_id_and_revision() -> None:
    moratorium, area = moratorium_event_headers(example_moratorium()), area_event_headers(example_area())

    assert (moratorium.id, moratorium.type) == (
        "NL.gm0307.rust-2026-0041/1",
        "nl.meekoppel.moratorium.declared.v1",
    )
    assert (area.id, area.type, area.partition_key) == (
        "NL.gm0307.gemeente/1",
        "nl.meekoppel.area.changed.v1",
        "NL.gm0307.gemeente",
    )


def test_the_versions_of_an_agreement_share_its_partition_key() -> None:
    applied, ended = (
        agreement_event_headers(example_agreement(**changes)) for changes in ({}, {"revision": 3, "type": "ended"})
    )

    assert (applied.id, applied.type) == ("NL.gm0307.afspraken/2", "nl.meekoppel.agreement.applied.v1")
    assert (ended.id, ended.type) == ("NL.gm0307.afspraken/3", "nl.meekoppel.agreement.ended.v1")
    assert applied.partition_key == ended.partition_key == "NL.gm0307.afspraken"


def test_heartbeats_rise_in_sequence_also_when_the_connector_lost_its_state() -> None:
    first = heartbeat_headers(example_heartbeat(epoch="a", last_sequence=900))
    later = heartbeat_headers(example_heartbeat(epoch="b", last_sequence=1, sent_at=AT), oin="00000001001299992000")

    assert first.sequence < later.sequence
    assert later.subject == later.partition_key == "gm0307/projecten"
    assert later.type == "nl.meekoppel.connector.heartbeat.v1"
    assert (later.epoch, later.source) == ("b", "urn:nld:oin:00000001001299992000")


def test_a_notification_is_ordered_by_the_plan_of_its_reader_where_there_is_one() -> None:
    about_a_plan = notification_headers(example_notification())
    about_none = notification_headers(example_notification(type="moratorium.lifted", plan_id=None, subject="NL.a.1"))

    assert (about_a_plan.type, about_a_plan.partition_key) == ("nl.meekoppel.notification.overlap.v1", EXAMPLE_PLAN_ID)
    assert (about_none.type, about_none.partition_key) == ("nl.meekoppel.notification.moratorium.v1", "NL.a.1")


def test_figures_of_quality_are_named_by_publisher_period_and_revision() -> None:
    headers = quality_event_headers(example_quality(type="revised", revision=2))

    assert (headers.id, headers.type) == ("gm0307/2026-03/2", "nl.meekoppel.quality.revised.v1")
    assert (headers.subject, headers.partition_key, headers.sequence) == ("gm0307/2026-03", "gm0307", 2)


@pytest.mark.parametrize(
    "headers",
    [
        plan_event_headers(example_event(), id="x/1", sequence=1, time=AT, epoch=EPOCH),
        overlap_event_headers(example_overlap()),
        rejection_headers(example_rejection()),
        assessment_event_headers(example_assessment()),
        cooperation_event_headers(example_cooperation()),
        moratorium_event_headers(example_moratorium()),
        area_event_headers(example_area()),
        agreement_event_headers(example_agreement()),
        heartbeat_headers(example_heartbeat()),
        notification_headers(example_notification()),
        quality_event_headers(example_quality()),
    ],
)
def test_what_is_written_is_read_back(headers: EventHeaders) -> None:
    assert EventHeaders.parse(headers.to_kafka()) == headers


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_header_is_named(name: str) -> None:
    with pytest.raises(HeaderError, match="missing") as raised:
        EventHeaders.parse(headers_without(name))

    assert raised.value.header == name


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("ce_id", None, "no value"),
        ("ce_id", b"", "empty"),
        ("ce_subject", b"NL.\xff", "byte 3 is not UTF-8"),
        ("ce_specversion", b"0.3", "1.0 was expected"),
        ("content-type", b"application/json", "application/avro was expected"),
        ("ce_time", b"2026-11-23", "not a time as RFC 3339 writes it"),
        ("ce_time", b"2026-11-23T17:15:40", "not a time as RFC 3339 writes it"),
        ("ce_time", b"2026-02-30T17:15:40Z", "does not exist"),
        ("ce_time", b"0001-01-01T00:00:00+14:00", "does not exist"),
        ("ce_sequence", b"-1", "whole number"),
        ("ce_sequence", "٣".encode(), "whole number"),
        ("ce_sequence", b"9" * 19, "does not lie between"),
        ("ce_sequence", b"9" * 5000, "whole number"),
        ("ce_epoch", b" ", "empty"),
    ],
)
def test_a_header_that_cannot_be_read_is_named(name: str, value: bytes | None, problem: str) -> None:
    with pytest.raises(HeaderError, match=problem) as raised:
        EventHeaders.parse(headers_with(name, value))

    assert raised.value.header == name


def test_headers_that_are_not_ours_are_ignored_whatever_they_hold() -> None:
    ours = plan_event_headers(example_event(), time=AT)

    assert EventHeaders.parse([("trace", b"\xff\xfe"), *ours.to_kafka(), ("trace", None)]) == ours


def test_of_doubles_the_first_counts() -> None:
    ours = plan_event_headers(example_event(), time=AT)

    assert EventHeaders.parse([*ours.to_kafka(), ("ce_id", b"another"), ("ce_time", None)]) == ours


def test_a_time_with_an_offset_is_kept_in_utc() -> None:
    headers = EventHeaders.parse(headers_with("ce_time", b"2026-07-01t12:00:00.5+02:00"))

    assert headers.time == datetime(2026, 7, 1, 10, 0, 0, 500_000, tzinfo=UTC)
    assert headers.time.tzinfo is UTC


def test_headers_without_a_time_zone_cannot_be_made() -> None:
    with pytest.raises(HeaderError, match="no time zone"):
        plan_event_headers(example_event(), time=datetime(2026, 1, 1))  # noqa: DTZ001


def test_half_a_character_cannot_be_put_into_a_header() -> None:
    with pytest.raises(HeaderError, match="surrogate"):
        plan_event_headers(example_event(), id="\ud800", time=AT)


def test_headers_written_in_any_time_zone_name_the_same_moment() -> None:
    local = AT.astimezone(timezone(timedelta(hours=-5)))

    assert plan_event_headers(example_event(), time=local) == plan_event_headers(example_event(), time=AT)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(names, st.none() | st.binary(max_size=30))), st.booleans())
def test_any_headers_give_headers_or_a_header_error(pairs: list[tuple[str, bytes | None]], complete: bool) -> None:
    rest = plan_event_headers(example_event(), time=AT).to_kafka() if complete else []
    with suppress(HeaderError):
        headers = EventHeaders.parse([*pairs, *rest])
        assert EventHeaders.parse(headers.to_kafka()) == headers
