"""Keeping persons out of the log: mail addresses and phone numbers that look like somebody's own.

A mail address looks personal when the part before the `@` reads like a name (`j.jansen`, `jan.de.vries`,
`jjansen` does not) and holds no word of `office_words.txt`. A phone number looks personal when it is a mobile one of
the Netherlands, Belgium or the United Kingdom. An organisation whose addresses only look so states
`contact_is_functional: true`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files

from meekoppel_contracts.plan import Plan

_ADDRESS = re.compile(r"(?P<local>[\w.+'-]+)@[\w-]+(?:\.[\w-]+)+")
_NAME_LIKE = re.compile(r"[^\W\d_]+(?:[.\-_'][^\W\d_]+)+")
_MOBILE = re.compile(r"(?:(?:\+|00)31\(?0?\)?|0)6\d{8}|(?:(?:\+|00)32\(?0?\)?|0)4\d{8}|(?:(?:\+|00)44\(?0?\)?|0)7\d{9}")
_OFFICE_WORDS = frozenset(files(__package__).joinpath("office_words.txt").read_text(encoding="utf-8").split())


def personal_data(plan: Plan) -> Iterator[tuple[str, str]]:
    """Find what looks like a person's own address or number.

    Returns:
        The plan field and, in words, what stands there; the address itself is not repeated.
    """
    contact = plan.contact
    if contact and contact.mailbox and looks_personal(contact.mailbox):
        yield "plan.contact.mailbox", "looks like a person's mail address"
    if contact and contact.phone and _MOBILE.fullmatch(re.sub(r"[\s./-]", "", contact.phone)):
        yield "plan.contact.phone", "looks like a person's mobile number"
    for field, text in _free_texts(plan):
        if looks_personal(text):
            yield field, "contains what looks like a person's mail address"


def looks_personal(text: str) -> bool:
    """Tell whether a text holds a mail address that reads like a person's name."""
    return any(_is_name(match["local"]) for match in _ADDRESS.finditer(text))


def _is_name(local: str) -> bool:
    words = re.split(r"[.\-_']", local.casefold())
    return bool(_NAME_LIKE.fullmatch(local)) and not _OFFICE_WORDS.intersection(words)


def _free_texts(plan: Plan) -> Iterator[tuple[str, str]]:
    yield "plan.title", plan.title
    yield "plan.description", plan.description or ""
    for index, nuisance in enumerate(plan.nuisance):
        yield f"plan.nuisance.{index}.note", nuisance.note or ""
