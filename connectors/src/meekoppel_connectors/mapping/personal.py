"""Keeping persons out of the log: names, mail addresses and phone numbers that look like somebody's own.

A mail address looks personal when the part before the `@` reads like a name (`j.jansen`, `jan.de.vries`,
`jjansen` does not) and holds no word of `office_words.txt`. A phone number looks personal when it is a mobile one of
the Netherlands, Belgium or the United Kingdom, and a contact looks so when words stand where an address or a number
belongs. An organisation whose addresses only look so states `contact_is_functional: true`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files

from meekoppel_contracts.plan import Contact, Plan

_ADDRESS = re.compile(r"(?P<local>[\w.+'-]+)@[\w-]+(?:\.[\w-]+)+")
_NAME_LIKE = re.compile(r"[^\W\d_]+(?:[.\-_'][^\W\d_]+)+")
# Grouped as people write them, so that dates (06-12-2026 12:30) and long references are not taken for numbers.
_MOBILE = re.compile(
    r"""(?<![\d+]) (?:
      (?: (?:\+|00) 31 [ -]? (?:\(0\))? [ -]? | 0 ) 6     [ .-]?  (?: \d{4} [ .-]? \d{4} | \d\d (?: [ .] \d\d ){3} )
    | (?: (?:\+|00) 32 [ -]? (?:\(0\))? [ -]? | 0 ) 4\d\d [ ./-]? (?: \d{3} [ .]? \d{3} | \d\d (?: [ .] \d\d ){2} )
    | (?: (?:\+|00) 44 [ -]? (?:\(0\))? [ -]? | 0 ) 7\d{3} [ -]?   \d{3} [ -]? \d{3}
    ) (?!\d)""",
    re.VERBOSE,
)
_WORD = re.compile(r"[^\W\d_]{2,}")
_OFFICE_WORDS = frozenset(files(__package__).joinpath("office_words.txt").read_text(encoding="utf-8").split())


def personal_data(plan: Plan) -> Iterator[tuple[str, str]]:
    """Find what looks like a person's own name, address or number.

    Returns:
        The plan field and, in words, what stands there; the address itself is not repeated.
    """
    if plan.contact:
        yield from _in_contact(plan.contact)
    for field, text in _free_texts(plan):
        if looks_personal(text):
            yield field, "contains what looks like a person's mail address"
        if holds_mobile_number(text):
            yield field, "contains what looks like a person's mobile number"


def _in_contact(contact: Contact) -> Iterator[tuple[str, str]]:
    mailbox, phone, url = contact.mailbox or "", contact.phone or "", contact.url or ""
    if looks_personal(mailbox):
        yield "plan.contact.mailbox", "looks like a person's mail address"
    elif mailbox and not _ADDRESS.fullmatch(mailbox):
        yield "plan.contact.mailbox", "is no mail address, and may be a person's name"
    if holds_mobile_number(phone):
        yield "plan.contact.phone", "looks like a person's mobile number"
    elif not _OFFICE_WORDS.issuperset(_WORD.findall(phone.casefold())):
        yield "plan.contact.phone", "holds words beside the number, which may be a person's name"
    if looks_personal(url):
        yield "plan.contact.url", "contains what looks like a person's mail address"


def looks_personal(text: str) -> bool:
    """Tell whether a text holds a mail address that reads like a person's name."""
    return any(_is_name(match["local"]) for match in _ADDRESS.finditer(text))


def holds_mobile_number(text: str) -> bool:
    """Tell whether a text holds a mobile number, which is mostly somebody's own."""
    return _MOBILE.search(text) is not None


def _is_name(local: str) -> bool:
    words = re.split(r"[.\-_']", local.casefold())
    return bool(_NAME_LIKE.fullmatch(local)) and not _OFFICE_WORDS.intersection(words)


def _free_texts(plan: Plan) -> Iterator[tuple[str, str]]:
    yield "plan.title", plan.title
    yield "plan.description", plan.description or ""
    for index, nuisance in enumerate(plan.nuisance):
        yield f"plan.nuisance.{index}.note", nuisance.note or ""
    for index, attachment in enumerate(plan.attachments):
        yield f"plan.attachments.{index}.name", attachment.name
