"""The front page: what there is to ask, and live counts. It loads nothing from elsewhere."""

from __future__ import annotations

from html import escape

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from meekoppel_hub import __version__
from meekoppel_hub.api.context import Context
from meekoppel_hub.api.counts import public_counts
from meekoppel_hub.api.health import message_of, read_health

router = APIRouter()

ENDPOINTS = (
    (
        "GET",
        "/plans",
        "plans as GeoJSON; filters: bbox, organisation, status, from, to, datetime; as_of goes back",
    ),
    ("GET", "/plans/{plan_id}", "one plan in full, also as_of a moment"),
    ("GET", "/plans/{plan_id}/versions", "the versions of a plan, each in full"),
    ("GET", "/plans/{plan_id}/history", "what each version of a plan changed, in words"),
    ("GET", "/overlaps", "where plans meet; filters: kind, state, organisation, plan, datetime, as_of"),
    ("GET", "/overlaps/{overlap_id}", "one pair, also as_of a moment"),
    ("GET", "/counts", "how many plans and overlaps lie in an area; filters: bbox, from, to"),
    ("GET", "/exports/plans", "plans as a file: f=csv, xlsx, geojson or gpkg; the filters of /plans and more"),
    ("GET", "/exports/overlaps", "overlaps as a file, likewise"),
    ("GET", "/exports/calendar.ics", "periods and deadlines, for an agenda"),
    ("GET", "/exports/report", "the coordination report of an area (bbox or area), to print; since: the last meeting"),
    ("GET", "/areas", "where organisations have a say; filters: bbox, authority; one: /areas/{area_id}, its /versions"),
    ("GET", "/agreements", "by which rules plans meet, and what each version changed; filter: authority"),
    ("GET", "/moratoria", "where and when the ground rests; filters: bbox, authority, holding_at"),
    ("GET", "/quality/scores", "quality scores per publisher and month (with an organisation's token)"),
    ("GET", "/quality/stability", "how often and how far dates move (with an organisation's token)"),
    ("GET", "/quality/silent-plans", "plans not heard of for long (with an organisation's token)"),
    ("GET, POST", "/subscriptions", "who is told what (with an organisation's token)"),
    ("DELETE", "/subscriptions/{subscription_id}", "end a subscription (with an organisation's token)"),
    ("GET", "/registry/subjects", "the contracts, as a Confluent Schema Registry serves them: base address /registry"),
    ("GET", "/contracts/asyncapi.yaml", "what travels in which topic, as AsyncAPI"),
    ("GET", "/contracts/manifest.json", "which schema has which id; the schemas and JSON Schemas lie beside it"),
    ("GET", "/health", "how each service is"),
    ("GET", "/metrics", "metrics for Prometheus"),
    ("GET", "/openapi.json", "this interface, as OpenAPI"),
)

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Meekoppel</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c2733; }}
table {{ border-collapse: collapse; }} td {{ padding: .2rem 1.2rem .2rem 0; vertical-align: top; }}
dt {{ float: left; clear: left; width: 22rem; }} dd {{ font-weight: 600; }}
code {{ background: #eef2f5; padding: .1rem .3rem; }}
</style></head><body>
<h1>Meekoppel</h1>
<p>The hub with which organisations tell each other what they plan in the subsurface and the public space.
Version {version}; coordinates in EPSG:{crs}.</p>
<h2>Now</h2><dl>{counts}</dl><p>{health}</p>
<h2>What you can ask</h2><table>{endpoints}</table>
<p>With an organisation's token you see more: <code>curl -H "Authorization: Bearer mk_…" …/plans</code></p>
</body></html>
"""


@router.get("/", include_in_schema=False)
def front_page(context: Context) -> HTMLResponse:
    """Give the front page."""
    with context.database.read() as connection:
        counts = public_counts(connection)
        trouble = message_of(read_health(connection, context.clock()))
    page = _PAGE.format(
        version=escape(__version__),
        crs=context.settings.crs,
        counts="".join(f"<dt>{escape(name)}</dt><dd>{count}</dd>" for name, count in counts.items()),
        health=escape(trouble or "All services make progress."),
        endpoints="".join(_endpoint(*one) for one in ENDPOINTS),
    )
    return HTMLResponse(page, headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"})


def _endpoint(methods: str, path: str, meaning: str) -> str:
    shown = f"<code>{escape(path)}</code>"
    linked = shown if "{" in path or "POST" in methods else f'<a href="{escape(path)}">{shown}</a>'
    return f"<tr><td>{escape(methods)}</td><td>{linked}</td><td>{escape(meaning)}</td></tr>"
