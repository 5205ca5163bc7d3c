"""DATEX II, packed with gzip: a situation with the works as a point and their closure as a line."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from datetime import date
from typing import Any

from meekoppel_connectors.testing import ConformanceCase, Record, conformance_of
from meekoppel_connectors.testing.case import NO_DATE
from tests.connectors.datex import NAMESPACES, line, record, situation


def situation_of(work: Record) -> str:
    point = (
        "<pointByCoordinates><pointCoordinates>"
        f"<latitude>{work.lat}</latitude><longitude>{work.lon}</longitude></pointCoordinates></pointByCoordinates>"
    )
    times = {"start": _midday(work.start), "end": NO_DATE if work.broken else _midday(work.end)}
    title = f"<workTitle>{work.title}</workTitle>"
    works = record("works", point, more=title, **times)
    drawn = line(f"{work.lat} {work.lon} {work.lat + 0.00001} {work.lon}")
    closure = record("closure", drawn, "RoadOrCarriagewayOrLaneManagement", **times)
    return situation(works, closure, id=work.id)


def _midday(day: date) -> str:
    return f"{day}T12:00:00Z"


class DatexCase(ConformanceCase):
    many = 20_000  # each is some two kilobytes of XML
    plan = {  # noqa: RUF012 - as the base class declares it
        **ConformanceCase.plan,
        "id": {"field": "situation.@id"},
        "title": {"field": "record.workTitle"},
        "period": {"earliest_start": {"field": "period.start"}, "latest_end": {"field": "period.end"}},
    }

    def source(self) -> dict[str, Any]:
        return {"format": "datex2", "path": "feed.xml.gz"}

    def write(self, records: Sequence[Record]) -> None:
        body = "".join(map(situation_of, records))
        whole = f'<payload {NAMESPACES} xsi:type="sit:SituationPublication">{body}</payload>'
        (self.folder / "feed.xml.gz").write_bytes(gzip.compress(whole.encode(), compresslevel=1))


TestDatex2 = conformance_of(DatexCase)
