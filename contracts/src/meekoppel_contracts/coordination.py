"""What parties say of an overlap, and what they agree to do together: assessments and cooperations (GIPOD)."""

from __future__ import annotations

from typing import Self

from pydantic import AwareDatetime, Field, model_validator

from meekoppel_contracts.codes import (
    AssessmentAnswer,
    AssessmentCause,
    AssessmentEventType,
    CooperationAnswer,
    CooperationEventType,
    CooperationKind,
    CooperationState,
)
from meekoppel_contracts.ids import CooperationId, OverlapId
from meekoppel_contracts.plan import DESCRIPTION_LENGTH, TITLE_LENGTH, Contract, Organisation, PlanIdentifier


class AssessedPlan(Contract):
    """One of the two plans of a pair, at the version that was judged."""

    plan_id: PlanIdentifier
    version: int = Field(ge=1)
    organisation: Organisation


class AssessmentEvent(Contract):
    """What one party says of one overlap, or that it has to say it again because a plan changed.

    An answer that was set back leaves `answer` undecided, `to_reassess` true and the old answer in `previous_answer`.
    `opens_up` is for a blind match: the details of two restricted plans are shown when both parties open up.
    In an inbox `revision` is 0: the hub numbers.
    """

    type: AssessmentEventType = AssessmentEventType.ASSESSED
    overlap_id: OverlapId
    revision: int = Field(ge=0)
    organisation: Organisation
    answer: AssessmentAnswer
    cause: AssessmentCause
    to_reassess: bool = False
    previous_answer: AssessmentAnswer | None = None
    note: str | None = Field(default=None, max_length=DESCRIPTION_LENGTH)
    decision: str | None = Field(default=None, max_length=DESCRIPTION_LENGTH)
    opens_up: bool = False
    overlap_revision: int = Field(ge=1)
    first: AssessedPlan
    second: AssessedPlan
    cooperation_id: CooperationId | None = None
    answered_at: AwareDatetime | None = None
    recorded_at: AwareDatetime


class CooperatingPlan(Contract):
    """A plan in a cooperation; `added_by` and `added_at` are None when it stood in the proposal."""

    plan_id: PlanIdentifier
    version: int = Field(ge=1)
    organisation: Organisation
    title: str
    added_by: Organisation | None = None
    added_at: AwareDatetime | None = None


class CooperatingParty(Contract):
    """An organisation in a cooperation, and what it answered."""

    organisation: Organisation
    answer: CooperationAnswer = CooperationAnswer.UNDECIDED
    note: str | None = Field(default=None, max_length=DESCRIPTION_LENGTH)
    answered_at: AwareDatetime | None = None
    reminded_at: AwareDatetime | None = None


class AgreedWindow(Contract):
    """When the works are done together."""

    starts: AwareDatetime
    ends: AwareDatetime

    @model_validator(mode="after")
    def _ends_after_start(self) -> Self:
        if self.ends < self.starts:
            raise ValueError(f"ends {self.ends} lies before starts {self.starts}")
        return self


class CooperationEvent(Contract):
    """A cooperation on two plans or more, with its whole new state.

    `answer_by` is the deadline for answers, `add_works_by` the one for adding works. `actor` is whose act the event is;
    None when it is the hub's, such as a deadline that passed. In an inbox `revision` is 0, or the revision that must
    be the newest for this to be accepted.
    """

    type: CooperationEventType
    cooperation_id: CooperationId = Field(min_length=1)
    revision: int = Field(ge=0)
    title: str = Field(min_length=1, max_length=TITLE_LENGTH)
    description: str | None = Field(default=None, max_length=DESCRIPTION_LENGTH)
    state: CooperationState
    kinds: tuple[CooperationKind, ...] = ()
    proposed_by: Organisation
    lead: Organisation | None = None
    actor: Organisation | None = None
    plans: tuple[CooperatingPlan, ...] = ()
    parties: tuple[CooperatingParty, ...] = ()
    answer_by: AwareDatetime | None = None
    add_works_by: AwareDatetime | None = None
    window: AgreedWindow | None = None
    overlap_ids: tuple[OverlapId, ...] = ()
    reason: str | None = None
    occurred_at: AwareDatetime | None = None
    recorded_at: AwareDatetime
