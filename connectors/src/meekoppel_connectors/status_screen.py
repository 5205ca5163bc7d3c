"""The status of a connector on the screen, in colour where there is a terminal."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from meekoppel_connectors.config import ConnectorConfig
from meekoppel_connectors.state.runs import Outcome, RunRecord
from meekoppel_connectors.status import ConnectorStatus

_COLOURS = {
    Outcome.PUBLISHED: "green",
    Outcome.STORED: "yellow",
    Outcome.RUNNING: "yellow",
    Outcome.GUARDED: "bold red",
    Outcome.FAILED: "red",
    Outcome.INTERRUPTED: "red",
}


def show_status(config: ConnectorConfig, found: ConnectorStatus, console: Console) -> None:
    """Print what waits, the last runs, the rows that were rejected, and what the hub sent back."""
    if found.epoch is None:
        console.print(f"This connector has not run yet; it will keep its state in {escape(str(found.state))}.")
        return
    colour = "yellow" if found.outbox_waiting else "green"
    waiting = f"[{colour}]{found.outbox_waiting:,} events wait to be published[/{colour}]"
    console.print(f"{found.live_plans:,} live plans; {waiting}.")
    console.print(_runs(found, config.zone))
    if found.rejected:
        console.print(_rejected(found))
    if found.sent_back:
        console.print(_sent_back(found, config.zone))


def _runs(found: ConnectorStatus, zone: ZoneInfo) -> Table:
    table = Table("started", "as of", "outcome", "counts", "message", title="Runs, newest first", title_justify="left")
    for record in found.runs:
        table.add_row(*_run_cells(record, zone))
    return table


def _run_cells(record: RunRecord, zone: ZoneInfo) -> tuple[str, ...]:
    counts = ", ".join(f"{count:,} {name}" for name, count in record.counts.items() if count)
    times = (f"{time.astimezone(zone):%Y-%m-%d %H:%M:%S}" for time in (record.started, record.as_of))
    colour = _COLOURS.get(record.outcome, "default")
    return (*times, f"[{colour}]{record.outcome.value}[/{colour}]", escape(counts), escape(record.message or ""))


def _rejected(found: ConnectorStatus) -> Table:
    table = Table("row", "id", "field", "reason", "message", title="Rejected rows", title_justify="left")
    for row in found.rejected:
        cells = (str(row.row_number), row.source_id or "", row.field, row.reason, row.message)
        table.add_row(*(escape(cell) for cell in cells))
    return table


def _sent_back(found: ConnectorStatus, zone: ZoneInfo) -> Table:
    table = Table("row", "id", "field", "reason", "message", "when", title="Sent back by the hub", title_justify="left")
    for each in found.sent_back:
        row = "" if each.row_number is None else str(each.row_number)
        when = f"{each.rejected_at.astimezone(zone):%Y-%m-%d %H:%M}"
        cells = (row, each.source_id or "", each.field or "", each.reason, each.message, when)
        table.add_row(*(escape(cell) for cell in cells))
    return table
