"""An agreement (procesafspraken): the rules by which plans meet, as data."""

from __future__ import annotations

from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from meekoppel_contracts.codes import Discipline, OverlapKind, Severity
from meekoppel_hub.coordination.errors import AgreementError

_Metres = Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)]
_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Rules(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


class Weights(_Rules):
    """How much each part counts in the score of an opportunity; only their proportion matters."""

    place: _Weight
    time: _Weight
    disciplines: _Weight
    sequence: _Weight
    openness: _Weight

    @property
    def total(self) -> float:
        """Add the weights up."""
        return self.place + self.time + self.disciplines + self.sequence + self.openness


class SeverityRules(_Rules):
    """How much each kind of meeting asks of the owners."""

    conflict_heavy: Severity
    conflict_light: Severity
    opportunity: Severity

    def of(self, kind: OverlapKind) -> Severity:
        """Give the severity of a kind of meeting; UNKNOWN for kinds that have no rule."""
        severity: Severity = getattr(self, kind.value, Severity.UNKNOWN)
        return severity


class OpportunityRules(_Rules):
    """When two plans are a chance to combine works.

    Attributes:
        distance_m: how far apart the zones may lie, in metres, as drawn.
        time_tolerance_days: how far apart the periods may lie after the one shift that helps most.
        weights: how the score is composed.
    """

    distance_m: _Metres
    time_tolerance_days: int = Field(ge=0, le=36_500)
    weights: Weights


class DisciplineFit(_Rules):
    """How well disciplines go together, from 0 to 1.

    Attributes:
        default: of two disciplines that are not named as a pair, and of plans that name none.
        same: of a discipline with itself.
        pairs: of two disciplines, in either order.
    """

    default: _Share
    same: _Share
    pairs: tuple[tuple[Discipline, Discipline, _Share], ...] = ()

    @cached_property
    def table(self) -> dict[frozenset[str], float]:
        """Look up the fit by the two disciplines, in either order."""
        return {frozenset((one, other)): fit for one, other, fit in self.pairs}

    def of(self, one: str, other: str) -> float:
        """Give the fit of two disciplines."""
        if one == other:
            return self.same
        return self.table.get(frozenset((one, other)), self.default)


class Agreement(_Rules):
    """The whole rule set of an area.

    Attributes:
        ruleset: its name.
        version: its version; both stand on every overlap.
        light_conflict_distance_m: zones within it, with overlapping periods, are a light conflict; 0 for none.
        severity: of each kind of meeting.
        opportunity: when a chance to combine exists, and how it is scored.
        discipline_fit: how well disciplines go together.
        layers: the sequence of works, the deepest first.
    """

    ruleset: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")
    version: str = Field(pattern=r"^[A-Za-z0-9.-]{1,30}$")
    light_conflict_distance_m: _Metres
    severity: SeverityRules
    opportunity: OpportunityRules
    discipline_fit: DisciplineFit
    layers: tuple[tuple[Discipline, ...], ...] = ()

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


def national_agreement() -> Agreement:
    """Give the built-in agreement, for areas that have none of their own."""
    return Agreement.model_validate(_national())


def load_agreement(path: Path | None) -> Agreement:
    """Read an agreement; what the file leaves out is taken from the national one.

    Args:
        path: a YAML file; None gives the national agreement.

    Raises:
        AgreementError: when the file cannot be read, or its rules cannot be used.
    """
    if path is None:
        return national_agreement()
    try:
        own = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise AgreementError(path, f"it cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise AgreementError(path, f"it is not YAML ({' '.join(str(error).split())})") from error
    if not isinstance(own, dict):
        raise AgreementError(path, "it must hold names with values, such as `light_conflict_distance_m: 500`")
    if not {"ruleset", "version"} <= own.keys():
        raise AgreementError(path, "give it a `ruleset` (a name) and a `version` of its own")
    return _validate(path, _merge(_national(), own))


def _validate(path: Path, rules: dict[str, Any]) -> Agreement:
    try:
        return Agreement.model_validate(rules)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise AgreementError(path, f"{place}: {first['msg']}") from error


def _national() -> dict[str, Any]:
    text = (files("meekoppel_hub.coordination") / "agreements" / "national.yaml").read_text(encoding="utf-8")
    rules: dict[str, Any] = yaml.safe_load(text)
    return rules


def _merge(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Lay an agreement over the national one, mapping by mapping; lists are replaced as a whole."""
    merged = dict(base)
    for name, value in own.items():
        below = merged.get(name)
        merged[name] = _merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged
