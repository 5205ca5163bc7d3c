"""A version of a plan as it stands in the log, read to plain values: intake has checked it already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from meekoppel_contracts.codec import PLAN_EVENTS
from meekoppel_hub.reading.access import Sharing


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """A version of a plan.

    Attributes:
        values: the plan event: codes as texts, times aware and in UTC, geometry as WKB in the hub's CRS.
        sharing: with whom it is shared.
    """

    values: dict[str, Any]
    sharing: Sharing

    @property
    def plan(self) -> dict[str, Any]:
        """The plan itself."""
        plan: dict[str, Any] = self.values["plan"]
        return plan

    @property
    def plan_id(self) -> str:
        """Its id."""
        return str(self.values["plan"]["plan_id"])

    @property
    def title(self) -> str:
        """What it is called."""
        return str(self.values["plan"]["title"])

    @property
    def window(self) -> tuple[datetime, datetime | None]:
        """From when until when it may be carried out."""
        period = self.values["plan"]["period"]
        return period["earliest_start"], period["latest_end"]

    @property
    def version(self) -> int:
        """Its version."""
        return int(self.values["version"])


def read_stored(event: bytes) -> StoredPlan:
    """Read a plan event as the view keeps it.

    Raises:
        ContractError: when the bytes are no plan event.
    """
    values = PLAN_EVENTS.values(event)
    plan = values["plan"]
    named = plan["shared_with"]
    sharing = Sharing(
        plan["initiator"]["organisation"],
        values["publisher"],
        plan["visibility"],
        tuple(named["organisations"]) if named is not None else (),
        plan["public_from"],
        values["type"] == "withdrawn",
        tuple(named["collaborations"]) if named is not None else (),
    )
    return StoredPlan(values, sharing)


def zones_touch(plans: Sequence[StoredPlan], area: BaseGeometry) -> NDArray[np.bool_]:
    """Tell of each plan whether one of its zones, with its own buffer, touches an area.

    Args:
        plans: the plans.
        area: in the hub's CRS.

    Returns:
        A truth value per plan.
    """
    zones = [(number, zone) for number, plan in enumerate(plans) for zone in plan.plan["zones"]]
    touching = np.zeros(len(plans), dtype=bool)
    hit = shapes_touch([(zone["geometry"], zone["buffer_m"]) for _, zone in zones], area)
    touching[[number for (number, _), here in zip(zones, hit, strict=True) if here]] = True
    return touching


def shapes_touch(zones: Sequence[tuple[bytes, float]], area: BaseGeometry) -> NDArray[np.bool_]:
    """Tell of each zone, given as WKB and its own buffer in metres, whether it touches an area of the same CRS."""
    if not zones:
        return np.zeros(0, dtype=bool)
    shapes = shapely.from_wkb([wkb for wkb, _ in zones])
    buffers = np.array([buffer_m for _, buffer_m in zones])
    widened = buffers > 0
    if widened.any():
        shapes[widened] = shapely.buffer(shapes[widened], buffers[widened])
    shapely.prepare(area)
    hit: NDArray[np.bool_] = shapely.intersects(area, shapes)
    return hit
