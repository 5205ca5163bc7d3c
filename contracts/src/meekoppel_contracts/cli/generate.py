"""`meekoppel-contracts generate`: everything that follows from the contracts, for who works on this project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from meekoppel_contracts.documents import documents, stale, write
from meekoppel_contracts.registry import own_registry

EPILOG = "Example: meekoppel-contracts generate --check"

_MARK = Path("contracts/src/meekoppel_contracts/schemas/manifest.json")

Check = Annotated[bool, typer.Option("--check", help="Change nothing; exit code 1 when something is stale.")]
Root = Annotated[Path, typer.Option(help="Folder of the project.")]


def generate(check: Check = False, root: Root = Path()) -> None:
    """Write the AsyncAPI document, the JSON Schemas, the golden vectors and the pages of the contracts."""
    if not (root / _MARK).is_file():
        raise typer.BadParameter(f"{root.resolve()} is not the folder of the project", param_hint="--root")
    made = documents(own_registry())
    changed = stale(made, root) if check else write(made, root)
    for path in changed:
        typer.echo(f"{path} {'is stale' if check else 'is written'}")
    total = sum(len(folder.files) for folder in made)
    typer.echo(f"{total} documents, {len(changed)} {'stale' if check else 'written'}.")
    if check and changed:
        raise typer.Exit(1)
