"""A country's plans for the benchmark of matching, as arrays: a million in seconds.

Surfaces have a median radius of 25 m; of a million on 76 km by 76 km, 79,000 pairs of different owners lie over one
another in the same period. Some plans have a detour or nuisance that comes back as well, and here and there the ground
rests.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from meekoppel_contracts.ids import PlanId
from meekoppel_hub.coordination.plan_table import PlanTable, Rest, Texts
from meekoppel_hub.coordination.windows import DAY_US, Windows
from meekoppel_hub.coordination.zones import ROLE_CODES, Floats, Geometries, Indexes, Shapes, ZoneTable

_SIDE_OF_A_MILLION_M = 76_000
_CORNER = np.array([120_000.0, 400_000.0])
_VERTICES = 12
_OWNERS = 300
_DISCIPLINES = ("drinking_water", "gas_low", "telecom", "gravity_sewer", "road", "electricity_low", "heat,road", "")
_WITH_DETOUR, _WITH_NUISANCE, _RESTING = 0.02, 0.02, 0.005


@dataclass(frozen=True)
class Country:
    """Plans and their zones; the first `count` plans are plans with one work zone each, of the same number.

    Attributes:
        count: how many plans there are, moratoria apart.
        plans: plans, then moratoria.
        zones: work zones, and after them detours, nuisance and resting ground.
    """

    count: int
    plans: PlanTable
    zones: ZoneTable


def country(count: int, seed: int = 7) -> Country:
    """Make so many plans, and what goes with them."""
    dice = np.random.default_rng(seed)
    side = _SIDE_OF_A_MILLION_M * np.sqrt(count / 1_000_000)
    resting = int(count * _RESTING)
    total = count + resting
    middles = _CORNER + dice.uniform(0, side, (total, 2))
    work = _surfaces(middles, 25 * np.exp(dice.normal(0, 0.5, total)), dice)
    detours, nuisance = (np.nonzero(dice.random(count) < share)[0] for share in (_WITH_DETOUR, _WITH_NUISANCE))
    plans = _plans(count, resting, dice)
    routes = _routes(middles[detours], dice)
    around = _surfaces(middles[nuisance], np.full(len(nuisance), 60.0), dice)
    return Country(count, plans, _zones(plans, work, (detours, routes), (nuisance, around), count))


def _surfaces(middles: Floats, radius: Floats, dice: np.random.Generator) -> Geometries:
    """Make surfaces with so many corners, flattened by chance."""
    angle = np.linspace(0, 2 * np.pi, _VERTICES + 1)[None, :]
    flat = dice.uniform(0.3, 1, len(middles))[:, None]
    x = middles[:, :1] + radius[:, None] * np.cos(angle)
    y = middles[:, 1:] + radius[:, None] * np.sin(angle) * flat
    return np.asarray(shapely.polygons(np.stack([x, y], axis=2)), dtype=object)


def _routes(middles: Floats, dice: np.random.Generator) -> Geometries:
    steps = dice.uniform(-150, 150, (len(middles), 5, 2))
    return np.asarray(shapely.linestrings(middles[:, None, :] + np.cumsum(steps, axis=1)), dtype=object)


def _plans(count: int, resting: int, dice: np.random.Generator) -> PlanTable:
    total = count + resting
    starts = dice.integers(0, 730, total) * DAY_US
    ends = starts + np.where(np.arange(total) < count, dice.integers(5, 90, total), 730) * DAY_US
    unsure = np.where(dice.random(total) < 0.2, 31 * DAY_US, 0)
    shift = np.where(dice.random(total) < 0.1, 30, 0)
    shift[count:] = 0
    unsure[count:] = 0
    firm = dice.random(total) < 0.6
    firm[count:] = True
    return PlanTable(
        ids=[PlanId(f"NL.org-{number % _OWNERS}.{number:07}") for number in range(total)],
        owner=dice.integers(0, _OWNERS, total),
        live=np.ones(total, dtype=bool),
        firm=firm,
        windows=Windows(starts, starts + unsure, ends - unsure, ends, np.zeros_like(shift), shift),
        disciplines=Texts(dice.integers(0, len(_DISCIPLINES), total), _DISCIPLINES),
        work_types=Texts(dice.integers(0, 2, total), ("replace", "survey")),
        digs=dice.integers(0, 3, total).astype(np.int8),
        cooperates=dice.random(total) < 0.3,
        cooperation_kinds=Texts(dice.integers(0, 3, total), ("", "share_trench", "share_paving")),
        rests={count + number: Rest(frozenset(), frozenset(), frozenset()) for number in range(resting)},
    )


def _zones(
    plans: PlanTable,
    work: Geometries,
    routes: tuple[Indexes, Geometries],
    around: tuple[Indexes, Geometries],
    count: int,
) -> ZoneTable:
    """Lay all zones side by side: those of plans, resting ground, detours, and nuisance on three days of its period."""
    total = len(work)
    plan = np.concatenate([np.arange(total), routes[0], around[0]])
    role = np.full(len(plan), ROLE_CODES["work"], dtype=np.int8)
    role[count:total] = ROLE_CODES["moratorium"]
    role[total : total + len(routes[0])] = ROLE_CODES["detour"]
    role[total + len(routes[0]) :] = ROLE_CODES["nuisance"]
    periods = np.full(len(plan), None, dtype=object)
    for place, owner in enumerate(around[0], start=total + len(routes[0])):
        begin = int(plans.windows.starts_us[owner])
        periods[place] = tuple((begin + day * DAY_US, begin + day * DAY_US + DAY_US // 2) for day in (1, 3, 5))
    order = np.argsort(plan, kind="stable")
    geometry = np.concatenate([work, routes[1], around[1]])[order]
    half = np.where(role[order] == ROLE_CODES["detour"], 0.125, 0.0)
    return ZoneTable(plan[order], role[order], Shapes(geometry, half), np.zeros(len(plan)), periods[order])
