"""Which agreements apply to which plans: what matching is given instead of one agreement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import shapely
from numpy.typing import NDArray

from meekoppel_hub.coordination.zones import Geometries, Indexes, ZoneTable, read_shapes
from meekoppel_hub.platform.agreements import Agreement, national_agreement, rules_from_json
from meekoppel_hub.platform.agreements.in_force import Held, InForce


@dataclass(frozen=True, slots=True)
class Applied:
    """Which agreements apply to each of some plans. Few combinations occur, so each is written once.

    Attributes:
        of_plan: for each plan, the place of its combination in `combinations`.
        combinations: rising indexes in the rulebook's `agreements`; none is empty.
    """

    of_plan: Indexes
    combinations: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose agreement it is; both None for the one that is built in."""

    agreement_id: str | None = None
    authority: str | None = None


@dataclass(frozen=True, slots=True)
class Grounds:
    """Where agreements hold: one element per area of an agreement.

    Attributes:
        geometry: the area with its margin, prepared.
        agreement: the place of its agreement in the rulebook.
    """

    geometry: Geometries
    agreement: Indexes


@dataclass(frozen=True)
class Rulebook:
    """The agreements of the hub.

    Two plans are matched under each agreement that applies to either of them.

    Attributes:
        agreements: in a fixed order; of two that find the same, the first gives the verdict its name. Where there are
            `grounds` the last one is the default, for plans that lie in none of them.
        origins: whose each is.
        grounds: where all but the last hold; None when all of them hold everywhere.
    """

    agreements: tuple[Agreement, ...]
    origins: tuple[Origin, ...] = ()
    grounds: Grounds | None = None

    @classmethod
    def everywhere(cls, agreement: Agreement) -> Self:
        """Let one agreement apply to all plans."""
        return cls((agreement,), (Origin(),))

    @classmethod
    def national(cls) -> Self:
        """Let the built-in agreement apply to all plans."""
        return cls.everywhere(national_agreement())

    @classmethod
    def of(cls, rules: InForce) -> Self:
        """Let the agreements that are in force apply where they hold."""
        default = _rules(rules.default) if rules.default else national_agreement()
        origin = _origin(rules.default) if rules.default else Origin()
        if not rules.agreements:
            return cls((default,), (origin,))
        return cls(
            (*map(_rules, rules.agreements), default), (*map(_origin, rules.agreements), origin), _grounds(rules)
        )

    @cached_property
    def reach_m(self) -> float:
        """Give the largest distance at which zones can matter under any agreement, in metres, buffers apart."""
        return max(agreement.reach_m for agreement in self.agreements)

    @cached_property
    def tolerance_days(self) -> int:
        """Give how many days periods may lie apart, after a shift, and still matter under any agreement."""
        return max(agreement.opportunity.time_tolerance_days for agreement in self.agreements)

    def applying(self, zones: ZoneTable, plan_count: int) -> Applied:
        """Tell which agreements apply to plans, by where their zones lie.

        Args:
            zones: of the plans, in the hub's CRS; `zones.plan` counts from 0.
            plan_count: how many plans there are; a plan without zones gets what applies where no area does.
        """
        of_plan = np.zeros(plan_count, dtype=np.int64)
        if self.grounds is None:
            return Applied(of_plan, (tuple(range(len(self.agreements))),))
        plan, agreement = _holding(self.grounds, zones, len(self.agreements))
        # Combination 0 is the default alone, combination n agreement n - 1 alone; what has several comes after.
        default = len(self.agreements) - 1
        combinations: list[tuple[int, ...]] = [(default,), *((index,) for index in range(default))]
        alone = np.bincount(plan, minlength=plan_count)[plan] == 1
        of_plan[plan[alone]] = agreement[alone] + 1
        places = {combination: place for place, combination in enumerate(combinations)}
        plans, starts = np.unique(plan[~alone], return_index=True)
        for one, several in zip(plans, np.split(agreement[~alone], starts[1:]), strict=bool(len(plans))):
            combination = tuple(int(index) for index in several)
            if combination not in places:
                places[combination] = len(combinations)
                combinations.append(combination)
            of_plan[one] = places[combination]
        return Applied(of_plan, tuple(combinations))


def _holding(grounds: Grounds, zones: ZoneTable, size: int) -> tuple[Indexes, Indexes]:
    """Give which plans lie in which agreements: ordered by plan and agreement, each pair once."""
    shapes = zones.shapes.geometry
    tree = shapely.STRtree(shapes)
    ground, zone = tree.query(_boxes(grounds.geometry))  # candidates by box; the prepared areas decide
    inside: NDArray[np.bool_] = shapely.intersects(grounds.geometry[ground], shapes[zone])
    pairs = np.unique(zones.plan[zone[inside]] * size + grounds.agreement[ground[inside]])
    return pairs // size, pairs % size


def _boxes(geometry: Geometries) -> Geometries:
    return np.asarray(shapely.box(*shapely.bounds(geometry).T), dtype=object)


def _rules(held: Held) -> Agreement:
    return rules_from_json(held.agreement.rules)


def _origin(held: Held) -> Origin:
    return Origin(held.agreement.subject, held.agreement.authority)


def _grounds(rules: InForce) -> Grounds:
    areas = [(index, area) for index, held in enumerate(rules.agreements) for area in held.areas]
    shapes = read_shapes([area.wkb for _, area in areas]).geometry
    widened = _widened(shapes, [area.margin_m for _, area in areas])
    shapely.prepare(widened)
    return Grounds(widened, np.array([index for index, _ in areas], dtype=np.int64))


def _widened(shapes: Geometries, margins: Sequence[float]) -> Geometries:
    margin = np.array(margins, dtype=float)
    widened = shapes.copy()
    widened[margin > 0] = shapely.buffer(shapes[margin > 0], margin[margin > 0])
    return widened
