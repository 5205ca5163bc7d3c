"""A preview on the screen: tables and a summary, in colour where there is a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from meekoppel_connectors.mapping.row import Rejection
from meekoppel_connectors.overview import whereabouts
from meekoppel_connectors.preview import Preview
from meekoppel_connectors.screen import shown

_SHOWN_VALUES = 8
_STATUS_COLOURS = {
    "planned": "green",
    "in_progress": "bold green",
    "tentative": "yellow",
    "suspended": "yellow",
    "completed": "dim",
    "cancelled": "red",
    "not_executed": "red",
}


def show(result: Preview, zone: ZoneInfo, crs: int, console: Console) -> None:
    """Print plans, rejected rows, a summary and warnings.

    Args:
        result: the preview.
        zone: in which times are shown.
        crs: of the hub, in which the plans lie.
        console: where to print.
    """
    if result.shown:
        console.print(_plans_table(result, zone))
    if result.rejections:
        console.print(_rejections_table(result))
    console.print(_heading(result), soft_wrap=True)
    for line in (*_reasons(result), *_distribution(result, zone, crs)):
        console.print(line, soft_wrap=True)
    for sentence in result.report.sentences():
        console.print(shown(sentence), soft_wrap=True)
    for warning in result.warnings:
        console.print(f"[bold yellow]Look at this:[/bold yellow] {shown(warning)}", soft_wrap=True)


def _plans_table(result: Preview, zone: ZoneInfo) -> Table:
    table = Table(title=f"Plans (first {len(result.shown)} of {result.plans})", title_justify="left")
    for heading in ("row", "plan", "title", "initiator", "status", "from", "until"):
        table.add_column(heading, overflow="fold", no_wrap=heading in {"plan", "from", "until"})
    for number, plan in result.shown:
        colour = _STATUS_COLOURS.get(plan.status.value, "default")
        table.add_row(
            str(number),
            shown(plan.plan_id),
            shown(plan.title),
            shown(plan.initiator.name),
            f"[{colour}]{plan.status}[/{colour}], {plan.certainty}",
            _time(plan.period.earliest_start, zone),
            _time(plan.period.latest_end, zone),
        )
    return table


def _rejections_table(result: Preview) -> Table:
    table = Table(title=f"Rejected rows ({result.rejected})", title_justify="left")
    for heading in ("row", "id", "field", "reason", "message"):
        style = "red" if heading == "reason" else None
        table.add_column(heading, overflow="fold", no_wrap=heading in {"row", "id"}, style=style)
    for rejection in result.rejections:
        cells = (rejection.source_id or "", rejection.field, rejection.reason, rejection.message)
        table.add_row(str(rejection.row_number), *(shown(cell) for cell in cells))
    return table


def _heading(result: Preview) -> str:
    rejected = f"[red]{result.rejected} rejected[/red]" if result.rejected else "0 rejected"
    return f"{result.rows} rows: [green]{result.plans} plans[/green], {rejected}. Nothing was published."


def _reasons(result: Preview) -> Iterator[str]:
    first: dict[str, Rejection] = {}
    for rejection in result.rejections:
        first.setdefault(rejection.reason, rejection)
    for reason, count in result.reasons.most_common():
        example = first[reason]
        said = f"row {example.row_number}, {example.field}: {example.message}"
        yield f"  {count} × [red]{reason}[/red]  [dim]such as {shown(said)}[/dim]"


def _distribution(result: Preview, zone: ZoneInfo, crs: int) -> Iterator[str]:
    overview = result.overview
    if overview.earliest_start is None or overview.latest_end is None or overview.bounds is None:
        return
    times = f"{_time(overview.earliest_start, zone)} to {_time(overview.latest_end, zone)}"
    ended = f"; {overview.ended} have ended" if overview.ended else ""
    yield f"[bold]period[/bold]       {times}{ended}"
    yield f"[bold]place[/bold]        {whereabouts(overview.bounds, crs)}"
    for name in ("status", "certainty", "disciplines", "initiators"):
        counts: Counter[str] = getattr(overview, name)
        yield f"[bold]{name:<12}[/bold] {_counted(counts)}"


def _counted(counts: Counter[str]) -> str:
    if not counts:
        return "[dim]none[/dim]"
    listed = ", ".join(f"{count} {shown(value)}" for value, count in counts.most_common(_SHOWN_VALUES))
    more = len(counts) - _SHOWN_VALUES
    return f"{listed}, and {more} others" if more > 0 else listed


def _time(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
