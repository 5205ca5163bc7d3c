"""`meekoppel-contracts check`: may these versions live side by side for ten years?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from meekoppel_contracts.compatibility import PACKAGED, Published, Violation, check_published, read_folder, read_git

Against = Annotated[
    str | None, typer.Option(metavar="GIT_REF", help="Also compare with what was published there: a tag, a commit.")
]
Schemas = Annotated[Path, typer.Option(help="The folder with manifest.json and the .avsc files.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document instead of lines.")]


def check(against: Against = None, schemas: Schemas = PACKAGED, as_json: AsJson = False) -> None:
    """Check every version of every contract; exit code 1 when a rule is broken."""
    now = read_folder(schemas)
    before = None if against is None else read_git(schemas, against)
    violations = check_published(now, before)
    if as_json:
        found = [asdict(violation) for violation in violations]
        typer.echo(json.dumps({"checked": len(now.versions), "against": against, "violations": found}, indent=2))
    else:
        _print(now, against, violations)
    if violations:
        raise typer.Exit(1)


def _print(now: Published, against: str | None, violations: Sequence[Violation]) -> None:
    for violation in violations:
        typer.secho(str(violation), fg=typer.colors.RED)
    contracts, compared = len(now.manifest["subjects"]), f", compared with {against}" if against else ""
    typer.echo(f"{len(now.versions)} versions of {contracts} contracts checked{compared}.")
    typer.echo(f"{len(violations)} violations." if violations else "No rule is broken.")
