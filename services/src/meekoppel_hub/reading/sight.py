"""What a viewer sees of a pair of plans that meet. Pure.

Both sides when both plans may be seen; one side without the other when the viewer owns it: a blind match. Then the
other's plan, organisation, title and version are left out, and so are the place, the measures and the explanation,
which would give the other plan away; until every owner of a restricted side agreed to open up to the other. Else
nothing. What was found while a plan was restricted stays out of sight when the plan has become open since: only a new
matching may tell where they meet.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import orjson
import shapely
from sqlalchemy import Row

from meekoppel_contracts.codes import Visibility
from meekoppel_hub.reading.access import Viewer, is_shared, owns
from meekoppel_hub.reading.sides import RestSide, Side
from meekoppel_hub.reading.stored import StoredPlan

_ALWAYS = ("state", "revision", "kind", "severity", "ruleset", "assess_by", "detected_at", "changed_at")
_MEASURES = ("score", "area_m2", "distance_m", "overlap_days", "gap_days")
_WHEN_BOTH_ARE_SEEN = (*_MEASURES, "explanation", "explanation_nl", "moratorium_id")
_HIDDEN_SIDE: dict[str, Any] = {"shared_with_you": False}


SideT = TypeVar("SideT", bound=Side)
SeenT = TypeVar("SeenT", bound=Side, covariant=True)


@dataclass(frozen=True, slots=True)
class Sight(Generic[SeenT]):
    """A pair as one viewer sees it: a side that is not shared with the viewer is None."""

    row: Any  # of `overlaps`, or what has its names
    first: SeenT | None
    second: SeenT | None

    def names_plan(self, plan_id: str) -> bool:
        """Tell whether one of the sides that the viewer sees is this plan."""
        return any(side.plan_id == plan_id for side in self.sides())

    def names_organisation(self, code: str) -> bool:
        """Tell whether one of the sides that the viewer sees is this organisation's."""
        return any(side.sharing.initiator == code for side in self.sides())

    def feature(self) -> dict[str, Any]:
        """Write the pair as a GeoJSON feature; its geometry is where the plans meet, null in a blind match."""
        row, in_full = self.row, self.in_full()
        properties = {
            **{name: getattr(row, name) for name in _ALWAYS},
            **{name: getattr(row, name) if in_full else None for name in _WHEN_BOTH_ARE_SEEN},
            "score_parts": _parts(row.score_parts) if in_full else None,
            "rulesets": row.rulesets.split(",") if row.rulesets else [],
            "first": _side(self.first, row.first_version),
            "second": _side(self.second, row.second_version),
        }
        place = orjson.Fragment(shapely.to_geojson(shapely.from_wkb(row.location))) if in_full else None
        return {"type": "Feature", "id": row.overlap_id, "geometry": place, "properties": properties}

    def in_full(self) -> bool:
        """Tell whether it may be seen how they meet: not what was found while a plan that is open was restricted."""
        sides = self.sides()
        is_now = any(side.sharing.visibility == Visibility.RESTRICTED.value for side in sides)
        return len(sides) == len((self.first, self.second)) and (is_now or not self.row.restricted)

    def sides(self) -> list[SeenT]:
        """Give the sides that the viewer sees."""
        return [side for side in (self.first, self.second) if side is not None]


AnySight = Sight[Side]
"""A pair of which only what is shown in lists was read."""

WholeSight = Sight[StoredPlan | RestSide]
"""A pair whose plans were read whole."""


def sight_of(viewer: Viewer, row: Row[Any], first: SideT, second: SideT, now: datetime) -> Sight[SideT] | None:
    """Give what the viewer sees of a pair, or None; `row` tells too whether the owner of each side opens it up."""
    owner = owns(viewer, first.sharing) or owns(viewer, second.sharing)
    opened = owner and _opened_up(row, first, second)
    seen_first = first if opened or is_shared(viewer, first.sharing, now) else None
    seen_second = second if opened or is_shared(viewer, second.sharing, now) else None
    both = seen_first is not None and seen_second is not None
    return Sight(row, seen_first, seen_second) if both or owner else None


def _opened_up(row: Row[Any], first: Side, second: Side) -> bool:
    """Tell whether every owner of a restricted side agreed to show it to the owner of the other."""
    if first.sharing.withdrawn or second.sharing.withdrawn:
        return False
    return all(
        opens_up or side.sharing.visibility != Visibility.RESTRICTED.value
        for side, opens_up in ((first, row.first_opens_up), (second, row.second_opens_up))
    )


def _parts(parts: str | None) -> orjson.Fragment | None:
    """Give the parts of a score, which are JSON already."""
    return orjson.Fragment(parts) if parts else None


def _side(side: Side | None, version: int) -> dict[str, Any]:
    if side is None:
        return _HIDDEN_SIDE
    return {
        "shared_with_you": True,
        "moratorium_id" if isinstance(side, RestSide) else "plan_id": side.plan_id,
        "version": version,
        "organisation": side.sharing.initiator,
        "title": side.title,
    }
