"""Chance with a fixed seed: the same town, plans and month every time."""

from __future__ import annotations

import random

SEED = 1284


def dice(seed: int, purpose: str) -> random.Random:
    """Give the dice for one purpose; each purpose rolls its own, so that one more roll here changes nothing there."""
    return random.Random(f"{seed}/{purpose}")  # noqa: S311  a made-up town: nothing here is secret
