"""The commands of the first hour: `init`, which writes a first configuration, and `templates`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from meekoppel_connectors.commands.asking import console
from meekoppel_connectors.config import load_config
from meekoppel_connectors.errors import Fatal
from meekoppel_connectors.guessing.guess import Confidence
from meekoppel_connectors.guessing.initial import FirstConfiguration, first_configuration, place_of, settings_of
from meekoppel_connectors.guessing.proposal import Wishes
from meekoppel_connectors.guessing.writing import summary
from meekoppel_connectors.screen import shown
from meekoppel_connectors.templates.library import Template, template, templates
from meekoppel_connectors.templates.workbook import projects_workbook
from meekoppel_contracts.ids import org_code

DEFAULT_OUT = Path("plans.yaml")
_COLOURS = {Confidence.SURE: "green", Confidence.LIKELY: "yellow", Confidence.UNSURE: "red"}


def init(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE_OR_URL", help="An export of your own system, or an address: a table, a map layer, a feed."
        ),
    ] = None,
    organisation: Annotated[str | None, typer.Option(help="The code that the hub gave you, such as gm0361.")] = None,
    hub_crs: Annotated[int | None, typer.Option(help="EPSG number of the hub's coordinates, if you know it.")] = None,
    namespace: Annotated[str | None, typer.Option(help="First part of the hub's plan ids, if you know it.")] = None,
    use: Annotated[
        str | None, typer.Option("--template", metavar="NAME", help="Begin with this ready mapping; see `templates`.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The configuration file to write.")] = DEFAULT_OUT,
    force: Annotated[bool, typer.Option("--force", help="Write over files that are there.")] = False,
) -> None:
    """Look at a source and write a first configuration for it, with what it was not sure of."""
    # each configuration has a state of its own: sharing one would withdraw the plans of the other
    wishes = Wishes(_checked(organisation), hub_crs, namespace, f"state/{out.stem}.db")
    out_to = console()
    if use is not None:
        _write_template(template(use), source, wishes, out, force=force)
    elif source is None:
        raise typer.BadParameter(
            "name a file or an address, or a ready mapping with --template", param_hint="FILE_OR_URL"
        )
    else:
        first = first_configuration(source, out.parent, wishes)
        _write(out, first.text.encode(), force=force)
        _print_guesses(out_to, first)
    load_config(out)
    out_to.print(f"\nWritten to [bold]{shown(str(out))}[/bold]. Next:", soft_wrap=True)
    out_to.print(f"  1. open it, and look at the lines marked UNSURE and LIKELY: {_marks(out)}")
    out_to.print(f"  2. meekoppel-connector preview {shown(str(out))} --map plans.html")
    out_to.print(f"  3. meekoppel-connector check {shown(str(out))}, then run {shown(str(out))} --once")


def list_templates(
    name: Annotated[str | None, typer.Argument(help="Print this one.")] = None,
) -> None:
    """List the ready mappings, or print one with its explanation."""
    if name is not None:
        typer.echo(template(name).text, nl=False)
        return
    table = Table("name", "for")
    for each in templates():
        table.add_row(shown(each.name), shown(each.says))
    out_to = console()
    out_to.print(table)
    out_to.print("meekoppel-connector templates NAME prints one; init --template NAME begins with it.")


def _checked(organisation: str | None) -> str | None:
    try:
        return None if organisation is None else org_code(organisation)
    except ValueError as error:
        raise typer.BadParameter(
            f"{error}; it is the code that the hub gave you", param_hint="--organisation"
        ) from None


def _write_template(chosen: Template, source: str | None, wishes: Wishes, out: Path, *, force: bool) -> None:
    settings = settings_of(wishes)
    if source is not None:
        text = chosen.filled(place_of(source, out.parent), settings)
    else:
        text = chosen.filled({}, settings)
        if chosen.workbook is not None:
            _write(out.parent / chosen.workbook, projects_workbook(), force=force)
    _write(out, text.encode(), force=force)


def _write(path: Path, content: bytes, *, force: bool) -> None:
    try:
        with path.open("wb" if force else "xb") as file:
            file.write(content)
    except FileExistsError:
        raise Fatal(f"{path} is there already; give --out with another name, or --force to write over it.") from None
    except OSError as error:
        raise Fatal(f"{path} cannot be written ({error.strerror}); give --out with another name.") from error


def _print_guesses(out_to: Console, first: FirstConfiguration) -> None:
    sample = first.proposal.sample
    rows = f"{sample.rows:,} rows" if sample.complete else f"the first {sample.rows:,} rows"
    out_to.print(f"Looked at {rows} with {len(sample.columns)} fields.")
    if first.template is not None:
        out_to.print(f"[green]This is a format that is known[/green]: {shown(first.template.says)}.")
        out_to.print(f"The ready mapping [bold]{first.template.name}[/bold] was taken; nothing had to be guessed.")
        return
    table = Table("what", "guess", "how sure", "why")
    for what, guess, confidence, why in summary(first.proposal):
        colour = _COLOURS[confidence]
        table.add_row(what, shown(guess), f"[{colour}]{confidence.value}[/{colour}]", shown(why))
    out_to.print(table)


def _marks(out: Path) -> str:
    text = out.read_text(encoding="utf-8")
    return f"{text.count('UNSURE: ')} and {text.count('LIKELY: ')}"
