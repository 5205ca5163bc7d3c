"""The words by which persons are recognised: data, so that they can be read and added to without programming."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files

_FOLDER = files(__package__)
_LISTS: dict[str, list[str]] = tomllib.loads(_FOLDER.joinpath("vocabulary.toml").read_text(encoding="utf-8"))

FIRST_NAMES = frozenset(_FOLDER.joinpath("first_names.txt").read_text(encoding="utf-8").split())
OFFICE_WORDS = frozenset(_FOLDER.joinpath("office_words.txt").read_text(encoding="utf-8").split())


def words_of(name: str) -> frozenset[str]:
    """Give a list of `vocabulary.toml` in small letters."""
    return frozenset(word.casefold() for word in _LISTS[name])


def any_of(name: str, *, as_written: bool = False) -> str:
    """Give a list of `vocabulary.toml` as part of a regular expression, the longest first.

    Args:
        name: of the list.
        as_written: whether capitals count: then a word is found as it stands in the list, with a capital first, and
            in capitals; else however it is written.
    """
    words = set(_LISTS[name])
    if as_written:
        words |= {word[0].upper() + word[1:] for word in words} | {word.upper() for word in words}
    pattern = "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))
    return f"(?:{pattern})" if as_written else f"(?i:{pattern})"


def first_tokens(*names: str) -> frozenset[str]:
    """Give the first word of each entry of some lists: where none occurs in a text, no entry does."""
    return frozenset(re.findall(r"[^\W\d_]+", entry.lower())[0] for name in names for entry in _LISTS[name])
