"""The code lists of places with rules of their own: moratoria, areas and agreements.

Sources: GIPOD; Flanders' and England's rules on works after works.
"""

from __future__ import annotations

from enum import StrEnum


class MoratoriumEventType(StrEnum):
    """What a moratorium event says happened."""

    DECLARED = "declared"
    CHANGED = "changed"
    LIFTED = "lifted"


class MoratoriumKind(StrEnum):
    """Why the ground is not to be opened: it was worked on, or the period is to stay free."""

    AFTER_SURFACE_WORKS = "after_surface_works"
    AFTER_UTILITY_WORKS = "after_utility_works"
    CLOSED_PERIOD = "closed_period"
    OTHER = "other"


class MoratoriumOrigin(StrEnum):
    """How a moratorium came about."""

    DECLARED = "declared"
    DERIVED = "derived"
    UNKNOWN = "unknown"


class MoratoriumException(StrEnum):
    """Works that may be done in spite of a moratorium."""

    LEAK_REPAIR = "leak_repair"
    EMERGENCY = "emergency"
    HOUSE_CONNECTION = "house_connection"
    OTHER = "other"


class AgreementEventType(StrEnum):
    """What an agreement event says happened."""

    APPLIED = "applied"
    ENDED = "ended"


class AreaEventType(StrEnum):
    """What an area event says happened."""

    CHANGED = "changed"


class AreaKind(StrEnum):
    """What kind of area it is."""

    MUNICIPALITY = "municipality"
    PROVINCE = "province"
    WATER_BOARD = "water_board"
    STATE = "state"
    ROAD = "road"
    RAIL = "rail"
    GRID = "grid"
    AGREEMENT = "agreement"
    COLLABORATION = "collaboration"
    INTEREST = "interest"
    OTHER = "other"
