"""What commands share that ask the hub for something in the name of an organisation."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

import typer
from pydantic import ValidationError

from meekoppel_contracts.ids import OrgCode
from meekoppel_contracts.plan import Contract
from meekoppel_hub.platform.agreements.progress import rules_progress
from meekoppel_hub.platform.asking import Answer, ask
from meekoppel_hub.platform.clock import utc_now
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.organisations import load
from meekoppel_hub.platform.running import bootstrap_of
from meekoppel_hub.platform.settings import HubSettings

As = Annotated[str, typer.Option("--as", help="The organisation in whose name, as gm0361.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

Made = TypeVar("Made")
_LONGEST_WAIT_SECONDS = 3_600.0


def ask_as(settings: HubSettings, database: Database, organisation: str, events: Sequence[Contract]) -> list[Answer]:
    """Put requests into the organisation's inbox and wait for the answers; what was refused ends the command.

    Raises:
        SettingsError: when the organisation is not registered, Kafka is away, or a request is refused.
    """
    code: OrgCode = load(database, organisation).code
    answers = asyncio.run(ask(bootstrap_of(settings), database, code, events, now=utc_now(), waiting=_tell_waiting))
    for answer in answers:
        if answer.outcome is None:
            raise SettingsError(
                f"the hub has not answered yet: the request is in the inbox of {organisation} and is decided on when "
                "the hub runs; see `meekoppel doctor`"
            )
        if answer.message is not None:
            place = f"{answer.field}: " if answer.field else ""
            raise SettingsError(f"refused: {place}{answer.message}")
    return answers


def as_given(make: Callable[..., Made], *args: Any, **said: Any) -> Made:
    """Make what a request says of what was given to the command.

    Raises:
        SettingsError: when it contradicts itself; names every field that does.
    """
    try:
        return make(*args, **said)
    except ValidationError as error:
        raise SettingsError("; ".join(_in_words(one) for one in error.errors(include_url=False))) from error


def _in_words(error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{place}: {message}" if place else message


def sure(question: str, yes: bool) -> None:
    """Ask before what cannot be undone; anything but yes ends the command."""
    if not yes and not typer.confirm(question):
        typer.echo("Nothing was changed.")
        raise typer.Exit(1)


def wait_for_rules(database: Database) -> None:
    """Show how far plans are matched again by rules that changed, until that is done."""
    began = time.monotonic()
    told = None
    while (progress := rules_progress(database)) and time.monotonic() - began < _LONGEST_WAIT_SECONDS:
        if progress != told:
            told = progress
            typer.echo(f"matched again: {progress[0]} of {progress[1]} plans", err=True)
        time.sleep(0.5)


def _tell_waiting(seconds: float) -> None:
    if int(seconds) % 5 == 0:
        typer.echo(f"waiting for the hub ({seconds:.0f} s)", err=True)
