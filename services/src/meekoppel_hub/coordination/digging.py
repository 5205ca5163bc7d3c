"""Which plans dig, and which may do so in spite of a moratorium."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from meekoppel_contracts.codes import MoratoriumException, WorkType
from meekoppel_hub.coordination.plan_table import DIGS, DIGS_UNKNOWN, Flags, PlanTable, Rest, names
from meekoppel_hub.coordination.zones import Indexes

DOES_NOT_DIG = frozenset({WorkType.SURVEY.value})
"""A plan that says nothing of digging digs, unless all its kinds of work are among these."""

EXCEPTED = {MoratoriumException.HOUSE_CONNECTION.value: frozenset({WorkType.CONNECTION.value})}
"""The kinds of work by which an exception of a moratorium is known; a plan is excepted when all of its kinds are.

Leaks and emergencies have no kind of work of their own: such a plan is let through by name (`exempt_plans`)."""


def digs(plans: PlanTable) -> Flags:
    """Tell which plans open the ground, or may do so for all that is known."""
    by_kind = np.array([not _all_among(text, DOES_NOT_DIG) for text in plans.work_types.values], dtype=bool)
    unknown = plans.digs == DIGS_UNKNOWN
    return np.where(unknown, by_kind[plans.work_types.codes], plans.digs == DIGS) if len(by_kind) else unknown


def forbidden(plans: PlanTable, plan: Indexes, moratorium: Indexes) -> Flags:
    """Tell of pairs of a plan and a moratorium whether the moratorium, if it holds there and then, forbids the plan."""
    found = digs(plans)[plan]
    for index in np.nonzero(found)[0]:
        found[index] = _binds(plans.rests[int(moratorium[index])], plans, int(plan[index]))
    return found


def _binds(rest: Rest, plans: PlanTable, plan: int) -> bool:
    if plans.ids[plan] in rest.exempt_plans:
        return False
    excepted = frozenset().union(*(EXCEPTED.get(one, frozenset()) for one in rest.exceptions))
    if _all_among(plans.work_types.values[plans.work_types.codes[plan]], excepted):
        return False
    disciplines = names(plans.disciplines.values[plans.disciplines.codes[plan]])
    return not rest.disciplines or not disciplines or not rest.disciplines.isdisjoint(disciplines)


def _all_among(text: str, few: Collection[str]) -> bool:
    return bool(text) and all(name in few for name in names(text))
