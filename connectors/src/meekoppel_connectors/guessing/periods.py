"""Guessing in which columns the period stands: two columns of dates, the one before the other, named like it."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import permutations

from meekoppel_connectors.guessing.dates import DateForm, dates_of, guess_dates
from meekoppel_connectors.guessing.guess import Confidence, Guess
from meekoppel_connectors.guessing.sample import Column, Sample
from meekoppel_connectors.guessing.words import Role, fits, plain_name

_RIGHT_ORDER = 0.9
_NAMED = 0.4


@dataclass(frozen=True, slots=True)
class DateColumn:
    """A column of dates and how it writes them."""

    name: str
    form: Guess[DateForm]


@dataclass(frozen=True, slots=True)
class PeriodColumns:
    """Where a period stands; both are the same column when there is only one.

    Attributes:
        start: the column of its beginning.
        end: the column of its end.
    """

    start: DateColumn
    end: DateColumn


def date_columns(sample: Sample) -> dict[str, Guess[DateForm]]:
    """Find the columns that hold dates; long numbers count as dates only when the name says so."""
    found = {}
    for name, column in sample.columns.items():
        guess = guess_dates(column)
        if guess is None:
            continue
        named = max(fits(name, role) for role in (Role.START, Role.END, Role.PERIOD, Role.BESIDE_THE_POINT))
        if guess.value.formats not in {("epoch_s",), ("epoch_ms",)} or named > 0 or "dat" in plain_name(name):
            found[name] = guess
    return found


def guess_period(sample: Sample) -> Guess[PeriodColumns] | None:
    """Guess the columns of the period; None when no column holds dates."""
    dates = date_columns(sample)
    if not dates:
        return None
    scores = {pair: _score(sample, dates, *pair) for pair in permutations(dates, 2)}
    ranked = sorted((pair for pair, score in scores.items() if score > 0), key=lambda pair: -scores[pair])
    if not ranked:
        return _one_column(sample, dates)
    start, end = ranked[0]
    named = fits(start, Role.START) >= _NAMED and fits(end, Role.END) >= _NAMED
    close = [pair for pair in ranked[1:] if scores[pair] > scores[ranked[0]] - 0.3]
    others = tuple(f"{first} to {second}" for first, second in ranked[1:3])
    value = PeriodColumns(_beside(sample, dates, start, end), _beside(sample, dates, end, start))
    if not named:
        why = "the names do not say which dates are those of the period; the one lies before the other"
        return Guess(value, Confidence.UNSURE, why, others)
    if close:
        return Guess(value, Confidence.LIKELY, f"{len(dates)} columns hold dates", others)
    return Guess(value, Confidence.SURE, "named like start and end, and the one lies before the other")


def _beside(sample: Sample, dates: dict[str, Guess[DateForm]], name: str, other: str) -> DateColumn:
    """Give a column with the form of its dates, of which the other end of the period may know more."""
    form = guess_dates(sample.columns[name], sample.columns[other].texts)
    return DateColumn(name, form or dates[name])


def _score(sample: Sample, dates: dict[str, Guess[DateForm]], start: str, end: str) -> float:
    first, second = sample.columns[start], sample.columns[end]
    if dates[start].value.is_range or dates[end].value.is_range:
        return 0.0
    ordered = _share_in_order(first, second, dates[start].value, dates[end].value)
    if ordered < _RIGHT_ORDER:
        return 0.0
    beside = fits(start, Role.BESIDE_THE_POINT) + fits(end, Role.BESIDE_THE_POINT)
    wrong = fits(start, Role.END) + fits(end, Role.START)
    named = 2 * fits(start, Role.START) + 2 * fits(end, Role.END) - wrong - 2 * beside
    alike = SequenceMatcher(None, plain_name(start), plain_name(end)).ratio()
    return named + 0.5 * alike + ordered + first.filled + second.filled - 0.5


def _share_in_order(first: Column, second: Column, first_form: DateForm, second_form: DateForm) -> float:
    """Give the share of rows in which the first lies before the second; 1 when rows cannot be paired."""
    if len(first.values) != len(second.values):
        return 1.0
    pairs = list(zip(dates_of(first, first_form), dates_of(second, second_form), strict=True))
    known = [(start, end) for start, end in pairs if start is not None and end is not None]
    return sum(start <= end for start, end in known) / len(known) if known else 0.0


def _one_column(sample: Sample, dates: dict[str, Guess[DateForm]]) -> Guess[PeriodColumns] | None:
    """Take the one column that is named most like a period, for both ends; never one that tells of the record."""

    def named(name: str) -> float:
        wanted = max(fits(name, role) for role in (Role.PERIOD, Role.START, Role.END))
        return wanted - fits(name, Role.BESIDE_THE_POINT) + sample.columns[name].filled

    best = max(dates, key=named)
    if fits(best, Role.BESIDE_THE_POINT) >= _NAMED and not dates[best].value.is_range:
        return None
    column = DateColumn(best, dates[best])
    if dates[best].value.is_range:
        return Guess(PeriodColumns(column, column), Confidence.LIKELY, dates[best].why)
    why = "only this column holds dates, so that every plan lasts one day"
    return Guess(PeriodColumns(column, column), Confidence.UNSURE, why)
