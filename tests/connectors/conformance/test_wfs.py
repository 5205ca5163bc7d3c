"""WFS 2.0, in pages that add up to the service's own count."""

from __future__ import annotations

import json
from typing import Any

from meekoppel_connectors.testing import Record, conformance_of
from tests.connectors.conformance.served import AUTH, ServedCase
from tests.connectors.web import Answering, Asked

RD_NEW = "urn:ogc:def:crs:EPSG::28992"
CAPABILITIES = f"""<WFS_Capabilities version="2.0.0"><FeatureTypeList>
<FeatureType><Name>a:plans</Name><DefaultCRS>{RD_NEW}</DefaultCRS>
<OutputFormats><Format>application/json</Format></OutputFormats></FeatureType></FeatureTypeList></WFS_Capabilities>"""


class WfsCase(ServedCase):
    def source(self) -> dict[str, Any]:
        return {"format": "wfs", "url": f"{self.web.url}/wfs", "auth": AUTH}

    def answers(self) -> dict[str, Answering]:
        return {"/wfs": self._answer}

    def _answer(self, asked: Asked) -> bytes:
        if asked.query["request"] == "GetCapabilities":
            return CAPABILITIES.encode()
        if asked.query.get("resultType") == "hits":
            return f'<FeatureCollection numberMatched="{len(self.records)}" numberReturned="0"/>'.encode()
        begin, count = int(asked.query.get("startIndex", "0")), int(asked.query["count"])
        page = [feature_in_rd(record) for record in self.records[begin : begin + count]]
        crs = {"type": "name", "properties": {"name": RD_NEW}}
        return json.dumps({"type": "FeatureCollection", "crs": crs, "features": page}).encode()


def feature_in_rd(record: Record) -> dict[str, Any]:
    properties = {name: value for name, value in record.values().items() if name not in {"x", "y"}}
    point = {"type": "Point", "coordinates": record.position}
    return {"type": "Feature", "id": f"plans.{record.id}", "properties": properties, "geometry": point}


TestWfs = conformance_of(WfsCase)
