from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest
import shapely

from meekoppel_contracts.codec import (
    encode_area_event,
    encode_assessment_event,
    encode_cooperation_event,
    encode_overlap_event,
)
from meekoppel_contracts.events import OverlapEvent, PlanEvent
from meekoppel_contracts.headers import (
    area_event_headers,
    assessment_event_headers,
    cooperation_event_headers,
    overlap_event_headers,
)
from meekoppel_contracts.testing import example_area, example_assessment, example_cooperation, example_overlap
from meekoppel_hub.history.formats import Format, line_writer, unreadable_line
from meekoppel_hub.history.replay import Replay, Replayed, Unreadable
from meekoppel_hub.platform.stream.records import LogRecord, PartitionId


@pytest.fixture
def replayed(record, event) -> Replayed:
    (item,) = Replay().take(record(event("NL.gm0361.1", version=2), offset=5))
    assert isinstance(item, Replayed)
    return item


def test_a_readable_line_holds_the_whole_event_with_geometry_as_wkt_and_its_place(replayed) -> None:
    document = json.loads(line_writer(Format.JSONL)(replayed))
    assert document["id"] == "NL.gm0361.1/2"
    assert (document["version"], document["plan"]["title"]) == (2, "Works")
    (zone,) = document["plan"]["zones"]
    assert zone["srid"] == 28992
    assert shapely.from_wkt(zone["geometry"]).equals(shapely.from_wkb(replayed.event.plan.zones[0].geometry))
    place = {"topic": "plans", "partition": 0, "offset": 5, "timestamp": "2026-11-01T00:05:00+00:00"}
    assert document["log"] == place


def test_a_cloud_event_carries_its_attributes_and_an_event_that_reads_back_equal(replayed) -> None:
    document = json.loads(line_writer(Format.CLOUDEVENTS)(replayed))
    data = document.pop("data")
    assert PlanEvent.model_validate_json(json.dumps(data)) == replayed.event
    headers = replayed.headers
    assert document == {
        "specversion": "1.0",
        "id": headers.id,
        "source": headers.source,
        "type": headers.type,
        "subject": headers.subject,
        "time": headers.time.isoformat(),
        "datacontenttype": "application/json",
        "dataschema": headers.dataschema,
        "partitionkey": headers.partition_key,
        "sequence": "2",
    }


def test_an_overlap_event_is_written_in_both_formats(record, event) -> None:
    overlap = example_overlap()
    raw = replace(
        record(event("NL.gm0361.1")),
        value=encode_overlap_event(overlap),
        headers=tuple(overlap_event_headers(overlap).to_kafka()),
    )
    (item,) = Replay().take(raw)
    assert isinstance(item, Replayed)
    readable = json.loads(line_writer(Format.JSONL)(item))
    assert readable["location"].startswith("POINT")
    data = json.loads(line_writer(Format.CLOUDEVENTS)(item))["data"]
    assert OverlapEvent.model_validate_json(json.dumps(data)) == overlap


@pytest.mark.parametrize("output_format", list(Format))
def test_every_event_is_one_line(output_format: Format, record, event) -> None:
    (item,) = Replay().take(record(event("NL.gm0361.1", title="Twee\nregels")))
    assert isinstance(item, Replayed)
    assert b"\n" not in line_writer(output_format)(item)


def test_a_record_that_is_no_event_keeps_its_bytes_and_its_place(record, event) -> None:
    raw = replace(
        record(event("NL.gm0361.1"), offset=3), value=b"\xff\x00", key=None, headers=(("h", b"\xfe"), ("n", None))
    )
    document = json.loads(unreadable_line(Unreadable(raw, "no magic byte")))["undecodable"]
    assert (document["topic"], document["partition"], document["offset"]) == ("plans", 0, 3)
    assert (document["why"], document["key"]) == ("no magic byte", None)
    assert base64.b64decode(document["value"]) == b"\xff\x00"
    assert document["headers"] == [["h", base64.b64encode(b"\xfe").decode()], ["n", None]]


@pytest.mark.parametrize("output_format", list(Format))
@pytest.mark.parametrize(
    ("encode", "headers", "event"),
    [
        (encode_assessment_event, assessment_event_headers, example_assessment()),
        (encode_cooperation_event, cooperation_event_headers, example_cooperation()),
        (encode_area_event, area_event_headers, example_area()),
    ],
)
def test_what_parties_say_and_agree_is_written_whole(output_format, encode, headers, event) -> None:
    record = LogRecord(PartitionId("coordination", 0), 0, 0, b"k", encode(event), tuple(headers(event).to_kafka()))
    (item,) = Replay().take(record)
    document = json.loads(line_writer(output_format)(item))
    written = document["data"] if output_format is Format.CLOUDEVENTS else document
    assert written["revision"] == event.revision
    if output_format is Format.CLOUDEVENTS:
        assert type(event).model_validate_json(json.dumps(written)) == event
    else:
        assert document["contract"] == item.contract
    if output_format is Format.JSONL and "geometry" in written:
        assert shapely.from_wkt(written["geometry"]).equals(shapely.from_wkb(event.geometry))
