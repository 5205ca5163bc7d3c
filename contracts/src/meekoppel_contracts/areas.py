"""Places with rules of their own: where and when the ground rests, where an organisation has a say, and by which rules.

Geometry is WKB in the hub's CRS (a projected CRS in metres; EPSG:28992, RD New, by default), named by `srid`.
"""

from __future__ import annotations

from typing import Self

from pydantic import AwareDatetime, Field, model_validator

from meekoppel_contracts.codes import (
    AgreementEventType,
    AreaEventType,
    AreaKind,
    Discipline,
    MoratoriumEventType,
    MoratoriumException,
    MoratoriumKind,
    MoratoriumOrigin,
)
from meekoppel_contracts.plan import (
    TITLE_LENGTH,
    AgreementIdentifier,
    AreaIdentifier,
    Contract,
    Metres,
    MoratoriumIdentifier,
    Organisation,
    PlanIdentifier,
)

AREA_NAME_LENGTH = 200


class MoratoriumEvent(Contract):
    """A place and a time in which the ground is not to be opened (graafrust, sperperiode), with its whole new state.

    `ends` is None when it holds until it is lifted; no `disciplines` means all. In an inbox `revision` is 0.
    """

    type: MoratoriumEventType
    moratorium_id: MoratoriumIdentifier
    revision: int = Field(ge=0)
    authority: Organisation
    title: str = Field(min_length=1, max_length=TITLE_LENGTH)
    kind: MoratoriumKind
    origin: MoratoriumOrigin
    derived_from: PlanIdentifier | None = None
    geometry: bytes = Field(min_length=1, description="WKB, two dimensions, in the CRS named by srid")
    srid: int = Field(gt=0)
    starts: AwareDatetime
    ends: AwareDatetime | None = None
    reason: str = Field(min_length=1)
    legal_ground: str | None = None
    legal_ground_uri: str | None = None
    disciplines: tuple[Discipline, ...] = ()
    exceptions: tuple[MoratoriumException, ...] = ()
    exceptions_note: str | None = None
    exempt_plans: tuple[PlanIdentifier, ...] = ()
    lifted_at: AwareDatetime | None = None
    lifted_reason: str | None = None
    recorded_at: AwareDatetime

    @model_validator(mode="after")
    def _ends_after_start(self) -> Self:
        if self.ends is not None and self.ends < self.starts:
            raise ValueError(f"ends {self.ends} lies before starts {self.starts}")
        return self


class AreaEvent(Contract):
    """The area in which an organisation is to be told of plans, or has a say in them, with its whole new state.

    Works up to `margin_m` outside its border matter too. `director` is None when that is the authority itself.
    `members` are those of a collaboration or an agreement. In an inbox `revision` is 0.
    """

    type: AreaEventType = AreaEventType.CHANGED
    area_id: AreaIdentifier
    revision: int = Field(ge=0)
    authority: Organisation
    kind: AreaKind
    name: str = Field(min_length=1, max_length=AREA_NAME_LENGTH)
    code: str | None = None
    geometry: bytes = Field(min_length=1, description="WKB, two dimensions, in the CRS named by srid")
    srid: int = Field(gt=0)
    margin_m: Metres = 0.0
    active: bool = True
    valid_from: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None
    members: tuple[Organisation, ...] = ()
    director: Organisation | None = None
    agreement: str | None = None
    source: str | None = None
    recorded_at: AwareDatetime


class AgreementEvent(Contract):
    """The rules by which plans meet in some areas (procesafspraken), with the whole rule set.

    No `areas` means the default: it holds wherever no other agreement does. `rules` is a JSON object; of its settings
    `own_settings` were set by the authority, the others come from the default `based_on`. `document` is the file as
    it was written. In an inbox `revision` is 0.
    """

    type: AgreementEventType = AgreementEventType.APPLIED
    agreement_id: AgreementIdentifier
    revision: int = Field(ge=0)
    authority: Organisation
    areas: tuple[AreaIdentifier, ...] = ()
    title: str = Field(min_length=1, max_length=TITLE_LENGTH)
    ruleset: str = Field(min_length=1)
    version: str = Field(min_length=1)
    rules: str = Field(min_length=2)
    own_settings: tuple[str, ...] = ()
    based_on: str | None = None
    document: str | None = None
    valid_from: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None
    reason: str | None = None
    ended_at: AwareDatetime | None = None
    recorded_at: AwareDatetime

    @model_validator(mode="after")
    def _ends_after_start(self) -> Self:
        if self.valid_from is not None and self.valid_until is not None and self.valid_until <= self.valid_from:
            raise ValueError(f"valid_until {self.valid_until} does not lie after valid_from {self.valid_from}")
        return self
