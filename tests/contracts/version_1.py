"""A program that stopped at version 1 of plan-event: it has the two `.avsc` files and fastavro, and nothing of ours."""

from __future__ import annotations

import io
import json
from functools import cache
from importlib.resources import files
from typing import Any

from fastavro import parse_schema, schemaless_reader, schemaless_writer

from meekoppel_contracts import PlanEvent

SCHEMAS = files("meekoppel_contracts") / "schemas"
SINCE_VERSION_2 = ("repaired", "position_error_m", "simplified_m")
ID_OF_VERSION_1 = 1


@cache
def schema(schema_id: int) -> Any:
    """Look a schema up as docs/contracts.md says: in the manifest, by its id."""
    manifest = json.loads((SCHEMAS / "manifest.json").read_text("utf-8"))
    (file,) = [v["file"] for listed in manifest["subjects"].values() for v in listed if v["id"] == schema_id]
    return parse_schema(json.loads((SCHEMAS / file).read_text("utf-8")))


def write(event: PlanEvent) -> bytes:
    """Write an event as version 1: without the fields that came later."""
    values = event.model_dump()
    for zone in values["plan"]["zones"]:
        for field in SINCE_VERSION_2:
            del zone[field]
    body = io.BytesIO()
    schemaless_writer(body, schema(ID_OF_VERSION_1), values, strict=True)
    return b"\x00" + ID_OF_VERSION_1.to_bytes(4, "big") + body.getvalue()


def read(data: bytes) -> dict[str, Any]:
    """Read an event of any version as version 1."""
    assert data[0] == 0
    body = io.BytesIO(data[5:])
    record = schemaless_reader(body, schema(int.from_bytes(data[1:5], "big")), schema(ID_OF_VERSION_1))
    assert not body.read(), "bytes are left over"
    assert isinstance(record, dict)
    return record
