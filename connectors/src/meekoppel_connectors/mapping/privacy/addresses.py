"""Mail addresses and phone numbers in a text, and which of them look like a person's own.

A mail address looks personal when the part before the `@` reads like a name (`j.jansen`, `jan.de.vries`; `jjansen` does
not) or is a first name, and holds no word of `office_words.txt`. A phone number looks personal when it is a mobile one
of the Netherlands, Belgium, the United Kingdom or Germany. Numbers are recognised in the groups in which people write
them, so that dates (06-12-2026 12:30) and long references are not taken for numbers; libraries of phone numbers, which
look at digits only, take them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from meekoppel_connectors.mapping.privacy.spans import Span
from meekoppel_connectors.mapping.privacy.vocabulary import FIRST_NAMES, OFFICE_WORDS

_ADDRESS = re.compile(r"(?P<local>[\w.+'-]+)@[\w-]+(?:\.[\w-]+)+")
_AS_WRITTEN = re.compile(
    r"(?P<local>[\w.+'-]+)(?:[ ]?@[ ]?|[ ]?[(\[](?:at|a)[)\]][ ]?)"
    r"[\w-]+(?:(?:\.|[ ]?[(\[](?:dot|punt|punkt)[)\]][ ]?)[\w-]+)+",
    re.IGNORECASE,
)
"""Also as people write it to keep robots off: `jan.jansen (at) example.org`."""
_SIGN = re.compile(r"@|[(\[](?:at|a)[)\]]", re.IGNORECASE)
_NAME_LIKE = re.compile(r"[^\W\d_]+(?:[.\-_'][^\W\d_]+)+")
_MOBILE = re.compile(
    r"""(?<![\w+]) (?:
      (?: (?: (?:\+|00) 31 [ -]? (?:\(0\))? [ -]? | 0 ) 6 | \(06\) ) (?: [ ]?[–/-][ ]? | [ .] )?
      (?: \d{4} [ .-]? \d{4} | \d\d (?: [ .] \d\d ){3} | \d{4} [ ] \d\d [ ] \d\d | \d{3} [ .-] \d{3} [ .-] \d\d
        | \d{3} [ .-] \d\d [ .-] \d{3} | \d\d [ .-] \d{3} [ .-] \d{3} )
    | (?: (?:\+|00) 32 [ -]? (?:\(0\))? [ -]? | 0 ) 4\d\d [ ./-]? (?: \d{3} [ .]? \d{3} | \d\d (?: [ .] \d\d ){2} )
    | (?: (?:\+|00) 44 [ -]? (?:\(0\))? [ -]? | 0 ) 7\d{3} [ -]?   \d{3} [ -]? \d{3}
    | (?: (?:\+|00) 49 [ -]? (?:\(0\))? [ -]? | 0 ) 1[567]\d [ /-]{0,3} (?: \d{7,8} | \d{2,4} (?: [ ] \d{2,4} ){1,3} )
    ) (?!\d)""",
    re.VERBOSE,
)
_ANY_NUMBER = re.compile(r"(?<![\d.,])(?:\+|0)\d(?:[ ./()-]{0,2}\d){7,12}(?!\d)")
_AFTER_NAME = re.compile(r"[\s,;:(–-]*(?:(?:tel|telefoon|telefon|phone|mobiel|mobil|gsm|t|m)\b[\s.:]*)?", re.IGNORECASE)
_MANY_DIGITS = re.compile(r"\d[\d ./()–-]{6,}\d")
_WORD = re.compile(r"[^\W\d_]{2,}")


def personal_addresses(text: str) -> Iterator[Span]:
    """Find mail addresses that look like a person's own."""
    if _SIGN.search(text) is None:
        return
    for match in _AS_WRITTEN.finditer(text):
        if _is_personal(match["local"]):
            yield Span(*match.span())


def mobile_numbers(text: str) -> Iterator[Span]:
    """Find mobile numbers, which are mostly somebody's own."""
    if _MANY_DIGITS.search(text) is None:
        return
    for match in _MOBILE.finditer(text):
        yield Span(*match.span())


def number_behind(text: str, place: int) -> Span | None:
    """Find a number, mobile or not, that follows at once: behind a name it is that person's."""
    joint = _AFTER_NAME.match(text, place)
    number = _ANY_NUMBER.match(text, joint.end() if joint else place)
    return Span(*number.span()) if number else None


def is_address(text: str) -> bool:
    """Tell whether a text is a mail address and nothing else."""
    return _ADDRESS.fullmatch(text) is not None


def holds_only_office_words(text: str) -> bool:
    """Tell whether all words in a text are such as belong to an office."""
    return OFFICE_WORDS.issuperset(_WORD.findall(text.casefold()))


def _is_personal(local: str) -> bool:
    words = re.split(r"[.\-_'+]", local.casefold())
    if not OFFICE_WORDS.isdisjoint(words):
        return False
    return bool(_NAME_LIKE.fullmatch(local)) or (len(words) == 1 and words[0] in FIRST_NAMES)
