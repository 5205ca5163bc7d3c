"""`meekoppel-contracts check`: may these versions live side by side for ten years?"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from meekoppel_contracts.compatibility import check_registry
from meekoppel_contracts.registry import packaged_registry

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document instead of lines.")]


def check(as_json: AsJson = False) -> None:
    """Check every version of every contract; exit code 1 when a rule is broken."""
    registry = packaged_registry()
    violations = check_registry(registry)
    versions = sum(len(registry.versions(subject)) for subject in registry.subjects())
    if as_json:
        found = [asdict(violation) for violation in violations]
        typer.echo(json.dumps({"checked": versions, "violations": found}, indent=2))
    else:
        for violation in violations:
            typer.secho(str(violation), fg=typer.colors.RED)
        typer.echo(
            f"{versions} versions of {len(registry.subjects())} contracts checked, {len(violations)} violations."
        )
    if violations:
        raise typer.Exit(1)
