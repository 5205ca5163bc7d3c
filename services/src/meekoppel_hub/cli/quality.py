"""`meekoppel quality`: how good, steady and fresh plan data are; as tables and files, and published as events."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from meekoppel_contracts.topics import QUALITY, hub_topics
from meekoppel_hub.cli.export_options import write
from meekoppel_hub.cli.tables import show_table
from meekoppel_hub.cli.view import view_of_hub
from meekoppel_hub.platform.clock import utc_now
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.kafka import ensure_topics
from meekoppel_hub.platform.running import bootstrap_of
from meekoppel_hub.platform.settings import HubSettings
from meekoppel_hub.quality.files import FileFormat, file_of, score_row
from meekoppel_hub.quality.months import Month
from meekoppel_hub.quality.publish import events_of, send_stored, store_month, survey_of
from meekoppel_hub.quality.silent import SILENT_COLUMNS, silent_plans
from meekoppel_hub.quality.stability import FIGURES, GROUPED_BY, summarise
from meekoppel_hub.quality.store import is_published, load_stability, stability_rows
from meekoppel_hub.reading.access import OPERATOR

app = typer.Typer(help="How good, steady and fresh plan data are, month by month.", no_args_is_help=True)

_SECONDS_BETWEEN_PROGRESS = 3.0
_DERIVED = ("share_starts_moved", "share_ends_moved", "mean_start_days", "mean_end_days")
_SCORE_SHOWN = ("publisher", "score", "live_plans", "events", "rejections", "plans_moved", "late_moves", "overdue")
_STABILITY_SHOWN = ("plans", "changes", "starts_earlier", "starts_later", "ends_earlier", "ends_later", "late")


class Shape(StrEnum):
    """How figures are shown."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


PeriodOption = Annotated[
    str | None, typer.Option("--period", help="The month, as 2026-10; else the last that is over.")
]
ShapeOption = Annotated[Shape, typer.Option("--format", help="A table for people, or a file with all columns.")]
Out = Annotated[Path | None, typer.Option(help="The file to write, whole or not at all; else standard output.")]


@app.command(epilog="Example: meekoppel quality scores --period 2026-10 --format parquet --out scores.parquet")
def scores(
    period: PeriodOption = None,
    publisher: Annotated[str | None, typer.Option(help="Only of this one.")] = None,
    shape: ShapeOption = Shape.TABLE,
    out: Out = None,
) -> None:
    """Show the quality score of each publisher, with the figures behind it. Nothing is published.

    The month may still last: it is then followed up to now.
    """
    database, now = view_of_hub(HubSettings.read()), utc_now()
    month = _month(period)
    survey = survey_of(database, month, now, _Progress())
    events = [event for event in events_of(survey, now) if publisher in (None, event.publisher)]
    rows = [score_row(event) for event in events]
    columns = list(rows[0]) if rows else list(_SCORE_SHOWN)
    shown = [*_SCORE_SHOWN, *(name for name in columns if name.startswith("points_"))]
    _give(rows, columns, shown, shape, out, f"Quality of plan data in {month}")


@app.command(
    epilog="Examples: meekoppel quality stability --by phase --by time_to_start · "
    "meekoppel quality stability --since 2026-01 --by period --format csv --out moves.csv"
)
def stability(
    period: PeriodOption = None,
    since: Annotated[str | None, typer.Option(help="From this month on, as 2026-01, up to --period.")] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(help="Add up by: period, publisher, organisation, phase, certainty or time_to_start; repeatable."),
    ] = None,
    publisher: Annotated[str | None, typer.Option(help="Only of this one.")] = None,
    organisation: Annotated[str | None, typer.Option(help="Only of this initiator.")] = None,
    shape: ShapeOption = Shape.TABLE,
    out: Out = None,
) -> None:
    """Show how often and how far dates moved: of months that were published as they were, of others as found now."""
    names = by or ["publisher"]
    if unknown := sorted(set(names) - {"period", *GROUPED_BY}):
        raise SettingsError(f"--by {unknown[0]} is no column; take one of period, {', '.join(GROUPED_BY)}")
    database, last = view_of_hub(HubSettings.read()), _month(period)
    first = last if since is None else Month.parse(since)
    if first.starts > last.starts:
        raise SettingsError(f"--since {first} lies after {last}; there is nothing between them")
    rows = [
        row
        for month in _months(first, last)
        for row in _stability_of(database, month)
        if publisher in (None, row["publisher"]) and organisation in (None, row["organisation"])
    ]
    columns = [*names, *FIGURES, *_DERIVED]
    shown = [*names, *_STABILITY_SHOWN, *_DERIVED]
    _give(summarise(rows, names), columns, shown, shape, out, f"Stability of dates, {first} to {last}")


@app.command(epilog="Example: meekoppel quality freshness --months 6 --organisation stedennet --format csv")
def freshness(
    months: Annotated[int, typer.Option(min=1, help="Nothing was heard for longer than so many months.")] = 6,
    organisation: Annotated[str | None, typer.Option(help="Only of this initiator.")] = None,
    shape: ShapeOption = Shape.TABLE,
    out: Out = None,
) -> None:
    """List the live plans that were neither changed nor confirmed for so many months (of 30.5 days)."""
    database = view_of_hub(HubSettings.read())
    with database.read() as connection:
        found = silent_plans(connection, OPERATOR, organisation, round(months * 30.5), None, utc_now())
        rows = list(found)
    title = f"Live plans of which nothing was heard for {months} months"
    _give(rows, SILENT_COLUMNS, SILENT_COLUMNS, shape, out, title)


@app.command(epilog="Example: meekoppel quality publish --period 2026-10")
def publish(
    period: PeriodOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be published.")] = False,
    bootstrap: Annotated[str | None, typer.Option(help="Kafka as host:port; else the setting or the hub's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Publish the quality of a month that is over, to the topic `quality` and for the API.

    As often as one likes: what was published and is the same is not published again, what differs is a revision.
    """
    settings = HubSettings.read()
    database, month, now = view_of_hub(settings), _month(period), utc_now()
    address = "" if dry_run else bootstrap or bootstrap_of(settings)
    outcome = store_month(database, month, now, _Progress(), dry_run=dry_run)
    sent = 0 if dry_run else asyncio.run(_send(database, address, settings.partitions))
    if as_json:
        figures = {"period": str(month), "plans": outcome.survey.plans, "new": len(outcome.news), "same": outcome.same}
        typer.echo(orjson.dumps({**figures, "sent": sent, "dry_run": dry_run}).decode())
        return
    done = "would be published" if dry_run else f"stored, {sent} sent to {QUALITY}"
    typer.echo(f"{month}: {outcome.survey.plans} plans; figures of {len(outcome.news)} publishers are new and {done}")
    typer.echo(f"{outcome.same} publishers' figures are the same as published before", err=True)


async def _send(database: Database, bootstrap: str, partitions: int) -> int:
    await ensure_topics(bootstrap, [topic for topic in hub_topics(partitions) if topic.name == QUALITY])
    return await send_stored(database, bootstrap)


def _month(period: str | None) -> Month:
    return Month.last_before(utc_now()) if period is None else Month.parse(period)


def _months(first: Month, last: Month) -> Iterator[Month]:
    month = first
    while month.starts <= last.starts:
        yield month
        month = Month.of(month.ends)


def _stability_of(database: Database, month: Month) -> Sequence[Mapping[str, Any]]:
    name = str(month)
    with database.read() as connection:
        if is_published(connection, name):
            return load_stability(connection, (name, name))
    return stability_rows(survey_of(database, month, utc_now(), _Progress()))


class _Progress:
    """Says now and then on standard error how far a survey is, and how long it will take."""

    def __init__(self) -> None:
        self._started = self._told_at = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        """Take how many plans are done, and how many there are at most."""
        now = time.monotonic()
        if now - self._told_at < _SECONDS_BETWEEN_PROGRESS:
            return
        self._told_at = now
        left = (now - self._started) / done * max(0, total - done)
        typer.echo(f"{done:,} of at most {total:,} plans; {left:.0f} s more at most", err=True)


def _give(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    shown: Sequence[str],
    shape: Shape,
    out: Path | None,
    title: str,
) -> None:
    """Show rows as a table with some of their columns, or write them as a file with all."""
    if shape is Shape.TABLE:
        if out is not None:
            raise SettingsError("a table is for the terminal; give --format csv, json or parquet with --out")
        if not rows:
            typer.echo(f"{title}: none.")
            return
        cells = [["" if row[name] is None else str(row[name]) for name in shown] for row in rows]
        show_table(shown, cells, whole=shown[:1], title=title)
        return
    write(iter([file_of(rows, columns, FileFormat(shape.value))]), out, sys.stdout.buffer)
    typer.echo(f"{len(rows)} rows{'' if out is None else f' in {out}'}", err=True)
