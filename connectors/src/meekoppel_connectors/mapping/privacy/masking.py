"""Masking what is personal in a text, and telling what is personal in a contact.

What is found is replaced by a fixed mark, so that the same text always becomes the same, and a change of the person
alone is no change of the plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache

from meekoppel_connectors.mapping.privacy.addresses import (
    holds_only_office_words,
    is_address,
    mobile_numbers,
    number_behind,
    personal_addresses,
)
from meekoppel_connectors.mapping.privacy.names import is_whole_name, name_before, names_in
from meekoppel_connectors.mapping.privacy.spans import Span, replaced
from meekoppel_contracts.plan import Contact


class Personal(StrEnum):
    """What was found; the value is the mark that takes its place."""

    NAME = "[naam weggelaten]"
    ADDRESS = "[e-mail weggelaten]"
    NUMBER = "[nummer weggelaten]"


_MOST_KEPT = 1000
_SPACES = dict.fromkeys(map(ord, "\t\u00a0\u2007\u202f"), " ")
"""What looks like a space: one character for one, so that what is found stands at the same place."""

IN_WORDS = {
    Personal.NAME: "what looks like a person's name",
    Personal.ADDRESS: "what looks like a person's mail address",
    Personal.NUMBER: "what looks like a person's phone number",
}


def personal_in(text: str, *, addresses: bool = True) -> list[tuple[Span, Personal]]:
    """Find what is personal in a text.

    Args:
        text: free text.
        addresses: whether mail addresses and phone numbers are looked for, and not only names.
    """
    text = text.translate(_SPACES)
    found = [(span, Personal.NAME) for span in names_in(text)]
    if not addresses:
        return found
    own = [(span, Personal.ADDRESS) for span in personal_addresses(text)]
    own += [(span, Personal.NUMBER) for span in mobile_numbers(text)]
    if found or own:
        before = [name_before(text, span.start) for span, _ in own]
        found += own + [(span, Personal.NAME) for span in before if span is not None]
        behind = [number_behind(text, span.end) for span, kind in found if kind is Personal.NAME]
        found += [(span, Personal.NUMBER) for span in behind if span is not None]
    return found


def masked(text: str, *, addresses: bool = True) -> str:
    """Give a text with a mark in the place of everything personal; the same text when there is nothing."""
    return _masked_again(text, addresses) if len(text) <= _MOST_KEPT else _masked(text, addresses)


@lru_cache(maxsize=4096)
def _masked_again(text: str, addresses: bool) -> str:
    """Mask a short text: the same standard sentences stand in many plans."""
    return _masked(text, addresses)


def _masked(text: str, addresses: bool) -> str:
    found = personal_in(text, addresses=addresses)
    return replaced(text, ((span, kind.value) for span, kind in found)) if found else text


def personal_in_contact(contact: Contact) -> Iterator[tuple[str, str]]:
    """Find what looks like a person's own in a contact.

    Returns:
        The field of the contact and, in words, what stands there; the address itself is not repeated.
    """
    mailbox, phone, url = contact.mailbox or "", contact.phone or "", contact.url or ""
    if any(personal_addresses(mailbox)):
        yield "mailbox", "looks like a person's mail address"
    elif mailbox and not is_address(mailbox):
        yield "mailbox", "is no mail address, and may be a person's name"
    if any(mobile_numbers(phone)):
        yield "phone", "looks like a person's mobile number"
    elif not holds_only_office_words(phone) or is_whole_name(phone):
        yield "phone", "holds words beside the number, which may be a person's name"
    if any(personal_addresses(url)):
        yield "url", "contains what looks like a person's mail address"
