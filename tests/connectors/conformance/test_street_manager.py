"""Street Manager: a folder of messages, one for each permit, in the hub of an English county."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from meekoppel_connectors.testing import ConformanceCase, Record, conformance_of
from meekoppel_connectors.testing.case import NO_DATE


class StreetManagerCase(ConformanceCase):
    hub_crs = 27700
    place = (-1.15, 52.95)
    many = 2_000  # each is a file
    plan = {  # noqa: RUF012 - as the base class declares it
        **ConformanceCase.plan,
        "id": {"field": "permit_reference_number"},
        "title": {"field": "street_name"},
    }

    def source(self) -> dict[str, Any]:
        return {"format": "street-manager", "path": "messages", "pick": "all", "settle_seconds": 0}

    def open(self) -> None:
        (self.folder / "messages").mkdir()

    def write(self, records: Sequence[Record]) -> None:
        folder = self.folder / "messages"
        for file in folder.iterdir():
            file.unlink()
        for record in records:
            (folder / f"{record.id}.json").write_text(json.dumps(_message(record)))


def _message(record: Record) -> dict[str, Any]:
    x, y = record.position
    permit = {
        "permit_reference_number": record.id,
        "street_name": record.title,
        "works_location_coordinates": f"POINT({x} {y})",
        "proposed_start_date": _midday(record.start),
        "proposed_end_date": NO_DATE if record.broken else _midday(record.end),
    }
    about = {"event_reference": int(record.id), "event_type": "PERMIT_SUBMITTED", "object_type": "PERMIT"}
    return {**about, "event_time": "2026-05-01T12:00:00.000Z", "object_data": permit}


def _midday(day: date) -> str:
    return f"{day}T12:00:00.000Z"


TestStreetManager = conformance_of(StreetManagerCase)
