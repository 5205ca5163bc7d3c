"""Columns in which persons are named, told by their own name."""

from __future__ import annotations

import re

from meekoppel_connectors.mapping.privacy.vocabulary import words_of

_COLUMNS = frozenset(re.sub(r"[^a-z]", "", name) for name in words_of("person_columns"))


def is_person_column(name: str) -> bool:
    """Tell whether a column is called as columns of persons are: `Contactpersoon`, `werk.last_name`."""
    last = re.sub(r"[^a-z]", "", name.rpartition(".")[2].casefold())
    return any(known in last for known in _COLUMNS)
