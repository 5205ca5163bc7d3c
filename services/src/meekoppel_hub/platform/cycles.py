"""How often Python looks for objects that hold one another: seldom, since batches make very many that do not."""

from __future__ import annotations

import gc

# A batch of 4,000 changes makes some 100,000 objects that live until it is stored. By Python's own numbers (700) that
# is 140 searches through them, some through all that the process holds: a fifth of the time of a fold.
_NEW_OBJECTS, _YOUNG_SEARCHES, _MIDDLE_SEARCHES = 50_000, 10, 10


def collect_seldom() -> None:
    """Let this process search for cycles after 50,000 new objects; what no cycle holds goes at once, as ever."""
    gc.set_threshold(_NEW_OBJECTS, _YOUNG_SEARCHES, _MIDDLE_SEARCHES)
