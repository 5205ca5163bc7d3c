"""JSON whose entries hold their geometry."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from meekoppel_connectors.testing import ConformanceCase, Record, conformance_of


class JsonCase(ConformanceCase):
    def source(self) -> dict[str, Any]:
        return {"format": "json", "path": "plans.json", "record": "data/works", "shape": "place/shape"}

    def write(self, records: Sequence[Record]) -> None:
        works = [{**record.values(), "place": {"shape": point(record)}} for record in records]
        (self.folder / "plans.json").write_text(json.dumps({"data": {"works": works}}), encoding="utf-8")


def point(record: Record) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [record.lon, record.lat]}


TestJson = conformance_of(JsonCase)
