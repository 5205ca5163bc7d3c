"""What a party says of an overlap, written for its inbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from meekoppel_contracts.codes import AssessmentCause
from meekoppel_contracts.coordination import AssessedPlan, AssessmentEvent
from meekoppel_contracts.ids import OrgCode, OverlapId
from meekoppel_hub.reading.sight import AnySight


@dataclass(frozen=True, slots=True)
class Judged:
    """An overlap as one of its parties judges it, for a request.

    Attributes:
        overlap_id: which overlap.
        organisation: the party.
        revision: of the overlap.
        is_open: whether the plans meet still.
        own: the party's own plan.
    """

    overlap_id: OverlapId
    organisation: OrgCode
    revision: int
    is_open: bool
    own: AssessedPlan


def judged_by(sight: AnySight, organisation: str | None) -> Judged | None:
    """Give the overlap for a request of one of its parties; None when the organisation is no party."""
    row = sight.row
    if organisation is None or organisation not in (row.first_organisation, row.second_organisation):
        return None
    own = row.first_plan if organisation == row.first_organisation else row.second_plan
    version = row.first_version if own == row.first_plan else row.second_version
    plan = AssessedPlan(plan_id=own, version=version, organisation=OrgCode(organisation))
    return Judged(row.overlap_id, OrgCode(organisation), row.revision, row.state == "open", plan)


def assessment_request(judged: Judged, overlap_revision: int, now: datetime, **said: Any) -> AssessmentEvent:
    """Write what a party says of an overlap.

    Args:
        judged: the overlap.
        overlap_revision: which state of it the party saw.
        now: the time.
        said: `answer`, `note`, `decision`, `opens_up`, `cooperation_id`.
    """
    # What the party may not see is not told in its own request either: of the plans the hub knows both.
    return AssessmentEvent(
        overlap_id=judged.overlap_id,
        revision=0,
        organisation=judged.organisation,
        cause=AssessmentCause.ANSWERED,
        overlap_revision=overlap_revision,
        first=judged.own,
        second=judged.own,
        recorded_at=now,
        **said,
    )
