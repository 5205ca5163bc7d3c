"""What the log does to assessments: any change of either plan sets them back, and the end of an overlap closes them.

Source: GIPOD. A plan that changes so that the two meet differently is seen from the overlap; one that changes in
another way, such as in its title, from the plan's own event. What was not answered has nothing to be set back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from meekoppel_contracts.codes import AssessmentAnswer, AssessmentCause
from meekoppel_contracts.coordination import AssessedPlan, AssessmentEvent
from meekoppel_contracts.events import OverlapEvent, OverlapSide
from meekoppel_contracts.ids import OverlapId, PlanId
from meekoppel_contracts.registry import ASSESSMENT_EVENT, OVERLAP_EVENT
from meekoppel_contracts.topics import COORDINATION, COORDINATION_RESTRICTED
from meekoppel_hub.consultation.assessment_rows import (
    list_overlaps,
    load_of_overlaps,
    load_of_plans,
    note_versions,
)
from meekoppel_hub.consultation.heads import load_heads

Told = tuple[AssessmentEvent, str]
"""An event, and the topic that it goes to."""


def take_overlaps(
    connection: Connection, told: Mapping[OverlapId, tuple[str, OverlapEvent]], now: datetime
) -> list[Told]:
    """Take over how overlaps stand, and give what that does to their assessments.

    Args:
        connection: a writing transaction.
        told: the newest event of each overlap, with its topic.
        now: the time that the events get.
    """
    newer = list_overlaps(connection, told)
    return list(settle(connection, newer, now))


def settle(connection: Connection, overlap_ids: Sequence[OverlapId], now: datetime) -> Iterator[Told]:
    """Give what has to be told of the assessments of these overlaps, as the overlaps stand now."""
    rows = load_of_overlaps(connection, overlap_ids) if overlap_ids else []
    if not rows:
        return
    said = load_heads(connection, ASSESSMENT_EVENT, [f"{row.overlap_id}/{row.organisation}" for row in rows])
    overlaps = load_heads(connection, OVERLAP_EVENT, sorted({row.overlap_id for row in rows}))
    for row in rows:
        last = said[f"{row.overlap_id}/{row.organisation}"]
        overlap = overlaps.get(row.overlap_id)
        if overlap is not None and overlap.revision > last.overlap_revision:
            yield from _after_overlap(row, last, overlap, now)


def take_plans(connection: Connection, touched: Mapping[PlanId, int], now: datetime) -> list[Told]:
    """Take over that plans have new versions, and give the assessments that are set back by it."""
    rows = load_of_plans(connection, touched) if touched else []
    risen = []
    for row in rows:
        first = max(row.first_version, touched.get(row.first_plan, 0))
        second = max(row.second_version, touched.get(row.second_plan, 0))
        if (first, second) != (row.first_version, row.second_version):
            risen.append((row, first, second))
    note_versions(connection, risen)
    answered = [one for one in risen if one[0].answered_at is not None]
    said = load_heads(connection, ASSESSMENT_EVENT, [f"{row.overlap_id}/{row.organisation}" for row, _, _ in answered])
    return [
        (_set_back(said[f"{row.overlap_id}/{row.organisation}"], row.overlap_revision, first, second, now), _topic(row))
        for row, first, second in answered
    ]


def _after_overlap(row: Row[Any], last: AssessmentEvent, overlap: OverlapEvent, now: datetime) -> Iterator[Told]:
    """Say what a newer state of the overlap does to one party's assessment."""
    closed = last.cause is AssessmentCause.OVERLAP_RESOLVED
    if not row.is_open:
        if not closed:
            yield _close(last, overlap, now), _topic(row)
    elif last.answered_at is not None or closed:
        yield _set_back_by(last, overlap, now), _topic(row)


def _close(last: AssessmentEvent, overlap: OverlapEvent, now: datetime) -> AssessmentEvent:
    """The answer stays as it was given; an agreement to open up was for this meeting, and ends with it."""
    return last.model_copy(
        update={
            **_next(last, overlap.revision, now),
            "cause": AssessmentCause.OVERLAP_RESOLVED,
            "to_reassess": False,
            "previous_answer": last.answer,
            "opens_up": False,
            "first": _judged(overlap.first),
            "second": _judged(overlap.second),
        }
    )


def _set_back_by(last: AssessmentEvent, overlap: OverlapEvent, now: datetime) -> AssessmentEvent:
    """Set an answer back since the plans meet differently: by a plan, or by the rules."""
    versions = (overlap.first.version, overlap.second.version)
    by_plan = versions != (last.first.version, last.second.version)
    back = _set_back(last, overlap.revision, *versions, now)
    if by_plan:
        return back
    return back.model_copy(update={"cause": AssessmentCause.OTHER})


def _set_back(last: AssessmentEvent, overlap_revision: int, first: int, second: int, now: datetime) -> AssessmentEvent:
    return last.model_copy(
        update={
            **_next(last, overlap_revision, now),
            "answer": AssessmentAnswer.UNDECIDED,
            "cause": AssessmentCause.PLAN_CHANGED,
            "to_reassess": True,
            "previous_answer": last.answer,
            "note": None,
            "decision": None,
            "answered_at": None,
            "first": last.first.model_copy(update={"version": first}),
            "second": last.second.model_copy(update={"version": second}),
        }
    )


def _next(last: AssessmentEvent, overlap_revision: int, now: datetime) -> dict[str, Any]:
    return {"revision": last.revision + 1, "overlap_revision": max(1, overlap_revision), "recorded_at": now}


def _judged(side: OverlapSide) -> AssessedPlan:
    return AssessedPlan(plan_id=side.plan_id, version=side.version, organisation=side.organisation)


def _topic(row: Row[Any]) -> str:
    return COORDINATION_RESTRICTED if row.restricted else COORDINATION
