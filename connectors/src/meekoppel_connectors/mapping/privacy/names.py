"""Names of persons in a text, where a cue says that one follows: a title, or a word such as `contactpersoon`.

Streets, squares and schools are called after persons, with title and all (Mr. Treublaan, Dr. Schaepmanstraat), and
offices stand where persons do (contact: Gemeente Alkmaar). So cues differ in how far they are trusted; they stand in
`vocabulary.toml`:

- a form of address (dhr., mevr., Herr, Frau, Mrs): what follows is a person, even by surname alone;
- a role that only persons have (contactpersoon, Ansprechpartner), and a degree (dr., ir., Mr): a person, unless the
  words are those of an office, a street or a building;
- a word that offices follow as well (contact, bel): a person when a first name or initials follow;
- a label of any kind, with a colon: a person when a first name and a surname follow;
- a person's own number or address: what stands before it, when it begins with a first name or initials.

A name without a cue is not looked for: streets and schools have them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from meekoppel_connectors.mapping.privacy.spans import Span
from meekoppel_connectors.mapping.privacy.vocabulary import FIRST_NAMES, any_of, first_tokens, words_of

_LATIN = [chr(code) for code in range(ord("A"), 0x250)]
_UPPER, _LOWER = ("".join(filter(kind, _LATIN)) for kind in (str.isupper, str.islower))
_PARTICLE = (
    r"(?:[Vv]an|[Vv]on|[Vv]om|[Dd]en?|[Dd]er|des|[Hh]et|[Tt]e[rn]?|op|in|aan|bij|onder|zu[rm]?|[Ll][ae]|[Dd]u|d[ia]|[Ee]l"
    r"|[Aa]l|Vande[nr]?|['’][ts])"
)
_INITIALS = rf"(?:(?:[{_UPPER}]|Th|Ch|Chr|Ph|IJ|Fr|Joh|Wm)\.[ -]?){{1,5}}"
_WORD = rf"(?:[DO]['’]|Mc|Mac)?[{_UPPER}][{_LOWER}]+(?:[-'’][{_UPPER}]?[{_LOWER}]+)*"
_CAPITALS = rf"[{_UPPER}]{{3,}}"


def _name(word: str) -> str:
    surname = rf"(?:{_PARTICLE}[ ]+){{0,3}}{word}"
    given = rf"(?:{_INITIALS}[ ]?|{word}[ ]+|[{_UPPER}]{{1,2}}[ ]+)"
    return rf"{given}{{0,2}}{surname}(?:[ ]?[-–][ ]?{surname})?"


_NAME = _name(_WORD)
_ANY_CASE_NAME = _name(rf"(?:{_WORD}|{_CAPITALS})")
_CAPITALS_NAME = (
    rf"(?:{_INITIALS}[ ]?|{_CAPITALS}[ ]+)"
    rf"(?:(?:VAN|VON|DEN|DER|DE|TER|TEN|TE|LA|LE|EL|AL|DU|['’]T)[ ]+){{0,3}}{_CAPITALS}(?:-{_CAPITALS})?"
)
_SMALL_FULL_NAME = rf"(?P<first>[{_LOWER}]+)[ ]+(?:{_PARTICLE}[ ]+){{0,3}}[{_LOWER}]{{3,}}"
_SMALL_NAME = rf"(?:[{_LOWER}]\.[ ]?){{0,3}}(?:{_PARTICLE}[ ]+){{0,3}}[{_LOWER}]{{3,}}"
_FORM, _DEGREE = any_of("forms_of_address", as_written=True), any_of("degrees", as_written=True)
_TITLES = rf"(?:{_FORM}[ ]+)?(?:{_DEGREE}[ ]*){{0,3}}"
_LINKS = any_of("links")
_LINK = rf"(?P<link>(?:[ ]+{_LINKS}){{0,2}}(?:[ ]*[:=][ ]*|[ ]*[–-][ ]+|[ ]+)(?:{_LINKS}[ ]+){{0,2}})"
_BEGIN = r"(?<![\w-])"

_BY_FORM = re.compile(rf"{_BEGIN}{_FORM}(?:[ ]+|(?<=\.))(?:{_DEGREE}[ ]*){{0,3}}(?P<name>{_ANY_CASE_NAME})")
_BY_SHORT_FORM = re.compile(rf"{_BEGIN}{any_of('short_forms', as_written=True)}[ ]+(?P<name>{_SMALL_NAME})\b")
_BY_DEGREE = re.compile(rf"{_BEGIN}{_DEGREE}[ ]+(?:{_DEGREE}[ ]*){{0,3}}(?P<name>{_NAME})")
_BY_ROLE = re.compile(rf"{_BEGIN}(?P<cue>{any_of('roles')}){_LINK}{_TITLES}(?P<name>{_NAME})")
_BY_ROLE_SMALL = re.compile(rf"{_BEGIN}{any_of('roles')}[ ]*[:=][ ]*(?P<name>{_SMALL_FULL_NAME})\b")
_BY_CUE_IN_CAPITALS = re.compile(
    rf"{_BEGIN}(?:{any_of('roles')}|{any_of('hints')}){_LINK}{_TITLES}(?P<name>{_CAPITALS_NAME})(?![\w-])"
)
_BY_HINT = re.compile(rf"{_BEGIN}(?P<cue>{any_of('hints')}){_LINK}{_TITLES}(?P<name>{_NAME})")
_BY_LABEL = re.compile(rf"(?P<label>[^\W\d_]+)[ ]?:[ ]+{_TITLES}(?P<name>{_NAME})(?!\w|[ ]*[{_UPPER}])")
_JOINT = (
    r"[ ]*[,:;(<–-]?[ ]*(?:(?:is )?bereikbaar op|op|tel\.?|telefoon|telefoonnummer|gsm|mob\.?|mobiel|via|on|at|unter)?"
)
_BEFORE = re.compile(rf"(?P<name>{_NAME})(?i:{_JOINT})[ ]*[:(<]?[ ]*$")
_WHOLE = re.compile(rf"{_TITLES}(?P<name>{_ANY_CASE_NAME})")

_TOKEN = re.compile(r"[^\W\d_]+")
_OFFICES, _NO_NAMES = words_of("offices"), words_of("not_a_name")
_TITLE_WORDS = frozenset(word.strip(".") for word in words_of("forms_of_address")) | first_tokens("degrees")
_OF_OFFICE = re.compile(r"[ ](?:van|von|of|bij)[ ](?P<office>[^ ]+)$")
_LIKE_STREETS = words_of("surnames_like_streets")
_PLACE_END = re.compile(rf"(?<=[\w-]){any_of('place_endings')}$")
_STREET_END = re.compile(rf"(?<=[\w-]){any_of('plain_street_endings')}$")
_PLACE_BEHIND = re.compile(rf"[ ]*-?[ ]*{any_of('place_words')}\b")
_PLACE_LABELS = words_of("place_labels")
_PLACE_WORDS = words_of("place_words")
_BUILDING_BEFORE = re.compile(rf"\b{any_of('building_words')}[ ]+(?:de[ ]+)?$")
_FAR = 80


def names_in(text: str) -> Iterator[Span]:
    """Find names of persons that a cue announces; the cue itself is no part of what is found."""
    if ":" not in text and _FINDERS.keys().isdisjoint(_TOKEN.findall(text.lower())):  # as nearly all texts
        return
    if ":" in text:
        yield from _behind_label(text)
    for token in _TOKEN.finditer(text):
        for find in _FINDERS.get(token[0].lower(), ()):
            yield from find(text, token.start())


def _behind_label(text: str) -> Iterator[Span]:
    """Find a first name and a surname behind a label of any kind, as in a form: `Opdracht: Jan de Vries`."""
    for match in _BY_LABEL.finditer(text):
        if match["label"].lower() in _PLACE_LABELS or _is_place(text, match):
            continue
        if _words(match["name"])[0] in FIRST_NAMES and _has_given_name(match["name"]):
            yield from _person(match)


def _behind_form(text: str, place: int) -> Iterator[Span]:
    match = _BY_FORM.match(text, place)
    if match and not _is_street(text, match) and not _is_title(match["name"]):
        yield Span(*match.span("name"))
    small = _BY_SHORT_FORM.match(text, place)
    if small and _NO_NAMES.isdisjoint(_words(small["name"])[:1]) and not _is_title(small["name"]):
        yield Span(*small.span("name"))


def _behind_degree(text: str, place: int) -> Iterator[Span]:
    match = _BY_DEGREE.match(text, place)
    if match and not _is_place(text, match) and not _is_title(match["name"]):
        yield Span(*match.span("name"))


def _behind_role(text: str, place: int) -> Iterator[Span]:
    small = _BY_ROLE_SMALL.match(text, place)
    if small and small["first"] in FIRST_NAMES and not _is_office(small["name"]):
        yield Span(*small.span("name"))
    match = _BY_ROLE.match(text, place)
    if match is None or _is_place(text, match):
        return
    if _has_given_name(match["name"]) or _announces(match) or match["cue"].endswith("."):
        yield from _person(match)


def _behind_cue_in_capitals(text: str, place: int) -> Iterator[Span]:
    """Find a name that is written in capitals, as whole forms are: a first name or initials must begin it."""
    match = _BY_CUE_IN_CAPITALS.match(text, place)
    if match and _begins_as_a_person(match["name"]) and not _is_place(text, match):
        yield from _person(match)


def _behind_hint(text: str, place: int) -> Iterator[Span]:
    match = _BY_HINT.match(text, place)
    if match is None or not _begins_as_a_person(match["name"]) or _is_place(text, match):
        return
    if _has_given_name(match["name"]) or _announces(match):
        yield from _person(match)


_Finder = Callable[[str, int], Iterator[Span]]
_FINDERS: dict[str, list[_Finder]] = {}
"""First word of a cue → what looks for a name behind it."""

for _list, _find in (
    ("forms_of_address", _behind_form),
    ("degrees", _behind_degree),
    ("roles", _behind_role),
    ("hints", _behind_hint),
    ("roles", _behind_cue_in_capitals),
    ("hints", _behind_cue_in_capitals),
):
    for _word in first_tokens(_list):
        _FINDERS.setdefault(_word, []).append(_find)


def name_before(text: str, place: int) -> Span | None:
    """Find the name that stands right before a personal number or address: `Jan de Vries, 06-12345678`."""
    offset = max(0, place - _FAR)
    before = text[offset:place]
    for start in (found.start() for found in re.finditer(rf"(?<![\w.-])[{_UPPER}]", before)):
        match = _BEFORE.match(before, start)
        if match and _begins_as_a_person(match["name"]) and not _is_office(match["name"]):
            return Span(match.start("name") + offset, match.end("name") + offset)
    return None


def is_whole_name(text: str) -> bool:
    """Tell whether a text is the name of a person and nothing else, as in a column of names."""
    match = _WHOLE.fullmatch(text.strip())
    if match is None or _is_office(match["name"]) or _PLACE_END.search(match["name"]):
        return False
    return match.start("name") > 0 or _begins_as_a_person(match["name"])


def _words(name: str) -> list[str]:
    return [word.strip(".-–").casefold() for word in name.replace(".", ". ").split()]


def _begins_as_a_person(name: str) -> bool:
    return re.match(_INITIALS, name) is not None or _words(name)[0].split("-")[0] in FIRST_NAMES


def _has_given_name(name: str) -> bool:
    """Tell whether a name has more than a surname."""
    return re.match(_INITIALS, name) is not None or re.match(rf"{_WORD}[ ]", name) is not None


def _announces(match: re.Match[str]) -> bool:
    """Tell whether a sign stands between cue and name, as in a form that is filled in."""
    return re.search("[:=–-]", match["link"]) is not None


def _person(match: re.Match[str]) -> Iterator[Span]:
    """Give the part of a name that is a person's: all, that before an office (`Bart Claes van Fluvius`), or none."""
    start, end = match.span("name")
    office = _OF_OFFICE.search(match["name"])
    if office is not None and _is_office(office["office"]):
        end = start + office.start()
    name = match.string[start:end]
    if not _is_office(name) and not _is_title(name):
        yield Span(start, end)


def _is_title(name: str) -> bool:
    return _words(name)[0] in _TITLE_WORDS


def _is_office(name: str) -> bool:
    return not _OFFICES.isdisjoint(_words(name))


def _is_place(text: str, match: re.Match[str]) -> bool:
    words = _words(match["name"])
    return (
        _PLACE_END.search(words[-1]) is not None
        or _has_place_word(match["name"])
        or _PLACE_BEHIND.match(text, match.end()) is not None
        or _BUILDING_BEFORE.search(text[max(0, match.start() - _FAR) : match.start()]) is not None
    )


def _has_place_word(name: str) -> bool:
    """Tell whether a name holds a word of places (`Smith Close`); behind a particle it is a surname (`van Dijk`)."""
    words = _words(name)
    return any(word in _PLACE_WORDS and not re.fullmatch(_PARTICLE, before) for before, word in pairwise(words))


def _is_street(text: str, match: re.Match[str]) -> bool:
    """Tell whether a form of address is part of a street's name, which is rarer than a surname that looks like one."""
    last = _words(match["name"])[-1]
    street = _STREET_END.search(last) is not None and last not in _LIKE_STREETS
    return street or _has_place_word(match["name"]) or _PLACE_BEHIND.match(text, match.end()) is not None
