"""`meekoppel-connector state show|reset|restored|move`: the connector's memory, while no run uses it."""

from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path
from typing import Annotated

import typer

from meekoppel_connectors.clock import utc_now
from meekoppel_connectors.commands.asking import AsJson, ConfigPath, console
from meekoppel_connectors.config import load_config
from meekoppel_connectors.state.schema import connect_to_read, read_meta
from meekoppel_connectors.state.upkeep import existing, forget_cursor, move, renew, set_aside
from meekoppel_connectors.status import read_status

app = typer.Typer(help="Show, reset or move what a connector remembers between runs.", no_args_is_help=True)

Yes = Annotated[bool, typer.Option("--yes", help="Do it; without, it is only said what would be done.")]


@app.command(epilog="Example: [bold]meekoppel-connector state show heat.yaml[/bold]")
def show(config: ConfigPath, as_json: AsJson = False) -> None:
    """Show the life of the state, how far the source was read, and what waits."""
    loaded = load_config(config)
    connection = connect_to_read(existing(loaded.state), loaded.organisation)
    try:
        meta = read_meta(connection)
    finally:
        connection.close()
    status = read_status(loaded)
    told = {
        "state": str(loaded.state),
        **meta,
        "cursor": meta.get("cursor"),
        "live_plans": status.live_plans,
        "last_sequence": status.last_sequence,
        "outbox_waiting": status.outbox_waiting,
        "last_run": status.runs[0].started.astimezone(UTC).isoformat() if status.runs else None,
    }
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    for name, value in told.items():
        console().print(f"{name:<21} {'-' if value is None else value}", markup=False)


@app.command(
    epilog="Examples: [bold]meekoppel-connector state reset heat.yaml --cursor --yes[/bold], to read all changes again"
    " · [bold]meekoppel-connector state reset heat.yaml --yes[/bold], to begin anew: the hub drops what it knows",
)
def reset(
    config: ConfigPath,
    cursor: Annotated[bool, typer.Option("--cursor", help="Only forget how far a source of changes was read.")] = False,
    drop_waiting: Annotated[
        bool, typer.Option("--drop-waiting", help="Also when events wait that were never published; they are lost.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Forget what was read, or begin a new life; the old state is kept beside it. Refused while a run goes on."""
    loaded = load_config(config)
    if not yes:
        what = (
            "the cursor would be forgotten" if cursor else "the state would be set aside, and the next run begin anew"
        )
        typer.echo(f"{loaded.state}: {what}. Give --yes to do it.")
        return
    if cursor:
        forget_cursor(loaded.state, loaded.organisation)
        typer.echo("The cursor is forgotten: the next run reads the source from its beginning.")
        return
    kept = set_aside(loaded.state, loaded.organisation, utc_now(), drop_waiting=drop_waiting)
    typer.echo(f"The old state is kept as {kept}; the next run begins anew, under a new epoch.")


@app.command(epilog="Example: [bold]meekoppel-connector state restored heat.yaml --yes[/bold]")
def restored(config: ConfigPath, yes: Yes = False) -> None:
    """Say that the state was put back from a backup: it goes on under a new epoch, so that the hub hears it."""
    loaded = load_config(config)
    if not yes:
        existing(loaded.state)
        typer.echo(f"{loaded.state}: it would go on under a new epoch. Give --yes to do it.")
        return
    epoch = renew(loaded.state, loaded.organisation, utc_now())
    typer.echo(f"The state goes on as {epoch}; the next run tells what changed since the backup was made.")


@app.command(
    name="move", epilog="Example: [bold]meekoppel-connector state move heat.yaml /var/lib/meekoppel/heat.db[/bold]"
)
def move_state(
    config: ConfigPath, target: Annotated[Path, typer.Argument(metavar="NEW_PATH")], yes: Yes = False
) -> None:
    """Move the state to another place; then set `state:` in the configuration. Refused while a run goes on."""
    loaded = load_config(config)
    if not yes:
        existing(loaded.state)
        typer.echo(f"{loaded.state} would be moved to {target}. Give --yes to do it.")
        return
    kept = move(loaded.state, loaded.organisation, target, utc_now())
    moved = target.resolve()  # a path in the configuration counts from its folder, not from here
    typer.echo(f"Moved to {moved}; now set state: {moved} in {config.name}. The old one is kept as {kept}.")
