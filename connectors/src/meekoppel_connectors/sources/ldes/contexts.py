"""JSON-LD contexts: never fetched, since then another server says what a word means; taken from local copies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from meekoppel_connectors.errors import SourceError

_DEEPEST = 10


def with_local_contexts(content: bytes, copies: Mapping[str, Path], place: str) -> bytes:
    """Put local copies where a JSON-LD page names a context by its address.

    Args:
        content: the page.
        copies: address of a context → file with the context.
        place: of the page, for messages.

    Raises:
        SourceError: when the page is no JSON, or names a context of which there is no copy.
    """
    try:
        page = json.loads(content)
        return json.dumps(_replaced(page, copies, place, 0)).encode()
    except (ValueError, RecursionError) as error:
        raise SourceError(place, f"is no JSON-LD: {error}") from error


def _replaced(value: Any, copies: Mapping[str, Path], place: str, depth: int) -> Any:
    if depth > _DEEPEST:
        raise SourceError(place, "names contexts that name one another without end")
    if isinstance(value, list):
        return [_replaced(one, copies, place, depth) for one in value]
    if not isinstance(value, dict):
        return value
    if "@import" in value:
        raise SourceError(
            place, f"imports the context {value['@import']}; give a copy that holds it, in source.contexts"
        )
    return {
        name: _context(inner, copies, place, depth) if name == "@context" else _replaced(inner, copies, place, depth)
        for name, inner in value.items()
    }


def _context(value: Any, copies: Mapping[str, Path], place: str, depth: int) -> Any:
    if isinstance(value, list):
        return [_context(one, copies, place, depth) for one in value]
    if not isinstance(value, str):
        return _replaced(value, copies, place, depth)
    file = copies.get(value)
    if file is None:
        raise SourceError(
            place,
            f"takes the meaning of its words from {value}, which is never fetched; save it and add "
            f"source.contexts: {{{value}: file.jsonld}}",
        )
    try:
        copy = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise SourceError(file, f"cannot be read as the copy of {value}: {error}") from error
    inner = copy.get("@context", copy) if isinstance(copy, dict) else copy
    return _context(inner, copies, place, depth + 1)
