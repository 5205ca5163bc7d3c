"""OGC API Features, in pages of which each names the next."""

from __future__ import annotations

import json
from typing import Any

from meekoppel_connectors.testing import conformance_of
from tests.connectors.conformance.served import AUTH, ServedCase
from tests.connectors.conformance.test_geojson import feature
from tests.connectors.web import Answering, Asked

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


class OgcFeaturesCase(ServedCase):
    def source(self) -> dict[str, Any]:
        return {"format": "ogc-features", "url": self.web.url, "collection": "plans", "auth": AUTH}

    def answers(self) -> dict[str, Answering]:
        about = json.dumps({"id": "plans", "crs": [CRS84]}).encode()
        return {"/collections/plans": lambda _asked: about, "/collections/plans/items": self._items}

    def _items(self, asked: Asked) -> bytes:
        limit, offset = int(asked.query.get("limit", "10")), int(asked.query.get("offset", "0"))
        end = offset + limit
        page: dict[str, Any] = {
            "type": "FeatureCollection",
            "features": [{**feature(record), "id": record.id} for record in self.records[offset:end]],
            "numberMatched": len(self.records),
            "links": [],
        }
        if end < len(self.records):
            following = f"{self.web.url}{asked.path}?limit={limit}&offset={end}"
            page["links"].append({"rel": "next", "type": "application/geo+json", "href": following})
        return json.dumps(page).encode()


TestOgcFeatures = conformance_of(OgcFeaturesCase)
