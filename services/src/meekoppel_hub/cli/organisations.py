"""`meekoppel organisations`: who takes part, and for whom each may publish."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any

import typer
from sqlalchemy import func, select

from meekoppel_contracts.codes import OrganisationKind
from meekoppel_contracts.ids import OrgCode
from meekoppel_contracts.topics import organisation_topics
from meekoppel_hub.cli.tables import show_table
from meekoppel_hub.cli.view import view_of_hub
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.create import open_view
from meekoppel_hub.platform.database.tables.intake import intake_counts
from meekoppel_hub.platform.kafka import ensure_topics
from meekoppel_hub.platform.organisations import (
    Organisation,
    load,
    load_all,
    register_organisation,
    renew_token,
)
from meekoppel_hub.platform.running import find_running
from meekoppel_hub.platform.settings import HubSettings

app = typer.Typer(help="The organisations that take part.", no_args_is_help=True)

Code = Annotated[str, typer.Argument(help="Its code: a-z, 0-9 and hyphens, as gm0361.")]
Name = Annotated[str, typer.Option(help="Its name in full.")]
Kind = Annotated[OrganisationKind, typer.Option(help="What kind of organisation it is.")]
Oin = Annotated[str | None, typer.Option(help="Its OIN, 20 digits.")]
Kvk = Annotated[str | None, typer.Option(help="Its KvK number, 8 digits.")]
For = Annotated[
    list[str] | None,
    typer.Option("--may-publish-for", help="An initiator whose plans it may publish; repeatable; * is everyone."),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document instead of a table.")]


@app.command(epilog='Example: meekoppel organisations add gm0361 --name "Gemeente Alkmaar" --kind municipality')
def add(code: Code, name: Name, kind: Kind, oin: Oin = None, kvk: Kvk = None, may_publish_for: For = None) -> None:
    """Register an organisation: make its topics, and show its token, this once."""
    settings = HubSettings.read()
    database = open_view(settings)
    token = register_organisation(database, code, name, kind, oin=oin, kvk=kvk, may_publish_for=may_publish_for or ())
    typer.echo(f"{code} is registered. Its token, shown this once: {token}")
    topics = organisation_topics(OrgCode(code), settings.partitions)
    names = ", ".join(topic.name for topic in topics)
    running = find_running(settings.data_folder)
    bootstrap = settings.kafka_bootstrap or (running.bootstrap if running else "")
    if bootstrap:
        asyncio.run(ensure_topics(bootstrap, topics))
        typer.echo(f"Topics {names} are there.")
    else:
        typer.echo(f"Topics {names} are made when the hub next starts (`meekoppel up`).")


@app.command("list", epilog="Example: meekoppel organisations list")
def list_organisations(as_json: AsJson = False) -> None:
    """List the organisations."""
    organisations = load_all(view_of_hub(HubSettings.read()))
    if as_json:
        typer.echo(json.dumps([_as_json(organisation) for organisation in organisations], indent=2))
        return
    if not organisations:
        typer.echo("No organisation is registered; `meekoppel organisations add` does it.")
        return
    columns = ("code", "name", "kind", "may publish for", "active")
    show_table(columns, map(_as_cells, organisations), whole=("code",), title="Organisations")


@app.command(epilog="Example: meekoppel organisations show gm0361")
def show(code: Code) -> None:
    """Show one organisation, and what became of the events that it sent."""
    database = view_of_hub(HubSettings.read())
    organisation = load(database, code)
    typer.echo(json.dumps({**_as_json(organisation), "events_sent": _counts(database, code)}, indent=2))


@app.command("new-token", epilog="Example: meekoppel organisations new-token gm0361")
def new_token(code: Code) -> None:
    """Give an organisation a new token, shown this once; the old one ends at once."""
    typer.echo(f"The new token of {code}, shown this once: {renew_token(view_of_hub(HubSettings.read()), code)}")


def _as_cells(organisation: Organisation) -> tuple[str, ...]:
    others = ", ".join(sorted(organisation.may_publish_for)) or "itself"
    active = "yes" if organisation.active else "no"
    return (organisation.code, organisation.name, organisation.kind.value, others, active)


def _as_json(organisation: Organisation) -> dict[str, Any]:
    return {
        "code": organisation.code,
        "name": organisation.name,
        "kind": organisation.kind.value,
        "oin": organisation.oin,
        "kvk": organisation.kvk,
        "may_publish_for": sorted(organisation.may_publish_for),
        "created_at": organisation.created_at.isoformat(),
        "active": organisation.active,
    }


def _counts(database: Database, code: str) -> dict[str, int]:
    outcome = intake_counts.c.outcome
    statement = select(outcome, func.sum(intake_counts.c["count"])).where(intake_counts.c.organisation == code)
    with database.read() as connection:
        rows = connection.execute(statement.group_by(outcome).order_by(outcome))
        return {became: int(count) for became, count in rows}
