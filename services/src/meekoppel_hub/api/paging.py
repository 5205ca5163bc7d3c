"""Pages: a limit and an opaque cursor, which names the last item of the page before."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from typing import Annotated, TypeVar

from fastapi import Query

from meekoppel_hub.api.errors import BadRequest

DEFAULT_LIMIT, LARGEST_LIMIT = 100, 1000

Limit = Annotated[
    int, Query(ge=1, le=LARGEST_LIMIT, description="At most so many items on the page.", examples=[DEFAULT_LIMIT])
]
Cursor = Annotated[str | None, Query(description="The `next` of the page before; leave it out for the first page.")]

Item = TypeVar("Item")


def write_cursor(key: str) -> str:
    """Write the key of the last item of a page as a cursor."""
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def read_cursor(cursor: str | None) -> str | None:
    """Read a cursor back into a key.

    Raises:
        BadRequest: when it is not one of ours.
    """
    if cursor is None:
        return None
    try:
        key = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise BadRequest("the cursor cannot be read; take it from `next` of the page before, unchanged") from error
    return without_nul(key)


def without_nul(text: str) -> str:
    """Refuse a character that no id has and PostgreSQL cannot take.

    Raises:
        BadRequest: when it is there.
    """
    if "\x00" in text:
        raise BadRequest("a parameter has a NUL character in it; leave it out")
    return text


def next_page(last: str | None) -> str | None:
    """Write the cursor of the page after the item with this key; None when there is none."""
    return None if last is None else write_cursor(last)


def one_page(items: Iterator[Item], limit: int, key: Callable[[Item], str]) -> tuple[list[Item], str | None]:
    """Take one page, and the cursor of the next one where there is more."""
    page: list[Item] = []
    for item in items:
        if len(page) == limit:
            return page, write_cursor(key(page[-1]))
        page.append(item)
    return page, None
