"""What both stores give back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from meekoppel_contracts.ids import PlanId


class Near(NamedTuple):
    """A zone of a changed plan, and a zone of another plan that may be near enough."""

    zone_key: int
    other_zone_key: int
    other_plan: PlanId


@dataclass(frozen=True, slots=True)
class HeldPlan:
    """A plan that cannot change until the transaction ends."""

    version: int
    title: str
