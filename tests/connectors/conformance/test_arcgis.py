"""Layers of ArcGIS: read as a whole, and followed by the time of the last edit; with a token that may stand nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any, ClassVar

from meekoppel_connectors.testing import ConformanceCase, Record, conformance_of
from tests.connectors.arcgis_server import FeatureLayer, esri_field
from tests.connectors.web import Reply, web

TOKEN = "arcgis-token-of-the-kit"
EDITED = "last_edited_date"


class LayerCase(ConformanceCase):
    """A layer of points behind a token; texts for dates, so that one can be none."""

    environment: ClassVar = {"ARCGIS_TOKEN": TOKEN}
    many: ClassVar[int] = 5_000  # the server of the tests is slow

    def open(self) -> None:
        self.running = ExitStack()
        self.server = self.running.enter_context(web())
        names = ("id", "title", "start", "end")
        fields = [esri_field("OBJECTID", "OID"), *map(esri_field, names), esri_field(EDITED, "Date")]
        self.layer = FeatureLayer(
            fields=fields, geometry_type="esriGeometryPoint", max_record_count=1000, token=TOKEN,
            says={"editFieldsInfo": {"editDateField": EDITED, "dateFieldsTimeReference": {"timeZone": "UTC"}}},
        )  # fmt: skip
        self.url = self.layer.serve(self.server)

    def close(self) -> None:
        self.running.close()

    def source(self) -> dict[str, Any]:
        auth = {"kind": "query", "name": "token", "secret_variable": "ARCGIS_TOKEN"}
        return {"format": "arcgis", "url": self.url, "auth": auth}

    def write(self, records: Sequence[Record]) -> None:
        self.layer.features = [feature(number, record) for number, record in enumerate(records, start=1)]

    @contextmanager
    def away(self) -> Iterator[None]:
        pages = dict(self.server.pages)
        self.server.pages.update({path: Reply(b"down for repair", 503) for path in pages})
        try:
            yield
        finally:
            self.server.pages.update(pages)


class FollowedLayerCase(LayerCase):
    """The same layer, of which only what was edited is read; what is deleted goes unnoticed."""

    tells_removals: ClassVar[bool] = False

    def source(self) -> dict[str, Any]:
        return {**super().source(), "cursor": {"time": EDITED}}

    def tell(self, changed: Sequence[Record], removed: Sequence[Record]) -> None:
        numbers = {each["attributes"]["id"]: each["attributes"]["OBJECTID"] for each in self.layer.features}
        held = {each["attributes"]["OBJECTID"]: each for each in self.layer.features}
        for record in changed:
            number = numbers.setdefault(record.id, len(numbers) + 1)
            held[number] = feature(number, record)
        gone = {numbers[record.id] for record in removed}
        self.layer.features = [held[number] for number in sorted(held) if number not in gone]


def feature(number: int, record: Record) -> dict[str, Any]:
    x, y = record.position
    values = {name: value for name, value in record.values().items() if name not in {"x", "y"}}
    edited = int(datetime.now(UTC).timestamp() * 1000)
    return {"attributes": {"OBJECTID": number, **values, EDITED: edited}, "geometry": {"x": x, "y": y}}


TestLayer = conformance_of(LayerCase)
TestFollowedLayer = conformance_of(FollowedLayerCase)
