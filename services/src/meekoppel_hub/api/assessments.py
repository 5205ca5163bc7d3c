"""What the two parties say of an overlap."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from meekoppel_contracts.codes import AssessmentAnswer
from meekoppel_contracts.ids import CooperationId
from meekoppel_contracts.plan import DESCRIPTION_LENGTH
from meekoppel_hub.api import asking_examples as examples
from meekoppel_hub.api.answers import JsonAnswer
from meekoppel_hub.api.context import AnyViewer, Context, OrganisationViewer
from meekoppel_hub.api.errors import Conflict, NotFound
from meekoppel_hub.api.paging import without_nul
from meekoppel_hub.api.requests import ask
from meekoppel_hub.asking.assessments import assessment_request, judged_by
from meekoppel_hub.reading.assessments import assessments_of
from meekoppel_hub.reading.overlaps import find_overlap

router = APIRouter(tags=["overlaps"])

OverlapPath = Annotated[str, Path(description="The overlap's id.", examples=["2f1c0d5e8a7b4c6d9e0f1a2b3c4d5e6f"])]


class Assessment(BaseModel):
    """What a party says: always the whole answer."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.ASSESSMENT_ORDER]})

    answer: AssessmentAnswer = Field(description="yes: we want to do something about it; no; undecided: we leave it.")
    overlap_revision: int = Field(ge=1, description="The `revision` of the overlap that you judged.")
    note: str | None = Field(default=None, max_length=DESCRIPTION_LENGTH, description="No persons, please.")
    decision: str | None = Field(default=None, max_length=DESCRIPTION_LENGTH, description="What you decided to do.")
    opens_up: bool = Field(default=False, description="Of a blind match: we show our restricted plan to the other.")
    cooperation_id: str | None = Field(default=None, max_length=100, description="The cooperation that came of it.")


@router.get(
    "/overlaps/{overlap_id}/assessments", summary="What the parties say of an overlap", responses=examples.ASSESSMENTS
)
def list_assessments(context: Context, viewer: AnyViewer, overlap_id: OverlapPath) -> Response:
    """Give what both parties say now, and said before. Notes and decisions are for participants.

    Of a party whose plan is not shared with you, no more is told than whether it opens up.
    """
    overlap_id = without_nul(overlap_id)
    with context.database.read() as connection:
        sight = find_overlap(connection, viewer, overlap_id, context.clock())
        if sight is None:
            raise _unknown(overlap_id)
        return JsonAnswer(assessments_of(connection, sight, viewer))


@router.post(
    "/overlaps/{overlap_id}/assessments", summary="Assess an overlap", status_code=202, responses=examples.ASKED
)
def assess(context: Context, viewer: OrganisationViewer, overlap_id: OverlapPath, order: Assessment) -> Response:
    """Say what your organisation thinks of an overlap with a plan of its own.

    The request goes into your coordination inbox; `status` tells where to look what became of it.
    """
    overlap_id = without_nul(overlap_id)
    with context.database.read() as connection:
        sight = find_overlap(connection, viewer, overlap_id, context.clock())
    judged = None if sight is None else judged_by(sight, viewer.organisation)
    if judged is None:
        raise _unknown(overlap_id)
    if order.overlap_revision != judged.revision:
        raise Conflict(
            f"the overlap is at revision {judged.revision} and you judged {order.overlap_revision}; look at it again",
            revision=judged.revision,
        )
    if not judged.is_open:
        raise Conflict("the overlap is resolved: the plans no longer meet, and there is nothing to assess")
    event = assessment_request(
        judged,
        order.overlap_revision,
        context.clock(),
        answer=order.answer,
        note=order.note,
        decision=order.decision,
        opens_up=order.opens_up,
        cooperation_id=None if order.cooperation_id is None else CooperationId(order.cooperation_id),
    )
    return ask(context, viewer, event, overlap_id=overlap_id)


def _unknown(overlap_id: str) -> NotFound:
    return NotFound(f"there is no overlap {overlap_id} that you may see or assess")
