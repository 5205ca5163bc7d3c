"""`meekoppel-contracts publish`: put the contracts into a registry that is there already, and keep its ids."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from meekoppel_contracts.publishing import AUTH_VARIABLE, Published, RegistryClient, given_ids, publish
from meekoppel_contracts.registry import Registry, own_registry
from meekoppel_contracts.schema_ids import SCHEMA_IDS_VARIABLE, read_schema_ids

EPILOG = "Example: meekoppel-contracts publish --registry https://registry.example --dry-run"

Address = Annotated[
    str, typer.Option("--registry", help="Base address of the registry's Confluent interface.", metavar="URL")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Look, and say what would be done; change nothing.")]
File = Annotated[Path, typer.Option("--ids", help="Where to write the ids that the registry gave.")]
Prefix = Annotated[
    str, typer.Option(help="Put before the names, where others have them, such as meekoppel. or :.meekoppel:")
]
Only = Annotated[
    bool,
    typer.Option(
        "--only-registry-ids",
        help="Never read our own ids: only where no record was ever written with them, and some mean other contracts "
        "in this registry.",
    ),
]


def publish_contracts(
    registry: Address,
    dry_run: DryRun = False,
    ids: File = Path("schema-ids.json"),
    prefix: Prefix = "",
    only_registry_ids: Only = False,
) -> None:
    """Put every version of every contract into an existing schema registry, and write its ids into a file.

    User and password for basic authentication stand in MEEKOPPEL_REGISTRY_AUTH, as <user>:<password>. It can be run
    again: what is there stays, and so does what the file says of our own ids.
    """
    contracts = own_registry()
    own_ids_up_to = 0 if only_registry_ids else _own_ids_up_to(contracts, ids)
    with RegistryClient(registry, os.environ.get(AUTH_VARIABLE) or None) as client:
        steps: list[Published] = []
        for step in publish(contracts, client, prefix=prefix, dry_run=dry_run):
            typer.echo(str(step))
            steps.append(step)
        if dry_run:
            typer.echo("Nothing was changed.")
            return
        given = given_ids(steps, client, own_ids_up_to=own_ids_up_to)
    contracts.numbered_by(given, str(ids))  # a file that readers would refuse is not written
    ids.write_text(given.to_json(), encoding="utf-8")
    typer.echo(f"The ids stand in {ids}: set {SCHEMA_IDS_VARIABLE} to it for the hub and for every connector.")


def _own_ids_up_to(contracts: Registry, ids: Path) -> int:
    """Say up to which own id records may have been written: all that there are, the first time that ids are taken."""
    if ids.exists():
        return read_schema_ids(ids).own_ids_up_to
    return max(entry.schema_id for subject in contracts.subjects() for entry in contracts.versions(subject))
