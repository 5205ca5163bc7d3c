"""A linked data event stream that grows: every change is a new version in its page, and a removal says so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from meekoppel_connectors.testing import ConformanceCase, Record, conformance_of

PAGE = 250  # versions, as servers do
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
XSD = "http://www.w3.org/2001/XMLSchema#"
WORDS = "http://words.example/ns#"
RDF_TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"


class EventStreamCase(ConformanceCase):
    many = 20_000  # each is some ten statements

    def source(self) -> dict[str, Any]:
        return {"format": "ldes", "path": "pages", "geometry": {"wkt": "place.asWKT"}}

    def open(self) -> None:
        (self.folder / "pages").mkdir()

    def write(self, records: Sequence[Record]) -> None:
        for page in (self.folder / "pages").iterdir():
            page.unlink()
        self.tell(records, [])

    def tell(self, changed: Sequence[Record], removed: Sequence[Record]) -> None:
        for gone, records in ((False, changed), (True, removed)):
            for record in records:
                page = self.folder / "pages" / f"{getattr(self, 'count', 0) // PAGE:06}.nq"
                with page.open("a", encoding="utf-8") as file:
                    file.write(self._version(record, gone=gone))

    def _version(self, record: Record, *, gone: bool) -> str:
        self.count = getattr(self, "count", 0) + 1
        object_ = f"http://stream.example/works/{record.id}"
        version = f"<{object_}/{self.count}>"
        place, x, y = f"_:place{self.count}", *record.position
        values = record.values()
        kind = "https://www.w3.org/ns/activitystreams#Delete" if gone else f"{WORDS}Work"
        when = (BEGIN + timedelta(seconds=self.count)).isoformat()
        wkt = f"<http://www.opengis.net/def/crs/EPSG/0/28992> POINT ({x} {y})"
        lines = [
            f"<http://stream.example/works> <https://w3id.org/tree#member> {version} .",
            f"{version} {RDF_TYPE} <{kind}> .",
            f"{version} <http://purl.org/dc/terms/isVersionOf> <{object_}> .",
            f'{version} <http://www.w3.org/ns/prov#generatedAtTime> "{when}"^^<{XSD}dateTime> .',
            f"{version} <{WORDS}place> {place} .",
            f'{place} <http://www.opengis.net/ont/geosparql#asWKT> "{wkt}" .',
            *(f'{version} <{WORDS}{name}> "{values[name]}" .' for name in ("id", "title", "start", "end")),
        ]
        return "\n".join(lines) + "\n"


TestLdes = conformance_of(EventStreamCase)
