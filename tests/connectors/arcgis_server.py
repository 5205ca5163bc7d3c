"""A feature service that answers as Esri's REST API describes it, for tests: nobody can run a server of Esri here.

What is answered follows Esri's pages "Feature Service", "Layer" and "Query (Feature Service/Layer)", with what is odd
about them: errors with status 200, answers cut off at `maxRecordCount`, `objectIds: null` when there are none, an empty
feature set without fields, times in milliseconds, and a limit of size that cuts off earlier. GDAL's own driver for
feature services reads the same answers in a test, as a check on this description.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from tests.connectors.web import Asked, Reply, Web

Attributes = dict[str, Any]
LAYER = "/arcgis/rest/services/Werken/FeatureServer/0"
RD = {"wkid": 28992, "latestWkid": 28992}
_TIMESTAMP = re.compile(r"TIMESTAMP\s+'([^']*)'", re.IGNORECASE)
_SQL_TYPES = {"esriFieldTypeOID": "INTEGER", "esriFieldTypeDate": "INTEGER", "esriFieldTypeInteger": "INTEGER"}


def esri_field(name: str, kind: str = "String", codes: dict[Any, str] | None = None) -> dict[str, Any]:
    domain = None
    if codes:
        values = [{"code": code, "name": text} for code, text in codes.items()]
        domain = {"type": "codedValue", "name": f"d_{name}", "codedValues": values}
    return {"name": name, "type": f"esriFieldType{kind}", "alias": name, "domain": domain}


def milliseconds(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp() * 1000)  # type: ignore[misc]  # year, month, day and so on


@dataclass
class FeatureLayer:
    """One layer; a test may change anything in it between two readings."""

    features: list[dict[str, Any]] = field(default_factory=list)
    fields: list[dict[str, Any]] = field(
        default_factory=lambda: [
            esri_field("OBJECTID", "OID"),
            esri_field("nr"),
            esri_field("titel"),
            esri_field("status", "Integer", {1: "Gepland", 2: "In uitvoering"}),
            esri_field("van", "Date"),
            esri_field("tot", "Date"),
            esri_field("last_edited_date", "Date"),
        ]
    )
    geometry_type: str | None = "esriGeometryPolygon"
    max_record_count: int = 3
    max_points: int | None = None
    spatial_reference: dict[str, Any] = field(default_factory=lambda: dict(RD))
    token: str | None = None
    says: dict[str, Any] = field(default_factory=dict)
    on_query: Callable[[dict[str, str]], dict[str, Any] | Reply | None] = lambda _query: None
    queries: list[dict[str, str]] = field(default_factory=list)

    def serve(self, web: Web) -> str:
        """Answer on this server; gives the address of the layer."""
        web.pages[LAYER] = self._about
        web.pages[f"{LAYER}/query"] = self._query
        return f"{web.url}{LAYER}"

    def add(self, number: int, geometry: dict[str, Any] | None = None, **attributes: Any) -> None:
        known = {
            "OBJECTID": number, "nr": f"{number:04d}", "titel": f"Riool {number}", "status": 1,
            "van": milliseconds(2026, 4, 1), "tot": milliseconds(2026, 4, 30, 22),
            "last_edited_date": milliseconds(2026, 3, 1, 12),
        }  # fmt: skip
        shape = geometry if geometry is not None else square(111_500 + 20 * number)
        self.features.append({"attributes": {**known, **attributes}, "geometry": shape})

    def _about(self, asked: Asked) -> bytes:
        refusal = self._refusal(asked.query)
        return _json(refusal or self._description())

    def _description(self) -> dict[str, Any]:
        return {
            "currentVersion": 11.1, "id": 0, "name": "Werken", "type": "Feature Layer", "objectIdField": "OBJECTID",
            "geometryType": self.geometry_type, "fields": self.fields, "maxRecordCount": self.max_record_count,
            "capabilities": "Query", "extent": {"spatialReference": self.spatial_reference},
            "advancedQueryCapabilities": {"supportsPagination": True, "supportsOrderBy": True}, **self.says,
        }  # fmt: skip

    def _query(self, asked: Asked) -> Reply:
        query = {**asked.query, **dict(parse_qsl(asked.body.decode(), keep_blank_values=True))}
        self.queries.append(query)
        given = self._refusal(query) or self.on_query(query) or self._answer(query)
        return given if isinstance(given, Reply) else Reply(_json(given), headers={"Content-Type": "application/json"})

    def _refusal(self, query: dict[str, str]) -> dict[str, Any] | None:
        if self.token is None or query.get("token") == self.token:
            return None
        code, message = (498, "Invalid token.") if "token" in query else (499, "Token Required")
        return {"error": {"code": code, "message": message, "details": []}}

    def _answer(self, query: dict[str, str]) -> dict[str, Any]:
        assert query.get("f") == "json"
        try:
            ids = self._ids(query.get("where") or "1=1")
        except sqlite3.Error:
            return error(400, "Cannot perform query. Invalid query parameters.", "'where' clause is invalid.")
        if query.get("returnCountOnly") == "true":
            return {"count": len(ids)}
        if query.get("returnIdsOnly") == "true":
            return {"objectIdFieldName": "OBJECTID", "objectIds": ids or None}
        return self._feature_set(query, ids)

    def _feature_set(self, query: dict[str, str], ids: list[int]) -> dict[str, Any]:
        offset = int(query.get("resultOffset") or 0)
        limit = min(int(query.get("resultRecordCount") or self.max_record_count), self.max_record_count)
        by_id = {each["attributes"]["OBJECTID"]: each for each in self.features}
        chosen = [by_id[each] for each in ids[offset : offset + limit]]
        if self.max_points is not None:
            chosen = self._cut_off(chosen)
        wanted = None if query.get("outFields") == "*" else (query.get("outFields") or "OBJECTID").split(",")
        answer: dict[str, Any] = {"objectIdFieldName": "OBJECTID"}
        if self.geometry_type:
            answer |= {"geometryType": self.geometry_type, "spatialReference": self.spatial_reference}
        if chosen:
            answer["fields"] = [each for each in self.fields if wanted is None or each["name"] in wanted]
        answer["features"] = [self._shown(each, wanted, query) for each in chosen]
        if offset + len(chosen) < len(ids):
            answer["exceededTransferLimit"] = True
        return answer

    def _cut_off(self, chosen: list[dict[str, Any]]) -> list[dict[str, Any]]:
        kept, points = [], 0
        for each in chosen:
            points += sum(map(len, (each["geometry"] or {}).get("rings") or []))
            if points > (self.max_points or 0):
                break
            kept.append(each)
        return kept

    def _shown(self, feature: dict[str, Any], wanted: list[str] | None, query: dict[str, str]) -> dict[str, Any]:
        attributes = {name: value for name, value in feature["attributes"].items() if wanted is None or name in wanted}
        with_geometry = self.geometry_type and query.get("returnGeometry", "true") == "true" and feature["geometry"]
        return (
            {"attributes": attributes, "geometry": feature["geometry"]} if with_geometry else {"attributes": attributes}
        )

    def _ids(self, where: str) -> list[int]:
        """Let SQLite judge the condition, with times as milliseconds."""
        where = _TIMESTAMP.sub(lambda found: str(milliseconds(*_parts(found[1]))), where)
        names = [each["name"] for each in self.fields]
        columns = ", ".join(f'"{each["name"]}" {_SQL_TYPES.get(each["type"], "TEXT")}' for each in self.fields)
        connection = sqlite3.connect(":memory:")
        connection.execute(f"CREATE TABLE layer ({columns})")
        rows = [[each["attributes"].get(name) for name in names] for each in self.features]
        connection.executemany(f"INSERT INTO layer VALUES ({', '.join('?' * len(names))})", rows)
        found = connection.execute(f"SELECT OBJECTID FROM layer WHERE {where} ORDER BY OBJECTID").fetchall()
        connection.close()
        return [number for (number,) in found]


def square(west: float, south: float = 516_500, size: float = 10) -> dict[str, Any]:
    """A square as Esri draws one: clockwise."""
    east, north = west + size, south + size
    return {"rings": [[[west, south], [west, north], [east, north], [east, south], [west, south]]]}


def error(code: int, message: str, *details: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "details": list(details)}}


def _json(content: Any) -> bytes:
    return json.dumps(content).encode()


def _parts(text: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", text)]
