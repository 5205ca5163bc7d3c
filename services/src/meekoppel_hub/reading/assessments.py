"""What parties say of an overlap, as a viewer sees it: of a hidden side no more than whether it opens up."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from meekoppel_contracts.codec import ASSESSMENT_EVENTS
from meekoppel_contracts.coordination import AssessmentEvent
from meekoppel_contracts.registry import ASSESSMENT_EVENT
from meekoppel_hub.platform.database.tables.consultation import assessments, history
from meekoppel_hub.reading.access import Viewer
from meekoppel_hub.reading.sight import AnySight

_SHOWN = (
    "revision",
    "answer",
    "cause",
    "to_reassess",
    "previous_answer",
    "note",
    "decision",
    "opens_up",
    "overlap_revision",
    "cooperation_id",
    "answered_at",
    "recorded_at",
)


def assessments_of(connection: Connection, sight: AnySight, viewer: Viewer) -> dict[str, Any]:
    """Write what the parties say of an overlap now, and said before.

    Notes and answers are for participants; without a token only the answers are shown.
    """
    row = sight.row
    sides = ((row.first_organisation, sight.first), (row.second_organisation, sight.second))
    shown = [
        _party(connection, row.overlap_id, organisation, viewer)
        if side is not None or viewer.organisation == organisation
        else _hidden(connection, row.overlap_id, organisation)
        for organisation, side in sides
    ]
    return {"overlap_id": row.overlap_id, "overlap_revision": row.revision, "state": row.state, "parties": shown}


def _party(connection: Connection, overlap_id: str, organisation: str, viewer: Viewer) -> dict[str, Any]:
    listed = _listed(connection, overlap_id, organisation)
    events = _history(connection, overlap_id, organisation)
    shown = _SHOWN if viewer.organisation is not None or viewer.operator else ("revision", "answer", "recorded_at")
    said = [{name: getattr(event, name) for name in shown} for event in events]
    return {
        "shared_with_you": True,
        "organisation": organisation,
        "answer": "undecided" if listed is None else listed.answer,
        "to_reassess": listed is not None and listed.to_reassess,
        "opens_up": listed is not None and listed.opens_up,
        "assess_by": None if listed is None else listed.assess_by,
        "history": said,
    }


def _hidden(connection: Connection, overlap_id: str, organisation: str) -> dict[str, Any]:
    listed = _listed(connection, overlap_id, organisation)
    return {"shared_with_you": False, "opens_up": listed is not None and listed.opens_up}


def _listed(connection: Connection, overlap_id: str, organisation: str) -> Row[Any] | None:
    query = select(assessments).where(
        assessments.c.overlap_id == overlap_id, assessments.c.organisation == organisation
    )
    return connection.execute(query).first()


def _history(connection: Connection, overlap_id: str, organisation: str) -> list[AssessmentEvent]:
    query = select(history.c.value).where(
        history.c.contract == ASSESSMENT_EVENT, history.c.subject == f"{overlap_id}/{organisation}"
    )
    rows = connection.execute(query.order_by(history.c.revision)).scalars()
    return [ASSESSMENT_EVENTS.decode(bytes(value)) for value in rows]
