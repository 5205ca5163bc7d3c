"""Say in words why two plans meet, or no longer do; built from the same facts as the verdict."""

from __future__ import annotations

from meekoppel_contracts.codes import OverlapKind
from meekoppel_hub.coordination.facts import PlanFacts
from meekoppel_hub.coordination.score import Score

_ENDED_WORDS = {
    "withdrawn": "was withdrawn",
    "completed": "is completed",
    "cancelled": "is cancelled",
    "not_executed": "will not be executed",
}

NO_DETAILS = "The two plans no longer meet in what is shared with all."


def explain_conflict(first: PlanFacts, second: PlanFacts, kind: OverlapKind, place: str, overlap_days: int) -> str:
    """Explain a conflict: where, when, how sure.

    Args:
        first: the plan with the lower id.
        second: the other.
        kind: heavy or light.
        place: from `place_in_words`.
        overlap_days: how many days both periods share.
    """
    time = f"the periods share {_days(overlap_days)}"
    if kind is OverlapKind.CONFLICT_HEAVY:
        return f"{place}; {time}; both plans are firm."
    unsure = [plan.plan_id for plan in (first, second) if not plan.firm]
    sure = {0: "both plans are firm", 2: "neither plan is firm"}.get(len(unsure)) or f"{unsure[0]} is not firm"
    return f"{place}; {time}; {sure}."


def explain_opportunity(first: PlanFacts, second: PlanFacts, place: str, time: str, worth: Score) -> str:
    """Explain a chance to combine: where, when, and what speaks for it."""
    parts = [place, time]
    if worth.best_pair is not None:
        one, other = (name.replace("_", " ") for name in worth.best_pair)
        parts.append(f"{one} with {other} fits {_degree(worth.disciplines)}")
    if worth.sequence != 0.5:
        parts.append("the deeper work comes first" if worth.sequence > 0.5 else "the deeper work comes last")
    open_ones = [plan.plan_id for plan in (first, second) if plan.cooperates]
    if open_ones:
        parts.append("both are open to cooperate" if len(open_ones) == 2 else f"{open_ones[0]} is open to cooperate")
    return f"{'; '.join(parts)}. Scored {worth.points} of 100."


def place_in_words(kind: OverlapKind, area_m2: float, distance_m: float, *, by_buffer: bool) -> str:
    """Say how the zones lie to one another."""
    zones = "Work zones" if kind is OverlapKind.CONFLICT_HEAVY else "Zones"
    if area_m2 > 0:
        return f"{zones} share {area_m2:g} m2"
    if distance_m == 0:
        return f"{zones} touch"
    within = ", within their buffers" if by_buffer else ""
    return f"{zones} lie {distance_m:g} m apart{within}"


def time_in_words(first: PlanFacts, second: PlanFacts, days: tuple[int, int, int], *, shifts_first: bool) -> str:
    """Say how the periods lie to one another.

    Args:
        first: the plan with the lower id.
        second: the other.
        days: of overlap, of gap, of the shift that helps.
        shifts_first: whether it is the first plan that shifts.
    """
    overlap_days, gap_days, shift_days = days
    if overlap_days:
        return f"the periods share {_days(overlap_days)}"
    text = f"the periods lie {_days(gap_days)} apart"
    if shift_days == 0:
        return text
    mover, other = (first, second) if shifts_first else (second, first)
    way = "later" if mover.ends_us < other.starts_us else "earlier"
    return f"{text}, and {mover.plan_id} can move {_days(shift_days)} {way}"


def explain_resolved(first: PlanFacts, second: PlanFacts) -> str:
    """Say why a pair that met does not meet any more."""
    ended = [f"{plan.plan_id} {_ENDED_WORDS[plan.ended]}" for plan in (first, second) if plan.ended]
    if ended:
        return f"No longer meeting: {' and '.join(ended)}."
    if first.initiator == second.initiator:
        return f"No longer meeting: both plans are of {first.initiator} now."
    return "No longer meeting: their zones or periods have moved apart."


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _degree(fit: float) -> str:
    return "well" if fit >= 0.75 else "fairly" if fit >= 0.5 else "less well"
