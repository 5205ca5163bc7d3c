"""The answers: JSON by orjson, GeoJSON in the hub's CRS, errors in one shape."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.responses import Response


class JsonAnswer(Response):
    """A JSON answer."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Write the content as JSON."""
        return orjson.dumps(content, option=orjson.OPT_UTC_Z)


class GeoJsonAnswer(JsonAnswer):
    """A GeoJSON answer; its `crs` member names the hub's CRS."""

    media_type = "application/geo+json"


def error_answer(status: int, code: str, message: str, details: dict[str, Any] | None = None) -> JsonAnswer:
    """Make an error answer: `{"error": {"code": …, "message": …}}`."""
    headers = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "5"}}.get(status)
    return JsonAnswer({"error": {"code": code, "message": message, **(details or {})}}, status, headers=headers)


def feature_collection(features: list[dict[str, Any]], crs: int, next_cursor: str | None) -> GeoJsonAnswer:
    """Answer with one page of features; `next` is the cursor of the page after it, null on the last."""
    return GeoJsonAnswer(
        {"type": "FeatureCollection", "crs": named_crs(crs), "features": features, "next": next_cursor}
    )


def named_crs(crs: int) -> dict[str, Any]:
    """Name a CRS as GeoJSON 2008 does, since the coordinates are not longitude and latitude."""
    return {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{crs}"}}
