"""WZDx 4: the Work Zone Data Exchange, in the hub of an American state."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from meekoppel_connectors.testing import ConformanceCase, Record, conformance_of
from meekoppel_connectors.testing.case import NO_DATE

INFO = {"publisher": "TestDOT", "version": "4.2", "data_sources": [{"data_source_id": "1"}]}


def road_event(record: Record) -> dict[str, Any]:
    core = {"event_type": "work-zone", "data_source_id": "1", "road_names": ["I-80"], "description": record.title}
    dates = {"start_date": _midday(record.start), "end_date": NO_DATE if record.broken else _midday(record.end)}
    line = {"type": "LineString", "coordinates": [[record.lon, record.lat], [record.lon + 0.001, record.lat]]}
    return {"id": record.id, "type": "Feature", "properties": {"core_details": core, **dates}, "geometry": line}


def _midday(day: date) -> str:
    return f"{day}T12:00:00Z"


class WzdxCase(ConformanceCase):
    hub_crs = 5070
    place = (-93.61, 41.62)
    plan = {  # noqa: RUF012 - as the base class declares it
        **ConformanceCase.plan,
        "title": {"field": "core_details.description"},
        "period": {"earliest_start": {"field": "start_date"}, "latest_end": {"field": "end_date"}},
    }

    def source(self) -> dict[str, Any]:
        return {"format": "wzdx", "path": "feed.geojson"}

    def write(self, records: Sequence[Record]) -> None:
        feed = {"feed_info": INFO, "type": "FeatureCollection", "features": list(map(road_event, records))}
        (self.folder / "feed.geojson").write_text(json.dumps(feed), encoding="utf-8")


TestWzdx = conformance_of(WzdxCase)
