"""Which plans may meet, from memory: what the database would be asked for each batch is kept at hand.

The columns that decide before geometry does: of each zone its box, role and window; of each plan its owner, its
version and the hash of its zones. Only what can still meet others is kept. Geometry is not: of the few that may meet,
it is read from the database. How the index follows what other workers store is told in `following`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from operator import ne
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meekoppel_contracts.ids import PlanId
from meekoppel_hub.coordination.facts import FACT_COLUMNS
from meekoppel_hub.coordination.grid import Floats, Grid, Indexes
from meekoppel_hub.coordination.plan_change import PlanChange
from meekoppel_hub.coordination.windows import DAY_US
from meekoppel_hub.coordination.zones import ROLE_CODES

_FEWEST_TO_SORT = 4_096
_SORT_AGAIN_AT = 32  # when what is new or moved is this part of all, the grid is made anew
_NOBODY = -1
_OWNER, _STARTS, _ENDS, _EARLIER, _LATER = (
    FACT_COLUMNS.index(name) for name in ("initiator", "starts_us", "ends_us", "shift_earlier_days", "shift_later_days")
)

Box = tuple[float, float, float, float]
DatedPlan = tuple[PlanId, int, str, int, int]
"""Of a plan its id, version and owner, and from when until when it may meet others, as in `IndexedZone`."""


@dataclass(frozen=True, slots=True)
class IndexedZone:
    """One zone as the index keeps it.

    Attributes:
        role: one of `ROLES`.
        box: min x, min y, max x, max y in metres, widened by width and buffer.
        from_us: from when it may meet others, every shift that its plan allows included; microseconds since 1970.
            Zones that hold in periods of their own do so within the period of their plan.
        until_us: until when.
    """

    role: str
    box: tuple[float, float, float, float]
    from_us: int
    until_us: int


@dataclass(frozen=True, slots=True)
class IndexedPlan:
    """One plan, or moratorium, that can still meet others."""

    plan_id: PlanId
    version: int
    owner: str
    zones_hash: int
    zones: Sequence[IndexedZone]


class CandidateIndex:
    """Finds what may meet given plans. Not for several threads at once.

    Args:
        related: for two roles, by their codes, whether zones with them have anything to do with one another.
        own_too: for two roles, whether zones of one owner have so too.
    """

    def __init__(self, related: NDArray[np.bool_], own_too: NDArray[np.bool_]) -> None:
        self._related, self._own_too = related, own_too
        self._kept = [bool(row.any()) for row in related]
        self.clear()

    def clear(self) -> None:
        """Forget all plans."""
        self._number: dict[PlanId, int] = {}
        self._owners: dict[str, int] = {}
        self._slots_of: list[tuple[int, ...]] = []
        self._ids: list[PlanId | None] = []
        self._free_numbers: list[int] = []
        self._free_slots: list[int] = []
        self._plan_facts = np.zeros((0, 3), dtype=np.int64)  # version, owner, hash of the zones
        self._box = np.zeros((0, 4))
        self._window = np.zeros((0, 2), dtype=np.int64)
        self._role = np.zeros(0, dtype=np.int8)
        self._plan = np.zeros(0, dtype=np.int32)
        self._used = 0
        self._sorted = Grid(np.empty(0, dtype=np.int64), self._box)
        self._moved: set[int] = set()

    def __len__(self) -> int:
        """Count the plans."""
        return len(self._number)

    def version_of(self, plan_id: PlanId) -> int | None:
        """Give the version of a plan; None when it is not there, or has ended."""
        number = self._number.get(plan_id)
        return None if number is None else int(self._plan_facts[number, 0])

    def zones_hash_of(self, plan_id: PlanId) -> int | None:
        """Give the hash of a plan's zones; None when it is not there, or has ended."""
        number = self._number.get(plan_id)
        return None if number is None else int(self._plan_facts[number, 2])

    def put(self, plans: Iterable[IndexedPlan]) -> None:
        """Take plans in, each in the place of what was there of it."""
        facts: list[tuple[int, int, int]] = []
        rows: list[tuple[float, ...]] = []
        windows: list[tuple[int, int]] = []
        places, slots = list[int](), list[int]()
        for plan in plans:
            kept = [zone for zone in plan.zones if self._kept[ROLE_CODES[zone.role]]]
            number = self._take_number(plan.plan_id)
            taken = self._take_slots(number, len(kept))
            places.append(number)
            facts.append((plan.version, self._owners.setdefault(plan.owner, len(self._owners)), plan.zones_hash))
            for slot, zone in zip(taken, kept, strict=True):
                slots.append(slot)
                windows.append((zone.from_us, zone.until_us))
                rows.append((*zone.box, ROLE_CODES[zone.role], number))
        if places:
            self._plan_facts[places] = facts
        if slots:
            self._window[slots] = windows
            self._place(np.array(slots), np.array(rows))

    def put_dates(self, plans: Iterable[DatedPlan]) -> None:
        """Take in what else is new of plans that are there and keep their zones."""
        places, slots = list[int](), list[int]()
        facts: list[tuple[int, int]] = []
        windows: list[tuple[int, int]] = []
        for plan_id, version, owner, from_us, until_us in plans:
            number = self._number[plan_id]
            places.append(number)
            facts.append((version, self._owners.setdefault(owner, len(self._owners))))
            for slot in self._slots_of[number]:
                slots.append(slot)
                windows.append((from_us, until_us))
        if places:
            self._plan_facts[places, :2] = facts
        if slots:
            self._window[slots] = windows

    def _place(self, slots: Indexes, rows: Floats) -> None:
        moved = (self._box[slots] != rows[:, :4]).any(axis=1)
        self._moved.update(slots[moved].tolist())
        self._box[slots] = rows[:, :4]
        self._role[slots] = rows[:, 4]
        self._plan[slots] = rows[:, 5]

    def fill(self, rows: Sequence[Sequence[Any]]) -> None:
        """Take very many plans into an index that has none of them.

        Args:
            rows: one for each zone, those of a plan together: the fields of `IndexedPlan` but for its zones, then those
                of `IndexedZone` with the box as four numbers; role None for a plan without zones.
        """
        ids, versions, owners, hashes, from_us, until_us, roles, *corners = zip(*rows, strict=True)
        first = np.array([True, *map(ne, ids, ids[1:])])
        number = len(self._ids) + np.cumsum(first) - 1
        begins = np.nonzero(first)[0]
        new = [ids[place] for place in begins.tolist()]
        self._number.update(zip(new, range(len(self._ids), len(self._ids) + len(new)), strict=True))
        self._ids.extend(new)
        codes = np.array([-1 if role is None else ROLE_CODES[role] for role in roles])
        kept = (codes >= 0) & np.array([*self._kept, False])[codes]
        slots = self._used + np.cumsum(kept) - 1
        self._make_room(len(self._ids), self._used + int(kept.sum()))
        numbers = [self._owners.setdefault(owner, len(self._owners)) for owner in owners]
        self._plan_facts[number[begins]] = np.array([versions, numbers, hashes], dtype=np.int64).T[begins]
        here = slots[kept]
        self._box[here] = np.array(corners, dtype=float).T[kept]
        self._window[here] = np.array([from_us, until_us], dtype=np.int64).T[kept]
        self._role[here], self._plan[here] = codes[kept], number[kept]
        self._moved.update(here.tolist())
        counts = np.add.reduceat(kept.astype(np.int64), begins).tolist()
        slot = self._used
        for count in counts:
            self._slots_of.append((slot,) if count == 1 else tuple(range(slot, slot + count)))
            slot += count
        self._used = slot

    def remove(self, plan_ids: Iterable[PlanId]) -> None:
        """Take plans out; those that are not there are passed over."""
        for plan_id in plan_ids:
            number = self._number.pop(plan_id, None)
            if number is not None:
                self._leave(self._slots_of[number])
                self._slots_of[number] = ()
                self._ids[number] = None
                self._free_numbers.append(number)

    def near(self, plan_ids: Collection[PlanId], reach_m: float, tolerance_days: int) -> list[tuple[PlanId, PlanId]]:
        """Find what may meet each of some plans.

        Args:
            plan_ids: which; those that are not there meet nobody.
            reach_m: how far apart boxes may lie.
            tolerance_days: how far apart windows may lie.

        Returns:
            Pairs of plan ids, the lower first, each once; more than meet, never less.
        """
        numbers = [self._number[plan_id] for plan_id in plan_ids if plan_id in self._number]
        mine = np.array([slot for number in numbers for slot in self._slots_of[number]], dtype=np.int64)
        if not len(mine):
            return []
        wide = self._box[mine] + np.array([-reach_m, -reach_m, reach_m, reach_m])
        found = [grid.near(wide) for grid in self._grids()]
        row = np.concatenate([rows for rows, _ in found])
        left, right = mine[row], np.concatenate([slots for _, slots in found])
        box, reached = self._box[right], wide[row]
        touch = (box[:, :2] <= reached[:, 2:]).all(axis=1) & (box[:, 2:] >= reached[:, :2]).all(axis=1)
        left, right = left[touch], right[touch]
        keep = self._may_meet(left, right, tolerance_days * DAY_US)
        one, other = self._plan[left[keep]].astype(np.int64), self._plan[right[keep]].astype(np.int64)
        size = len(self._ids)
        codes = np.unique(one * size + other)
        return sorted({self._pair(*divmod(code, size)) for code in codes.tolist()})

    def _may_meet(self, left: Indexes, right: Indexes, tolerance_us: int) -> NDArray[np.bool_]:
        one, other = self._plan[left], self._plan[right]
        keep: NDArray[np.bool_] = (one != other) & (other != _NOBODY)
        keep &= self._window[left, 0] - self._window[right, 1] <= tolerance_us
        keep &= self._window[right, 0] - self._window[left, 1] <= tolerance_us
        roles = self._role[left], self._role[right]
        owners = self._plan_facts[one, 1] != self._plan_facts[other, 1]
        keep &= self._related[roles] & (owners | self._own_too[roles])
        return keep

    def _pair(self, one: int, other: int) -> tuple[PlanId, PlanId]:
        first, second = self._ids[one], self._ids[other]
        assert first is not None  # slots of a plan that is gone belong to nobody
        assert second is not None
        return (first, second) if first < second else (second, first)

    def _grids(self) -> Sequence[Grid]:
        if len(self._moved) > max(_FEWEST_TO_SORT, self._used // _SORT_AGAIN_AT):
            live = np.nonzero(self._plan[: self._used] != _NOBODY)[0]
            self._sorted, self._moved = Grid(live, self._box[live]), set()
        moved = np.fromiter(self._moved, dtype=np.int64, count=len(self._moved))
        return self._sorted, Grid(moved, self._box[moved])

    def _take_number(self, plan_id: PlanId) -> int:
        number = self._number.get(plan_id)
        if number is not None:
            return number
        if self._free_numbers:
            number = self._free_numbers.pop()
        else:
            number = len(self._ids)
            self._ids.append(None)
            self._slots_of.append(())
            self._make_room(number + 1, 0)
        self._ids[number] = plan_id
        self._number[plan_id] = number
        return number

    def _take_slots(self, number: int, count: int) -> tuple[int, ...]:
        slots = self._slots_of[number]
        if len(slots) != count:
            self._leave(slots[count:])
            slots = (*slots[:count], *(self._new_slot() for _ in range(count - len(slots))))
            self._slots_of[number] = slots
        return slots

    def _new_slot(self) -> int:
        if self._free_slots:
            slot = self._free_slots.pop()
        else:
            slot, self._used = self._used, self._used + 1
            self._make_room(0, self._used)
        self._moved.add(slot)
        return slot

    def _make_room(self, plans: int, slots: int) -> None:
        while plans > len(self._plan_facts):
            self._plan_facts = _longer(self._plan_facts)
        while slots > len(self._plan):
            self._box, self._window = _longer(self._box), _longer(self._window)
            self._role, self._plan = _longer(self._role), _longer(self._plan)

    def _leave(self, slots: Sequence[int]) -> None:
        for slot in slots:
            self._plan[slot] = _NOBODY
            self._free_slots.append(slot)


def _longer(column: NDArray[Any]) -> NDArray[Any]:
    """Give the same column with room for as much again."""
    return np.concatenate([column, np.zeros((max(1_024, len(column)), *column.shape[1:]), dtype=column.dtype)])


def as_indexed(change: PlanChange, boxes: Sequence[Box]) -> IndexedPlan:
    """Give what the index keeps of a change of a plan.

    Args:
        change: of a plan that has not ended.
        boxes: of its zones.
    """
    facts = change.facts
    holds = _window(change)
    return IndexedPlan(
        plan_id=facts[0],
        version=facts[1],
        owner=facts[_OWNER],
        zones_hash=change.zones_hash,
        zones=[IndexedZone(zone.role, box, *holds) for zone, box in zip(change.zones, boxes, strict=True)],
    )


def as_dated(change: PlanChange) -> DatedPlan:
    """Give what is new of a change of a plan that has not ended and keeps its zones."""
    facts = change.facts
    return (facts[0], facts[1], facts[_OWNER], *_window(change))


def _window(change: PlanChange) -> tuple[int, int]:
    facts = change.facts
    return facts[_STARTS] - facts[_EARLIER] * DAY_US, facts[_ENDS] + facts[_LATER] * DAY_US
