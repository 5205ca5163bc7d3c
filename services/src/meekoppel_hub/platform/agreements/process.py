"""What an agreement says of the process: rest of the ground, lead times, deadlines, who is told, escalation."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from meekoppel_contracts.codes import Discipline, MoratoriumException, MoratoriumKind, OverlapKind, WorkType

_Days = Annotated[int, Field(ge=0, le=3_650)]
_Measure = Annotated[float, Field(ge=0, le=10_000_000, allow_inf_nan=False)]
_Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


class Rules(BaseModel):
    """What all parts of an agreement share: frozen, nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


class Role(StrEnum):
    """Who may be told: owners of the plans; the authority of the area, its director, its members."""

    OWNER = "owner"
    AUTHORITY = "authority"
    DIRECTOR = "director"
    MEMBER = "member"


class MoratoriumRule(Rules):
    """How long the ground rests after a kind of completed work.

    A completed plan fits when it has one of the work types and one of the disciplines; none named means any.
    """

    name: _Name = Field(description="name of the rule, such as redesign")
    work_types: tuple[WorkType, ...] = Field(default=(), description="after works of one of these kinds; none: any")
    disciplines: tuple[Discipline, ...] = Field(default=(), description="after works of one of these; none: any")
    months: int = Field(ge=1, le=600, description="for how many months the ground rests, from the end of the work")
    kind: MoratoriumKind = Field(default=MoratoriumKind.OTHER, description="kind of moratorium that it makes")
    exceptions: tuple[MoratoriumException, ...] = Field(default=(), description="works that may be done in spite of it")
    legal_ground: str | None = Field(default=None, min_length=1, description="by-law or decision on which it rests")

    def fits(self, work_types: frozenset[str], disciplines: frozenset[str]) -> bool:
        """Tell whether the ground rests after a work of these kinds."""
        return _one_of(self.work_types, work_types) and _one_of(self.disciplines, disciplines)


class SizeClass(Rules):
    """A class of works by size: reached by either measure. The first class is that of all others."""

    name: _Name = Field(description="name of the class, such as large")
    from_area_m2: _Measure | None = Field(default=None, description="from how many square metres that are opened")
    from_trench_m: _Measure | None = Field(default=None, description="from how many metres of trench")
    lead_time_weeks: int = Field(ge=0, le=520, description="how many weeks before its start a plan is to be shared")

    def reached_by(self, area_m2: float | None, trench_length_m: float | None) -> bool:
        """Tell whether a work of these measures is at least this large."""
        return _reaches(area_m2, self.from_area_m2) or _reaches(trench_length_m, self.from_trench_m)


class AssessmentDays(Rules):
    """Within how many days each party is to assess a meeting, by its kind."""

    conflict_heavy: _Days = Field(description="days to assess a heavy conflict")
    conflict_light: _Days = Field(description="days to assess a light conflict")
    opportunity: _Days = Field(description="days to assess a chance to combine works")
    moratorium_breach: _Days = Field(description="days to assess digging where the ground rests")
    detour_hit: _Days = Field(description="days to assess lying on a detour")

    def of(self, kind: OverlapKind) -> int | None:
        """Give the days for a kind of meeting; None for kinds that have no rule."""
        days: int | None = getattr(self, kind.value, None)
        return days


class Deadlines(Rules):
    """Within how many days parties are to answer."""

    assessment_days: AssessmentDays
    cooperation_answer_days: _Days = Field(description="days to answer a request to cooperate")
    add_works_days: _Days = Field(description="days to add works of one's own to a cooperation")
    reminder_days: _Days = Field(description="how many days before a deadline those who did not answer are reminded")


class ToldRules(Rules):
    """Who is told of each kind of meeting."""

    conflict_heavy: tuple[Role, ...] = Field(description="who is told of a heavy conflict")
    conflict_light: tuple[Role, ...] = Field(description="who is told of a light conflict")
    opportunity: tuple[Role, ...] = Field(description="who is told of a chance to combine works")
    moratorium_breach: tuple[Role, ...] = Field(description="who is told of digging where the ground rests")
    detour_hit: tuple[Role, ...] = Field(description="who is told of a work on a detour")

    def of(self, kind: OverlapKind) -> tuple[Role, ...]:
        """Give who is told of a kind of meeting; nobody for kinds that have no rule."""
        told: tuple[Role, ...] = getattr(self, kind.value, ())
        return told


class Escalation(Rules):
    """When a deadline that was missed goes to the director (regisseur) of the area."""

    after_days: _Days = Field(description="how many days after a missed deadline the director is told")
    kinds: tuple[OverlapKind, ...] = Field(description="of which kinds of meetings; none: nothing is escalated")

    def covers(self, kind: OverlapKind) -> bool:
        """Tell whether a missed deadline of such a meeting is escalated."""
        return kind in self.kinds


def _one_of(wanted: tuple[StrEnum, ...], found: frozenset[str]) -> bool:
    return not wanted or any(one.value in found for one in wanted)


def _reaches(measure: float | None, least: float | None) -> bool:
    return measure is not None and least is not None and measure >= least
