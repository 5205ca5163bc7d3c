"""The `meekoppel` command: everything that runs a hub, and everything that an operator does with one."""

from __future__ import annotations

import sys

import typer

from meekoppel_contracts import ContractError
from meekoppel_hub.cli import dead_letters, doctor, history, kafka, organisations, subscriptions, up
from meekoppel_hub.platform.errors import HubError, SettingsError

app = typer.Typer(
    help="Meekoppel: the hub in which organisations that dig and build see where their plans meet.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("up", epilog=up.EPILOG)(up.up)
app.command("run", epilog=up.RUN_EPILOG)(up.run)
app.command("doctor", epilog=doctor.EPILOG)(doctor.doctor)
app.add_typer(kafka.app, name="kafka")
app.add_typer(organisations.app, name="organisations")
app.add_typer(subscriptions.app, name="subscriptions")
app.add_typer(subscriptions.deliveries_app, name="deliveries")
app.add_typer(history.app, name="history")
app.add_typer(dead_letters.app, name="dead-letters")


def _add_demo() -> None:
    """Add `meekoppel demo`; what it needs beside the hub is an extra, since a hub in production has no connectors."""
    try:
        from meekoppel_hub.cli import demo
    except ModuleNotFoundError as error:
        missing = error.name

        @app.command("demo")
        def explain() -> None:
            """Play a month of a made-up town (needs the extra `demo`)."""
            raise SettingsError(f"the demo needs {missing}: pip install 'meekoppel-hub[demo]'")
    else:
        app.command("demo", epilog=demo.EPILOG)(demo.demo)


_add_demo()


def main() -> None:
    """Run the command; an error that we know is one sentence and exit code 1."""
    try:
        app()
    except (HubError, ContractError) as error:
        typer.secho(f"meekoppel: {error}", fg=typer.colors.RED, err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
