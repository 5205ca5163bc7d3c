"""Who may see what. Pure: a viewer and a plan in, yes or no out.

Nobody without a token sees more than public plans. An organisation sees what is public or shared among participants,
and of the restricted plans those that it owns, and those that name it or a collaboration that it is in. A withdrawn
plan is seen by its owner only. The operator of the hub sees everything; only commands on the hub's own machine act for
the operator.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from meekoppel_contracts.codes import Visibility
from meekoppel_contracts.ids import OrgCode


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks: an organisation, anybody (None), or the operator, who sees everything.

    Attributes:
        organisation: its code.
        operator: whether it is the hub's operator.
        collaborations: the ids of those of which the organisation is a member now.
    """

    organisation: OrgCode | None = None
    operator: bool = False
    collaborations: frozenset[str] = frozenset()


ANYBODY = Viewer()
OPERATOR = Viewer(operator=True)


@dataclass(frozen=True, slots=True)
class Sharing:
    """With whom a version of a plan is shared.

    Attributes:
        initiator: whose plan it is.
        publisher: who put it into the hub.
        visibility: a code of `Visibility`.
        shared_with: organisations that a restricted plan names.
        public_from: from when a public plan is public; before it is for participants.
        withdrawn: whether it is no longer shared at all.
        collaborations: collaborations that a restricted plan names: their members see it too.
    """

    initiator: str
    publisher: str
    visibility: str
    shared_with: tuple[str, ...]
    public_from: datetime | None
    withdrawn: bool
    collaborations: tuple[str, ...] = ()


def owns(viewer: Viewer, sharing: Sharing) -> bool:
    """Tell whether the viewer is the plan's initiator or its publisher; the operator counts as such."""
    return viewer.operator or viewer.organisation in (sharing.initiator, sharing.publisher)


def may_see(viewer: Viewer, sharing: Sharing, now: datetime) -> bool:
    """Tell whether the viewer may see what this version says of the plan."""
    if owns(viewer, sharing):
        return True
    if sharing.visibility == Visibility.RESTRICTED.value:
        return viewer.organisation in sharing.shared_with or not viewer.collaborations.isdisjoint(
            sharing.collaborations
        )
    if viewer.organisation is not None:
        return True
    is_open = sharing.public_from is None or sharing.public_from <= now
    return sharing.visibility == Visibility.PUBLIC.value and is_open


def is_shared(viewer: Viewer, sharing: Sharing, now: datetime) -> bool:
    """Tell whether the viewer may see the plan now: what is withdrawn is for its owner only."""
    return may_see(viewer, sharing, now) and (not sharing.withdrawn or owns(viewer, sharing))
