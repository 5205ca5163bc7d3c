"""Plans side by side, as matching takes them: one array per fact, one element per plan, ordered by plan id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from meekoppel_contracts.ids import PlanId
from meekoppel_hub.coordination.facts import MORATORIUM, PlanFacts
from meekoppel_hub.coordination.windows import Windows, earliest_end_us, latest_start_us
from meekoppel_hub.coordination.zones import Indexes

Flags = NDArray[np.bool_]

DIGS_NOT, DIGS, DIGS_UNKNOWN = range(3)
_DIGS = {False: DIGS_NOT, True: DIGS, None: DIGS_UNKNOWN}


@dataclass(frozen=True, slots=True)
class Texts:
    """One text per plan, of which few differ.

    Attributes:
        codes: for each plan, the place of its text in `values`.
        values: the texts, each once.
    """

    codes: Indexes
    values: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """Write each different text once."""
        places: dict[str, int] = {}
        codes = np.fromiter((places.setdefault(text, len(places)) for text in texts), dtype=np.int64)
        return cls(codes, tuple(places))


@dataclass(frozen=True, slots=True)
class Rest:
    """What a moratorium lets through.

    Attributes:
        disciplines: to which it applies; none means to all.
        exceptions: works that may be done in spite of it.
        exempt_plans: plans that were given leave, and the plan it comes from.
    """

    disciplines: frozenset[str]
    exceptions: frozenset[str]
    exempt_plans: frozenset[PlanId]


@dataclass(frozen=True, slots=True)
class PlanTable:
    """Plans, and moratoria among them.

    Attributes:
        ids: plan ids, rising.
        owner: the initiator as a number: the same for the same initiator.
        live: whether it can still meet others.
        firm: whether its certainty is firm.
        windows: when.
        disciplines: sorted, with commas between.
        work_types: sorted, with commas between.
        digs: `DIGS`, `DIGS_NOT` or `DIGS_UNKNOWN`, as the plan says.
        cooperates: whether the owner is open to do work together.
        cooperation_kinds: in what, sorted, with commas between.
        rests: what the moratoria among them let through, by their indexes.
    """

    ids: Sequence[PlanId]
    owner: Indexes
    live: Flags
    firm: Flags
    windows: Windows
    disciplines: Texts
    work_types: Texts
    digs: NDArray[np.int8]
    cooperates: Flags
    cooperation_kinds: Texts
    rests: Mapping[int, Rest]


def plan_table(plans: Sequence[PlanFacts]) -> PlanTable:
    """Lay plans side by side; they must be ordered by plan id."""
    return PlanTable(
        ids=[plan.plan_id for plan in plans],
        owner=Texts.of(plan.initiator for plan in plans).codes,
        live=np.array([plan.ended is None for plan in plans], dtype=bool),
        firm=np.array([plan.firm for plan in plans], dtype=bool),
        windows=_windows(plans),
        disciplines=Texts.of(plan.disciplines for plan in plans),
        work_types=Texts.of(plan.work_types for plan in plans),
        digs=np.array([_DIGS[plan.digs] for plan in plans], dtype=np.int8),
        cooperates=np.array([plan.cooperates for plan in plans], dtype=bool),
        cooperation_kinds=Texts.of(plan.cooperation_kinds for plan in plans),
        rests={index: _rest(plan) for index, plan in enumerate(plans) if plan.kind == MORATORIUM},
    )


def names(text: str) -> list[str]:
    """Split what stands with commas between."""
    return text.split(",") if text else []


def _windows(plans: Sequence[PlanFacts]) -> Windows:
    columns = np.array(
        [
            (
                plan.starts_us,
                latest_start_us(plan.starts_us, plan.latest_start_us, plan.precision),
                earliest_end_us(plan.ends_us, plan.earliest_end_us, plan.precision),
                plan.ends_us,
                plan.shift_earlier_days,
                plan.shift_later_days,
            )
            for plan in plans
        ],
        dtype=np.int64,
    ).reshape(-1, 6)
    return Windows(*np.ascontiguousarray(columns.T))


def _rest(plan: PlanFacts) -> Rest:
    own = () if plan.derived_from is None else (plan.derived_from,)
    return Rest(
        disciplines=frozenset(names(plan.disciplines)),
        exceptions=frozenset(plan.exceptions),
        exempt_plans=frozenset((*plan.exempt_plans, *own)),
    )
