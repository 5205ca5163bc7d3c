"""Decide by the rules of the agreements which plans meet, and how. The rules in words: docs/matching.md.

Pure and vectorised: arrays of plans and zones go in, arrays of verdicts come out, and only what is to be written
becomes a `Meeting`, with words made from it later. The order in which plans or pairs are given changes nothing:
everything is computed from the plan with the lower id to the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from meekoppel_contracts.codes import OverlapKind
from meekoppel_hub.coordination.facts import MORATORIUM, PlanFacts
from meekoppel_hub.coordination.judging import HINDRANCE, KINDS, NONE, OPPORTUNITY, Judged, judge, severity_of
from meekoppel_hub.coordination.measuring import Measures, measure, places
from meekoppel_hub.coordination.meeting import Meeting, PartOfScore
from meekoppel_hub.coordination.near import Search, near_zones
from meekoppel_hub.coordination.pair_facts import PairFacts, ZoneFacts, gather
from meekoppel_hub.coordination.plan_table import PlanTable, plan_table
from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.coordination.score import PARTS, best_pair, deepest, weights_of
from meekoppel_hub.coordination.threads import Threads
from meekoppel_hub.coordination.zone_pairs import ZonePairs, in_order, near_enough, related
from meekoppel_hub.coordination.zones import Indexes, ZoneTable
from meekoppel_hub.platform.agreements import Agreement


@dataclass(frozen=True, slots=True)
class Verdicts:
    """How pairs of plans meet; one element per pair, ordered by their two plans. Those that do not meet are among them.

    Attributes:
        zones: of all plans.
        found: what is so between their zones.
        facts: what is so between the plans.
        judged: the verdicts.
        measures: area, distance, days.
    """

    zones: ZoneTable
    found: ZoneFacts
    facts: PairFacts
    judged: Judged
    measures: Measures

    @property
    def meeting(self) -> Indexes:
        """Give the places of the pairs that meet."""
        return np.nonzero(self.judged.verdict != NONE)[0]


def match(
    plans: Sequence[PlanFacts], zones: ZoneTable, near: tuple[Indexes, Indexes], rulebook: Rulebook
) -> list[Meeting]:
    """Find how plans meet.

    Args:
        plans: ordered by plan id.
        zones: their zones, ordered by plan and number.
        near: indexes of pairs of zones that may be near enough; more than needed is allowed, twice the same too.
        rulebook: the rules.

    Returns:
        One meeting for each pair of plans that meets, ordered by the two plan ids.
    """
    table = plan_table(plans)
    left, right = related(table, zones, *near)
    if not len(left):
        return []
    pairs = near_enough(zones, left, right, rulebook.reach_m)
    return meetings(plans, find(table, zones, pairs, rulebook, Threads()), rulebook)


def match_from_nothing(plans: PlanTable, zones: ZoneTable, rulebook: Rulebook, threads: Threads) -> Verdicts:
    """Find how all plans meet, by a search of their own.

    Args:
        plans: all plans; moratoria too.
        zones: their zones, ordered by plan and number.
        rulebook: the rules.
        threads: how many the search and the geometry may take.
    """
    search = Search(plans, zones, rulebook.reach_m, rulebook.tolerance_days)
    found = near_zones(search, threads, lambda left, right: near_enough(zones, left, right, rulebook.reach_m))
    return find(plans, zones, _joined(found), rulebook, threads)


def find(plans: PlanTable, zones: ZoneTable, pairs: ZonePairs, rulebook: Rulebook, threads: Threads) -> Verdicts:
    """Give the verdicts on the plans of pairs of zones that are near enough, in any order."""
    found, facts = gather(plans, zones, in_order(pairs, zones))
    judged = judge(plans, facts, rulebook.applying(zones, len(plans.ids)), rulebook)
    return Verdicts(zones, found, facts, judged, measure(zones, found, facts, judged, rulebook, threads))


def meetings(plans: Sequence[PlanFacts], verdicts: Verdicts, rulebook: Rulebook) -> list[Meeting]:
    """Turn verdicts into meetings, ordered by the two plan ids (of a breach: plan and moratorium).

    Args:
        plans: as the verdicts count them.
        verdicts: of their pairs.
        rulebook: the same by which they were judged.
    """
    chosen = verdicts.meeting
    locations = _points(places(verdicts.zones, verdicts.found, verdicts.measures, chosen))
    return [
        _meeting(plans, verdicts, index, location, rulebook)
        for index, location in zip(chosen.tolist(), locations, strict=True)
    ]


def _meeting(
    plans: Sequence[PlanFacts], verdicts: Verdicts, index: int, location: bytes, rulebook: Rulebook
) -> Meeting:
    facts, judged, measures = verdicts.facts, verdicts.judged, verdicts.measures
    first, second = plans[facts.first[index]], plans[facts.second[index]]
    turned = first.kind == MORATORIUM
    if turned:
        first, second = second, first
    verdict = int(judged.verdict[index])
    agreement = rulebook.agreements[judged.agreement[index]]
    applied = judged.combinations[judged.applied[index]]
    fit, disciplines = best_pair(first.disciplines, second.disciplines, agreement)
    before, after = _sequence(first, second, agreement)
    overlap_days, gap_days = int(measures.days[index]), int(facts.time.gap_days[index])
    chance = verdict == OPPORTUNITY
    return Meeting(
        first=first,
        second=second,
        kind=KINDS[verdict],
        severity=severity_of(verdict, agreement),
        sure=bool(facts.time.sure[index]),
        area_m2=float(measures.area_m2[index]),
        distance_m=float(measures.distance_m[index]),
        overlap_days=overlap_days,
        gap_days=gap_days,
        shift_days=int(facts.time.shift_days[index]),
        shifts_first=bool(facts.time.shifts_first[index]) != turned,
        by_buffer=bool(measures.by_buffer[index]),
        by_nuisance=verdict == HINDRANCE,
        firsts_detour=bool(measures.firsts_detour[index]) and KINDS[verdict] is OverlapKind.DETOUR_HIT,
        score=int(judged.score[index]) if chance else None,
        parts=_parts(judged, index, agreement) if chance else (),
        disciplines=disciplines,
        fit=fit,
        before=before,
        after=after,
        ruleset=agreement.identity,
        rulesets=tuple(rulebook.agreements[one].identity for one in applied),
        assess_days=agreement.deadlines.assessment_days.of(KINDS[verdict]),
        location=location,
    )


def _parts(judged: Judged, index: int, agreement: Agreement) -> tuple[PartOfScore, ...]:
    points, weights = judged.parts[index].tolist(), weights_of(agreement)
    return tuple(PartOfScore(*one) for one in zip(PARTS, points, weights, strict=True))


def _sequence(first: PlanFacts, second: PlanFacts, agreement: Agreement) -> tuple[str | None, str | None]:
    """Give the discipline that goes before and the one that comes after it, when they lie in different layers."""
    found = [deepest(plan.disciplines, agreement) for plan in (first, second)]
    layers = sorted(one for one in found if one is not None)
    if len(layers) < 2 or layers[0][0] == layers[1][0]:
        return None, None
    return layers[0][1], layers[1][1]


def _joined(found: Sequence[ZonePairs]) -> ZonePairs:
    if not found:
        none = np.zeros(0, dtype=np.int64)
        return ZonePairs(none, none, none.astype(np.int8), none.astype(float))
    return ZonePairs(
        np.concatenate([one.left for one in found]),
        np.concatenate([one.right for one in found]),
        np.concatenate([one.relation for one in found]),
        np.concatenate([one.gap_m for one in found]),
    )


def _points(points: np.ndarray) -> list[bytes]:
    """Write points, to the millimetre: below that lie only the accidents of arithmetic."""
    rounded = shapely.points(np.round(shapely.get_coordinates(points), 3))
    return [bytes(wkb) for wkb in np.atleast_1d(shapely.to_wkb(rounded, byte_order=1))]
