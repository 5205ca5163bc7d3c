"""What stands in an agenda."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands in an agenda.

    Attributes:
        uid: names it for ever.
        sequence: rises with each change.
        summary: in one line.
        first: its first day.
        last: its last day.
        changed_at: when it got this sequence.
        state: `TENTATIVE`, `CONFIRMED` or `CANCELLED`.
        text: more about it.
        categories: by which agendas tell entries apart.
        link: where to read more; empty for none.
        place: latitude and longitude; None for none.
    """

    uid: str
    sequence: int
    summary: str
    first: date
    last: date
    changed_at: datetime
    state: str
    text: str = ""
    categories: tuple[str, ...] = ()
    link: str = ""
    place: tuple[float, float] | None = None
