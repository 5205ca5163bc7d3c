"""A period in one text, as people write it: `5.5. - 12.6.2015`, `week 23 2026`, `Q3 2026`, `najaar 2026`.

A text is one stretch of time, or two with a sign or word between them (`t/m`, `tot`, `bis`, `to`, `-`). The period goes
from the beginning of the first to the end of the last, and is as precise as the less precise of the two. What one of
them leaves out it takes from the other: `1 t/m 12 mei 2026`, `15.12. - 12.1.2016`. Days come before months. Nothing is
guessed: a text without a year, with a year of two digits, or that can be read in two ways is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from meekoppel_connectors.mapping.dates import moment_of
from meekoppel_connectors.mapping.reasons import Reason, Unreadable
from meekoppel_connectors.mapping.seasons import MONTHS, SEASONS, any_word
from meekoppel_contracts.codes import Precision

_COARSENESS = (Precision.DAY, Precision.WEEK, Precision.MONTH, Precision.QUARTER, Precision.YEAR)
_LAST_SECOND = time(23, 59, 59)


@dataclass(frozen=True, slots=True)
class WordedPeriod:
    """A period that stood in one text.

    Attributes:
        earliest_start: aware, in UTC.
        latest_end: aware, in UTC; the last second of the last day.
        precision: of the less precise of its two ends.
    """

    earliest_start: datetime
    latest_end: datetime
    precision: Precision


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A day, week, month … in a year that may still be unknown."""

    precision: Precision
    year: int | None
    days: Callable[[int], tuple[date, date]]
    clock: time | None = None

    def first(self) -> date:
        assert self.year is not None
        return self.days(self.year)[0]

    def last(self) -> date:
        assert self.year is not None
        return self.days(self.year)[1]


_YEAR = r"(?P<year>\d{4})"
_CLOCK = r"(?:[ t,]+(?:om |um |at )?(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?::\d\d)?(?: ?uur| ?uhr)?)?"
_MONTH = rf"(?P<month>{any_word(MONTHS)})\.?"
_OF = r"(?:[ ]+(?:van|of|in|des|der))?[ ]*[-/,']?[ ]*"
_PART = {"begin": (1, 10), "anfang": (1, 10), "early": (1, 10), "medio": (11, 20), "half": (11, 20), "midden": (11, 20),
         "mitte": (11, 20), "mid": (11, 20), "eind": (21, 31), "einde": (21, 31), "ende": (21, 31), "late": (21, 31),
         "end": (21, 31)}  # fmt: skip
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
_ORDINAL = {"eerste": 1, "tweede": 2, "derde": 3, "vierde": 4, "first": 1, "second": 2, "third": 3, "fourth": 4,
            "erste": 1, "erstes": 1, "zweite": 2, "zweites": 2, "dritte": 3, "drittes": 3, "vierte": 4, "viertes": 4,
            "1st": 1, "2nd": 2, "3rd": 3, "4th": 4}  # fmt: skip
_NUMBER = rf"(?P<number>{any_word(_ORDINAL)}|[1-4]|{any_word(_ROMAN)})"
_QUARTER = r"(?:kwartaal|kwart|quarter|quartal|trimester|trimestre)"
_HALF = r"(?:halfjaar|half jaar|helft|halbjahr|hälfte|half)"


def period_in_words(text: str, zone: ZoneInfo) -> WordedPeriod:
    """Read a period.

    Args:
        text: in Dutch, English or German, in any capitals.
        zone: in which its days begin and end.

    Raises:
        Unreadable: when it is none, is impossible, names no year, or can be read in two ways.
    """
    plain = _plain(text)
    found = [_settled(first, last, text) for first, last in _readings(plain, text)]
    if len({(first.first(), last.last()) for first, last in found}) != 1:
        raise _unreadable(text, "can be read in several ways" if found else "is not a period that can be read")
    first, last = found[0]
    start = moment_of(datetime.combine(first.first(), first.clock or time.min), zone, is_end=False)
    end = moment_of(datetime.combine(last.last(), last.clock or _LAST_SECOND), zone, is_end=True)
    if end < start:
        raise _unreadable(text, "ends before it begins")
    return WordedPeriod(start, end, max(first.precision, last.precision, key=_COARSENESS.index))


def _plain(text: str) -> str:
    plain = re.sub(r"\s+", " ", text.strip().lower()).replace("–", "-").replace("—", "-").rstrip(".;,")
    return re.sub(r"^(?:ca\.?|circa|periode|zeitraum|period|uitvoering|planning)[: ]+", "", plain)


_WORD_BETWEEN = re.compile(
    r" ?(?:\bt/m\b|\btot en met\b|\btot\b|\btm\b|\bbis(?: zum)?\b|\buntil\b|\btill\b|\bto\b|\bthrough\b) ?"
)
_BEFORE = re.compile(r"^(?:van|vanaf|from|vom|von|between|tussen|zwischen|in|im) ")


def _readings(plain: str, text: str) -> Iterator[tuple[_Stretch, _Stretch]]:
    """Give each way in which a text can be read: as one stretch, or else as two."""
    open_ended = re.match(r"(?:vanaf|from|ab|na|after|nach|tot|bis|until|voor|before) ", plain)
    one = _stretch(re.sub(r"^(?:in|im) ", "", plain), text)
    if one is not None:
        yield one, replace(one, clock=None)
        return
    plain = _BEFORE.sub("", plain)
    word = _WORD_BETWEEN.search(plain)
    spaced = re.search(r" - ", plain)
    places = [word] if word else [spaced] if spaced else list(re.finditer(r"[-/]", plain))
    for place in places:
        pair = _pair(plain[: place.start()].strip(), plain[place.end() :].strip(), text)
        if pair is not None:
            yield pair
    if open_ended and not places:
        raise _unreadable(text, "has only one end")


def _pair(left: str, right: str, text: str) -> tuple[_Stretch, _Stretch] | None:
    """Read the two ends of a period, of which each may lack what the other says."""
    if re.fullmatch(r"\d{1,2}\.?", left):
        left = re.sub(
            r"^\d{1,2}\.?", left if "." in left and re.match(r"\d{1,2}\.", right) else left.rstrip("."), right
        )
        left = left.replace("..", ".")
    number = re.fullmatch(r"(?:q|k)?(?P<number>\d{1,2})(?P<rest>[ /-]+\d{4})?", right)
    kind = re.match(r"(?:week|weken|weeks|wk|kw|q|k)\.? ?(?=\d)", left)
    if number and kind:
        right = f"{kind[0]}{number['number']}{number['rest'] or ''}"
    first, last = _stretch(left, text), _stretch(right, text)
    return None if first is None or last is None else (first, last)


def _settled(first: _Stretch, last: _Stretch, text: str) -> tuple[_Stretch, _Stretch]:
    """Give both ends their year; the one without it lies next to the other."""
    if first.year is None and last.year is None:
        raise _unreadable(text, "names no year")
    try:
        if first.year is None:
            first = replace(first, year=last.year)
            if first.first() > last.last():
                first = replace(first, year=(last.year or 0) - 1)
        elif last.year is None:
            last = replace(last, year=first.year)
            if last.last() < first.first():
                last = replace(last, year=first.year + 1)
        first.first(), last.last()
    except (ValueError, OverflowError):
        raise _unreadable(text, "names a day that does not exist") from None
    return first, last


def _stretch(plain: str, text: str) -> _Stretch | None:
    for pattern, read in _FORMS:
        match = pattern.fullmatch(plain)
        if match is not None:
            return read(match, text)
    return None


def _year(match: re.Match[str]) -> int | None:
    year = match.groupdict().get("year")
    return int(year) if year else None


def _day(match: re.Match[str], text: str) -> _Stretch:
    day, written = int(match["day"]), match["month"].rstrip(".")
    month = int(written) if written.isdigit() else MONTHS[written]
    hour = match["hour"]
    try:
        date(2024, month, day)  # a leap year; the year itself may still be missing
        clock = time(int(hour), int(match["minute"])) if hour else None
    except ValueError:
        raise _unreadable(text, "names a day or time that does not exist; days come before months") from None

    def days(year: int) -> tuple[date, date]:
        return date(year, month, day), date(year, month, day)

    return _Stretch(Precision.DAY, _year(match), days, clock)


def _month(match: re.Match[str], text: str) -> _Stretch:
    written = match["month"].rstrip(".")
    month = int(written) if written.isdigit() else MONTHS[written]
    if not 1 <= month <= 12:
        raise _unreadable(text, "names a month that does not exist")
    part = match.groupdict().get("part")
    begin, end = _PART[part] if part else (1, 31)

    def days(year: int) -> tuple[date, date]:
        return date(year, month, begin), min(date(year, month, 1) + timedelta(days=end - 1), _end_of(year, month))

    return _Stretch(Precision.WEEK if part else Precision.MONTH, _year(match), days)


def _week(match: re.Match[str], text: str) -> _Stretch:
    week = int(match["week"])
    if not 1 <= week <= 53:
        raise _unreadable(text, "names a week that does not exist")

    def days(year: int) -> tuple[date, date]:
        monday = date.fromisocalendar(year, week, 1)
        return monday, monday + timedelta(days=6)

    return _Stretch(Precision.WEEK, _year(match), days)


def _months(precision: Precision, length: int) -> Callable[[re.Match[str], str], _Stretch]:
    def read(match: re.Match[str], text: str) -> _Stretch:
        written = match["number"]
        number = int(written) if written.isdigit() else _ORDINAL.get(written) or _ROMAN[written]
        if number * length > 12:
            raise _unreadable(text, "names a part of a year that does not exist")

        def days(year: int) -> tuple[date, date]:
            return date(year, (number - 1) * length + 1, 1), _end_of(year, number * length)

        return _Stretch(precision, _year(match), days)

    return read


def _season(match: re.Match[str], text: str) -> _Stretch:
    first_month = SEASONS[match["season"]]
    following = match.groupdict().get("following")
    if first_month == 12 and following is None:
        raise _unreadable(text, "is a winter of two years; write 2026/2027")
    if first_month != 12 and following is not None:
        raise _unreadable(text, "names two years for one season")

    def days(year: int) -> tuple[date, date]:
        end_year, end_month = (year + 1, 2) if first_month == 12 else (year, first_month + 2)
        return date(year, first_month, 1), _end_of(end_year, end_month)

    return _Stretch(Precision.QUARTER, _year(match), days)


def _whole_year(match: re.Match[str], _text: str) -> _Stretch:
    return _Stretch(Precision.YEAR, _year(match), lambda year: (date(year, 1, 1), date(year, 12, 31)))


def _end_of(year: int, month: int) -> date:
    return (date(year, month, 28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _unreadable(text: str, why: str) -> Unreadable:
    return Unreadable(Reason.DATE_UNREADABLE, f"{text!r} {why}; write it as 5.5. - 12.6.2026, week 23 2026 or Q3 2026")


_WEEKDAY = r"(?:(?:ma|di|wo|do|vr|za|zo|mo|mi|fr|sa|so|mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? )?"
_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], str], _Stretch]], ...] = (
    (re.compile(rf"{_WEEKDAY}{_YEAR}-(?P<month>\d\d)-(?P<day>\d\d){_CLOCK}"), _day),
    (
        re.compile(
            rf"{_WEEKDAY}(?P<day>\d{{1,2}})(?P<sign>[./-])(?P<month>\d{{1,2}})(?:(?P=sign)(?:{_YEAR})?)?{_CLOCK}"
        ),
        _day,
    ),
    (
        re.compile(rf"{_WEEKDAY}(?P<day>\d{{1,2}})(?:\.|e|de|ste|st|nd|rd|th)?[ -]*{_MONTH}(?:[ -]+{_YEAR})?{_CLOCK}"),
        _day,
    ),
    (re.compile(rf"(?:(?P<part>{any_word(_PART)})[ -]+)?{_MONTH}(?:{_OF}{_YEAR})?"), _month),
    (re.compile(rf"(?P<month>\d{{1,2}})[./-]{_YEAR}"), _month),
    (re.compile(rf"{_YEAR}-(?P<month>\d\d)"), _month),
    (re.compile(rf"(?:week|weken|weeks|wk|kw)\.?[ -]?(?P<week>\d{{1,2}})(?:{_OF}{_YEAR})?"), _week),
    (re.compile(rf"{_YEAR}[ -]?w(?:eek)?[ -]?(?P<week>\d{{1,2}})"), _week),
    (re.compile(rf"[qk] ?(?P<number>[1-4])(?:{_OF}{_YEAR})?"), _months(Precision.QUARTER, 3)),
    (re.compile(rf"{_YEAR}[ -/]?[qk](?P<number>[1-4])"), _months(Precision.QUARTER, 3)),
    (re.compile(rf"{_NUMBER}(?:e|\.)? ?{_QUARTER}(?:{_OF}{_YEAR})?"), _months(Precision.QUARTER, 3)),
    (re.compile(rf"{_QUARTER} {_NUMBER}(?:{_OF}{_YEAR})?"), _months(Precision.QUARTER, 3)),
    (re.compile(rf"h(?P<number>[12])(?:{_OF}{_YEAR})?"), _months(Precision.YEAR, 6)),
    (re.compile(rf"{_NUMBER}(?:e|\.)? ?{_HALF}(?:{_OF}{_YEAR})?"), _months(Precision.YEAR, 6)),
    (re.compile(rf"(?P<season>{any_word(SEASONS)})(?:{_OF}{_YEAR}(?:[/-](?P<following>\d{{4}}|\d\d))?)?"), _season),
    (re.compile(rf"(?:jaar |year |jahr )?{_YEAR}"), _whole_year),
)
