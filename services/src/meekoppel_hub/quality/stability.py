"""How often and how far dates move: counts per group of plans, that can be added up over months and groups. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from meekoppel_hub.quality.moves import HALF_YEAR_DAYS, LATE, MONTH_DAYS, QUARTER_DAYS, Move, TimeToStart

# Up to how many days each class of distance reaches; the last has no end.
DISTANCES: Final = (("7", 7), ("30", MONTH_DAYS), ("91", QUARTER_DAYS), ("183", HALF_YEAR_DAYS))
_FARTHER: Final = "more"


@dataclass(frozen=True, slots=True)
class Group:
    """Which plans are counted together.

    Attributes:
        publisher: who put them into the hub.
        organisation: whose plans they are.
        phase: in which they were before the change.
        certainty: that they had before the change.
        time_to_start: how long before the start, as it was known before the change.
    """

    publisher: str
    organisation: str
    phase: str
    certainty: str
    time_to_start: TimeToStart


GROUPED_BY: Final = tuple(field.name for field in fields(Group))


@dataclass(slots=True)
class Stability:
    """What the dates of a group of plans did.

    Attributes:
        plans: plans that were followed: shared and not ended at the start of the month, or shared since.
        changes: versions that followed another one.
        sharpened: changes that made dates more precise within the window that was known.
        starts_earlier: changes that brought a start forward.
        starts_later: changes that put it off.
        start_days_earlier: by how many days together.
        start_days_later: by how many days together.
        ends_earlier: likewise for ends.
        ends_later: likewise.
        end_days_earlier: likewise.
        end_days_later: likewise.
        start_7: starts that moved by up to 7 days, either way; the others by up to 30, 91, 183 and more days.
        end_7: ends, likewise.
        late: changes of a start or an end within 30 days before the start, or after it.
    """

    plans: int = 0
    changes: int = 0
    sharpened: int = 0
    starts_earlier: int = 0
    starts_later: int = 0
    start_days_earlier: int = 0
    start_days_later: int = 0
    ends_earlier: int = 0
    ends_later: int = 0
    end_days_earlier: int = 0
    end_days_later: int = 0
    start_7: int = 0
    start_30: int = 0
    start_91: int = 0
    start_183: int = 0
    start_more: int = 0
    end_7: int = 0
    end_30: int = 0
    end_91: int = 0
    end_183: int = 0
    end_more: int = 0
    late: int = 0

    def take(self, move: Move) -> None:
        """Count a change."""
        self.changes += 1
        self.sharpened += move.sharpened
        self.late += move.moved and move.told in LATE
        self._count("start", move.start_days)
        self._count("end", move.end_days)

    def add(self, other: Mapping[str, Any]) -> None:
        """Add the counts of another group or month, by their names."""
        for name in FIGURES:
            setattr(self, name, getattr(self, name) + int(other[name]))

    def _count(self, side: str, days: int) -> None:
        if not days:
            return
        direction = "later" if days > 0 else "earlier"
        distance = next((named for named, up_to in DISTANCES if abs(days) <= up_to), _FARTHER)
        for name, amount in (
            (f"{side}s_{direction}", 1),
            (f"{side}_days_{direction}", abs(days)),
            (f"{side}_{distance}", 1),
        ):
            setattr(self, name, getattr(self, name) + amount)


FIGURES: Final = tuple(field.name for field in fields(Stability))


def summarise(rows: Iterable[Mapping[str, Any]], by: Iterable[str]) -> list[dict[str, Any]]:
    """Add rows up by some of their columns, and derive shares and means.

    Args:
        rows: with the figures of `Stability`, and the columns to group by.
        by: names of columns, such as `phase` or `period`.

    Returns:
        One row per group, in the order of the groups: the columns, the figures, `share_starts_moved` and
        `share_ends_moved` (moves per plan followed), `mean_start_days` and `mean_end_days` (days per move, either way;
        None when nothing moved).
    """
    names = tuple(by)
    groups: dict[tuple[str, ...], Stability] = {}
    for row in rows:
        groups.setdefault(tuple(str(row[name]) for name in names), Stability()).add(row)
    return [{**dict(zip(names, key, strict=True)), **_with_means(groups[key])} for key in sorted(groups)]


def _with_means(figures: Stability) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(figures, name) for name in FIGURES}
    for side in ("start", "end"):
        moves = row[f"{side}s_earlier"] + row[f"{side}s_later"]
        days = row[f"{side}_days_earlier"] + row[f"{side}_days_later"]
        row[f"share_{side}s_moved"] = round(moves / figures.plans, 4) if figures.plans else None
        row[f"mean_{side}_days"] = round(days / moves, 1) if moves else None
    return row
