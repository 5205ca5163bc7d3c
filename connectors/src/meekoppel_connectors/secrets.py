"""Passwords, keys and tokens: they stand in environment variables, never in a configuration.

What was read is remembered, so that whatever is shown or logged can be cleared of it.
"""

from __future__ import annotations

import os

from meekoppel_connectors.errors import Fatal

HIDDEN = "***"
SHORTEST_TO_HIDE = 4

_read: set[str] = set()


def read_secret(variable: str, purpose: str = "") -> str:
    """Give what an environment variable holds.

    Args:
        variable: its name, as the configuration gives it.
        purpose: what it is for, such as `source.auth.secret_variable`, for the message.

    Raises:
        Fatal: when it is not set or empty; names the variable.
    """
    value = os.environ.get(variable)
    if not value:
        named = f", which {purpose} names" if purpose else ""
        raise Fatal(f"Set the environment variable {variable}{named}; it is not set, or empty.")
    remember_secret(value)
    return value


def remember_secret(value: str) -> None:
    """Keep a secret that came in another way, such as a token that a service gave, out of what is shown from now on."""
    if len(value) >= SHORTEST_TO_HIDE:  # a shorter one would blank out ordinary text, and guards nothing
        _read.add(value)


def without_secrets(text: str) -> str:
    """Give a text in which every secret that was read is replaced by asterisks; for messages and logs."""
    for value in sorted(_read, key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    return text
