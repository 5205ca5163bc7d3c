"""Turning one source value into the kind of value that a plan field takes."""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from datetime import date, datetime
from enum import Enum
from typing import Any, Literal
from zoneinfo import ZoneInfo

from meekoppel_connectors.mapping.dates import time_of
from meekoppel_connectors.mapping.periods import WordedPeriod, period_in_words
from meekoppel_connectors.mapping.reasons import Reason, Unreadable
from meekoppel_connectors.mapping.rules import ValueRule
from meekoppel_connectors.mapping.targets import Target

SLUG_LENGTH = 64
_DIGEST_LENGTH = 8
_JOINT = re.compile(r"\s*[/;,&+|]\s*")
_NOT_IN_SLUG = re.compile(r"[^a-z0-9-]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")
"""What databases refuse and screens obey, or what is left of a wrong encoding; not the ends of lines."""
_GROUPED = re.compile(r"[-+]?\d{1,3}(?:([.,' ])\d{3})(?:\1\d{3})*")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_TRUE = frozenset({"true", "1", "yes", "y", "ja", "j", "waar"})
_FALSE = frozenset({"false", "0", "no", "n", "nee", "onwaar"})


def is_missing(value: Any) -> bool:
    """Tell whether a source value says nothing: absent, blank, or not a number."""
    if isinstance(value, str):
        return not value or value.isspace()
    if value is None:
        return True
    return isinstance(value, float) and math.isnan(value)


def text_of(value: Any) -> str:
    """Give a source value as text, as a person would write it: whole numbers without `.0`, no outer white space."""
    if type(value) is str:
        return value.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return str(value).strip()


def converted(value: Any, target: Target, rule: ValueRule, zone: ZoneInfo) -> Any:
    """Convert a value to what the plan field takes.

    Args:
        value: the source value, or what `codes` made of it; not missing.
        target: what the plan field takes.
        rule: how it is written in the source.
        zone: of times without one, when the rule names none.

    Raises:
        Unreadable: when it cannot be.
    """
    kind = target.kind
    if kind is WordedPeriod:
        return period_in_words(text_of(value), ZoneInfo(rule.time_zone) if rule.time_zone else zone)
    if target.symbols is not None:
        return symbol_of(value, target.symbols)
    if kind is bool:
        return truth_of(value)
    if kind is int:
        return whole_of(value, rule.decimal)
    if kind is float:
        return number_of(value, rule.decimal)
    if kind is datetime:
        local = ZoneInfo(rule.time_zone) if rule.time_zone else zone
        end_of_day = target.is_end if rule.end_of_day is None else rule.end_of_day
        return time_of(value, rule.date, local, is_end=target.is_end, end_of_day=end_of_day)
    return _fitting(slug_of(text_of(value)) if rule.slug else text_of(value), target, rule)


def symbol_of(value: Any, kind: type[Enum]) -> Enum:
    """Give the symbol of a code list.

    Raises:
        Unreadable: when the code list does not have it.
    """
    try:
        return kind(text_of(value))
    except ValueError:
        known = ", ".join(str(symbol.value) for symbol in kind)
        raise Unreadable(Reason.UNKNOWN_CODE, f"{text_of(value)!r} is not one of {known}") from None


def truth_of(value: Any) -> bool:
    """Read true or false, also in Dutch.

    Raises:
        Unreadable: when it is neither.
    """
    word = text_of(value).casefold()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise Unreadable(Reason.VALUE_UNREADABLE, f"{text_of(value)!r} is neither true nor false; translate it with codes")


def whole_of(value: Any, decimal: Literal[".", ","] | None) -> int:
    """Read a whole number.

    Raises:
        Unreadable: when it is none.
    """
    number = number_of(value, decimal)
    if not number.is_integer():
        raise Unreadable(Reason.NUMBER_UNREADABLE, f"{text_of(value)!r} is not a whole number")
    return int(number)


def number_of(value: Any, decimal: Literal[".", ","] | None) -> float:
    """Read a number, with the decimal sign of the source or, where that is certain, one that is found out.

    Raises:
        Unreadable: when it is no finite number, or `1,234` could be one and a bit as well as a thousand and more.
    """
    if isinstance(value, bool):
        raise Unreadable(Reason.NUMBER_UNREADABLE, f"{text_of(value)} is not a number")
    if isinstance(value, (int, float)):
        number = float(value)
    else:
        text = text_of(value).replace("\u00a0", " ").replace("\u202f", " ")
        number = _plain(text, decimal or _decimal_sign(text))
    if not math.isfinite(number):
        raise Unreadable(Reason.NUMBER_UNREADABLE, f"{value!r} is not a finite number")
    return number


def _plain(text: str, decimal: str) -> float:
    whole, _, fraction = text.partition(decimal)
    if _GROUPED.fullmatch(whole):
        whole = re.sub(r"[.,' ]", "", whole)
    plain = f"{whole}.{fraction}" if fraction else whole
    if "." in whole or not _NUMBER.fullmatch(plain):
        raise Unreadable(Reason.NUMBER_UNREADABLE, f"{text!r} is not a number")
    return float(plain)


def _decimal_sign(text: str) -> str:
    """Take the last sign for the decimal one, unless it stands more than once: then it separates thousands."""
    last = max(".", ",", key=text.rfind)
    if text.count(last) > 1:
        return "." if last == "," else ","
    if last == "," and "." not in text and re.fullmatch(r"[-+]?[1-9]\d{0,2},\d{3}", text):
        raise Unreadable(
            Reason.NUMBER_UNREADABLE,
            f"{text!r} can be read in two ways; set decimal: to the decimal sign of the source",
        )
    return last


def slug_of(name: str) -> str:
    """Make an organisation code of a name: `Leeds / Wakefield` becomes `leeds--wakefield`.

    A joint of several names stays visible as two hyphens; a name that is too long ends in a digest of the whole, so
    that two long names which begin alike differ.

    Raises:
        Unreadable: when nothing of the name is left.
    """
    plain = unicodedata.normalize("NFKD", name.strip()).encode("ascii", "ignore").decode().lower()
    slug = _NOT_IN_SLUG.sub("-", _JOINT.sub("--", plain)).strip("-")
    if not slug:
        raise Unreadable(Reason.VALUE_UNREADABLE, f"no organisation code can be made of {name!r}; use codes")
    if len(slug) <= SLUG_LENGTH:
        return slug
    digest = hashlib.sha256(plain.encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"{slug[: SLUG_LENGTH - _DIGEST_LENGTH - 1].rstrip('-')}-{digest}"


def _fitting(text: str, target: Target, rule: ValueRule) -> str:
    text = text if text.isprintable() else _CONTROLS.sub(" ", text).strip()
    if target.max_length is None or len(text) <= target.max_length:
        return text
    if rule.truncate:
        return text[: target.max_length - 1].rstrip() + "…"
    raise Unreadable(
        Reason.TOO_LONG,
        f"has {len(text)} characters, and at most {target.max_length} are allowed; set truncate: true to cut it",
    )
