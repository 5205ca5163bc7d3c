"""The row of a pair, and what becomes of it when either plan changes: detected, changed, resolved. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from meekoppel_contracts.codes import OverlapEventType
from meekoppel_contracts.ids import OrgCode, OverlapId, PlanId, overlap_id
from meekoppel_hub.coordination.explanation import explain, explain_resolved
from meekoppel_hub.coordination.facts import MORATORIUM, PlanFacts
from meekoppel_hub.coordination.meeting import Meeting, score_parts_to_text
from meekoppel_hub.coordination.phrases import DUTCH, ENGLISH

OPEN = "open"
RESOLVED = "resolved"


class OverlapRow(NamedTuple):
    """One pair that meets or met. The fields are the columns of `overlaps`.

    A resolved pair keeps what was last found of it; only its versions and its explanation tell of the end.

    Attributes:
        score_parts: JSON, a list of `part`, `points` and `weight`; None for other kinds than opportunities.
        rulesets: of all agreements that were applied, with commas between.
        assess_by: until when the parties are asked to assess; None when resolved.
        moratorium_id: the same as `second_plan` in a breach of a moratorium.
    """

    overlap_id: OverlapId
    state: str
    revision: int
    kind: str
    severity: str
    first_plan: PlanId
    first_version: int
    first_organisation: OrgCode
    second_plan: PlanId
    second_version: int
    second_organisation: OrgCode
    restricted: bool
    ruleset: str
    area_m2: float
    distance_m: float
    overlap_days: int
    gap_days: int
    score: int | None
    explanation: str
    location: bytes
    detected_at: datetime
    changed_at: datetime
    moratorium_id: PlanId | None
    explanation_nl: str
    score_parts: str | None
    rulesets: str
    assess_by: datetime | None


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair of plans at the versions that were matched.

    Attributes:
        first: the plan with the lower id; of a plan and a moratorium, the plan.
        second: the other.
        meeting: how they meet; None when they do not.
    """

    first: PlanFacts
    second: PlanFacts
    meeting: Meeting | None

    @property
    def overlap_id(self) -> OverlapId:
        """The id of the pair."""
        return overlap_id(self.first.plan_id, self.second.plan_id)

    @property
    def restricted(self) -> bool:
        """Whether either plan may be seen by named organisations only."""
        return self.first.restricted or self.second.restricted


@dataclass(frozen=True, slots=True)
class Announcement:
    """What is to be told of a pair.

    Attributes:
        type: detected, changed or resolved.
        row: the pair as it is to be told; its `restricted` says in which topic.
        titles: whether the titles of the plans may be told.
    """

    type: OverlapEventType
    row: OverlapRow
    titles: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a matched pair becomes.

    Attributes:
        row: as it is to be stored.
        announcements: what is to be told, in order; empty when no fact of the pair changed.
    """

    row: OverlapRow
    announcements: tuple[Announcement, ...]


def settle(pair: Pair, previous: OverlapRow | None, now: datetime) -> Outcome | None:
    """Compare how a pair meets now with what is stored.

    Args:
        pair: the plans at their newest versions.
        previous: the stored row, if there is one.
        now: the time of this matching.

    Returns:
        What to store and tell; None when the pair neither meets nor met.
    """
    met = previous is not None and previous.state == OPEN
    if pair.meeting is None:
        return _resolve(pair, previous, now) if previous is not None and met else None
    if previous is None or not met:
        row = _row(pair, pair.meeting, 1 if previous is None else previous.revision + 1, now)
        return Outcome(row, (Announcement(OverlapEventType.DETECTED, row),))
    if previous.restricted != pair.restricted:
        return _move(pair, pair.meeting, previous, now)
    row = _row(pair, pair.meeting, previous.revision + 1, now, previous.detected_at)
    if same_facts(row, previous):
        return Outcome(as_told(row, previous), ())
    return Outcome(row, (Announcement(OverlapEventType.CHANGED, row),))


def _row(pair: Pair, meeting: Meeting, revision: int, now: datetime, detected_at: datetime | None = None) -> OverlapRow:
    return OverlapRow(
        overlap_id=pair.overlap_id,
        state=OPEN,
        revision=revision,
        kind=meeting.kind.value,
        severity=meeting.severity.value,
        first_plan=pair.first.plan_id,
        first_version=pair.first.version,
        first_organisation=pair.first.initiator,
        second_plan=pair.second.plan_id,
        second_version=pair.second.version,
        second_organisation=pair.second.initiator,
        restricted=pair.restricted,
        ruleset=meeting.ruleset,
        area_m2=meeting.area_m2,
        distance_m=meeting.distance_m,
        overlap_days=meeting.overlap_days,
        gap_days=meeting.gap_days,
        score=meeting.score,
        explanation=explain(meeting, ENGLISH),
        location=meeting.location,
        detected_at=detected_at or now,
        changed_at=now,
        moratorium_id=pair.second.plan_id if pair.second.kind == MORATORIUM else None,
        explanation_nl=explain(meeting, DUTCH),
        score_parts=score_parts_to_text(meeting.parts),
        rulesets=",".join(meeting.rulesets),
        assess_by=None if meeting.assess_days is None else now + timedelta(days=meeting.assess_days),
    )


def as_told(row: OverlapRow, previous: OverlapRow) -> OverlapRow:
    """Keep the revision and the term of what was told before."""
    return row._replace(revision=previous.revision, changed_at=previous.changed_at, assess_by=previous.assess_by)


def same_facts(row: OverlapRow, other: OverlapRow) -> bool:
    """Tell whether two rows of a pair say the same, so that nothing is to be told."""
    return _told(row) == _told(other)


def _told(row: OverlapRow) -> tuple[object, ...]:
    """Name the facts of which a change is worth telling: not the versions, nor the rule set, nor the exact point."""
    return (
        row.kind,
        row.severity,
        row.first_organisation,
        row.second_organisation,
        row.area_m2,
        row.distance_m,
        row.overlap_days,
        row.gap_days,
        row.score,
        row.explanation,
    )


def _resolve(pair: Pair, previous: OverlapRow, now: datetime) -> Outcome:
    """Close a pair. When it became restricted at the same time, the open topic hears only that it is over."""
    row = previous._replace(
        state=RESOLVED,
        revision=previous.revision + 1,
        first_version=pair.first.version,
        first_organisation=pair.first.initiator,
        second_version=pair.second.version,
        second_organisation=pair.second.initiator,
        restricted=pair.restricted or previous.restricted,  # the row keeps what was found while it was
        explanation=explain_resolved(pair.first, pair.second, ENGLISH),
        explanation_nl=explain_resolved(pair.first, pair.second, DUTCH),
        changed_at=now,
        assess_by=None,
    )
    told = farewell(previous, now) if pair.restricted and not previous.restricted else _told_where_open(row, previous)
    return Outcome(row, (told,))


def _told_where_open(row: OverlapRow, previous: OverlapRow) -> Announcement:
    """Tell of the end where the pair was told before."""
    return Announcement(OverlapEventType.RESOLVED, row._replace(restricted=previous.restricted))


def _move(pair: Pair, meeting: Meeting, previous: OverlapRow, now: datetime) -> Outcome:
    """Take a pair from one topic to the other: an end in the first, a beginning in the second."""
    row = _row(pair, meeting, previous.revision + 2, now)
    return Outcome(row, (farewell(previous, now), Announcement(OverlapEventType.DETECTED, row)))


def farewell(previous: OverlapRow, now: datetime) -> Announcement:
    """Tell that a pair is over with nothing but what was told of it before."""
    row = previous._replace(
        state=RESOLVED,
        revision=previous.revision + 1,
        explanation=ENGLISH.no_details,
        explanation_nl=DUTCH.no_details,
        changed_at=now,
        assess_by=None,
    )
    return Announcement(OverlapEventType.RESOLVED, row, titles=False)
