"""Long vectorised work in several threads at a time: NumPy and Shapely let go of Python's lock while they compute."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

_Piece = TypeVar("_Piece")
_Result = TypeVar("_Result")

PART_SIZE = 4_096
"""So many elements at a time: enough that Python's own share is small, few enough that the threads end together."""


@dataclass(frozen=True, slots=True)
class Threads:
    """How many threads long work may take.

    Attributes:
        count: 1 for none but the caller's.
    """

    count: int = 1

    def over(self, size: int, work: Callable[[slice], _Result]) -> list[_Result]:
        """Do work over parts of so many elements; the results are in the order of the parts."""
        return self.each([slice(start, start + PART_SIZE) for start in range(0, size, PART_SIZE)], work)

    def each(self, pieces: Iterable[_Piece], work: Callable[[_Piece], _Result]) -> list[_Result]:
        """Do work for each of the pieces; the results are in their order."""
        if self.count == 1:
            return [work(piece) for piece in pieces]
        with ThreadPoolExecutor(self.count) as pool:
            return list(pool.map(work, pieces))
