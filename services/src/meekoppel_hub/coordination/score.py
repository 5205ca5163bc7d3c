"""How good a chance to combine two works is: 0 to 100, from the weights and tables of the agreement."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from meekoppel_hub.coordination.agreement import Agreement
from meekoppel_hub.coordination.facts import PlanFacts


@dataclass(frozen=True, slots=True)
class Closeness:
    """How near two plans lie.

    Attributes:
        distance_m: between their zones.
        overlapping: whether their periods share a moment as they stand.
        gap_days: between their periods as they stand.
        rest_days: what is left of the gap after the one shift that helps most.
    """

    distance_m: float
    overlapping: bool
    gap_days: int
    rest_days: int


@dataclass(frozen=True, slots=True)
class Score:
    """A score and its parts; each part from 0 to 1.

    Attributes:
        points: 0 to 100.
        disciplines: how well the best pair of disciplines goes together.
        best_pair: that pair; None when a plan names no discipline.
        sequence: 1 when the deeper work comes first, 0 when it comes last, 0.5 when there is no order.
    """

    points: int
    disciplines: float
    best_pair: tuple[str, str] | None
    sequence: float


def score(first: PlanFacts, second: PlanFacts, closeness: Closeness, agreement: Agreement) -> Score:
    """Score an opportunity by the agreement."""
    disciplines, best_pair = _discipline_fit(first, second, agreement)
    sequence = _sequence(first, second, agreement)
    weights = agreement.opportunity.weights
    total = (
        weights.place * _place(closeness, agreement)
        + weights.time * _time(closeness, agreement)
        + weights.disciplines * disciplines
        + weights.sequence * sequence
        + weights.openness * (first.cooperates + second.cooperates) / 2
    )
    points = 0 if weights.total == 0 else int(100 * total / weights.total + 0.5)
    return Score(points, disciplines, best_pair, sequence)


def _place(closeness: Closeness, agreement: Agreement) -> float:
    limit = agreement.opportunity.distance_m
    return 1.0 if limit == 0 else max(0.0, 1 - closeness.distance_m / limit)


def _time(closeness: Closeness, agreement: Agreement) -> float:
    """1 when the periods overlap; falling with what is left after a shift; a needed shift costs a tenth."""
    if closeness.overlapping:
        return 1.0
    left = 1 - closeness.rest_days / (agreement.opportunity.time_tolerance_days + 1)
    return left * (0.9 if closeness.rest_days < closeness.gap_days else 1.0)


def _discipline_fit(first: PlanFacts, second: PlanFacts, agreement: Agreement) -> tuple[float, tuple[str, str] | None]:
    pairs = list(product(_names(first), _names(second)))
    if not pairs:
        return agreement.discipline_fit.default, None
    best = max(pairs, key=lambda pair: agreement.discipline_fit.of(*pair))
    return agreement.discipline_fit.of(*best), best


def _sequence(first: PlanFacts, second: PlanFacts, agreement: Agreement) -> float:
    """Compare which plan digs deeper with which starts first."""
    depths = [
        min((agreement.depth[n] for n in _names(plan) if n in agreement.depth), default=None)
        for plan in (first, second)
    ]
    if depths[0] is None or depths[1] is None or depths[0] == depths[1] or first.starts_us == second.starts_us:
        return 0.5
    return float((depths[0] < depths[1]) == (first.starts_us < second.starts_us))


def _names(plan: PlanFacts) -> list[str]:
    return plan.disciplines.split(",") if plan.disciplines else []
