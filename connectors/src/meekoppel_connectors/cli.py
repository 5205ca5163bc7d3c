"""The command line of a connector: `meekoppel-connector init|templates|check|preview|run|serve|status|state|spec`."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from meekoppel_connectors.check import Finding
from meekoppel_connectors.check import check as findings_of
from meekoppel_connectors.clock import utc_now
from meekoppel_connectors.commands import state as state_commands
from meekoppel_connectors.commands.asking import AsJson, ConfigPath, console
from meekoppel_connectors.commands.first import init, list_templates
from meekoppel_connectors.commands.serving import serve
from meekoppel_connectors.commands.spec import spec
from meekoppel_connectors.config import load_config
from meekoppel_connectors.errors import ConnectorError
from meekoppel_connectors.hub_answers import fetch_answers
from meekoppel_connectors.operating.service import Service, schedule_of
from meekoppel_connectors.operating.stopping import Stopped, stopped_by_signals
from meekoppel_connectors.operating.telling import run_and_tell
from meekoppel_connectors.plan_map.drawing import Drawing
from meekoppel_connectors.preview import DEFAULT_LIMIT
from meekoppel_connectors.preview import preview as preview_of
from meekoppel_connectors.preview_screen import show
from meekoppel_connectors.run import RunSummary, Stage
from meekoppel_connectors.screen import harmless, shown
from meekoppel_connectors.secrets import without_secrets
from meekoppel_connectors.state.runs import Outcome
from meekoppel_connectors.status import read_status
from meekoppel_connectors.status_screen import show_status
from meekoppel_contracts.errors import ContractError
from meekoppel_contracts.plan import Plan
from meekoppel_contracts.registry import packaged_registry

STOPPED_EXIT_CODE = 143
"""What a shell gives for a program that SIGTERM ended."""

app = typer.Typer(
    name="meekoppel-connector",
    help="Read an organisation's own file, map it to plans and publish what changed to Meekoppel.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
)

AsOf = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="The moment of which the source tells, as 2026-03-01 or 2026-03-01T12:00; in the connector's time zone"
        " when it names none. Now, when not given.",
    ),
]


@app.command(
    epilog="Example: [bold]meekoppel-connector check heat.yaml[/bold] — exit code 1 when anything failed.",
)
def check(config: ConfigPath) -> None:
    """Prove a configuration against its source and against Kafka; publishes and stores nothing."""
    out = console()
    failed = 0
    for finding in findings_of(load_config(config), utc_now()):
        _print_finding(out, finding)
        failed += not finding.ok
    if failed:
        raise typer.Exit(1)


@app.command(
    epilog="Examples: [bold]meekoppel-connector preview heat.yaml --limit 5[/bold]"
    " · [bold]meekoppel-connector preview heat.yaml --map plans.html[/bold], a map to open in a browser"
    " · [bold]meekoppel-connector preview heat.yaml --json[/bold]",
)
def preview(
    config: ConfigPath,
    limit: Annotated[
        int, typer.Option(min=0, help="How many plans to show; rejected rows are all shown.")
    ] = DEFAULT_LIMIT,
    as_of: AsOf = None,
    as_json: AsJson = False,
    map_file: Annotated[
        Path | None, typer.Option("--map", metavar="FILE", help="Draw the plans on a map: one HTML file.")
    ] = None,
) -> None:
    """Show what would be published, and every rejected row with its reason; publishes and stores nothing."""
    loaded = load_config(config)
    moment = _moment(as_of, loaded.zone)
    drawing = Drawing(f"{loaded.organisation}: {loaded.path.name}", loaded.hub_crs, loaded.zone)
    seen = drawing.add if map_file else _look_away
    result = preview_of(loaded, moment or utc_now(), limit, seen)
    if as_json:
        typer.echo(json.dumps(result.as_json(), ensure_ascii=False))
    else:
        show(result, loaded.zone, loaded.hub_crs, console())
    if map_file:
        drawing.write(map_file)
        typer.echo(f"The map is {map_file}; open it in a browser.", err=as_json)


@app.command(
    epilog="Examples: [bold]meekoppel-connector run heat.yaml --once[/bold]"
    " · [bold]meekoppel-connector run heat.yaml --every 15m[/bold]"
    " · [bold]meekoppel-connector run heat.yaml --cron '30 6 * * 1-5' --metrics-port 9464[/bold]"
    " · [bold]meekoppel-connector run heat.yaml --once --as-of 2026-02-29[/bold], for an old export"
    " · [bold]meekoppel-connector run heat.yaml --once --open-guard[/bold], when a mass change is right",
)
def run(
    config: ConfigPath,
    once: Annotated[bool, typer.Option("--once", help="Compare, publish the differences, and end.")] = False,
    every: Annotated[str | None, typer.Option(metavar="INTERVAL", help="Run again after 90s, 15m, 2h, 1d.")] = None,
    cron: Annotated[str | None, typer.Option(metavar="EXPRESSION", help="Run at these times, as 30 6 * * 1-5.")] = None,
    metrics_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Serve metrics for Prometheus on this port of 127.0.0.1.")
    ] = None,
    as_of: AsOf = None,
    open_guard: Annotated[bool, typer.Option("--open-guard", help="Publish even when much changed at once.")] = False,
    whole: Annotated[
        bool,
        typer.Option("--whole", help="Read a source of changes as a whole, to find what it did not tell."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare the source with the last snapshot and publish the differences; once, or at set times until stopped."""
    if once and (every or cron or metrics_port):
        raise typer.BadParameter("--every, --cron and --metrics-port do not go with --once")
    if not once and (as_of or open_guard or whole):
        raise typer.BadParameter("--as-of, --open-guard and --whole go with --once only")
    loaded = load_config(config)
    if not once:
        if not (every or cron or loaded.schedule):
            raise typer.BadParameter("give --once, --every, --cron, or schedule: {every: 15m} in the configuration")
        Service(loaded, schedule_of(loaded, every, cron)).serve(metrics_port)
        return
    moment = _moment(as_of, loaded.zone)
    with Console(stderr=True).status("starting") as spinner:
        report = _reporter(spinner.update)
        summary = _stoppable(
            lambda: run_and_tell(loaded, _complain, as_of=moment, open_guard=open_guard, whole=whole, progress=report)
        )
    if as_json:
        typer.echo(summary.to_json())
    else:
        _print_summary(console(), summary)
    if summary.outcome is Outcome.GUARDED:
        _complain(summary.message or "The guard stopped this run; nothing was published.")
        raise typer.Exit(1)


@app.command(
    epilog="Examples: [bold]meekoppel-connector status heat.yaml[/bold]"
    " · [bold]meekoppel-connector status heat.yaml --json[/bold]",
)
def status(config: ConfigPath, as_json: AsJson = False) -> None:
    """Tell what the last runs did, what still waits, which rows were rejected, and what the hub sent back."""
    loaded = load_config(config)
    trouble = fetch_answers(loaded)
    found = read_status(loaded)
    if as_json:
        typer.echo(found.to_json())
    else:
        show_status(loaded, found, console())
    if trouble is not None:
        _complain(without_secrets(trouble))


app.add_typer(state_commands.app, name="state")
app.command(
    epilog="Examples: [bold]meekoppel-connector spec[/bold]"
    " · [bold]meekoppel-connector spec csv > csv.schema.json[/bold]"
)(spec)


app.command(
    epilog="Examples: [bold]meekoppel-connector init projecten.xlsx --organisation gm0361[/bold]"
    " · [bold]meekoppel-connector init --template spreadsheet[/bold], for an empty workbook with its configuration",
)(init)
app.command(epilog="Example: [bold]meekoppel-connector serve push.yaml[/bold], for a source of format push")(serve)
app.command("templates", epilog="Example: [bold]meekoppel-connector templates spreadsheet[/bold]")(list_templates)


def main() -> None:
    """Run the command line; an error that the user can do something about is one sentence and exit code 1."""
    # aiokafka writes to its log what the connector itself says in one sentence.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        packaged_registry()  # a file of schema ids that cannot be used is found before anything is read
        app()
    except (ConnectorError, ContractError) as error:
        _complain(without_secrets(str(error)))
        sys.exit(1)


def _look_away(_row: int, _plan: Plan) -> None:
    """Draw nothing."""


def _moment(text: str | None, zone: ZoneInfo) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is not a time; write it as 2026-03-01 or 2026-03-01T12:00"
        raise typer.BadParameter(message, param_hint="--as-of") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _stoppable(run: Callable[[], RunSummary]) -> RunSummary:
    try:
        with stopped_by_signals():
            return run()
    except Stopped:
        _complain("Stopped; what was not published yet is kept and goes out first at the next run.")
        raise typer.Exit(STOPPED_EXIT_CODE) from None


def _complain(message: str) -> None:
    typer.echo(f"meekoppel-connector: {harmless(message)}", err=True)


def _print_finding(console: Console, finding: Finding) -> None:
    verdict = "[green]ok    [/green]" if finding.ok else "[red]failed[/red]"
    console.print(f"{verdict}  {finding.subject:<7} {shown(finding.message)}", soft_wrap=True)


def _reporter(update: Callable[[str], None]) -> Callable[[Stage, int], None]:
    def report(stage: Stage, count: int) -> None:
        update(f"{stage}: {count:,}" if count else str(stage))

    return report


def _print_summary(console: Console, summary: RunSummary) -> None:
    parts = ("registered", "changed", "confirmed", "restored", "withdrawn", "completed", "unchanged", "rejected")
    counts = ", ".join(f"{getattr(summary, part):,} {part}" for part in parts)
    found = "would be" if summary.outcome is Outcome.GUARDED else "are"
    console.print(f"{summary.read:,} rows, of which {found}: {counts}.", soft_wrap=True)
    for note in summary.notes:
        console.print(shown(note), soft_wrap=True)
    console.print(f"{summary.published:,} events published in {summary.seconds:.1f} s.", soft_wrap=True)
