"""What two zones have to do with one another, by their roles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from meekoppel_contracts.codes import ZoneRole
from meekoppel_hub.coordination.zones import MORATORIUM_ROLE, ROLE_CODES, ROLES

NOTHING, WORKS, HINDERS, DETOURS, RESTS = range(5)
"""Of no matter; works to works; nuisance to works or nuisance; a detour to works; resting ground to works."""

_OF_ROLES: dict[int, list[tuple[str, str]]] = {
    WORKS: [
        (one, other)
        for one in (ZoneRole.WORK, ZoneRole.SITE, ZoneRole.INDICATIVE)
        for other in (ZoneRole.WORK, ZoneRole.SITE, ZoneRole.INDICATIVE)
    ],
    HINDERS: [(ZoneRole.NUISANCE, other) for other in (ZoneRole.WORK, ZoneRole.SITE, ZoneRole.NUISANCE)],
    DETOURS: [(ZoneRole.DETOUR, other) for other in (ZoneRole.WORK, ZoneRole.SITE)],
    # Nobody digs in a site (a depot, a crane), and where an indicative zone lies exactly is still to be seen.
    RESTS: [(MORATORIUM_ROLE, other) for other in (ZoneRole.WORK, ZoneRole.INDICATIVE)],
}


def _relations() -> NDArray[np.int8]:
    table = np.zeros((len(ROLES), len(ROLES)), dtype=np.int8)
    for relation, pairs in _OF_ROLES.items():
        for one, other in pairs:
            table[ROLE_CODES[one], ROLE_CODES[other]] = relation
            table[ROLE_CODES[other], ROLE_CODES[one]] = relation
    return table


RELATIONS = _relations()
"""The relation of two roles, by their codes; the same in either order."""
