"""How good a chance to combine two works is: 0 to 100, from the weights and tables of the agreement.

The score is the mean of five parts, each from 0 to 100, by the weights of the agreement, rounded half up. The formula
of each part stands in docs/matching.md, and each part is told with its weight: whoever reads a score can do the sum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from meekoppel_contracts.codes import OpportunityPart
from meekoppel_hub.coordination.plan_table import PlanTable, Texts, names
from meekoppel_hub.coordination.windows import TimeFit
from meekoppel_hub.coordination.zones import Floats, Indexes
from meekoppel_hub.platform.agreements import Agreement

Points = NDArray[np.int64]

PARTS = (
    OpportunityPart.PLACE,
    OpportunityPart.TIME,
    OpportunityPart.DISCIPLINES,
    OpportunityPart.SEQUENCE,
    OpportunityPart.OPENNESS,
)
"""The parts, in the order in which they are told."""

_NOT_SURE, _NEEDS_SHIFT = 0.9, 0.9
_IN_ORDER, _NO_ORDER, _OUT_OF_ORDER = 100, 50, 0
_NO_KIND_IN_COMMON = 75
_NO_LAYER = -1


@dataclass(frozen=True, slots=True)
class Score:
    """Scores of opportunities; one row per pair.

    Attributes:
        total: 0 to 100.
        parts: one column for each of `PARTS`, 0 to 100.
    """

    total: Points
    parts: Points


def weights_of(agreement: Agreement) -> tuple[float, ...]:
    """Give the weights of the parts, in the order of `PARTS`."""
    return tuple(getattr(agreement.opportunity.weights, part.value) for part in PARTS)


def score(
    plans: PlanTable, first: Indexes, second: Indexes, distance_m: Floats, time: TimeFit, agreement: Agreement
) -> Score:
    """Score pairs of plans.

    Args:
        plans: all plans.
        first: of each pair, the index of the lower plan.
        second: of each pair, the index of the higher plan.
        distance_m: between the zones of each pair, to the centimetre.
        time: how the periods of each pair lie to one another.
        agreement: by which rules.
    """
    parts = np.column_stack(
        [
            _place(distance_m, agreement),
            _time(time, agreement),
            _disciplines(plans.disciplines, first, second, agreement),
            _sequence(plans, first, second, agreement),
            _openness(plans, first, second),
        ]
    ).astype(np.int64)
    weights = np.array(weights_of(agreement))
    total = weights.sum()
    mean = parts @ weights / total if total > 0 else np.zeros(len(parts))
    return Score(_rounded(mean), parts)


def best_pair(first: str, second: str, agreement: Agreement) -> tuple[float, tuple[str, str] | None]:
    """Give how well the disciplines of two plans go together (0 to 1), and the two that fit best.

    Args:
        first: the disciplines of one plan, with commas between.
        second: those of the other.
        agreement: by which rules; its default holds where a plan names none.
    """
    pairs = list(product(names(first), names(second)))
    if not pairs:
        return agreement.discipline_fit.default, None
    best = max(pairs, key=lambda pair: agreement.discipline_fit.of(*pair))
    return agreement.discipline_fit.of(*best), best


def deepest(disciplines: str, agreement: Agreement) -> tuple[int, str] | None:
    """Give the deepest layer that a plan works in, 0 being the deepest of all, and by which discipline."""
    found = [(agreement.depth[name], name) for name in names(disciplines) if name in agreement.depth]
    return min(found) if found else None


def _place(distance_m: Floats, agreement: Agreement) -> Points:
    """100 where the zones touch, falling evenly to 0 at the distance of the agreement."""
    limit = agreement.opportunity.distance_m
    return _rounded(100 * np.maximum(0.0, 1 - distance_m / limit)) if limit > 0 else np.full(len(distance_m), 100)


def _time(time: TimeFit, agreement: Agreement) -> Points:
    """100 where the works surely overlap in time; less where they may; falling with the days that are left between."""
    left = 1 - time.rest_days / (agreement.opportunity.time_tolerance_days + 1)
    unsure = 100 * left * _NOT_SURE * np.where(time.shift_days > 0, _NEEDS_SHIFT, 1.0)
    return _rounded(np.where(time.sure, 100.0, unsure))


def _disciplines(disciplines: Texts, first: Indexes, second: Indexes, agreement: Agreement) -> Points:
    """The fit of the two disciplines that fit best."""
    fits = _of_texts(disciplines, first, second, lambda one, other: best_pair(one, other, agreement)[0])
    return _rounded(100 * fits)


def _sequence(plans: PlanTable, first: Indexes, second: Indexes, agreement: Agreement) -> Points:
    """100 where the deeper work starts first, 0 where it starts last, 50 where there is no order to keep."""
    layers = (deepest(text, agreement) for text in plans.disciplines.values)
    layer = np.fromiter((_NO_LAYER if found is None else found[0] for found in layers), dtype=np.int64)
    one, other = layer[plans.disciplines.codes[first]], layer[plans.disciplines.codes[second]]
    starts = plans.windows.starts_us
    ordered = (one != _NO_LAYER) & (other != _NO_LAYER) & (one != other) & (starts[first] != starts[second])
    fits = (one < other) == (starts[first] < starts[second])
    return np.where(ordered, np.where(fits, _IN_ORDER, _OUT_OF_ORDER), _NO_ORDER)


def _openness(plans: PlanTable, first: Indexes, second: Indexes) -> Points:
    """50 for each owner who is open to cooperate; 25 less where both are, to different things."""
    points = 50 * (plans.cooperates[first].astype(np.int64) + plans.cooperates[second])
    apart = _of_texts(plans.cooperation_kinds, first, second, _apart) > 0
    return np.where(apart & (points == 100), _NO_KIND_IN_COMMON, points)


def _apart(one: str, other: str) -> bool:
    """Tell whether two lists name things, and nothing in common."""
    return bool(one and other) and set(names(one)).isdisjoint(names(other))


def _of_texts(texts: Texts, first: Indexes, second: Indexes, value: Callable[[str, str], float]) -> Floats:
    """Give a value of the texts of each pair; it is asked once for each two texts that occur together."""
    size = max(len(texts.values), 1)
    codes, place = np.unique(texts.codes[first] * size + texts.codes[second], return_inverse=True)
    values = [value(texts.values[code // size], texts.values[code % size]) for code in codes.tolist()]
    return np.array(values, dtype=float)[place]


def _rounded(values: Floats) -> Points:
    """Round to whole points, half up."""
    return np.floor(values + 0.5).astype(np.int64)
