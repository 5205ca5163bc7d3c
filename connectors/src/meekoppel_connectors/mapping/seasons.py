"""Names of months and seasons in Dutch, English, German and French, with their abbreviations."""

from __future__ import annotations

import re
from collections.abc import Iterable

_MONTH_NAMES = (
    "januari january januar jänner janvier jan",
    "februari february februar feber février feb febr",
    "maart march märz mars mrt mar mär",
    "april avril apr avr",
    "mei may mai",
    "juni june juin jun",
    "juli july juillet jul",
    "augustus august août aug",
    "september septembre sept sep",
    "oktober october octobre okt oct",
    "november novembre nov",
    "december dezember décembre dec dez",
)
MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, start=1) for name in names.split()}
"""Name → number of the month, from 1."""

SEASONS = {
    name: month
    for month, names in (
        (3, "voorjaar lente spring frühjahr frühling printemps"),
        (6, "zomer summer sommer été"),
        (9, "najaar herfst autumn fall herbst automne"),
        (12, "winter hiver"),
    )
    for name in names.split()
}
"""Name → month in which the season begins; meteorological seasons of three whole months."""


def any_word(words: Iterable[str]) -> str:
    """Give words as part of a regular expression, the longest first."""
    return "(?:" + "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word))) + ")"
