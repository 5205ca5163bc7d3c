"""The bodies of requests about cooperations."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from meekoppel_contracts.codes import CooperationAnswer, CooperationKind
from meekoppel_contracts.coordination import AgreedWindow
from meekoppel_contracts.plan import DESCRIPTION_LENGTH, TITLE_LENGTH, PlanIdentifier

_Plans = Annotated[list[PlanIdentifier], Field(min_length=1, max_length=100)]
_Text = Annotated[str, Field(max_length=DESCRIPTION_LENGTH)]


class _Order(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Window(_Order):
    """When the works are done together."""

    starts: AwareDatetime
    ends: AwareDatetime

    @model_validator(mode="after")
    def _ends_after_start(self) -> Self:
        if self.ends < self.starts:
            raise ValueError(f"ends {self.ends} lies before starts {self.starts}")
        return self

    def agreed(self) -> AgreedWindow:
        """Give it as the contract has it."""
        return AgreedWindow(starts=self.starts, ends=self.ends)


class Proposal(_Order):
    """A proposal; deadlines that are left out come from the agreements where the plans lie."""

    title: str = Field(min_length=1, max_length=TITLE_LENGTH)
    plans: _Plans = Field(description="Two or more, one of them your own.")
    description: _Text | None = None
    kinds: list[CooperationKind] = Field(default=[], description="In what to cooperate.")
    lead: str | None = Field(default=None, description="Who leads; your organisation when left out.")
    answer_by: AwareDatetime | None = Field(default=None, description="Until when the others answer.")
    add_works_by: AwareDatetime | None = Field(default=None, description="Until when works can be added.")
    window: Window | None = None


class Answer(_Order):
    """What a party answers."""

    answer: CooperationAnswer
    note: _Text | None = None


class Plans(_Order):
    """Plans of your own to add."""

    plans: _Plans


class Agreement(_Order):
    """That all agree, on when."""

    window: Window | None = Field(default=None, description="When left out, the window that was proposed.")


class Changes(_Order):
    """What the lead changes; what is left out stays."""

    title: str | None = Field(default=None, min_length=1, max_length=TITLE_LENGTH)
    description: _Text | None = None
    kinds: list[CooperationKind] | None = None
    lead: str | None = None
    answer_by: AwareDatetime | None = None
    add_works_by: AwareDatetime | None = None
    window: Window | None = None
    reason: _Text | None = None


class EndState(StrEnum):
    """How a cooperation ends."""

    DONE = "done"
    ENDED_WITHOUT_RESULT = "ended_without_result"
    WITHDRAWN = "withdrawn"


class End(_Order):
    """How it ends, and why."""

    state: EndState
    reason: _Text | None = None
