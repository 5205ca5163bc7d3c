"""Assessments: each of the two parties of an overlap says yes or no, leaves it, or opens up (GIPOD).

An answer counts for the overlap as it stands: one that judges an older revision is refused, so that nobody agrees to
what he has not seen. The party writes its whole answer; what stood there before is history.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from meekoppel_contracts.codes import AssessmentAnswer, AssessmentCause, RejectionReason
from meekoppel_contracts.coordination import AssessedPlan, AssessmentEvent
from meekoppel_contracts.events import OverlapEvent, OverlapSide
from meekoppel_contracts.registry import ASSESSMENT_EVENT, OVERLAP_EVENT
from meekoppel_contracts.topics import COORDINATION, COORDINATION_RESTRICTED
from meekoppel_hub.consultation.assessment_rows import load_one
from meekoppel_hub.consultation.handler import Desk, Handler
from meekoppel_hub.consultation.heads import assessment_subject, load_head
from meekoppel_hub.consultation.outcome import NotYet, Refused


def handle_assessment(request: AssessmentEvent, desk: Desk) -> None:
    """Take over what a party says of an overlap.

    Raises:
        NotYet: when there is no such overlap, or the organisation is no party of it: which of them is not told, since
            the id of an overlap can be worked out from two plan ids.
        Refused: when the overlap stands otherwise than the party saw it, or is resolved.
    """
    row = load_one(desk.connection, request.overlap_id, desk.organisation.code)
    if row is None or row.overlap_revision == 0 or row.overlap_revision < request.overlap_revision:
        raise NotYet(
            f"the hub knows no overlap {request.overlap_id} at revision {request.overlap_revision} with a plan of "
            f"{desk.organisation.code!r}; give overlap_id and overlap_revision as they stand in the overlap",
            "overlap_id",
        )
    overlap: OverlapEvent = load_head(desk.connection, OVERLAP_EVENT, request.overlap_id)
    _check_state(request, row)
    before = desk.head(ASSESSMENT_EVENT, assessment_subject(request))
    event = _answered(request, before, overlap, row, desk)
    if before is None or _says(event) != _says(before):
        desk.tell(event, COORDINATION_RESTRICTED if row.restricted else COORDINATION)


def _check_state(request: AssessmentEvent, row: Row[Any]) -> None:
    if request.overlap_revision < row.overlap_revision:
        raise Refused(
            RejectionReason.STALE_REVISION,
            f"overlap {request.overlap_id} is at revision {row.overlap_revision} now and revision "
            f"{request.overlap_revision} was judged; look at it again and answer on what it says",
            "overlap_revision",
        )
    if not row.is_open:
        raise Refused(
            RejectionReason.NOT_NOW,
            f"overlap {request.overlap_id} is resolved: the plans no longer meet, and there is nothing to assess",
            "overlap_id",
        )


def _answered(
    request: AssessmentEvent, before: AssessmentEvent | None, overlap: OverlapEvent, row: Row[Any], desk: Desk
) -> AssessmentEvent:
    """Write the new state: what the party says, about the versions that the hub knows."""
    previous = None if before is None else before.answer
    return AssessmentEvent(
        overlap_id=request.overlap_id,
        revision=desk.next_revision(before),
        organisation=request.organisation,
        answer=request.answer,
        cause=_cause(request, before),
        previous_answer=previous,
        note=request.note,
        decision=request.decision,
        opens_up=request.opens_up,
        overlap_revision=overlap.revision,
        first=_judged(overlap.first, row.first_version),
        second=_judged(overlap.second, row.second_version),
        cooperation_id=request.cooperation_id,
        answered_at=desk.now,
        recorded_at=desk.now,
    )


def _cause(request: AssessmentEvent, before: AssessmentEvent | None) -> AssessmentCause:
    """Tell why there is a new state, from what is different in it."""
    old = AssessmentAnswer.UNDECIDED if before is None else before.answer
    opened = False if before is None else before.opens_up
    if request.opens_up != opened and request.answer is old:
        return AssessmentCause.OPENED_UP
    if request.answer is AssessmentAnswer.UNDECIDED and old is not AssessmentAnswer.UNDECIDED:
        return AssessmentCause.TAKEN_BACK
    return AssessmentCause.ANSWERED


def _judged(side: OverlapSide, version: int) -> AssessedPlan:
    return AssessedPlan(plan_id=side.plan_id, version=max(side.version, version), organisation=side.organisation)


def _says(event: AssessmentEvent) -> tuple[object, ...]:
    """Name what makes a new state worth telling."""
    return (
        event.answer,
        event.to_reassess,
        event.note,
        event.decision,
        event.opens_up,
        event.cooperation_id,
        event.overlap_revision,
        event.first,
        event.second,
        event.answered_at is None,
    )


ASSESSMENTS = Handler(
    contract=ASSESSMENT_EVENT,
    subject=assessment_subject,
    actor=lambda request: ("organisation", request.organisation),
    handle=handle_assessment,
)
