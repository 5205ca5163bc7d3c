"""Boxes by place: which of very many may touch these few. Vectorised; built once from what it is given.

A loose grid: a box stands in one cell, that of its middle, on the level whose cells are as wide as it or wider; whoever
searches looks half a cell further. So one box takes one place in memory, whatever its size, and none is ever missed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indexes = NDArray[np.int64]

SMALLEST_CELL_M = 128.0
_WIDER = 4.0
_MIX_X, _MIX_Y = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_MOST_CELLS_PER_BOX = 4  # more cells to look into than so many for each box there: look at every box instead


@dataclass(frozen=True, slots=True)
class _Level:
    """The boxes of one size, by cell. Cells share buckets where their numbers mix to the same: the boxes tell.

    Attributes:
        cell_m: how wide a cell is.
        starts: where each bucket begins in `slots`; one more than there are buckets.
        slots: the boxes, bucket by bucket.
    """

    cell_m: float
    starts: Indexes
    slots: Indexes


class Grid:
    """Finds boxes by place.

    Args:
        slots: numbers by which the boxes are known.
        boxes: rows of min x, min y, max x, max y in metres; one for each slot.
    """

    def __init__(self, slots: Indexes, boxes: Floats) -> None:
        self.size = len(slots)
        middle = (boxes[:, :2] + boxes[:, 2:]) / 2
        width = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
        steps = np.log(np.maximum(width, SMALLEST_CELL_M) / SMALLEST_CELL_M) / np.log(_WIDER)
        level = np.ceil(steps - 1e-9).astype(np.int64)
        self._levels = [
            _build(slots[chosen], middle[chosen], SMALLEST_CELL_M * _WIDER ** int(number))
            for number in np.unique(level)
            for chosen in [level == number]
        ]

    def near(self, boxes: Floats) -> tuple[Indexes, Indexes]:
        """Find what may touch each of some boxes.

        Args:
            boxes: rows of min x, min y, max x, max y in metres.

        Returns:
            Pairs of a row of `boxes` and a slot; more than touch, never less.
        """
        found = [_search(level, boxes) for level in self._levels]
        if not found:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        return np.concatenate([rows for rows, _ in found]), np.concatenate([slots for _, slots in found])


def _build(slots: Indexes, middle: Floats, cell_m: float) -> _Level:
    buckets = 1 << max(4, len(slots).bit_length())
    bucket = _bucket(np.floor(middle / cell_m).astype(np.int64), buckets)
    order = np.argsort(bucket, kind="stable")
    starts = np.zeros(buckets + 1, dtype=np.int64)
    np.cumsum(np.bincount(bucket, minlength=buckets), out=starts[1:])
    return _Level(cell_m, starts, slots[order])


def _bucket(cells: Indexes, buckets: int) -> Indexes:
    mixed = cells[:, 0].astype(np.uint64) * _MIX_X ^ cells[:, 1].astype(np.uint64) * _MIX_Y
    mixed ^= mixed >> np.uint64(29)
    return (mixed & np.uint64(buckets - 1)).astype(np.int64)


def _search(level: _Level, boxes: Floats) -> tuple[Indexes, Indexes]:
    half = level.cell_m / 2
    first = np.floor((boxes[:, :2] - half) / level.cell_m).astype(np.int64)
    last = np.floor((boxes[:, 2:] + half) / level.cell_m).astype(np.int64)
    span = last - first + 1
    many = span[:, 0].astype(float) * span[:, 1] > max(64, _MOST_CELLS_PER_BOX * len(level.slots))
    rows, cells = _cells(np.nonzero(~many)[0], first, span)
    bucket = _bucket(cells, len(level.starts) - 1)
    begins, counts = level.starts[bucket], level.starts[bucket + 1] - level.starts[bucket]
    at = np.repeat(begins - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
    everywhere = np.nonzero(many)[0]
    return (
        np.concatenate([np.repeat(rows, counts), np.repeat(everywhere, len(level.slots))]),
        np.concatenate([level.slots[at], np.tile(level.slots, len(everywhere))]),
    )


def _cells(rows: Indexes, first: Indexes, span: Indexes) -> tuple[Indexes, Indexes]:
    """List the cells that each row looks into."""
    counts = span[rows, 0] * span[rows, 1]
    row = np.repeat(rows, counts)
    number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    wide = span[row, 0]
    return row, np.stack([first[row, 0] + number % wide, first[row, 1] + number // wide], axis=1)
