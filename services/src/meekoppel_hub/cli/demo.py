"""`meekoppel demo`: a town with eight organisations, live in the terminal."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import orjson
import structlog
import typer
from rich.console import Console

from meekoppel_contracts.ids import OrgCode
from meekoppel_hub.demo.dice import SEED
from meekoppel_hub.demo.errors import DemoFailed
from meekoppel_hub.demo.play import DemoSettings, Played, played_demo
from meekoppel_hub.demo.screen import Screen

EPILOGS = {"demo": "Example: meekoppel demo --exit --json"}
INTERRUPTED = 130
_BOX = "142500,457000,143500,458000"
_SECONDS_PER_DAY = 1.5

Exit = Annotated[bool, typer.Option("--exit", help="End after the month, instead of going on until Ctrl-C.")]
Json = Annotated[bool, typer.Option("--json", help="End with one JSON line on standard output; the rest on error.")]
Folder = Annotated[
    Path | None, typer.Option("--data-folder", help="An empty folder for all data, which is kept; else a passing one.")
]
Seed = Annotated[int, typer.Option(help="Another seed gives another town and month.")]
Until = Annotated[
    datetime | None,
    typer.Option("--until", formats=["%Y-%m-%d"], help="The last day of the month that is played; else yesterday."),
]
Days = Annotated[int, typer.Option(min=1, max=365, help="How many days are played.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port of the API; 0 takes a free one.")]


def demo(
    exit_after: Exit = False,
    as_json: Json = False,
    data_folder: Folder = None,
    seed: Seed = SEED,
    until: Until = None,
    days: Days = 30,
    port: Port = 0,
) -> None:
    """Play a month of a made-up town on a hub of its own: local Kafka, SQLite, eight connectors, real webhooks."""
    screen = Screen(Console(stderr=as_json))
    with ExitStack() as stack:
        folder = data_folder.absolute() if data_folder is not None else _passing_folder(stack)
        settings = DemoSettings(
            folder=folder,
            seed=seed,
            first_day=_last_day(until) - timedelta(days=days),
            days=days,
            seconds_per_day=0.0 if exit_after else _SECONDS_PER_DAY,
            api_port=port,
        )
        _logs_beside(folder, stack)
        code = asyncio.run(_until_told(settings, screen, exit_after=exit_after, as_json=as_json))
    sys.exit(code)


def _passing_folder(stack: ExitStack) -> Path:
    made = tempfile.TemporaryDirectory(prefix="meekoppel-demo-", ignore_cleanup_errors=True)
    return Path(stack.enter_context(made)) / "data"


def _last_day(until: datetime | None) -> date:
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    if until is not None and until.date() > yesterday:
        raise DemoFailed(f"--until {until:%Y-%m-%d} has not passed; the month that is played lies before today")
    return until.date() if until is not None else yesterday


def _logs_beside(folder: Path, stack: ExitStack) -> None:
    """Write the logs to a file beside the data, where they do not disturb the screen."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        file = stack.enter_context(folder.with_name(f"{folder.name}.log").open("a", encoding="utf-8"))
    except OSError as error:
        raise DemoFailed(f"{folder.parent} cannot be used ({error.strerror}): give another --data-folder") from error
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file),
    )
    logging.basicConfig(level=logging.WARNING, stream=file, format="%(levelname)s %(name)s %(message)s")


async def _until_told(settings: DemoSettings, screen: Screen, *, exit_after: bool, as_json: bool) -> int:
    """Play until it is over or a signal comes; gives the exit code."""
    told, over = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)

    async def play() -> int:
        async with played_demo(settings, screen) as played:
            over.set()
            _conclude(played, screen, as_json=as_json)
            if not exit_after:
                screen.say(what_to_try(played, settings))
                await told.wait()
                screen.say("stopping")
        return 1 if played.reckoning.lost else 0

    playing, waiting = asyncio.create_task(play()), asyncio.create_task(told.wait())
    await asyncio.wait((playing, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not playing.done() and not over.is_set():
        screen.say("stopping")
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
        return INTERRUPTED
    return await playing


def _conclude(played: Played, screen: Screen, *, as_json: bool) -> None:
    reckoning = played.reckoning
    for fault in reckoning.faults:
        screen.say(f"lost: {fault}")
    if as_json:
        typer.echo(orjson.dumps(reckoning.as_line()))
        return
    counts = ", ".join(f"{value} {name}" for name, value in reckoning.as_line().items())
    screen.say(f"\nThe month is over: {counts}.")


def what_to_try(played: Played, settings: DemoSettings) -> str:
    """Say where the API is and what to try next, as commands that can be pasted."""
    api, token = played.hub.api_url, played.tokens[OrgCode("stedennet")]
    program = f"MEEKOPPEL_DATA_FOLDER={settings.hub_folder} {Path(sys.argv[0])}"
    return f"""
The API answers at {api} and goes on until Ctrl-C. Try, in another terminal:

  what anybody sees          curl -s '{api}/plans?bbox={_BOX}&limit=3'
  as Stedennet Netbeheer     curl -s -H 'Authorization: Bearer {token}' '{api}/overlaps?state=open&kind=conflict_heavy'
  one plan's versions        curl -s -H 'Authorization: Bearer {token}' '{api}/plans/NL.stedennet.SN-0001/versions'
  how the services are       curl -s {api}/health
  the history, read again    {program} history replay --organisation stedennet --kind changed
  what was set aside         {program} dead-letters list
  who was told               {program} deliveries list
  chances to combine works   {program} overlaps list --for stedennet --kind opportunity --limit 5
  say what you think of one  {program} overlaps assess ID yes --as stedennet
  the report of a quarter    {program} export report --bbox {_BOX} --for stedennet --out report.html
  does the view hold         {program} view rebuild --dry-run

The organisations' files and connectors are in {settings.folder / "organisations"}.
"""
