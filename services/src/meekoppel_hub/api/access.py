"""Who may see what. Pure: a viewer and an event in, yes or no out.

Nobody without a token sees more than public plans. An organisation sees what is public or shared among participants,
and of the restricted plans those that it owns and those that name it. A withdrawn plan is seen by its owner only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from meekoppel_contracts.codes import Visibility
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.ids import OrgCode


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks: an organisation, or anybody (None)."""

    organisation: OrgCode | None = None


ANYBODY = Viewer()


def owns(viewer: Viewer, event: PlanEvent) -> bool:
    """Tell whether the viewer is the plan's initiator or its publisher."""
    return viewer.organisation in (event.plan.initiator.organisation, event.publisher)


def may_see(viewer: Viewer, event: PlanEvent, now: datetime) -> bool:
    """Tell whether the viewer may see what this event says of the plan."""
    plan = event.plan
    if owns(viewer, event):
        return True
    if plan.visibility is Visibility.RESTRICTED:
        named = plan.shared_with.organisations if plan.shared_with is not None else ()
        return viewer.organisation in named
    if viewer.organisation is not None:
        return True
    is_open = plan.public_from is None or plan.public_from <= now
    return plan.visibility is Visibility.PUBLIC and is_open
