"""A plan event taken apart: the fields around the plan, and the plan as it was written.

Whoever gives an event its number changes nothing of its plan, which is nearly all of its bytes. In Avro a record is its
fields one behind the other, and the plan is the last one: the fields before it are written anew and the plan's bytes go
on as they came.
"""

from __future__ import annotations

import io
from functools import cache
from typing import Any

from fastavro import parse_schema, schemaless_reader, schemaless_writer

from meekoppel_contracts.codec import PLAN_EVENTS
from meekoppel_contracts.errors import SchemaMismatch
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.framing import PREFIX_LENGTH, frame_prefix, framed_schema_id

_PLAN = "plan"


def plan_as_written(event: PlanEvent, data: bytes) -> bytes:
    """Give the bytes of an event's plan in the newest version of the contract.

    Equal bytes are equal plans; equal plans may have other bytes when another writer wrote them.

    Args:
        event: what was decoded.
        data: from which it was decoded: one whole framed record.

    Raises:
        SchemaMismatch: when the event, which an older version wrote, cannot be written in the newest.
    """
    if framed_schema_id(data) != PLAN_EVENTS.schema_id:
        data = PLAN_EVENTS.encode(event)
    source = io.BytesIO(data)
    source.seek(PREFIX_LENGTH)
    schemaless_reader(source, _envelope_schema(), None)
    return data[source.tell() :]


def encode_around(event: PlanEvent, plan: bytes) -> bytes:
    """Write an event around its plan's bytes: what `encode_plan_event` gives, without writing the plan again.

    Args:
        event: its fields but the plan are written.
        plan: what `plan_as_written` gave of the event's plan.

    Raises:
        SchemaMismatch: when a field breaks the contract, such as a time without a zone.
    """
    out = io.BytesIO()
    out.write(frame_prefix(PLAN_EVENTS.schema_id))
    values: dict[str, Any] = {name: getattr(event, name) for name in PlanEvent.model_fields if name != _PLAN}
    try:
        for name in ("occurred_at", "recorded_at"):
            if values[name] is not None and values[name].tzinfo is None:
                raise ValueError(f"{name} has no time zone")
        schemaless_writer(out, _envelope_schema(), values, strict=True, disable_tuple_notation=True)
    except Exception as error:
        raise SchemaMismatch(f"the {PLAN_EVENTS.subject} cannot be written: {error}") from error
    out.write(plan)
    return out.getvalue()


@cache
def _envelope_schema() -> Any:
    whole = PLAN_EVENTS.parsed_schema()
    names = [field["name"] for field in whole["fields"]]
    assert names[-1] == _PLAN, "the plan must stay the last field of a plan event"
    return parse_schema({"type": "record", "name": whole["name"], "fields": whole["fields"][:-1]})
