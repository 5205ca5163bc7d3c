"""The `meekoppel` command: everything that runs a hub, and everything that an operator does with one."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import typer

from meekoppel_contracts import ContractError, packaged_registry
from meekoppel_hub.platform.errors import HubError, SettingsError
from meekoppel_hub.platform.logs import set_up_logs

# Which module and which name in it is behind each command. Only that of the command at hand is imported: a command
# that looks into the database should not wait for the API, the demo and all the rest.
COMMANDS = {
    "up": ("up", "up"),
    "run": ("up", "run"),
    "demo": ("demo", "demo"),
    "doctor": ("doctor", "doctor"),
    "kafka": ("kafka", "app"),
    "organisations": ("organisations", "app"),
    "areas": ("areas", "app"),
    "agreements": ("simulation", "app"),
    "moratoria": ("moratoria", "app"),
    "overlaps": ("overlaps", "app"),
    "cooperations": ("cooperations", "app"),
    "subscriptions": ("subscriptions", "app"),
    "deliveries": ("subscriptions", "deliveries_app"),
    "view": ("rebuilding", "app"),
    "history": ("history", "app"),
    "export": ("export", "app"),
    "quality": ("quality", "app"),
    "dead-letters": ("dead_letters", "app"),
}
HELP = "Meekoppel: the hub in which organisations that dig and build see where their plans meet."


def program(wanted: str | None = None) -> typer.Typer:
    """Put the command line together: one command, or all of them when none is named or none has that name."""
    app = typer.Typer(help=HELP, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
    app.callback()(_nothing_before_the_command)
    for name in [wanted] if wanted in COMMANDS else COMMANDS:
        _add(app, name)
    return app


def _add(app: typer.Typer, name: str) -> None:
    module_name, attribute = COMMANDS[name]
    try:
        module = import_module(f"meekoppel_hub.cli.{module_name}")
    except ModuleNotFoundError as error:
        if name != "demo":
            raise
        app.command(name)(_explain_demo(error.name))
        return
    found: Any = getattr(module, attribute)
    if isinstance(found, typer.Typer):
        app.add_typer(found, name=name)
    else:
        app.command(name, epilog=module.EPILOGS[name])(found)


def _explain_demo(missing: str | None) -> Callable[[], None]:
    """Stand in for the demo where its extra is not installed: a hub in production has no connectors."""

    def demo() -> None:
        """Play a month of a made-up town (needs the extra `demo`)."""
        raise SettingsError(f"the demo needs {missing}: pip install 'meekoppel-hub[demo]'")

    return demo


def _nothing_before_the_command() -> None:
    """Keep the commands names of their own, also when only one of them is loaded."""


def main() -> None:
    """Run the command; an error that we know is one sentence and exit code 1."""
    set_up_logs(logging.WARNING)  # what a command answers stands alone on standard output
    try:
        packaged_registry()  # a file of schema ids that cannot be used would make every record one that cannot be read
        program(sys.argv[1] if len(sys.argv) > 1 else None)()
    except (HubError, ContractError) as error:
        typer.secho(f"meekoppel: {error}", fg=typer.colors.RED, err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
