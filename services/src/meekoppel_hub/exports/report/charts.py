"""The charts of a report: bars of counts, works per month, a time line of plans. SVG and HTML, without scripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from itertools import pairwise
from typing import Final

from meekoppel_hub.exports.columns import Presentation

MONTHS_NL: Final = ("jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec")
MONTHS_EN: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WIDTH: Final = 900


@dataclass(frozen=True, slots=True)
class Bar:
    """A period on the time line.

    Attributes:
        name: what stands before it.
        first: its first day.
        last: its last day.
        firm: whether it is certain; what is not is drawn lighter.
        colour: of the bar.
        marks: the numbers of the report's lists in which it stands.
    """

    name: str
    first: date
    last: date
    firm: bool
    colour: str
    marks: str = ""


def bars(counts: Iterable[tuple[str, int]], most: int, shown: Presentation) -> str:
    """Draw counts as bars, the largest first; what is beyond the first `most` is added up."""
    ordered = sorted(counts, key=lambda item: (-item[1], item[0]))
    rest = sum(count for _, count in ordered[most:])
    drawn = ordered[:most] + ([(shown.word("overige", "others"), rest)] if rest else [])
    highest = max((count for _, count in drawn), default=1)
    rows = "".join(
        f'<tr><td>{escape(name)}</td><td><div class="bar" style="width:{100 * count / highest:.1f}%"></div></td>'
        f"<td>{count}</td></tr>"
        for name, count in drawn
    )
    return f'<table class="bars">{rows}</table>'


def months(periods: Sequence[tuple[date, date]], first: date, count: int, shown: Presentation) -> str:
    """Draw how many works may be under way in each month.

    Args:
        periods: first and last day of each.
        first: a day in the first month.
        count: of the months.
        shown: the language.
    """
    begins = [_month(first, number) for number in range(count + 1)]
    heights = [sum(start < end_of and end >= begin for start, end in periods) for begin, end_of in pairwise(begins)]
    highest, wide = max(max(heights, default=0), 1), _WIDTH / count
    parts = [f'<svg class="chart" viewBox="0 0 {_WIDTH} 190" role="img">']
    for number, height in enumerate(heights):
        x, tall = number * wide, 140 * height / highest
        parts.append(
            f'<rect x="{x + 2:.1f}" y="{155 - tall:.1f}" width="{wide - 4:.1f}" height="{tall:.1f}" class="fill"/>'
        )
        parts.append(f'<text x="{x + wide / 2:.1f}" y="{150 - tall:.1f}" class="small">{height or ""}</text>')
        parts.append(f'<text x="{x + wide / 2:.1f}" y="170" class="small">{_name_of(begins[number], shown)}</text>')
        if number == 0 or begins[number].month == 1:
            parts.append(f'<text x="{x + wide / 2:.1f}" y="185" class="small strong">{begins[number].year}</text>')
    parts.append(f'<path d="M0 155H{_WIDTH}" stroke="#555"/></svg>')
    return "".join(parts)


def timeline(drawn: Sequence[Bar], shown: Presentation, today: date) -> str:
    """Draw periods under one another, with a line at the day of today."""
    if not drawn:
        return ""
    begin, end = _month(min(bar.first for bar in drawn), 0), _month(max(bar.last for bar in drawn), 1)
    left, high = 330, 20
    per_day = (_WIDTH - left - 6) / max((end - begin).days, 1)

    def at(day: date) -> float:
        return left + (day - begin).days * per_day

    tall = 26 + high * len(drawn)
    parts = [f'<svg class="chart" viewBox="0 0 {_WIDTH} {tall}" role="img">', *_grid(begin, end, at, tall, shown)]
    for number, bar in enumerate(drawn):
        y = 24 + number * high
        wide = max((bar.last - bar.first + timedelta(days=1)).days * per_day, 2)
        parts.append(f'<text x="0" y="{y + 13}" class="row">{escape(_cut(bar.name, 46))}</text>')
        parts.append(f'<text x="{left - 6}" y="{y + 13}" class="row end">{escape(bar.marks)}</text>')
        parts.append(
            f'<rect x="{at(bar.first):.1f}" y="{y + 3}" width="{wide:.1f}" height="{high - 7}" rx="2" '
            f'fill="{bar.colour}" fill-opacity="{1 if bar.firm else 0.45}"/>'
        )
    if begin <= today <= end:
        parts.append(f'<path d="M{at(today):.1f} 18V{tall}" stroke="#C62828" stroke-width="1.5"/>')
    return "".join([*parts, "</svg>"])


def _grid(begin: date, end: date, at: Callable[[date], float], tall: int, shown: Presentation) -> list[str]:
    """Draw a line at the beginning of months: of each, each quarter or each year, as there is room."""
    count = (end.year - begin.year) * 12 + end.month - begin.month
    step = 1 if count <= 14 else 3 if count <= 48 else 12
    parts = []
    for number in range(count + 1):
        day = _month(begin, number)
        if (day.month - 1) % step:
            continue
        name = str(day.year) if step == 12 else f"{_name_of(day, shown)}{f' {day.year}' if day.month == 1 else ''}"
        parts.append(f'<path d="M{at(day):.1f} 18V{tall}" stroke="#ddd"/>')
        parts.append(f'<text x="{at(day) + 3:.1f}" y="12" class="row faint">{name}</text>')
    return parts


def _month(day: date, after: int) -> date:
    """Give the first day of the month so many after that of a day."""
    number = day.year * 12 + day.month - 1 + after
    return date(number // 12, number % 12 + 1, 1)


def _name_of(day: date, shown: Presentation) -> str:
    return shown.word(MONTHS_NL[day.month - 1], MONTHS_EN[day.month - 1])


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def count_codes(values: Iterable[str]) -> list[tuple[str, int]]:
    """Count equal values."""
    return list(Counter(values).items())
