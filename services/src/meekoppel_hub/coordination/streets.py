"""The street that two plans both name in their titles: so much more telling than a coordinate."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files

import yaml

_LISTS: dict[str, list[str]] = yaml.safe_load(
    (files("meekoppel_hub.coordination") / "streets.yaml").read_text(encoding="utf-8")
)
_ENDINGS, _PARTICLES = tuple(_LISTS["endings"]), frozenset(_LISTS["particles"])
_FIRST_WORDS, _LAST_WORDS = frozenset(_LISTS["first_words"]), frozenset(_LISTS["last_words"])
_NUMBERED = re.compile(r"[AENMBS]\d{1,4}", re.IGNORECASE)
_WORD = re.compile(r"[\w’'.-]*\w")


@lru_cache(maxsize=4_096)
def street_in_common(one: str, other: str) -> str | None:
    """Give the street that both titles name, as the first writes it; None when they name none, or different ones.

    A street is known by its last word (Kerkstraat, Burgemeester de Vlugtlaan, High Street), by its first (Laan van
    Meerdervoort), or by its number (A12). What the titles say around it (Riolering Kerkstraat) is left out, since they
    do not say the same.
    """
    if _words(one).isdisjoint(_words(other)):
        return None
    mine, its = _WORD.findall(one), _WORD.findall(other)
    found = [
        street
        for index in range(len(mine))
        for place in range(len(its))
        if _same(mine[index], its[place]) and (street := _around(mine, its, index, place))
    ]
    return max(found, key=len, default=None)


@lru_cache(maxsize=16_384)
def _words(title: str) -> frozenset[str]:
    return frozenset(word.casefold() for word in _WORD.findall(title))


def is_numbered(street: str) -> bool:
    """Tell whether it is a road with a number, which one works on and not in."""
    return _NUMBERED.fullmatch(street) is not None


def _around(mine: Sequence[str], its: Sequence[str], index: int, place: int) -> str | None:
    """Give the street around a word that both titles hold; None when it is none."""
    word = mine[index].casefold()
    if _NUMBERED.fullmatch(word):
        return mine[index]
    if word in _LAST_WORDS or (word.endswith(_ENDINGS) and word not in _ENDINGS):
        words = _common_before(mine, its, index, place)
        if word not in _LAST_WORDS or len(words) > 1:
            return " ".join(words)
    if word in _FIRST_WORDS and mine[index][0].isupper():
        words = _common_after(mine, its, index, place)
        if len(words) > 1:
            return " ".join(words)
    return None


def _common_before(mine: Sequence[str], its: Sequence[str], index: int, place: int) -> Sequence[str]:
    start = index
    while start > 0 and place - (index - start) > 0 and _same(mine[start - 1], its[place - (index - start) - 1]):
        start -= 1
    if start == 0 == place - index and index > 0 and mine[index].casefold() not in _LAST_WORDS:
        start = 1  # the first word of a title has a capital whether it is a name or not: Riolering Kerkstraat
    while start < index and not _begins_a_name(mine[start]):
        start += 1
    return mine[start : index + 1]


def _common_after(mine: Sequence[str], its: Sequence[str], index: int, place: int) -> Sequence[str]:
    length = 1
    while index + length < len(mine) and place + length < len(its) and _same(mine[index + length], its[place + length]):
        length += 1
    words = list(mine[index : index + length])
    while len(words) > 1 and not _begins_a_name(words[-1]):
        words.pop()
    return words


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _begins_a_name(word: str) -> bool:
    return word.casefold() not in _PARTICLES and (word[0].isupper() or word[0].isdigit())
