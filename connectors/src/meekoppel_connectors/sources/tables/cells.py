"""What sources that are files and tables share: finding the file, naming columns, putting cells under them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.row import SourceRow

_LINE_END = re.compile(r"\s*[\r\n]+\s*")
_UNSEEN = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u200b": None, "\ufeff": None})


def existing(path: Path) -> Path:
    """Give the path back when there is such a file.

    Raises:
        SourceError: when there is none.
    """
    if not path.is_file():
        raise SourceError(path, "there is no such file; check source.path in the configuration")
    return path


def column_names(cells: Iterable[Any]) -> list[str]:
    """Name the columns by their header cells; a second `x` becomes `x (2)`, a column without a name the empty text."""
    seen: Counter[str] = Counter()
    names = []
    for cell in cells:
        name = "" if cell is None else _LINE_END.sub(" ", tidy(str(cell)))
        seen[name] += 1
        names.append(f"{name} ({seen[name]})" if name and seen[name] > 1 else name)
    return names


def tidy(text: str) -> str:
    """Take away what is not seen: spaces around a text, spaces that do not break, marks of no width."""
    return text.translate(_UNSEEN).strip()


def table_row(number: int, names: list[str], cells: list[Any]) -> SourceRow | None:
    """Put the cells of a table under their columns; None for an empty line."""
    if all(cell is None or cell == "" for cell in cells):
        return None
    values = {name: cell for name, cell in zip(names, cells, strict=False) if name}
    values |= {name: None for name in names[len(cells) :] if name}
    surplus = [cell for cell in cells[len(names) :] if cell not in (None, "")]
    fault = None
    if surplus:
        fault = f"has {len(cells)} cells under {len(names)} columns, so that values may stand in the wrong column"
    return SourceRow(values, number=number, fault=fault)
