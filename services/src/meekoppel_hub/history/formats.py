"""How replayed events are written: one JSON document per line, readable or as CloudEvents."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson
import shapely
from shapely.errors import ShapelyError

from meekoppel_contracts.areas import AreaEvent, MoratoriumEvent
from meekoppel_contracts.events import OverlapEvent, PlanEvent
from meekoppel_contracts.plan import Contract
from meekoppel_hub.history.replay import Replayed, Unreadable
from meekoppel_hub.platform.stream.records import LogRecord

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Format(StrEnum):
    """The formats.

    `jsonl` is for people and scripts: geometry is WKT in the CRS that `srid` names. `cloudevents` is CloudEvents 1.0
    in structured mode, the event in the JSON of its contract: geometry is WKB in base64.
    """

    JSONL = "jsonl"
    CLOUDEVENTS = "cloudevents"


def line_writer(chosen: Format) -> Callable[[Replayed], bytes]:
    """Give the function that writes an event in a format, as one line without its end."""
    return _readable if chosen is Format.JSONL else _cloud_event


def unreadable_line(unreadable: Unreadable) -> bytes:
    """Write a record that is no event: its place, why, and its raw bytes in base64."""
    record = unreadable.record
    raw = {
        **_place(record),
        "why": unreadable.why,
        "key": _base64(record.key),
        "value": _base64(record.value),
        "headers": [[name, _base64(value)] for name, value in record.headers],
    }
    return orjson.dumps({"undecodable": raw})


def _readable(replayed: Replayed) -> bytes:
    document = {
        "id": replayed.headers.id,
        "contract": replayed.contract,
        **_document(replayed.event),
        "log": _place(replayed.record),
    }
    return orjson.dumps(document)


def _document(event: Contract) -> dict[str, Any]:
    document = event.model_dump(mode="json")
    if isinstance(event, OverlapEvent):
        document["location"] = _wkt(event.location)
    elif isinstance(event, MoratoriumEvent | AreaEvent):
        document["geometry"] = _wkt(event.geometry)
    elif isinstance(event, PlanEvent):
        for zone, written in zip(event.plan.zones, document["plan"]["zones"], strict=True):
            written["geometry"] = _wkt(zone.geometry)
    return document


def _wkt(wkb: bytes) -> str:
    try:
        return str(shapely.to_wkt(shapely.from_wkb(wkb), rounding_precision=-1))
    except ShapelyError:
        # History shows what stands there, also where an older intake let it in.
        return f"WKB {wkb.hex()}"


def _cloud_event(replayed: Replayed) -> bytes:
    headers = replayed.headers
    attributes = {
        "specversion": "1.0",
        "id": headers.id,
        "source": headers.source,
        "type": headers.type,
        "subject": headers.subject,
        "time": headers.time.isoformat(),
        "datacontenttype": "application/json",
        "dataschema": headers.dataschema,
        "partitionkey": headers.partition_key,
        "sequence": str(headers.sequence),
    }
    data = orjson.Fragment(replayed.event.model_dump_json())
    return orjson.dumps({**attributes, "data": data})


def _place(record: LogRecord) -> dict[str, Any]:
    stamped = _EPOCH + timedelta(milliseconds=record.timestamp_ms)
    return {
        "topic": record.source.topic,
        "partition": record.source.partition,
        "offset": record.offset,
        "timestamp": stamped.isoformat(),
    }


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()
