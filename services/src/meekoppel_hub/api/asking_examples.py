"""Examples of answers about assessments, cooperations and requests, as they stand in the OpenAPI description."""

from __future__ import annotations

from typing import Any

from meekoppel_hub.api.examples import UNKNOWN, answer, error

_Responses = dict[int | str, dict[str, Any]]

ASSESSMENT_ORDER: dict[str, Any] = {
    "answer": "yes",
    "overlap_revision": 1,
    "note": "Wij kunnen drie weken later beginnen.",
    "decision": "Samen de straat open: eerst het riool, dan de waterleiding.",
}
_PARTY = {
    "shared_with_you": True,
    "organisation": "stedennet",
    "answer": "yes",
    "to_reassess": False,
    "opens_up": False,
    "assess_by": "2026-11-30T00:00:00Z",
    "history": [{"revision": 1, "answer": "yes", "cause": "answered", "recorded_at": "2026-11-09T06:00:04Z"}],
}
_COOPERATION = {
    "cooperation_id": "coop_0123456789abcdef0123",
    "revision": 2,
    "type": "answered",
    "state": "in_consultation",
    "title": "Merelstraat in één keer open",
    "proposed_by": "stedennet",
    "lead": "stedennet",
    "actor": "merwestroom",
    "parties": [
        {"organisation": "stedennet", "answer": "yes"},
        {"organisation": "merwestroom", "answer": "yes"},
    ],
    "answer_by": "2026-12-07T06:00:04Z",
    "add_works_by": "2026-12-21T06:00:04Z",
}
_REQUEST = {"request_id": "req_0123456789abcdef01234567", "status": "/requests/req_0123456789abcdef01234567"}
_CONFLICT = error("The state of things does not allow it.", "conflict", "the overlap is at revision 2 …", revision=2)

REQUEST: _Responses = {
    200: answer(
        "What became of it.",
        {
            "request_id": "req_0123456789abcdef01234567",
            "outcome": "refused",
            "reason": "stale_revision",
            "field": "overlap_revision",
            "message": "overlap … is at revision 2 now and revision 1 was judged; look at it again …",
            "event_id": None,
            "decided_at": "2026-11-09T06:00:04Z",
        },
    ),
    **UNKNOWN,
}
ASKED: _Responses = {202: answer("It is in your inbox.", _REQUEST), 409: _CONFLICT, **UNKNOWN}
ASSESSMENTS: _Responses = {
    200: answer(
        "What both parties say.",
        {
            "overlap_id": "2f1c0d5e8a7b4c6d9e0f1a2b3c4d5e6f",
            "overlap_revision": 1,
            "state": "open",
            "parties": [_PARTY, {"shared_with_you": False, "opens_up": False}],
        },
    ),
    **UNKNOWN,
}
COOPERATIONS: _Responses = {200: answer("A page.", {"cooperations": [_COOPERATION], "next": None}), **UNKNOWN}
COOPERATION: _Responses = {
    200: answer("As it stands, with its history.", {**_COOPERATION, "history": [_COOPERATION]}),
    **UNKNOWN,
}
OVERVIEW: _Responses = {
    200: answer(
        "What goes on in the area.",
        {
            "area_id": "NL.gm0361.gemeente",
            "director": "gm0361",
            "you_are_director": True,
            "plans": {"total": 412, "by_status": {"planned": 300, "tentative": 112}},
            "overlaps": {"open": 37, "by_kind": {"conflict_heavy": {"high": 9}, "opportunity": {"low": 28}}},
            "assessments": {"parties": 74, "unanswered": 31, "to_reassess": 4, "missed": 2},
            "cooperations": {"total": 5, "by_state": {"in_consultation": 3, "agreed": 2}, "missed": 1},
            "moratoria": {"holding": 12},
        },
    ),
    **UNKNOWN,
}
