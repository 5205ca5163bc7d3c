"""The verdict on each pair of plans: by each agreement that applies, and where they differ, the heaviest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meekoppel_contracts.codes import OverlapKind, Severity
from meekoppel_hub.coordination.pair_facts import PairFacts
from meekoppel_hub.coordination.plan_table import PlanTable
from meekoppel_hub.coordination.rulebook import Applied, Rulebook
from meekoppel_hub.coordination.score import PARTS, Points, score
from meekoppel_hub.coordination.zone_pairs import EPSILON_M
from meekoppel_hub.coordination.zones import Indexes
from meekoppel_hub.platform.agreements import Agreement

NONE, OPPORTUNITY, DETOUR_MAYBE, HINDRANCE, LIGHT, DETOUR, BREACH_MAYBE, BREACH, HEAVY = range(9)
"""The verdicts, from light to heavy. A hindrance is a light conflict that only nuisance makes; of detours and moratoria
it is told apart whether they are certain."""

KINDS = {
    OPPORTUNITY: OverlapKind.OPPORTUNITY,
    DETOUR_MAYBE: OverlapKind.DETOUR_HIT,
    HINDRANCE: OverlapKind.CONFLICT_LIGHT,
    LIGHT: OverlapKind.CONFLICT_LIGHT,
    DETOUR: OverlapKind.DETOUR_HIT,
    BREACH_MAYBE: OverlapKind.MORATORIUM_BREACH,
    BREACH: OverlapKind.MORATORIUM_BREACH,
    HEAVY: OverlapKind.CONFLICT_HEAVY,
}
_MAYBE = (DETOUR_MAYBE, BREACH_MAYBE)
_BY_WEIGHT = (Severity.UNKNOWN, Severity.LOW, Severity.MEDIUM, Severity.HIGH)


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdicts; one element per pair of plans.

    Attributes:
        verdict: one of `NONE` to `HEAVY`.
        agreement: which agreement gave it: index in the rulebook.
        applied: which agreements were applied: place in `combinations`.
        combinations: rising indexes in the rulebook.
        score: of opportunities, 0 to 100; else 0.
        parts: of opportunities, one column for each part of the score.
    """

    verdict: NDArray[np.int8]
    agreement: Indexes
    applied: Indexes
    combinations: tuple[tuple[int, ...], ...]
    score: Points
    parts: Points


def severity_of(verdict: int, agreement: Agreement) -> Severity:
    """Give the severity by the agreement; one step lower where it may be, and is not certain."""
    severity = agreement.severity.of(KINDS[verdict])
    lower = {Severity.HIGH: Severity.MEDIUM, Severity.MEDIUM: Severity.LOW}
    return lower.get(severity, severity) if verdict in _MAYBE else severity


def judge(plans: PlanTable, facts: PairFacts, applied: Applied, rulebook: Rulebook) -> Judged:
    """Give the verdict on each pair.

    A pair is judged under each agreement that applies to either plan. Where they differ the heaviest wins: the heavier
    kind, then the higher severity, then the higher score, then the agreement that stands first in the rulebook.
    """
    count = len(facts.first)
    combinations, of_pair = _combined(facts, applied)
    best = Judged(
        verdict=np.zeros(count, dtype=np.int8),
        agreement=np.zeros(count, dtype=np.int64),
        applied=of_pair,
        combinations=combinations,
        score=np.zeros(count, dtype=np.int64),
        parts=np.zeros((count, len(PARTS)), dtype=np.int64),
    )
    weight = np.full(count, -1, dtype=np.int64)
    for agreement, chosen in _by_agreement(combinations, of_pair):
        _apply(plans, facts, rulebook.agreements[agreement], agreement, chosen, best, weight)
    return best


def _apply(
    plans: PlanTable,
    facts: PairFacts,
    agreement: Agreement,
    index: int,
    chosen: Indexes,
    best: Judged,
    weight: Indexes,
) -> None:
    """Judge the chosen pairs by one agreement, and note where it is the heaviest so far."""
    verdict = _verdicts(facts, chosen, agreement)
    total = np.zeros(len(chosen), dtype=np.int64)
    parts = np.zeros((len(chosen), len(PARTS)), dtype=np.int64)
    chances = np.nonzero(verdict == OPPORTUNITY)[0]
    if len(chances):
        at = chosen[chances]
        distance = np.round(facts.nearest_m[at], 2)
        worth = score(plans, facts.first[at], facts.second[at], distance, facts.time[at], agreement)
        total[chances], parts[chances] = worth.total, worth.parts
    severity = np.array([0, *(_BY_WEIGHT.index(severity_of(one, agreement)) for one in KINDS)], dtype=np.int64)
    own = (verdict.astype(np.int64) * len(_BY_WEIGHT) + severity[verdict]) * 101 + total
    wins = own > weight[chosen]
    at = chosen[wins]
    best.verdict[at], best.agreement[at] = verdict[wins], index
    best.score[at], best.parts[at], weight[at] = total[wins], parts[wins], own[wins]


def _verdicts(facts: PairFacts, chosen: Indexes, agreement: Agreement) -> NDArray[np.int8]:
    """Give each of the chosen pairs the heaviest kind that holds."""
    time, nearest = facts.time[chosen], facts.nearest_m[chosen]
    overlapping, firm = time.overlapping, facts.firm[chosen]
    close = facts.close[chosen]
    if agreement.light_conflict_distance_m > 0:
        close |= nearest <= agreement.light_conflict_distance_m + EPSILON_M
    rules = agreement.opportunity
    breaks, on_detour = facts.breaks[chosen], facts.on_detour[chosen]
    return np.select(
        [
            facts.core_touches[chosen] & firm & time.sure,
            breaks & firm & time.sure,
            breaks,
            on_detour & facts.surely_on_detour[chosen],
            close & overlapping,
            facts.hindered[chosen],
            on_detour,
            (nearest <= rules.distance_m + EPSILON_M) & (time.rest_days <= rules.time_tolerance_days),
        ],
        [HEAVY, BREACH, BREACH_MAYBE, DETOUR, LIGHT, HINDRANCE, DETOUR_MAYBE, OPPORTUNITY],
        default=NONE,
    ).astype(np.int8)


def _combined(facts: PairFacts, applied: Applied) -> tuple[tuple[tuple[int, ...], ...], Indexes]:
    """Join the agreements of both plans of each pair; few combinations occur."""
    size = len(applied.combinations)
    codes, of_pair = np.unique(applied.of_plan[facts.first] * size + applied.of_plan[facts.second], return_inverse=True)
    joined = ({*applied.combinations[code // size], *applied.combinations[code % size]} for code in codes.tolist())
    return tuple(tuple(sorted(one)) for one in joined), of_pair.astype(np.int64)


def _by_agreement(combinations: tuple[tuple[int, ...], ...], of_pair: Indexes) -> Iterator[tuple[int, Indexes]]:
    """Give each agreement, in the order of the rulebook, with the pairs to which it applies."""
    for agreement in sorted({index for combination in combinations for index in combination}):
        has_it = np.array([agreement in combination for combination in combinations], dtype=bool)
        yield agreement, np.nonzero(has_it[of_pair])[0]
