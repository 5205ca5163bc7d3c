"""Credible examples for tests, in this and other distributions: a Dutch sewer replacement and what follows from it.

Nothing here needs a geometry library: the polygons are packed by hand.
"""

from __future__ import annotations

from meekoppel_contracts.testing.areas import example_agreement, example_area, example_moratorium
from meekoppel_contracts.testing.coordination import (
    EXAMPLE_COOPERATION_ID,
    example_assessment,
    example_breach,
    example_cooperation,
    example_opportunity,
    example_overlap,
)
from meekoppel_contracts.testing.exchange import example_heartbeat, example_notification, example_quality
from meekoppel_contracts.testing.geometry import RD_NEW, point_wkb, rectangle_wkb
from meekoppel_contracts.testing.plans import (
    EXAMPLE_PLAN_ID,
    OTHER_PLAN_ID,
    example_event,
    example_plan,
    example_rejection,
    example_zone,
)

__all__ = [
    "EXAMPLE_COOPERATION_ID",
    "EXAMPLE_PLAN_ID",
    "OTHER_PLAN_ID",
    "RD_NEW",
    "example_agreement",
    "example_area",
    "example_assessment",
    "example_breach",
    "example_cooperation",
    "example_event",
    "example_heartbeat",
    "example_moratorium",
    "example_notification",
    "example_opportunity",
    "example_overlap",
    "example_plan",
    "example_quality",
    "example_rejection",
    "example_zone",
    "point_wkb",
    "rectangle_wkb",
]
