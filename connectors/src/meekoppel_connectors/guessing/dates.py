"""Guessing how a column writes dates, over all its sampled values: which form, and which of two numbers is the day."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from meekoppel_connectors.guessing.guess import Confidence, Guess
from meekoppel_connectors.guessing.sample import Column
from meekoppel_connectors.mapping.dates import time_of
from meekoppel_connectors.mapping.periods import period_in_words
from meekoppel_connectors.mapping.reasons import Unreadable

ENOUGH = 0.8
_UTC = ZoneInfo("UTC")
_NUMBERS = re.compile(
    r"(?P<a>\d{1,4})(?P<sep>[-/. ])(?P<b>\d{1,2})(?P=sep)(?P<c>\d{4}|\d{2})"
    r"(?P<gap>[ T])?(?P<time>\d{1,2}:\d{2}(?P<seconds>:\d{2})?)?"
)
_PACKED = re.compile(r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{6}|\d{4})?")
_PACKED_FORMS = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_EPOCHS = {"epoch_s": (600_000_000, 3_000_000_000), "epoch_ms": (600_000_000_000, 3_000_000_000_000)}
_MIDNIGHT = re.compile(r"[T ]0?0:00(?::00(?:\.0+)?)?(?=\s*$)")
_PLAIN_NUMBER = re.compile(r"[\d.,]+")


@dataclass(frozen=True, slots=True)
class DateForm:
    """How a column writes its dates.

    Attributes:
        formats: as the `date` of a rule takes them; empty when the source gives dates as dates.
        is_range: whether one text holds both ends of a period.
    """

    formats: tuple[str, ...] = ()
    is_range: bool = False


def guess_dates(column: Column, beside: Sequence[str] = ()) -> Guess[DateForm] | None:
    """Guess the form of the dates of a column; None when it holds no dates.

    Args:
        column: whose dates are meant.
        beside: texts of a column that writes its dates alike: they too tell which number is the day.
    """
    if not column.values:
        return None
    native = sum(isinstance(value, date) for value in column.values)
    if native == len(column.values):
        return Guess(DateForm(), Confidence.SURE, "the source gives dates as dates")
    texts = [text for value, text in zip(column.values, column.texts, strict=True) if not isinstance(value, date)]
    return _epoch(column) or _ranges(texts) or _written(texts, beside)


def dates_of(column: Column, form: DateForm) -> list[datetime | None]:
    """Read the values of a column in a form; None where one cannot be read."""
    return [_read(value, form.formats or ("iso",)) for value in column.values]


def _read(value: Any, formats: tuple[str, ...]) -> datetime | None:
    try:
        return time_of(value, formats, _UTC, is_end=False, end_of_day=False)
    except Unreadable:
        return None


def _epoch(column: Column) -> Guess[DateForm] | None:
    numbers = [text for text in column.texts if re.fullmatch(r"\d{9,13}", text)]
    if len(numbers) < len(column.values):
        return None
    for form, (low, high) in _EPOCHS.items():
        if all(low <= int(text) <= high for text in numbers):
            # ids are long numbers too: only the name of the column tells, and that is weighed elsewhere
            return Guess(DateForm((form,)), Confidence.LIKELY, "the numbers count from 1970, or they are no dates")
    return None


def _ranges(texts: list[str]) -> Guess[DateForm] | None:
    """See periods as people write them, in weeks, months or from day to day."""
    read = sum(_is_period(text) for text in texts)
    if not texts or read < ENOUGH * len(texts):
        return None
    why = f"one text holds both ends of the period, as {texts[0]!r}"
    return Guess(DateForm(is_range=True), *_with_left_over(texts, read, Confidence.LIKELY, why))


def _is_period(text: str) -> bool:
    if _NUMBERS.fullmatch(text.strip()) or _PLAIN_NUMBER.fullmatch(text.strip()) or _other_form(text) is not None:
        return False
    try:
        period_in_words(text, _UTC)
    except Unreadable:
        return False
    return True


def _written(texts: list[str], beside: Sequence[str]) -> Guess[DateForm] | None:
    order = _order([*texts, *beside])
    written = [(form, text) for text in texts if (form := _form(text, day_first=order.value)) is not None]
    read = len(written)
    if not texts or read < ENOUGH * len(texts):
        return None
    formats = tuple(form for form, _ in Counter(form for form, _ in written).most_common())
    midnight = _midnight([text for _, text in written])
    if formats == ("iso",) and midnight is None:
        return Guess(DateForm(), *_with_left_over(texts, read, Confidence.SURE, "dates as 2026-03-31"))
    swapped = tuple(sorted({form for text in texts if (form := _form(text, day_first=not order.value))} - set(formats)))
    unsure = order.confidence is not Confidence.SURE and swapped
    confidence, why = (order.confidence, order.why) if unsure else (Confidence.SURE, f"dates as {texts[0]}")
    if midnight is not None:
        formats = (_of_days(formats[0], midnight), *formats)
        if not unsure:
            why = (
                f"the time is always {midnight.strip('T ')}, so days are meant, and an end lasts to the end of its day"
            )
            confidence = Confidence.LIKELY
    alternatives = tuple(f'date: "{form}"' for form in swapped) if unsure else ()
    return Guess(DateForm(formats), *_with_left_over(texts, read, confidence, why), alternatives)


def _midnight(texts: list[str]) -> str | None:
    """Give the midnight that stands behind all dates, as an export of days writes it; None when there is none."""
    times = {match.group() if (match := _MIDNIGHT.search(text)) else None for text in texts}
    return times.pop() if len(times) == 1 else None


def _of_days(form: str, midnight: str) -> str:
    """Give the form of a date with a midnight that is text: such a date is a day, not a moment."""
    day = "%Y-%m-%d" if form == "iso" else re.sub(r"[T ]?%H.*", "", form)
    return day + midnight


def _with_left_over(texts: list[str], read: int, confidence: Confidence, why: str) -> tuple[Confidence, str]:
    if read == len(texts):
        return confidence, why
    return Confidence.UNSURE, f"{len(texts) - read} of {len(texts)} values are no dates in this form; {why}"


def _order(texts: list[str]) -> Guess[bool]:
    """Find out, over all values, whether the day stands before the month."""
    matches = [match for text in texts if (match := _numbers(text)) and len(match["a"]) <= 2]
    pairs = [(int(match["a"]), int(match["b"])) for match in matches]
    day_first = sum(first > 12 for first, _ in pairs)
    month_first = sum(second > 12 for _, second in pairs)
    if day_first and month_first:
        why = f"{day_first} values put the day first, {month_first} the month: the column mixes two forms"
        return Guess(day_first >= month_first, Confidence.UNSURE, why)
    if day_first or month_first:
        return Guess(day_first > 0, Confidence.SURE, "the other number is above 12")
    if pairs and all(match["sep"] == "." for match in matches):
        return Guess(True, Confidence.SURE, "with dots the day comes first")
    return Guess(True, Confidence.UNSURE, "no day in the sample is above 12, so day and month could be swapped")


def _numbers(text: str) -> re.Match[str] | None:
    return _NUMBERS.fullmatch(text.strip())


def _form(text: str, *, day_first: bool) -> str | None:
    """Give the form of one text that is a date; None when it is none."""
    match = _numbers(text)
    if match is None:
        return _other_form(text)
    sep, year = match["sep"], "%Y" if len(match["c"]) == 4 else "%y"
    if len(match["a"]) == 4:
        form = f"%Y{sep}%m{sep}%d"
        if len(match["c"]) == 4:
            return None
    elif len(match["a"]) == 3:
        return None
    else:
        form = f"%d{sep}%m{sep}{year}" if day_first else f"%m{sep}%d{sep}{year}"
    if match["time"]:
        form += f"{match['gap'] or ''}%H:%M{':%S' if match['seconds'] else ''}"
    if _read(text, ("iso",)):
        return "iso"
    return form if _read(text, (form,)) else None


def _other_form(text: str) -> str | None:
    if _PACKED.fullmatch(text) and len(text) in _PACKED_FORMS:
        return _PACKED_FORMS[len(text)]
    if not re.match(r"\d{4}-\d{2}-\d{2}", text):
        return None
    return "iso" if _read(text, ("iso",)) else None
