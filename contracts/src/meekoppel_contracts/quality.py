"""How good, steady and fresh the plans of a publisher are: figures of one month, and the score that follows."""

from __future__ import annotations

from typing import Self

from pydantic import AwareDatetime, Field, model_validator

from meekoppel_contracts.codes import QualityEventType, QualityPart
from meekoppel_contracts.plan import Contract, Count, Organisation


class QualityPoints(Contract):
    """One part of the score: its points (0 to 100; None when it is not known) and its weight as against the others."""

    part: QualityPart
    points: float | None = Field(default=None, ge=0, le=100)
    weight: float = Field(ge=0, allow_inf_nan=False)


class QualityEvent(Contract):
    """The figures of one publisher over one calendar month in UTC.

    `rejections` is None when it is not known; `score` is None when the publisher shared no live plan. Restricted plans
    are never counted. What each figure means stands in the contract; the formula in `docs/quality.md`.
    """

    type: QualityEventType
    publisher: Organisation
    period: str = Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")
    starts: AwareDatetime
    ends: AwareDatetime
    revision: int = Field(ge=1)
    formula: str = Field(min_length=1)
    score: int | None = Field(default=None, ge=0, le=100)
    parts: tuple[QualityPoints, ...] = ()
    live_plans: Count = 0
    events: Count = 0
    rejections: Count | None = None
    plans_moved: Count = 0
    starts_earlier: Count = 0
    starts_later: Count = 0
    start_days: Count = 0
    ends_earlier: Count = 0
    ends_later: Count = 0
    end_days: Count = 0
    late_moves: Count = 0
    silent_3_months: Count = 0
    silent_6_months: Count = 0
    silent_12_months: Count = 0
    overdue: Count = 0
    vanished: Count = 0
    repaired: Count = 0
    recorded_at: AwareDatetime

    @model_validator(mode="after")
    def _ends_after_start(self) -> Self:
        if self.ends <= self.starts:
            raise ValueError(f"ends {self.ends} does not lie after starts {self.starts}")
        return self
