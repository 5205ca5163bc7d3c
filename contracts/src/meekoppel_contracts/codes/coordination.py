"""The code lists of what the hub finds and parties agree on: overlaps, assessments, cooperations.

Source: GIPOD (conflicts and synergies).
"""

from __future__ import annotations

from enum import StrEnum


class OverlapEventType(StrEnum):
    """What an overlap event says happened to a pair."""

    DETECTED = "detected"
    CHANGED = "changed"
    RESOLVED = "resolved"


class OverlapKind(StrEnum):
    """How two plans meet."""

    CONFLICT_HEAVY = "conflict_heavy"
    CONFLICT_LIGHT = "conflict_light"
    OPPORTUNITY = "opportunity"
    MORATORIUM_BREACH = "moratorium_breach"
    DETOUR_HIT = "detour_hit"
    OTHER = "other"


class Severity(StrEnum):
    """How much a meeting of plans asks of their owners."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    UNKNOWN = "unknown"


class OpportunityPart(StrEnum):
    """From what the score of an opportunity is composed."""

    PLACE = "place"
    TIME = "time"
    DISCIPLINES = "disciplines"
    SEQUENCE = "sequence"
    OPENNESS = "openness"
    OTHER = "other"


class AssessmentEventType(StrEnum):
    """What an assessment event says happened."""

    ASSESSED = "assessed"


class AssessmentAnswer(StrEnum):
    """What a party says of an overlap (GIPOD)."""

    YES = "yes"
    NO = "no"
    UNDECIDED = "undecided"


class AssessmentCause(StrEnum):
    """Why there is a new state of an assessment."""

    ANSWERED = "answered"
    TAKEN_BACK = "taken_back"
    OPENED_UP = "opened_up"
    PLAN_CHANGED = "plan_changed"
    OVERLAP_RESOLVED = "overlap_resolved"
    OTHER = "other"


class CooperationEventType(StrEnum):
    """What a cooperation event says happened."""

    PROPOSED = "proposed"
    ANSWERED = "answered"
    AGREED = "agreed"
    CHANGED = "changed"
    ENDED = "ended"


class CooperationState(StrEnum):
    """How far a cooperation is (GIPOD)."""

    OPEN = "open"
    IN_CONSULTATION = "in_consultation"
    AGREED = "agreed"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    ENDED_WITHOUT_RESULT = "ended_without_result"
    WITHDRAWN = "withdrawn"
    UNKNOWN = "unknown"


class CooperationAnswer(StrEnum):
    """What a party answers to a proposal to cooperate (GIPOD)."""

    YES = "yes"
    NO = "no"
    UNDECIDED = "undecided"
