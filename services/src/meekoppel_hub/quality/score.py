"""The figures of one publisher over a month, and the score that follows from them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from meekoppel_contracts.codes import QualityPart
from meekoppel_contracts.quality import QualityPoints
from meekoppel_hub.quality.points import FULL

FORMULA: Final = "quality/1"

WEIGHTS: Final[Mapping[QualityPart, float]] = {
    QualityPart.COMPLETENESS: 25.0,
    QualityPart.PRECISION: 20.0,
    QualityPart.FRESHNESS: 20.0,
    QualityPart.STABILITY: 20.0,
    QualityPart.VALIDITY: 15.0,
}

# A share of one in five counts as the worst: of events that are rejected, of plans that vanish.
_WORST_SHARE = 0.2
_REJECTED, _VANISHED, _REPAIRED = 0.5, 0.3, 0.2

_OF_PLANS: Final = (QualityPart.COMPLETENESS, QualityPart.PRECISION, QualityPart.FRESHNESS, QualityPart.STABILITY)


@dataclass(slots=True)
class Figures:
    """What is counted of one publisher over a month; see the contract `quality-event` for what each means.

    Attributes:
        points: the sum of the points of its live plans, per part.
        rejections: events that intake rejected; None when that is not known.
    """

    points: dict[QualityPart, float] = field(default_factory=lambda: dict.fromkeys(_OF_PLANS, 0.0))
    live_plans: int = 0
    events: int = 0
    rejections: int | None = None
    plans_moved: int = 0
    starts_earlier: int = 0
    starts_later: int = 0
    start_days: int = 0
    ends_earlier: int = 0
    ends_later: int = 0
    end_days: int = 0
    late_moves: int = 0
    silent_3_months: int = 0
    silent_6_months: int = 0
    silent_12_months: int = 0
    overdue: int = 0
    vanished: int = 0
    repaired: int = 0

    def parts(self) -> tuple[QualityPoints, ...]:
        """Give the points of each part: the means over the live plans, and what intake met; None where not known."""
        known: dict[QualityPart, float | None] = {
            part: self.points[part] / self.live_plans if self.live_plans else None for part in _OF_PLANS
        }
        known[QualityPart.VALIDITY] = self._validity()
        return tuple(
            QualityPoints(part=part, points=None if points is None else round(points, 1), weight=WEIGHTS[part])
            for part, points in known.items()
        )

    def score(self) -> int | None:
        """Give the weighted mean of the parts that are known; None when the publisher shared no live plan."""
        if not self.live_plans:
            return None
        known = [(one.points, one.weight) for one in self.parts() if one.points is not None]
        return round(sum(points * weight for points, weight in known) / sum(weight for _, weight in known))

    def _validity(self) -> float | None:
        """Judge what was rejected, what vanished before its end, and what had to be repaired.

        Where rejections are not known, the other two count for all.
        """
        plans = self.live_plans + self.vanished
        if not plans:
            return None
        faults = [(_VANISHED, min(1.0, self.vanished / plans / _WORST_SHARE)), (_REPAIRED, self.repaired / plans)]
        sent = self.events + (self.rejections or 0)
        if self.rejections is not None and sent:
            faults.append((_REJECTED, min(1.0, self.rejections / sent / _WORST_SHARE)))
        return FULL * (1.0 - sum(weight * fault for weight, fault in faults) / sum(weight for weight, _ in faults))
