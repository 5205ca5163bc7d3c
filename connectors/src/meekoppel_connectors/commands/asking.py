"""What several commands take or print."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

_PIPED_WIDTH = 400

ConfigPath = Annotated[
    Path, typer.Argument(metavar="CONFIG", help="The connector's YAML file; see docs/connectors.md.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of tables.")]


def console() -> Console:
    """Give the console; when its output is piped, lines are never cut: a program needs whole ids."""
    piped = not sys.stdout.isatty()
    return Console(highlight=False, soft_wrap=piped, width=_PIPED_WIDTH if piped else None)
