"""Every command of `meekoppel-contracts`, one module each."""

from __future__ import annotations

import sys

import typer

from meekoppel_contracts.cli.check import check
from meekoppel_contracts.cli.generate import EPILOG as GENERATE_EPILOG
from meekoppel_contracts.cli.generate import generate
from meekoppel_contracts.cli.publish import EPILOG as PUBLISH_EPILOG
from meekoppel_contracts.cli.publish import publish_contracts
from meekoppel_contracts.errors import ContractError

app = typer.Typer(
    help="The contracts of Meekoppel: check them, put them into a schema registry.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def _nothing_before_the_command() -> None:
    """Keep the commands names of their own, whatever is added or taken away."""


app.command(epilog="Example: meekoppel-contracts check --against v0.1.0")(check)
app.command("generate", epilog=GENERATE_EPILOG)(generate)
app.command("publish", epilog=PUBLISH_EPILOG)(publish_contracts)


def run() -> None:
    """Run the command; an error that we know is one sentence and exit code 1."""
    try:
        app()
    except ContractError as error:
        typer.secho(f"meekoppel-contracts: {error}", fg=typer.colors.RED, err=True)
        sys.exit(1)
