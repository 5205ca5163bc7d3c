"""Stretches of a text, found one by one and replaced together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Span(NamedTuple):
    """A stretch of a text, from `start` up to `end`."""

    start: int
    end: int


def replaced(text: str, marks: Iterable[tuple[Span, str]]) -> str:
    """Replace stretches by marks; of those that overlap, the first, and of those with one beginning the longest.

    What the others hold beyond it is replaced with it.
    """
    pieces: list[str] = []
    done = 0
    for span, mark in sorted(marks, key=lambda each: (each[0].start, -each[0].end)):
        if span.start >= done:
            pieces += (text[done : span.start], mark)
        done = max(done, span.end)
    return "".join((*pieces, text[done:]))
