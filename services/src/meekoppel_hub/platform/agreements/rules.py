"""An agreement (procesafspraken): the rules by which plans meet, as data.

Each setting says in its description what it does; the page for planners (docs/agreements.md) and the words of a
difference are made of the same names.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Self

from pydantic import Field, model_validator

from meekoppel_contracts.codes import Discipline, OverlapKind, Severity
from meekoppel_hub.platform.agreements.process import (
    Deadlines,
    Escalation,
    MoratoriumRule,
    Rules,
    SizeClass,
    ToldRules,
)

_Metres = Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)]
_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Weights(Rules):
    """How much each part counts in the score of an opportunity; only their proportion matters."""

    place: _Weight = Field(description="how much it counts how near the zones lie")
    time: _Weight = Field(description="how much it counts how well the periods fit")
    disciplines: _Weight = Field(description="how much it counts how well the disciplines go together")
    sequence: _Weight = Field(description="how much it counts that the deeper work comes first")
    openness: _Weight = Field(description="how much it counts that the owners are open to do work together")

    @property
    def total(self) -> float:
        """Add the weights up."""
        return self.place + self.time + self.disciplines + self.sequence + self.openness


class SeverityRules(Rules):
    """How much each kind of meeting asks of the owners."""

    conflict_heavy: Severity = Field(description="severity of a heavy conflict")
    conflict_light: Severity = Field(description="severity of a light conflict")
    opportunity: Severity = Field(description="severity of a chance to combine works")
    moratorium_breach: Severity = Field(description="severity of digging where the ground rests")
    detour_hit: Severity = Field(description="severity of lying on another work's detour")

    def of(self, kind: OverlapKind) -> Severity:
        """Give the severity of a kind of meeting; UNKNOWN for kinds that have no rule."""
        severity: Severity = getattr(self, kind.value, Severity.UNKNOWN)
        return severity


class OpportunityRules(Rules):
    """When two plans are a chance to combine works."""

    distance_m: _Metres = Field(description="how far apart the zones may lie, in metres, as drawn")
    time_tolerance_days: int = Field(
        ge=0, le=36_500, description="how many days apart the periods may lie after the one shift that helps most"
    )
    weights: Weights


class DisciplineFit(Rules):
    """How well disciplines go together, from 0 to 1."""

    default: _Share = Field(description="fit of disciplines that are not named as a pair, and of plans that name none")
    same: _Share = Field(description="fit of a discipline with itself")
    pairs: tuple[tuple[Discipline, Discipline, _Share], ...] = Field(
        default=(), description="fit of two disciplines, in either order"
    )

    @cached_property
    def table(self) -> dict[frozenset[str], float]:
        """Look up the fit by the two disciplines, in either order."""
        return {frozenset((one, other)): fit for one, other, fit in self.pairs}

    def of(self, one: str, other: str) -> float:
        """Give the fit of two disciplines."""
        if one == other:
            return self.same
        return self.table.get(frozenset((one, other)), self.default)


class Agreement(Rules):
    """The whole rule set of an area."""

    ruleset: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$", description="its name")
    version: str = Field(pattern=r"^[A-Za-z0-9.-]{1,30}$", description="its version; both stand on every overlap")
    light_conflict_distance_m: _Metres = Field(
        description="zones within it, with overlapping periods, are a light conflict, in metres; 0: touching zones only"
    )
    severity: SeverityRules
    opportunity: OpportunityRules
    discipline_fit: DisciplineFit
    layers: tuple[tuple[Discipline, ...], ...] = Field(
        default=(), description="the sequence of works, the deepest first"
    )
    moratoria: tuple[MoratoriumRule, ...] = Field(
        default=(), description="how long the ground rests after which completed works; of two that fit the first"
    )
    size_classes: tuple[SizeClass, ...] = Field(
        min_length=1, description="works by size, from small to large, and how long before they are to be shared"
    )
    deadlines: Deadlines
    told: ToldRules
    escalation: Escalation

    @model_validator(mode="after")
    def _no_name_twice(self) -> Self:
        for setting, names in (
            ("moratoria", [rule.name for rule in self.moratoria]),
            ("size_classes", [size.name for size in self.size_classes]),
            ("layers", [discipline.value for layer in self.layers for discipline in layer]),
        ):
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise ValueError(f"{setting}: {twice} stands in it twice; leave one out or give it another name")
        return self

    @property
    def identity(self) -> str:
        """Name the rule set and its version, as overlaps carry it."""
        return f"{self.ruleset}/{self.version}"

    @property
    def reach_m(self) -> float:
        """Give the largest distance at which zones can matter, buffers apart."""
        return max(self.light_conflict_distance_m, self.opportunity.distance_m)

    @cached_property
    def depth(self) -> dict[str, int]:
        """Give the place of each discipline in the sequence, 0 being the deepest."""
        return {discipline.value: depth for depth, layer in enumerate(self.layers) for discipline in layer}

    def size_class(self, area_m2: float | None, trench_length_m: float | None) -> SizeClass:
        """Give the class of a work: the last of which it reaches a measure, else the first.

        Args:
            area_m2: what is opened, in square metres; None when it is not known.
            trench_length_m: length of the trench, in metres; None when it is not known.
        """
        reached = [size for size in self.size_classes if size.reached_by(area_m2, trench_length_m)]
        return reached[-1] if reached else self.size_classes[0]

    def rest_after(self, work_types: frozenset[str], disciplines: frozenset[str]) -> MoratoriumRule | None:
        """Give the rule by which the ground rests after a completed work; None when it does not."""
        return next((rule for rule in self.moratoria if rule.fits(work_types, disciplines)), None)
