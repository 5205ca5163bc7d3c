from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meekoppel_contracts.codec import (
    encode_area_event,
    encode_assessment_event,
    encode_cooperation_event,
    encode_moratorium_event,
    encode_overlap_event,
)
from meekoppel_contracts.codes import PlanEventType, Visibility
from meekoppel_contracts.headers import (
    area_event_headers,
    assessment_event_headers,
    cooperation_event_headers,
    moratorium_event_headers,
    overlap_event_headers,
)
from meekoppel_contracts.testing import (
    OTHER_PLAN_ID,
    example_area,
    example_assessment,
    example_cooperation,
    example_moratorium,
    example_overlap,
)
from meekoppel_hub.history.replay import Replay, Replayed, SeenVersions, Selection, Unreadable
from meekoppel_hub.platform.stream.records import LogRecord, PartitionId


def taken(replay: Replay, *records: LogRecord) -> list[Replayed | Unreadable]:
    return [item for record in records for item in replay.take(record)]


def test_an_event_comes_back_with_its_headers_and_place(record, event) -> None:
    (item,) = taken(Replay(), record(event("NL.gm0361.1", version=3), offset=7))
    assert isinstance(item, Replayed)
    assert item.event == event("NL.gm0361.1", version=3)
    assert item.headers.id == "NL.gm0361.1/3"
    assert item.record.offset == 7


def test_an_event_that_was_published_twice_comes_once(record, event) -> None:
    replay = Replay()
    first, second = event("NL.gm0361.1"), event("NL.gm0361.1", version=2)
    items = taken(replay, *(record(one, offset) for offset, one in enumerate([first, second, first, second])))
    assert [item.record.offset for item in items] == [0, 1]
    assert (replay.tally.events, replay.tally.doubles) == (2, 2)


def test_a_version_that_comes_late_is_history_too(record, event) -> None:
    versions = [2, 1, 2, 1, 5, 4, 5]
    items = taken(Replay(), *(record(event("NL.gm0361.1", version=number)) for number in versions))
    assert [item.headers.sequence for item in items if isinstance(item, Replayed)] == [2, 1, 5, 4]


@given(st.lists(st.integers(1, 8)))
def test_each_version_is_new_exactly_once_in_any_order(versions: list[int]) -> None:
    seen = SeenVersions()
    assert [version for version in versions if seen.is_new("p", version)] == list(dict.fromkeys(versions))


@pytest.mark.parametrize(
    ("selection", "wanted"),
    [
        (Selection(), ["a", "b", "c"]),
        (Selection(organisation="gm0361"), ["a", "b"]),
        (Selection(organisation="pwn"), ["b", "c"]),
        (Selection(organisation="nobody"), []),
        (Selection(plan="NL.gm0361.b"), ["b"]),
        (Selection(kinds=frozenset({"withdrawn"})), ["c"]),
        (Selection(organisation="pwn", kinds=frozenset({"registered"})), ["b"]),
    ],
)
def test_only_what_was_asked_for_comes(selection: Selection, wanted: list[str], record, event) -> None:
    events = [
        event("NL.gm0361.a"),
        event("NL.gm0361.b", initiator="pwn"),
        event("NL.pwn.c", type=PlanEventType.WITHDRAWN),
    ]
    replay = Replay(selection)
    items = taken(replay, *(record(one) for one in events))
    assert [item.event.plan.plan_id[-1] for item in items] == wanted
    assert replay.tally.not_wanted == 3 - len(wanted)


def test_a_double_of_what_was_not_asked_for_counts_as_a_double(record, event) -> None:
    replay = Replay(Selection(plan="NL.gm0361.other"))
    taken(replay, record(event("NL.gm0361.1")), record(event("NL.gm0361.1")))
    assert (replay.tally.not_wanted, replay.tally.doubles) == (1, 1)


@pytest.mark.parametrize("value", [None, b"", b"garbage", b"\0\0\0\0\1"])
def test_a_record_that_is_no_event_is_reported_whatever_was_asked_for(value: bytes | None, record, event) -> None:
    replay = Replay(Selection(plan="NL.gm0361.other"))
    (item,) = taken(replay, replace(record(event("NL.gm0361.1")), value=value))
    assert isinstance(item, Unreadable)
    assert item.why
    assert replay.tally.unreadable == 1


def test_a_record_without_headers_is_reported(record, event) -> None:
    (item,) = taken(Replay(), replace(record(event("NL.gm0361.1")), headers=()))
    assert isinstance(item, Unreadable)


def test_an_event_of_a_contract_that_is_not_known_is_reported(record, event) -> None:
    (item,) = taken(Replay(), replace(record(event("NL.gm0361.1")), value=b"\0\0\0\x7f\xff\0"))
    assert isinstance(item, Unreadable)
    assert "no contract has schema id 32767" in item.why


def test_the_versions_of_a_plan_that_became_restricted_are_all_kept(record, event) -> None:
    restricted = event("NL.gm0361.1", version=3, visibility=Visibility.RESTRICTED)
    withdrawn = event("NL.gm0361.1", version=2, type=PlanEventType.WITHDRAWN)
    items = taken(
        Replay(), record(event("NL.gm0361.1")), record(restricted, topic="plans-restricted"), record(withdrawn)
    )
    assert len(items) == 3


def coordination_records() -> list[LogRecord]:
    """One record of each contract of the topic, in the order in which they come about."""
    made = [
        (encode_overlap_event, overlap_event_headers, example_overlap()),
        (encode_assessment_event, assessment_event_headers, example_assessment()),
        (encode_assessment_event, assessment_event_headers, example_assessment(organisation="vitens")),
        (encode_cooperation_event, cooperation_event_headers, example_cooperation()),
        (encode_moratorium_event, moratorium_event_headers, example_moratorium()),
        (encode_area_event, area_event_headers, example_area()),
    ]
    return [
        LogRecord(PartitionId("coordination", 0), offset, 0, b"key", encode(one), tuple(headers(one).to_kafka()))
        for offset, (encode, headers, one) in enumerate(made)
    ]


def test_each_record_of_a_topic_is_read_by_its_own_contract() -> None:
    items = taken(Replay(), *coordination_records())
    assert [item.contract for item in items] == [
        "overlap-event",
        "assessment-event",
        "assessment-event",
        "cooperation-event",
        "moratorium-event",
        "area-event",
    ]


def test_the_assessments_of_two_parties_with_one_number_are_no_doubles_of_one_another() -> None:
    replay = Replay()
    taken(replay, *coordination_records(), *coordination_records())
    assert (replay.tally.events, replay.tally.doubles) == (6, 6)


@pytest.mark.parametrize(
    ("selection", "wanted"),
    [
        (Selection(organisation="vitens"), [0, 1, 2, 3]),
        (Selection(plan=OTHER_PLAN_ID), [0, 1, 2, 3]),
        (Selection(kinds=frozenset({"assessed"})), [1, 2]),
        (Selection(kinds=frozenset({"agreed"})), [3]),
        (Selection(organisation="nobody"), []),
    ],
)
def test_what_parties_say_and_agree_is_chosen_as_the_pairs_are(selection: Selection, wanted: list[int]) -> None:
    assert [item.record.offset for item in taken(Replay(selection), *coordination_records())] == wanted
