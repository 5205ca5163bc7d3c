"""`meekoppel history`: read the log again, from any point."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from contextlib import ExitStack, aclosing
from datetime import UTC, date, datetime
from datetime import time as time_of_day
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from meekoppel_contracts.topics import COORDINATION, COORDINATION_RESTRICTED, PLANS, PLANS_RESTRICTED
from meekoppel_hub.cli.plan_history import EPILOG as PLAN_EPILOG
from meekoppel_hub.cli.plan_history import history_of_plan
from meekoppel_hub.history.formats import Format, line_writer, unreadable_line
from meekoppel_hub.history.output import FileOutput, Output, StreamOutput
from meekoppel_hub.history.replay import Replay, Replayed, Selection
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.running import bootstrap_of
from meekoppel_hub.platform.settings import HubSettings
from meekoppel_hub.platform.stream.read import Cursor, Start, Window, read_log

app = typer.Typer(help="The history: the log read again from any point, and that of one plan.", no_args_is_help=True)
app.command("plan", epilog=PLAN_EPILOG)(history_of_plan)

_SECONDS_BETWEEN_PROGRESS = 3.0


class Kind(StrEnum):
    """What can have happened: to a plan, a pair, an assessment, a cooperation, a moratorium."""

    REGISTERED = "registered"
    CHANGED = "changed"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"
    RESTORED = "restored"
    DETECTED = "detected"
    RESOLVED = "resolved"
    ASSESSED = "assessed"
    PROPOSED = "proposed"
    ANSWERED = "answered"
    AGREED = "agreed"
    ENDED = "ended"
    DECLARED = "declared"
    LIFTED = "lifted"


From = Annotated[str | None, typer.Option("--from", help="From this time on, as 2026-11-23T17:00:00Z or 2026-11-23.")]
To = Annotated[str | None, typer.Option("--to", help="Before this time; else to the end of the log as it is now.")]
Organisation = Annotated[str | None, typer.Option(help="Only what this organisation publishes or initiates.")]
PlanOption = Annotated[str | None, typer.Option("--plan", help="Only this plan id.")]
Kinds = Annotated[
    list[Kind] | None, typer.Option("--kind", help="Only this kind, as changed or withdrawn; repeatable.")
]
FormatOption = Annotated[Format, typer.Option("--format", help="jsonl: geometry as WKT; cloudevents: as WKB.")]
Out = Annotated[Path | None, typer.Option(help="The file to write, whole or not at all; else standard output.")]
FromOffset = Annotated[
    str | None,
    typer.Option(help="From this place, as plans/0:120, or from the cursor that an earlier replay ended with."),
]
IncludeRestricted = Annotated[bool, typer.Option(help="Also what is restricted: for the hub's operator only.")]
IncludeCoordination = Annotated[bool, typer.Option(help="Also where plans meet, and what the parties say and agree.")]
Bootstrap = Annotated[str | None, typer.Option(help="Kafka as host:port; else the setting or the running hub's.")]


@app.command(epilog="Example: meekoppel history replay --from 2026-11-01 --organisation gm0361 --out november.jsonl")
def replay(
    from_time: From = None,
    to_time: To = None,
    organisation: Organisation = None,
    plan: PlanOption = None,
    kind: Kinds = None,
    output_format: FormatOption = Format.JSONL,
    out: Out = None,
    from_offset: FromOffset = None,
    include_restricted: IncludeRestricted = False,
    include_coordination: IncludeCoordination = False,
    bootstrap: Bootstrap = None,
) -> None:
    """Give the events of the log again, in order, each once.

    What is no event is never left out in silence: with --out it goes to the same name with .rejected, else it stands
    as {"undecodable": …} between the events. The last line on standard error is the cursor from which to go on.
    """
    start = _start(from_time, from_offset)
    end = None if to_time is None else parse_time(to_time, "--to")
    if isinstance(start, datetime) and end is not None and start >= end:
        raise SettingsError(f"--from {from_time} does not lie before --to {to_time}; there is nothing between them")
    session = _Session(
        Replay(Selection(organisation, plan, frozenset(each.value for each in kind or ()))), output_format
    )
    address = bootstrap or bootstrap_of(HubSettings.read())
    topics = _topics(include_restricted, include_coordination)
    try:
        with ExitStack() as stack:
            output: Output = StreamOutput(sys.stdout.buffer) if out is None else stack.enter_context(FileOutput(out))
            asyncio.run(session.run(address, topics, start, end, output))
            sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None
    except OSError as error:
        raise SettingsError(f"the replay cannot be written: {error.strerror}") from error
    session.conclude()


class _Session:
    """One replay as a user sees it: the lines, and on standard error how it goes and how it ended."""

    def __init__(self, replayed: Replay, output_format: Format) -> None:
        self._replay = replayed
        self._write = line_writer(output_format)
        self._window: Window | None = None
        self._told_at = time.monotonic()

    async def run(self, bootstrap: str, topics: list[str], start: Start, end: datetime | None, output: Output) -> None:
        """Read, choose and write."""
        async with aclosing(read_log(bootstrap, topics, start, end, on_window=self._begin)) as records:
            async for record in records:
                for item in self._replay.take(record):
                    if isinstance(item, Replayed):
                        output.event(self._write(item))
                    else:
                        output.unreadable(unreadable_line(item))
                self._tell_progress()

    def conclude(self) -> None:
        """Say what was met, and from where to go on."""
        tally = self._replay.tally
        typer.echo(
            f"{tally.events} events; {tally.not_wanted} not asked for, {tally.doubles} doubles left out, "
            f"{tally.unreadable} undecodable",
            err=True,
        )
        if self._window is not None:
            typer.echo(f"to go on from here: --from-offset {self._window.end}", err=True)

    def _begin(self, window: Window) -> None:
        self._window = window
        if window.unnamed:
            names = ", ".join(source.lane for source in window.unnamed)
            typer.echo(f"not named in --from-offset, so read from the beginning: {names}", err=True)

    def _tell_progress(self) -> None:
        now = time.monotonic()
        if self._window is None or now - self._told_at < _SECONDS_BETWEEN_PROGRESS:
            return
        self._told_at = now
        typer.echo(f"{self._replay.tally.records} of at most {self._window.size} records read", err=True)


def parse_time(text: str, option: str) -> datetime:
    """Read a time with its zone, or a date, which begins at 00:00 UTC.

    Raises:
        SettingsError: when it is neither.
    """
    try:
        if len(text) == len("2026-11-23"):
            return datetime.combine(date.fromisoformat(text), time_of_day(), UTC)
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise SettingsError(f"{option} {text!r} is no time; write 2026-11-23T17:00:00Z or 2026-11-23") from error
    if moment.tzinfo is None:
        raise SettingsError(f"{option} {text!r} has no time zone; write {text}Z for UTC, or {text}+01:00")
    return moment


def _start(from_time: str | None, from_offset: str | None) -> Start:
    if from_time is not None and from_offset is not None:
        raise SettingsError("--from and --from-offset both say where to begin; give one of them")
    if from_offset is not None:
        return Cursor.parse(from_offset)
    return None if from_time is None else parse_time(from_time, "--from")


def _topics(include_restricted: bool, include_coordination: bool) -> list[str]:
    topics = [PLANS]
    if include_restricted:
        topics.append(PLANS_RESTRICTED)
    if include_coordination:
        topics.append(COORDINATION)
        if include_restricted:
            topics.append(COORDINATION_RESTRICTED)
    return topics
