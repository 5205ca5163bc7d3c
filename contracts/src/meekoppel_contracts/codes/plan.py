"""The code lists of plans.

Sources: IMKL (disciplines, kinds of work), COB (phases), DATEX II (certainty), GIPOD (zones, initiators),
Street Manager (status).
"""

from __future__ import annotations

from enum import StrEnum


class OrganisationKind(StrEnum):
    """What kind of organisation takes the initiative."""

    MUNICIPALITY = "municipality"
    PROVINCE = "province"
    WATER_BOARD = "water_board"
    STATE = "state"
    ELECTRICITY_GAS_OPERATOR = "electricity_gas_operator"
    WATER_COMPANY = "water_company"
    HEAT_COMPANY = "heat_company"
    TELECOM = "telecom"
    HOUSING_CORPORATION = "housing_corporation"
    ROAD_AUTHORITY = "road_authority"
    RAIL = "rail"
    OTHER = "other"


class MandateRole(StrEnum):
    """What a mandated organisation does in a plan (GIPOD)."""

    CONTRACTOR = "contractor"
    LEAD = "lead"
    DOMAIN_MANAGER = "domain_manager"
    SITE_SUPERVISOR = "site_supervisor"
    OTHER = "other"


class PlanRelation(StrEnum):
    """How a plan relates to another (WZDx, DATEX II)."""

    PART_OF = "part_of"
    BEFORE = "before"
    AFTER = "after"
    COMBINED_WITH = "combined_with"
    REPLACES = "replaces"
    OTHER = "other"


class Discipline(StrEnum):
    """The network or surface that a plan works on (IMKL Thema and own values)."""

    GRAVITY_SEWER = "gravity_sewer"
    PRESSURE_SEWER = "pressure_sewer"
    DRINKING_WATER = "drinking_water"
    GAS_LOW = "gas_low"
    GAS_HIGH = "gas_high"
    ELECTRICITY_LOW = "electricity_low"
    ELECTRICITY_MEDIUM = "electricity_medium"
    ELECTRICITY_HIGH = "electricity_high"
    HEAT = "heat"
    TELECOM = "telecom"
    HAZARDOUS_PIPELINE = "hazardous_pipeline"
    ROAD = "road"
    PUBLIC_SPACE = "public_space"
    GREENERY = "greenery"
    SURFACE_WATER = "surface_water"
    LIGHTING = "lighting"
    STRUCTURE = "structure"
    BUILDING = "building"
    RAIL = "rail"
    OTHER = "other"
    HYDROGEN = "hydrogen"


class WorkType(StrEnum):
    """The kind of work (IMKL SoortWerkzaamheden, grouped)."""

    NEW = "new"
    REPLACE = "replace"
    RENOVATE = "renovate"
    REMOVE = "remove"
    RELOCATE = "relocate"
    MAINTAIN = "maintain"
    SURVEY = "survey"
    REDESIGN = "redesign"
    CONNECTION = "connection"
    SOIL_REMEDIATION = "soil_remediation"
    OTHER = "other"


class Phase(StrEnum):
    """The six phases of a project (COB), and unknown."""

    INITIATIVE = "initiative"
    FEASIBILITY = "feasibility"
    DESIGN = "design"
    PREPARATION = "preparation"
    EXECUTION = "execution"
    COMPLETION = "completion"
    UNKNOWN = "unknown"


class Status(StrEnum):
    """Where a plan is in its life. `concept` is never shared; `unknown` is for readers of newer contracts."""

    CONCEPT = "concept"
    TENTATIVE = "tentative"
    PLANNED = "planned"
    IN_PROGRESS = "in_progress"
    SUSPENDED = "suspended"
    COMPLETED = "completed"
    NOT_EXECUTED = "not_executed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class Certainty(StrEnum):
    """How sure the owner is that the work will be done as planned (DATEX II, GIPOD)."""

    IDEA = "idea"
    POSSIBLE = "possible"
    PROBABLE = "probable"
    FIRM = "firm"
    UNKNOWN = "unknown"


class Precision(StrEnum):
    """To what the dates of a period are known."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    UNKNOWN = "unknown"


class ZoneRole(StrEnum):
    """What happens in a zone (GIPOD)."""

    WORK = "work"
    SITE = "site"
    NUISANCE = "nuisance"
    DETOUR = "detour"
    INDICATIVE = "indicative"


class Accuracy(StrEnum):
    """How the geometry of a zone came about."""

    SURVEYED = "surveyed"
    DESIGN = "design"
    STREET = "street"
    NEIGHBOURHOOD = "neighbourhood"
    INDICATIVE = "indicative"


class Affected(StrEnum):
    """Who has the nuisance."""

    PEDESTRIAN = "pedestrian"
    CYCLIST = "cyclist"
    CAR = "car"
    PUBLIC_TRANSPORT = "public_transport"
    EMERGENCY = "emergency"
    OTHER = "other"


class NuisanceEffect(StrEnum):
    """What the nuisance is (GIPOD consequences, DATEX II, Street Manager traffic management)."""

    CLOSED = "closed"
    LANE_CLOSED = "lane_closed"
    NARROWED = "narrowed"
    TRAFFIC_SIGNALS = "traffic_signals"
    ONE_WAY = "one_way"
    DETOUR = "detour"
    DELAY = "delay"
    NO_PARKING = "no_parking"
    NO_STOP = "no_stop"
    NONE = "none"
    OTHER = "other"


class CooperationKind(StrEnum):
    """In what the owner is open to cooperate (Street Manager, GIPOD synergy)."""

    SHARE_TRENCH = "share_trench"
    SHARE_TRAFFIC_MEASURES = "share_traffic_measures"
    SHARE_PAVING = "share_paving"
    SHARE_TENDER = "share_tender"
    OTHER = "other"


class Visibility(StrEnum):
    """Who may see a plan; a reader that does not know the symbol takes the narrowest."""

    PUBLIC = "public"
    PARTICIPANTS = "participants"
    RESTRICTED = "restricted"


class PlanEventType(StrEnum):
    """What a plan event says happened."""

    REGISTERED = "registered"
    CHANGED = "changed"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"
    RESTORED = "restored"
