"""`meekoppel agreements`: the rules by which plans meet, per area: check, compare, try out, apply."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection

from meekoppel_contracts.areas import AgreementEvent
from meekoppel_contracts.codes import AgreementEventType
from meekoppel_contracts.ids import OrgCode, check_agreement_id
from meekoppel_hub.cli.asking import As, Yes, ask_as, sure, wait_for_rules
from meekoppel_hub.cli.tables import show_table
from meekoppel_hub.cli.view import view_of_hub
from meekoppel_hub.platform.agreements import (
    Agreement,
    AgreementError,
    AgreementFile,
    national_agreement,
    parse_agreement,
    read_agreement,
    rules_from_json,
)
from meekoppel_hub.platform.agreements.applied import applied_agreement, default_rules, to_event
from meekoppel_hub.platform.agreements.templates import TEMPLATES, template_text
from meekoppel_hub.platform.agreements.words import differences
from meekoppel_hub.platform.clock import utc_now
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.settings import HubSettings
from meekoppel_hub.reading.places import PlaceFilter, newest_agreements

app = typer.Typer(
    help="The rules by which plans meet, per area (procesafspraken): check, compare, try out, apply.",
    no_args_is_help=True,
)

File = Annotated[Path, typer.Argument(help="A YAML file; `meekoppel agreements template` gives one to begin with.")]
Identifier = Annotated[
    str | None, typer.Option("--id", help="Id of the agreement; default: <namespace>.<organisation>.<ruleset>.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document instead of text.")]
_EMPTY_WAIT_SECONDS = 10.0


@app.command(epilog="Examples: meekoppel agreements template · meekoppel agreements template city > stad.yaml")
def template(
    name: Annotated[str | None, typer.Argument(help="Which one; without it, they are listed.")] = None,
) -> None:
    """Give a file to begin with, with explanations."""
    if name is None:
        show_table(("name", "for whom"), TEMPLATES.items(), whole=("name",))
        return
    if name not in TEMPLATES:
        raise SettingsError(f"there is no template {name!r}; take one of {', '.join(TEMPLATES)}")
    typer.echo(template_text(name), nl=False)


@app.command(epilog="Example: meekoppel agreements check afspraken.yaml")
def check(file: File) -> None:
    """Check a file, and say what it changes compared to the default. The hub need not be there."""
    try:
        given = read_agreement(file)
    except AgreementError as error:
        typer.secho(f"{file} cannot be used:", fg=typer.colors.RED, err=True)
        for problem in error.problems:
            typer.echo(f"  {problem}", err=True)
        raise typer.Exit(1) from error
    where = ", ".join(given.areas) or "everywhere that no other agreement holds"
    typer.echo(f"{given.rules.identity} can be used; it holds in: {where}")
    _tell_differences(national_agreement(), given.rules, "the built-in default")


@app.command(epilog="Examples: meekoppel agreements diff afspraken.yaml nieuw.yaml · diff NL.gm0361.alkmaar nieuw.yaml")
def diff(
    before: Annotated[str, typer.Argument(help="A file, a template, or an agreement's id; id@2 is its revision 2.")],
    after: Annotated[str, typer.Argument(help="The same.")],
    as_json: AsJson = False,
) -> None:
    """Say in words in which settings two versions differ."""
    old, new = _rules_of(before), _rules_of(after)
    found = differences(old, new)
    if as_json:
        rows = [{"setting": one.place, "before": one.before, "after": one.after} for one in found]
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    _tell_differences(old, new, old.identity)


@app.command("list", epilog="Example: meekoppel agreements list")
def list_agreements(as_json: AsJson = False) -> None:
    """List the agreements of the hub, each at its newest revision."""
    with view_of_hub(HubSettings.read()).read() as connection:
        places = list(newest_agreements(connection, PlaceFilter(), None, utc_now()))
    if as_json:
        typer.echo(json.dumps([place.properties() for place in places], indent=2, ensure_ascii=False))
        return
    rows = [_cells(place.event, holds=place.holds) for place in places if isinstance(place.event, AgreementEvent)]
    if not rows:
        typer.echo("No agreement was applied: the built-in default holds everywhere.")
        return
    show_table(("id", "revision", "rules", "areas", "from", "until", "holds"), rows, whole=("id",), title="Agreements")


@app.command(
    epilog="Example: meekoppel agreements apply afspraken.yaml --as gm0361. Try it out with `simulate` before."
)
def apply(file: File, organisation: As, identifier: Identifier = None, yes: Yes = False) -> None:
    """Apply an agreement, or a new version of it: shows what changes, asks, and matches again what it concerns."""
    settings = HubSettings.read()
    database = view_of_hub(settings)
    event, before = proposal(settings, database, file, organisation, identifier)
    _tell_differences(_before(database, before), rules_from_json(event.rules), _called(before))
    where = ", ".join(event.areas) or "the whole hub, as its default"
    sure(f"Apply {event.ruleset}/{event.version} to {where}?", yes)
    (answer,) = ask_as(settings, database, organisation, [event])
    if answer.event_id is None:
        typer.echo("It holds already, in the same words; nothing changed.")
        return
    typer.echo(f"Applied as {answer.event_id}.")
    _wait_until_folded(database, event, 0 if before is None else before.revision)


@app.command(epilog="Example: meekoppel agreements end NL.gm0361.alkmaar --as gm0361 --reason 'Opgegaan in de regio.'")
def end(
    identifier: Annotated[str, typer.Argument(help="Id of the agreement.")],
    organisation: As,
    reason: Annotated[str | None, typer.Option(help="Why, in words.")] = None,
    yes: Yes = False,
) -> None:
    """End an agreement: the default, or what else holds there, takes its place."""
    settings = HubSettings.read()
    database = view_of_hub(settings)
    with database.read() as connection:
        before = applied_agreement(connection, identifier)
    if before is None:
        raise SettingsError(f"there is no agreement {identifier}; `meekoppel agreements list` shows them")
    sure(f"End {before.ruleset}/{before.version} in {', '.join(before.areas) or 'the whole hub'}?", yes)
    ending = {"type": AgreementEventType.ENDED, "revision": 0, "reason": reason, "recorded_at": utc_now()}
    (answer,) = ask_as(settings, database, organisation, [before.model_copy(update=ending)])
    if answer.event_id is None:
        typer.echo("It had ended already; nothing changed.")
        return
    typer.echo(f"Ended as {answer.event_id}.")
    _wait_until_folded(database, before, before.revision)


def proposal(
    settings: HubSettings, database: Database, file: Path, organisation: str, identifier: str | None
) -> tuple[AgreementEvent, AgreementEvent | None]:
    """Read a file as what would be applied, and give what holds under the same id until now."""
    now = utc_now()
    with database.read() as connection:
        given = _read_over_default(connection, file)
        agreement_id = check_agreement_id(identifier or f"{settings.namespace}.{organisation}.{given.rules.ruleset}")
        return to_event(given, agreement_id, OrgCode(organisation), now), applied_agreement(connection, agreement_id)


def _read_over_default(connection: Connection, file: Path) -> AgreementFile:
    """Read a file over the default of the hub; a default itself is laid over the built-in one."""
    given = read_agreement(file)
    return read_agreement(file, default_rules(connection, utc_now())) if given.areas else given


def _before(database: Database, before: AgreementEvent | None) -> Agreement:
    if before is not None and before.ended_at is None:
        return rules_from_json(before.rules)
    with database.read() as connection:
        return default_rules(connection, utc_now())


def _called(before: AgreementEvent | None) -> str:
    return "the default" if before is None or before.ended_at else f"{before.ruleset}/{before.version}"


def _rules_of(name: str) -> Agreement:
    if name in TEMPLATES:
        return parse_agreement(template_text(name)).rules
    if Path(name).is_file():
        return read_agreement(Path(name)).rules
    identifier, _, revision = name.partition("@")
    if revision and not revision.isdigit():
        raise SettingsError(f"{name!r}: after the @ stands a revision, such as {identifier}@2")
    with view_of_hub(HubSettings.read()).read() as connection:
        event = applied_agreement(connection, identifier, int(revision) if revision else None)
    if event is None:
        raise SettingsError(
            f"{name!r} is no file, no template ({', '.join(TEMPLATES)}) and no agreement of this hub; "
            "`meekoppel agreements list` shows those"
        )
    return rules_from_json(event.rules)


def _tell_differences(old: Agreement, new: Agreement, called: str) -> None:
    found = differences(old, new)
    if not found:
        typer.echo(f"The rules are those of {called}.")
        return
    count = "one setting differs" if len(found) == 1 else f"{len(found)} settings differ"
    typer.echo(f"{count} from {called}:")
    for one in found:
        typer.echo(f"  {one}")


def _cells(event: AgreementEvent, *, holds: bool) -> tuple[str, ...]:
    return (
        event.agreement_id,
        str(event.revision),
        f"{event.ruleset}/{event.version}",
        ", ".join(event.areas) or "(default)",
        f"{event.valid_from:%Y-%m-%d}" if event.valid_from else "",
        f"{event.valid_until:%Y-%m-%d}" if event.valid_until else "",
        "ended" if event.ended_at else "yes" if holds else "no",
    )


def _wait_until_folded(database: Database, event: AgreementEvent, revision: int) -> None:
    """Wait until coordination has the new revision, and has matched again what it concerns."""
    deadline = time.monotonic() + _EMPTY_WAIT_SECONDS
    while time.monotonic() < deadline:
        with database.read() as connection:
            stored = applied_agreement(connection, event.agreement_id)
        if stored is not None and stored.revision > revision:
            wait_for_rules(database)
            typer.echo("All plans that it concerns are matched by the new rules.")
            return
        time.sleep(0.2)
    typer.echo("Coordination has not taken it over yet; `meekoppel agreements list` shows when it holds.")
