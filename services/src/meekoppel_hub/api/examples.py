"""Examples of answers, as they stand in the OpenAPI description."""

from __future__ import annotations

from typing import Any

_Responses = dict[int | str, dict[str, Any]]

_CRS = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::28992"}}
_PLAN = {
    "type": "Feature",
    "id": "NL.stedennet.SN-0042",
    "geometry": {"type": "LineString", "coordinates": [[143100.5, 457210.0], [143188.2, 457262.4]]},
    "properties": {
        "plan_id": "NL.stedennet.SN-0042",
        "version": 3,
        "title": "Vervanging grijs gietijzer gasleiding Merelstraat",
        "initiator": {"organisation": "stedennet", "name": "Stedennet", "kind": "electricity_gas_operator"},
        "publisher": "stedennet",
        "disciplines": ["gas_low"],
        "status": "planned",
        "certainty": "firm",
        "period": {"earliest_start": "2027-03-01T00:00:00Z", "latest_end": "2027-04-16T22:59:59Z"},
        "visibility": "participants",
        "withdrawn": False,
        "recorded_at": "2026-11-02T06:00:04Z",
    },
}
_OVERLAP = {
    "type": "Feature",
    "id": "2f1c0d5e8a7b4c6d9e0f1a2b3c4d5e6f",
    "geometry": {"type": "Point", "coordinates": [143150.0, 457240.0]},
    "properties": {
        "state": "open",
        "revision": 1,
        "kind": "conflict_heavy",
        "severity": "high",
        "area_m2": 41.5,
        "distance_m": 0.0,
        "overlap_days": 18,
        "gap_days": 0,
        "score": None,
        "score_parts": [],
        "explanation": "Both dig in Merelstraat; 41.5 m² in common; 18 days in the same period; both are firm.",
        "explanation_nl": (
            "Beide graven in Merelstraat; 41,5 m² gemeenschappelijk; 18 dagen in dezelfde periode; beide staan vast."
        ),
        "moratorium_id": None,
        "ruleset": "national/1",
        "rulesets": ["national/1"],
        "assess_by": "2026-11-16T06:00:04Z",
        "first": {
            "shared_with_you": True,
            "plan_id": "NL.merwestroom.000017",
            "version": 2,
            "organisation": "merwestroom",
            "title": "Vervanging asbestcement waterleiding Merelstraat",
        },
        "second": {
            "shared_with_you": True,
            "plan_id": "NL.stedennet.SN-0042",
            "version": 3,
            "organisation": "stedennet",
            "title": "Vervanging grijs gietijzer gasleiding Merelstraat",
        },
    },
}
SUBSCRIPTION_ORDER: dict[str, Any] = {
    "name": "Werk in het centrum",
    "url": "https://hooks.gemeente.example/meekoppel",
    "own_overlaps": True,
    "bbox": [142500, 457000, 143500, 458000],
}
_SUBSCRIPTION = {
    "subscription_id": "sub_0123456789abcdef0123",
    "organisation": "gemeente-rijnvoorde",
    "name": "Werk in het centrum",
    "url": "https://hooks.gemeente.example/meekoppel",
    "kinds": ["own_overlaps", "area"],
    "state": "active",
    "reason": None,
}


def answer(description: str, example: Any, media_type: str = "application/json") -> dict[str, Any]:
    """Describe an answer by an example."""
    return {"description": description, "content": {media_type: {"schema": {"type": "object"}, "example": example}}}


def error(description: str, code: str, message: str, **details: Any) -> dict[str, Any]:
    """Describe an error by an example."""
    return answer(description, {"error": {"code": code, "message": message, **details}})


def _page(feature: dict[str, Any]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "crs": _CRS, "features": [feature], "next": "TkwuZXhhbXBsZQ"}


_BAD_REQUEST = error("A parameter cannot be read.", "bad_request", "bbox '1,2' is not min x,min y,max x,max y …")
_INVALID = error("A parameter or the body breaks its rule.", "invalid", "query limit: Input should be …")
_NOT_AUTHENTICATED = error(
    "The token is missing or unknown.", "not_authenticated", "the hub does not know this token …"
)
_NOT_FOUND = error("Nothing here that you may see.", "not_found", "there is no plan … that you may see …")
_GONE = error(
    "It was shared and is withdrawn.",
    "gone",
    "plan NL.stedennet.SN-0042 is withdrawn and no longer shared",
    reason="missing_from_source",
    withdrawn_at="2026-11-09T06:00:04Z",
)
_UNAVAILABLE = error("The database is away; try again.", "unavailable", "the database cannot be used now …")
USUAL: _Responses = {401: _NOT_AUTHENTICATED, 422: _INVALID, 503: _UNAVAILABLE}
_GEOJSON = "application/geo+json"

PLANS: _Responses = {200: answer("A page of plans.", _page(_PLAN), _GEOJSON), 400: _BAD_REQUEST, **USUAL}
PLAN: _Responses = {
    200: answer("The whole plan.", {**_PLAN, "crs": _CRS}, _GEOJSON),
    400: _BAD_REQUEST,
    404: _NOT_FOUND,
    410: _GONE,
    **USUAL,
}
VERSIONS: _Responses = {
    200: answer(
        "The versions, oldest first.",
        {
            "plan_id": _PLAN["id"],
            "crs": _CRS,
            "versions": [{"version": 3, "type": "changed", "changed_fields": ["period"], "plan": _PLAN}],
            "next": None,
        },
    ),
    400: _BAD_REQUEST,
    404: _NOT_FOUND,
    410: _GONE,
    **USUAL,
}
HISTORY: _Responses = {
    200: answer(
        "What each version changed, oldest first.",
        {
            "plan_id": _PLAN["id"],
            "history": [
                {
                    "version": 3,
                    "type": "changed",
                    "compared_with": 2,
                    "differences": [
                        {
                            "field": "period.earliest_start",
                            "old": "2027-03-01T00:00:00+00:00",
                            "new": "2027-03-15T00:00:00+00:00",
                            "days": 14.0,
                            "words": {
                                "nl": "vroegste start 14 dagen later: van 2027-03-01 naar 2027-03-15",
                                "en": "earliest start 14 days later: from 2027-03-01 to 2027-03-15",
                            },
                        }
                    ],
                }
            ],
            "next": None,
        },
    ),
    400: _BAD_REQUEST,
    404: _NOT_FOUND,
    410: _GONE,
    **USUAL,
}
OVERLAP: _Responses = {
    200: answer("The pair.", {**_OVERLAP, "crs": _CRS}, _GEOJSON),
    400: _BAD_REQUEST,
    404: _NOT_FOUND,
    **USUAL,
}
OVERLAPS: _Responses = {200: answer("A page of pairs.", _page(_OVERLAP), _GEOJSON), 400: _BAD_REQUEST, **USUAL}
_SCORE = {
    "publisher": "stedennet",
    "period": "2026-10",
    "score": 85,
    "parts": [{"part": "freshness", "points": 93.2, "weight": 20.0}],
    "live_plans": 310,
    "late_moves": 6,
}
_STABILITY = {"phase": "design", "plans": 310, "starts_later": 21, "share_starts_moved": 0.08, "mean_start_days": 34.9}
_SILENT = {"plan_id": _PLAN["id"], "heard_at": "2026-02-01T08:00:00Z", "silent_days": 273, "overdue": False}
SCORES: _Responses = {
    200: answer("The scores, latest month first.", {"scores": [_SCORE], "next": None}),
    400: _BAD_REQUEST,
    **USUAL,
}
STABILITY: _Responses = {
    200: answer("One row per group.", {"by": ["phase"], "stability": [_STABILITY]}),
    400: _BAD_REQUEST,
    **USUAL,
}
SILENT: _Responses = {
    200: answer("A page of plans.", {"organisation": "stedennet", "months": 6, "plans": [_SILENT], "next": None}),
    400: _BAD_REQUEST,
    **USUAL,
}
SUBSCRIPTIONS: _Responses = {200: answer("Your subscriptions.", {"subscriptions": [_SUBSCRIPTION]}), **USUAL}
NEW_SUBSCRIPTION: _Responses = {
    201: answer("The subscription and, this once, its secret.", {**_SUBSCRIPTION, "secret": "whsec_…"}),
    400: _BAD_REQUEST,
    **USUAL,
}
REMOVED_SUBSCRIPTION: _Responses = {
    200: answer("The subscription as it ended.", {**_SUBSCRIPTION, "state": "removed"}),
    404: _NOT_FOUND,
    **USUAL,
}
_SERVICE = {
    "service": "coordination",
    "instance": "host/4711",
    "state": "running",
    "detail": "",
    "lag": 0,
    "handled": 1710,
    "set_aside": 0,
    "silent_seconds": 0.4,
    "healthy": True,
}
HEALTH: _Responses = {
    200: answer("Every service makes progress.", {"healthy": True, "message": "", "services": [_SERVICE]}),
    503: answer(
        "A service halted, stalled or fell silent, or none has reported.",
        {"healthy": False, "message": "intake is halted", "services": [{**_SERVICE, "service": "intake"}]},
    ),
}

_PLANS_CSV = (
    "Plannummer,Titel,Initiatiefnemer,Status,Vroegste start,Laatste einde\r\n"
    "NL.stedennet.SN-0042,Vervanging grijs gietijzer gasleiding Merelstraat,Stedennet,Gepland,2027-03-01,2027-04-17\r\n"
)
_CALENDAR = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:NL.stedennet.SN-0042/period@meekoppel\r\nSEQUENCE:3\r\n"
    "SUMMARY:Vervanging gasleiding Merelstraat (Stedennet)\r\nDTSTART;VALUE=DATE:20270301\r\n"
    "DTEND;VALUE=DATE:20270418\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
_BINARY = "(a file)"
FILES: _Responses = {
    200: {
        "description": "The file, streamed.",
        "content": {
            "application/geo+json": {"example": {"type": "FeatureCollection", "crs": _CRS, "features": [_PLAN]}},
            "text/csv": {"example": _PLANS_CSV},
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {"example": _BINARY},
            "application/geopackage+sqlite3": {"example": _BINARY},
        },
    }
}
CALENDAR: _Responses = {
    200: {"description": "The calendar, streamed.", "content": {"text/calendar": {"example": _CALENDAR}}}
}
REPORT: _Responses = {
    200: {"description": "The page, streamed.", "content": {"text/html": {"example": "<!doctype html>…</html>"}}}
}
_TRIANGLE = {
    "type": "Polygon",
    "coordinates": [[[111000, 516000], [112000, 516000], [112000, 517000], [111000, 516000]]],
}
_AREA = {
    "type": "Feature",
    "id": "NL.gm0361.gemeente",
    "geometry": {
        "type": "Polygon",
        "coordinates": [[[104000, 511000], [120000, 511000], [120000, 521000], [104000, 511000]]],
    },
    "properties": {
        "area_id": "NL.gm0361.gemeente",
        "revision": 1,
        "authority": "gm0361",
        "kind": "municipality",
        "name": "Alkmaar",
        "margin_m": 100.0,
        "active": True,
        "recorded_at": "2026-11-02T06:00:04Z",
        "holds": True,
    },
}
_AGREEMENT = {
    "agreement_id": "NL.gm0361.afspraken",
    "revision": 2,
    "authority": "gm0361",
    "areas": ["NL.gm0361.gemeente"],
    "title": "Procesafspraken",
    "ruleset": "alkmaar",
    "version": "2",
    "own_settings": ["opportunity.distance_m"],
    "based_on": "national/1",
    "rules": {"light_conflict_distance_m": 0, "opportunity": {"distance_m": 50, "time_tolerance_days": 30}},
    "valid_from": None,
    "valid_until": None,
    "ended_at": None,
    "recorded_at": "2026-11-02T06:00:04Z",
    "holds": True,
}
_MORATORIUM = {
    "type": "Feature",
    "id": "NL.gm0361.rust-2026-12",
    "geometry": {
        "type": "Polygon",
        "coordinates": [[[111000, 516000], [111100, 516000], [111100, 516008], [111000, 516000]]],
    },
    "properties": {
        "moratorium_id": "NL.gm0361.rust-2026-12",
        "revision": 1,
        "authority": "gm0361",
        "title": "Graafrust Merelstraat",
        "kind": "after_surface_works",
        "origin": "declared",
        "starts": "2026-12-18T23:00:00Z",
        "ends": "2031-12-18T23:00:00Z",
        "reason": "De straat is vernieuwd.",
        "exceptions": ["leak_repair", "emergency"],
        "recorded_at": "2026-12-18T16:30:00Z",
        "holds": True,
    },
}


def _places(what: str, feature: dict[str, Any]) -> tuple[_Responses, _Responses, _Responses]:
    """Describe a page of places, one of them, and its revisions."""
    page = {200: answer(f"A page of {what}.", _page(feature), _GEOJSON), 400: _BAD_REQUEST, **USUAL}
    one = {200: answer("The newest revision.", {**feature, "crs": _CRS}, _GEOJSON), **UNKNOWN}
    name = next(name for name in feature["properties"] if name.endswith("_id"))
    revisions = {name: feature["id"], "crs": _CRS, "versions": [feature]}
    return page, one, {200: answer("The revisions, oldest first.", revisions), **UNKNOWN}


UNKNOWN: _Responses = {400: _BAD_REQUEST, 404: _NOT_FOUND, **USUAL}
AREAS, AREA, AREA_VERSIONS = _places("areas", _AREA)
MORATORIA, MORATORIUM, MORATORIUM_VERSIONS = _places("moratoria", _MORATORIUM)
AGREEMENTS: _Responses = {
    200: answer("A page of agreements.", {"agreements": [_AGREEMENT], "next": None}),
    400: _BAD_REQUEST,
    **USUAL,
}
AGREEMENT: _Responses = {200: answer("The newest revision.", _AGREEMENT), **UNKNOWN}
AGREEMENT_VERSIONS: _Responses = {
    200: answer(
        "The revisions, oldest first.",
        {
            "agreement_id": _AGREEMENT["agreement_id"],
            "versions": [{**_AGREEMENT, "differences": ["opportunity.distance_m: 25 → 50 (…)"]}],
        },
    ),
    **UNKNOWN,
}
COUNTS: _Responses = {
    200: answer(
        "The counts.",
        {
            "plans": {"total": 52, "by_status": {"in_progress": 4, "planned": 48}},
            "overlaps": {"total": 3, "by_kind": {"conflict_heavy": 1, "opportunity": 2}},
        },
    ),
    400: _BAD_REQUEST,
    **USUAL,
}
