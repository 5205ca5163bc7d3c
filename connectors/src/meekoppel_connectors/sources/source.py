"""What every source gives: a description of itself, and its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pyproj import CRS

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.row import SourceRow


@dataclass(frozen=True, slots=True)
class Description:
    """What a source says about itself.

    Attributes:
        fields: the names of its fields.
        fixed: whether every row has these fields, as in a table; else they are those that occur in some row.
        crs: the CRS that the file names; None when it names none.
        row_count: how many rows it has, where that is known without reading them.
    """

    fields: tuple[str, ...]
    fixed: bool
    crs: CRS | None = None
    row_count: int | None = None


class Source(Protocol):
    """A file that can be read any number of times."""

    def describe(self, *, whole: bool = False) -> Description:
        """Open the file and tell what is in it.

        Args:
            whole: whether to read all of a file without a head, to learn the names of its fields; that takes as long
                as reading its rows.

        Raises:
            SourceError: when it cannot be read as the configuration says.
        """
        ...

    def rows(self) -> Iterator[SourceRow]:
        """Read row after row, in the order of the file.

        Raises:
            SourceError: also half-way, when the file turns out to be damaged; what was read before is then of no use.
        """
        ...


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
        name = "" if cell is None else str(cell).strip()
        seen[name] += 1
        names.append(f"{name} ({seen[name]})" if name and seen[name] > 1 else name)
    return names


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
    return SourceRow(number, values, fault=fault)
