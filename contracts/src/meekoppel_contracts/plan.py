"""A plan, in full: the state that every plan event carries.

Geometry is WKB in the hub's CRS (a projected CRS in metres; EPSG:28992, RD New, by default); lengths are in metres,
areas in square metres, times aware and in UTC. The origin of each field stands in the contract,
the newest version of `schemas/plan-event/`, which a test holds equal to these models in both directions.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from meekoppel_contracts.codes import (
    Accuracy,
    Affected,
    Certainty,
    CooperationKind,
    Discipline,
    MandateRole,
    NuisanceEffect,
    OrganisationKind,
    Phase,
    PlanRelation,
    Precision,
    Status,
    Visibility,
    WorkType,
    ZoneRole,
)
from meekoppel_contracts.ids import (
    AgreementId,
    AreaId,
    MoratoriumId,
    OrgCode,
    PlanId,
    check_agreement_id,
    check_area_id,
    check_moratorium_id,
    check_plan_id,
    org_code,
)

TITLE_LENGTH = 100
DESCRIPTION_LENGTH = 1500


class Contract(BaseModel):
    """What all models of the contracts share: frozen, nothing unknown, nothing coerced away."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")


Organisation = Annotated[OrgCode, AfterValidator(org_code)]
PlanIdentifier = Annotated[PlanId, AfterValidator(check_plan_id)]
MoratoriumIdentifier = Annotated[MoratoriumId, AfterValidator(check_moratorium_id)]
AreaIdentifier = Annotated[AreaId, AfterValidator(check_area_id)]
AgreementIdentifier = Annotated[AgreementId, AfterValidator(check_agreement_id)]
Metres = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Days = Annotated[int, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]


class SourceRef(Contract):
    """What the plan is called in another system: KLIC, MOOR, Melvin, a project number."""

    system: str = Field(min_length=1)
    id: str = Field(min_length=1)


class RelatedPlan(Contract):
    """Another plan that this one belongs with."""

    relation: PlanRelation
    plan_id: PlanIdentifier


class Initiator(Contract):
    """The organisation whose plan it is. OIN and KvK number where there is one."""

    organisation: Organisation
    name: str = Field(min_length=1)
    kind: OrganisationKind
    oin: str | None = Field(default=None, pattern=r"^\d{20}$")
    kvk: str | None = Field(default=None, pattern=r"^\d{8}$")


class Mandate(Contract):
    """An organisation that acts in the plan for its initiator."""

    organisation: Organisation
    role: MandateRole


class Contact(Contract):
    """Where to ask: a functional mailbox, a phone number or a page; never a person."""

    mailbox: str | None = None
    phone: str | None = None
    url: str | None = None


class Excavation(Contract):
    """How the ground is opened: measures, since size classes differ per municipality."""

    digs: bool
    area_m2: Metres | None = None
    trench_length_m: Metres | None = None
    depth_m: Metres | None = None
    trenchless: bool | None = None


class Period(Contract):
    """When the work is to be done: a window, how sure its ends are, and how far it may shift."""

    earliest_start: AwareDatetime
    latest_start: AwareDatetime | None = None
    earliest_end: AwareDatetime | None = None
    latest_end: AwareDatetime
    duration_days: Days | None = None
    precision: Precision = Precision.DAY
    start_confirmed: bool = False
    end_confirmed: bool = False
    can_shift_earlier_days: Days | None = None
    can_shift_later_days: Days | None = None

    @model_validator(mode="after")
    def _ends_after_start(self) -> Self:
        if self.latest_end < self.earliest_start:
            raise ValueError(f"latest_end {self.latest_end} lies before earliest_start {self.earliest_start}")
        return self


class Zone(Contract):
    """A place of the plan. Points and lines count as 0.25 m wide when plans are matched.

    The last three fields say what was done to the source's geometry: whether it was `repaired` because it was invalid;
    `position_error_m`, the largest error that bringing it into the CRS of the hub may have added; `simplified_m`, the
    tolerance with which vertices were left out. Both in metres, and None when there is nothing to say.
    """

    zone_id: str = Field(min_length=1)
    role: ZoneRole = ZoneRole.WORK
    geometry: bytes = Field(min_length=1, description="WKB, two dimensions, in the CRS named by srid")
    srid: int = Field(gt=0)
    accuracy: Accuracy = Accuracy.INDICATIVE
    buffer_m: Metres = 0.0
    repaired: bool = False
    position_error_m: Metres | None = None
    simplified_m: Metres | None = None


class Nuisance(Contract):
    """Who is hindered, how, and when; `note` is the source's own wording."""

    who: Affected
    effect: NuisanceEffect
    severe: bool = False
    zone_id: str | None = None
    starts: AwareDatetime | None = None
    ends: AwareDatetime | None = None
    note: str | None = None


class Cooperation(Contract):
    """Whether and in what the owner is open to do work together."""

    open: bool
    kinds: tuple[CooperationKind, ...] = ()
    answer_by: AwareDatetime | None = None


class SharedWith(Contract):
    """Who may see a restricted plan."""

    organisations: tuple[Organisation, ...] = ()
    collaborations: tuple[str, ...] = ()


class Attachment(Contract):
    """A document, by reference."""

    uri: str = Field(min_length=1)
    media_type: str = Field(min_length=1)
    name: str = Field(min_length=1)


class Plan(Contract):
    """One organisation's intention to work somewhere in some period. Its version stands on the event."""

    plan_id: PlanIdentifier
    title: str = Field(min_length=1, max_length=TITLE_LENGTH)
    description: str | None = Field(default=None, max_length=DESCRIPTION_LENGTH)
    source_refs: tuple[SourceRef, ...] = ()
    related_plans: tuple[RelatedPlan, ...] = ()
    initiator: Initiator
    mandated: tuple[Mandate, ...] = ()
    contact: Contact | None = None
    disciplines: tuple[Discipline, ...] = ()
    work_types: tuple[WorkType, ...] = ()
    excavation: Excavation | None = None
    phase: Phase = Phase.UNKNOWN
    status: Status
    certainty: Certainty
    period: Period
    actual_start: AwareDatetime | None = None
    actual_end: AwareDatetime | None = None
    zones: tuple[Zone, ...] = Field(min_length=1)
    nuisance: tuple[Nuisance, ...] = ()
    cooperation: Cooperation | None = None
    visibility: Visibility = Visibility.PARTICIPANTS
    shared_with: SharedWith | None = None
    public_from: AwareDatetime | None = None
    confirmed_at: AwareDatetime | None = None
    license: str | None = None
    attachments: tuple[Attachment, ...] = ()


def changed_fields(before: Plan, after: Plan) -> tuple[str, ...]:
    """Name the fields of the plan (top level) whose values differ, in the order of the contract."""
    return tuple(name for name in Plan.model_fields if getattr(before, name) != getattr(after, name))


def is_live(status: Status, latest_end: datetime, now: datetime) -> bool:
    """Tell whether a plan can still meet others: not ended by its status, and its window not over."""
    return status not in ENDED and latest_end >= now


ENDED = frozenset({Status.COMPLETED, Status.NOT_EXECUTED, Status.CANCELLED})
