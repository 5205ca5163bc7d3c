"""Texts of a source as a terminal may show them."""

from __future__ import annotations

import re

from rich.markup import escape

_COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    """Give a text without what a terminal takes for commands: escape sequences colour, retitle and hide."""
    return text if text.isprintable() else _COMMANDS.sub("\ufffd", text)


def shown(text: str) -> str:
    """Give a text as rich prints it: harmless, and with its brackets as brackets."""
    return escape(harmless(text))
