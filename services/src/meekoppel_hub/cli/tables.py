"""Tables on the terminal: what has to be copied, such as an id, is never cut."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

# Wide enough for every id when a program reads the table.
_PIPED_WIDTH = 400


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, whole: Sequence[str], title: str = "") -> None:
    """Print a table on standard output.

    Args:
        columns: their heads.
        rows: a text per column.
        whole: columns that stand on one line, uncut; the others are folded where there is no room.
        title: above the table.
    """
    table = Table(title=title or None, title_justify="left")
    for name in columns:
        table.add_column(name, no_wrap=name in whole, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH, markup=False).print(table)
