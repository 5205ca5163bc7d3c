"""`meekoppel dead-letters`: look at records that could not be handled, release them or drop them."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from meekoppel_hub.cli.tables import show_table
from meekoppel_hub.cli.view import view_of_hub
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.settings import HubSettings
from meekoppel_hub.platform.stream import parking
from meekoppel_hub.platform.stream.parking import ParkedKey, ParkedRow
from meekoppel_hub.platform.stream.records import PartitionId

app = typer.Typer(
    help="Records that can never succeed as they are, and the later records of the same plan that wait behind them. "
    "release and drop only say what they would do, until --yes is given.",
    no_args_is_help=True,
)

Service = Annotated[str, typer.Argument(help="The service that set the record aside, such as coordination.")]
OfService = Annotated[str | None, typer.Option("--service", help="Only of this service.")]
Key = Annotated[
    str, typer.Argument(help="The key: the plan id, as `dead-letters list` shows it; '' for records without a key.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document instead of a table.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it; without this, only say what would be done.")]


@app.command("list", epilog="Example: meekoppel dead-letters list --service coordination")
def list_dead_letters(service: OfService = None, as_json: AsJson = False) -> None:
    """List the keys that are parked: why, since when, and how many records wait behind."""
    with _database().read() as connection:
        keys = parking.list_keys(connection, service)
    if as_json:
        typer.echo(json.dumps([_key_as_json(key) for key in keys], indent=2))
        return
    if not keys:
        typer.echo("Nothing is parked.")
        return
    columns = ("service", "topic", "key", "reason", "waiting", "state", "since")
    show_table(columns, map(_key_as_cells, keys), whole=("service", "key"), title="Dead letters")


@app.command(epilog="Example: meekoppel dead-letters show coordination NL.gm0361.2026-0041")
def show(service: Service, key: Key) -> None:
    """Show every record that waits under a key: place, reason, headers and the original bytes (hexadecimal)."""
    for row in _rows(_database(), service, key):
        typer.echo(json.dumps(_row_as_json(row), indent=2))


@app.command(epilog="Example: meekoppel dead-letters release coordination NL.gm0361.2026-0041 --yes")
def release(service: Service, key: Key, yes: Yes = False) -> None:
    """Try everything under a key again, in order. The running service does it within seconds."""
    _ask(service, key, parking.RELEASE_ASKED, "would be tried again" if not yes else "will be tried again", yes)


@app.command(epilog="Example: meekoppel dead-letters drop coordination NL.gm0361.2026-0041 --yes")
def drop(service: Service, key: Key, yes: Yes = False) -> None:
    """Give the poison record up and handle what waits behind it. Its bytes stay in the dead-letter topic."""
    outcome = "would be dropped, and the rest handled" if not yes else "will be dropped, and the rest handled"
    _ask(service, key, parking.DROP_ASKED, outcome, yes)


def _ask(service: str, key: str, state: str, outcome: str, yes: bool) -> None:
    database = _database()
    rows = _rows(database, service, key)
    poison = next(row for row in rows if row.aside.reason is not None)
    place = f"{poison.aside.record.source.lane}/{poison.aside.record.offset}"
    typer.echo(f"{place} ({poison.aside.reason}: {poison.aside.detail}) {outcome}; {len(rows) - 1} wait behind it.")
    if not yes:
        typer.echo("Nothing was done. Add --yes to do it.")
        return
    with database.begin() as connection:
        parking.ask(connection, service, poison.aside.record.key or b"", state)


def _rows(database: Database, service: str, key: str) -> list[ParkedRow]:
    with database.read() as connection:
        rows = [
            row
            for found in parking.list_keys(connection, service)
            if _text(found.key) == key
            for row in parking.rows_of_key(connection, service, PartitionId(found.topic, found.partition), found.key)
        ]
    if not rows:
        raise SettingsError(
            f"nothing of {service} is parked under {key!r}; `meekoppel dead-letters list` shows what is"
        )
    return rows


def _database() -> Database:
    return view_of_hub(HubSettings.read())


def _text(key: bytes) -> str:
    return key.decode("utf-8", errors="backslashreplace")


def _key_as_cells(key: ParkedKey) -> tuple[str, ...]:
    since = f"{key.since:%Y-%m-%d %H:%M}"
    return (key.service, key.topic, _text(key.key), key.reason, str(key.waiting), key.state, since)


def _key_as_json(key: ParkedKey) -> dict[str, Any]:
    return {
        "service": key.service,
        "topic": key.topic,
        "partition": key.partition,
        "key": _text(key.key),
        "reason": key.reason,
        "detail": key.detail,
        "waiting": key.waiting,
        "state": key.state,
        "since": key.since.isoformat(),
    }


def _row_as_json(row: ParkedRow) -> dict[str, Any]:
    record = row.aside.record
    return {
        "place": f"{record.source.lane}/{record.offset}",
        "reason": row.aside.reason or "waits behind the record above",
        "detail": row.aside.detail,
        "parked_at": row.parked_at.isoformat(),
        "headers": {name: _text(value or b"") for name, value in record.headers},
        "value": None if record.value is None else record.value.hex(),
    }
