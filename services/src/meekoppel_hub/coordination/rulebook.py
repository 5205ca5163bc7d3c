"""Which agreements apply to which plans: what matching is given instead of one agreement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from meekoppel_hub.coordination.agreement import Agreement, national_agreement
from meekoppel_hub.coordination.zones import Indexes, ZoneTable


@dataclass(frozen=True, slots=True)
class Applied:
    """Which agreements apply to each of some plans. Few combinations occur, so each is written once.

    Attributes:
        of_plan: for each plan, the place of its combination in `combinations`.
        combinations: rising indexes in the rulebook's `agreements`; none is empty.
    """

    of_plan: Indexes
    combinations: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Rulebook:
    """The agreements of the hub.

    Two plans are matched under each agreement that applies to either of them.

    Attributes:
        agreements: in a fixed order; of two that find the same, the first gives the verdict its name.
    """

    agreements: tuple[Agreement, ...]

    @classmethod
    def everywhere(cls, agreement: Agreement) -> Self:
        """Let one agreement apply to all plans."""
        return cls((agreement,))

    @classmethod
    def national(cls) -> Self:
        """Let the built-in agreement apply to all plans."""
        return cls.everywhere(national_agreement())

    @property
    def reach_m(self) -> float:
        """Give the largest distance at which zones can matter under any agreement, in metres, buffers apart."""
        return max(agreement.reach_m for agreement in self.agreements)

    @property
    def tolerance_days(self) -> int:
        """Give how many days periods may lie apart, after a shift, and still matter under any agreement."""
        return max(agreement.opportunity.time_tolerance_days for agreement in self.agreements)

    def applying(self, zones: ZoneTable, plan_count: int) -> Applied:
        """Tell which agreements apply to plans, by where their zones lie.

        Args:
            zones: of the plans, in the hub's CRS; `zones.plan` counts from 0.
            plan_count: how many plans there are; a plan without zones gets what applies where no area does.
        """
        return Applied(np.zeros(plan_count, dtype=np.int64), (tuple(range(len(self.agreements))),))
