"""What became of a request."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from meekoppel_hub.platform.database.tables.consultation import requests, waiting


def outcome_of(connection: Connection, organisation: str, request_id: str) -> dict[str, Any] | None:
    """Give what became of a request of an organisation; None while the hub has not taken it up."""
    decided = requests.c
    row = connection.execute(
        select(requests).where(decided.organisation == organisation, decided.request_id == request_id)
    ).first()
    if row is not None:
        return {
            "request_id": request_id,
            "outcome": row.outcome,
            "event_id": row.event_id,
            "reason": row.reason,
            "field": row.field,
            "message": row.message,
            "decided_at": row.decided_at,
        }
    waits = waiting.c
    since = connection.execute(
        select(waits.since).where(waits.organisation == organisation, waits.request_id == request_id)
    ).scalar_one_or_none()
    if since is None:
        return None
    return {
        "request_id": request_id,
        "outcome": "waiting",
        "message": "it names what the hub does not know yet, or what you may not see; it is decided within a minute",
        "since": since,
    }
