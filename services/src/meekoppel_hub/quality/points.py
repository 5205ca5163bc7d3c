"""The points of one plan, 0 to 100, for each part of the score. Pure; the formula is written out in docs/quality.md.

A plan is judged by what others need of it at its distance from the start: nobody asks a day of what is five years off.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from meekoppel_contracts.plan import ENDED
from meekoppel_hub.quality.moves import DAY, QUARTER_DAYS, YEAR_DAYS, Move, TimeToStart, precision_rank

FULL: Final = 100.0

# What others need to coordinate, and what each weighs; together 100.
COMPLETENESS: Final[Mapping[str, int]] = {
    "disciplines": 15,
    "work_types": 10,
    "contact": 10,
    "excavation": 10,
    "excavation_size": 5,
    "shift": 10,
    "cooperation": 10,
    "phase": 5,
    "certainty": 5,
    "duration": 5,
    "description": 5,
    "source_refs": 5,
    "confirmed_at": 5,
}

# Up to so many days before the start, so precise: ranks of precision (0 day .. 4 year) and of accuracy (0 surveyed ..
# 4 indicative). Beyond, a year and a neighbourhood will do.
_PERIOD_NEEDED: Final = ((QUARTER_DAYS, 1), (YEAR_DAYS, 2), (3 * YEAR_DAYS, 3))
_PERIOD_BEYOND, _PERIOD_STEP = 4, 25.0
_PLACE_NEEDED: Final = ((YEAR_DAYS, 2),)
_PLACE_BEYOND, _PLACE_STEP = 3, 40.0
_ACCURACIES: Final = ("surveyed", "design", "street", "neighbourhood", "indicative")
_WORKED_IN: Final = ("work", "site")

# How much a move weighs by when it was said; a move of a quarter or more counts in full.
_LATENESS: Final[Mapping[TimeToStart, float]] = {
    TimeToStart.BEGUN: 1.0,
    TimeToStart.WITHIN_1_MONTH: 1.0,
    TimeToStart.WITHIN_3_MONTHS: 0.7,
    TimeToStart.WITHIN_6_MONTHS: 0.4,
    TimeToStart.WITHIN_12_MONTHS: 0.2,
    TimeToStart.BEYOND: 0.0,
}
_ENDED_STATUSES: Final = frozenset(status.value for status in ENDED)


def is_over(plan: Mapping[str, Any]) -> bool:
    """Tell whether the status of a plan says that it ended."""
    return plan["status"] in _ENDED_STATUSES


def is_overdue(plan: Mapping[str, Any], at: datetime) -> bool:
    """Tell whether the window of a plan is over and nobody said that the work is."""
    return bool(not is_over(plan) and plan["period"]["latest_end"] < at)


def heard_at(values: Mapping[str, Any]) -> datetime:
    """Tell when the owner last said that this version holds: confirmed, or changed at the source, else recorded."""
    said = [one for one in (values["plan"]["confirmed_at"], values["occurred_at"]) if one is not None]
    heard: datetime = max(said) if said else values["recorded_at"]
    return heard


def completeness(plan: Mapping[str, Any]) -> float:
    """Give the points for the fields that are filled."""
    period, excavation = plan["period"], plan["excavation"]
    digs = excavation is not None and excavation["digs"]
    sizes = (excavation["area_m2"], excavation["trench_length_m"]) if digs else ()
    shifts = (period["can_shift_earlier_days"], period["can_shift_later_days"])
    filled = {
        "disciplines": bool(plan["disciplines"]),
        "work_types": bool(plan["work_types"]),
        "contact": plan["contact"] is not None and any(plan["contact"].values()),
        "excavation": excavation is not None,
        "excavation_size": excavation is not None and (not digs or any(size is not None for size in sizes)),
        "shift": any(shift is not None for shift in shifts),
        "cooperation": plan["cooperation"] is not None,
        "phase": plan["phase"] != "unknown",
        "certainty": plan["certainty"] != "unknown",
        "duration": period["duration_days"] is not None,
        "description": bool(plan["description"]),
        "source_refs": bool(plan["source_refs"]),
        "confirmed_at": plan["confirmed_at"] is not None,
    }
    return float(sum(weight for name, weight in COMPLETENESS.items() if filled[name]))


def precision(plan: Mapping[str, Any], at: datetime) -> float:
    """Give the points for period and place, half and half, as against what the time to the start asks."""
    days = (plan["period"]["earliest_start"] - at) / DAY
    period = _points(
        precision_rank(plan["period"]["precision"]), _needed(days, _PERIOD_NEEDED, _PERIOD_BEYOND), _PERIOD_STEP
    )
    zones = [zone for zone in plan["zones"] if zone["role"] in _WORKED_IN] or plan["zones"]
    worst = max(_ACCURACIES.index(zone["accuracy"]) for zone in zones)
    place = _points(worst, _needed(days, _PLACE_NEEDED, _PLACE_BEYOND), _PLACE_STEP)
    return (period + place) / 2


def freshness(values: Mapping[str, Any], at: datetime) -> float:
    """Give the points for when the plan was last heard of: full within 91 days, none after 365 or when overdue."""
    if is_overdue(values["plan"], at):
        return 0.0
    silent = (at - heard_at(values)) / DAY
    return FULL * min(1.0, max(0.0, (YEAR_DAYS - silent) / (YEAR_DAYS - QUARTER_DAYS)))


def penalty(move: Move) -> float:
    """Give what a move costs, 0 to 1: by how far it went, and how late it was said."""
    return min(1.0, move.farthest_days / QUARTER_DAYS) * _LATENESS[move.told]


def stability(penalties: float) -> float:
    """Give the points of a plan whose moves cost so much together."""
    return FULL * (1.0 - min(1.0, penalties))


def _needed(days: float, steps: tuple[tuple[int, int], ...], beyond: int) -> int:
    return next((rank for up_to, rank in steps if days <= up_to), beyond)


def _points(rank: int, needed: int, step: float) -> float:
    return max(0.0, FULL - step * max(0, rank - needed))
