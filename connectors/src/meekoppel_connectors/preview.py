"""What a run would publish, and what it would reject: for looking at, without publishing or storing anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from meekoppel_connectors.config import ConnectorConfig
from meekoppel_connectors.mapping.read import read_plans
from meekoppel_connectors.mapping.report import MappingReport
from meekoppel_connectors.mapping.row import Rejection
from meekoppel_contracts.plan import Plan

DEFAULT_LIMIT = 20


@dataclass(slots=True)
class Preview:
    """The result of mapping a whole source.

    Attributes:
        rows: how many rows were read.
        plans: how many of them became plans.
        shown: the first plans, with the number of their row.
        rejections: every reason for every rejected row.
        report: what was done to the data on the way.
    """

    rows: int = 0
    plans: int = 0
    shown: list[tuple[int, Plan]] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    report: MappingReport = field(default_factory=MappingReport)

    @property
    def rejected(self) -> int:
        """How many rows were rejected; a row can have several reasons."""
        return self.rows - self.plans

    def as_json(self) -> dict[str, Any]:
        """Give everything as values that JSON knows; geometry as base64 of WKB."""
        return {
            "rows": self.rows,
            "plans": self.plans,
            "rejected": self.rejected,
            "report": self.report.as_json(),
            "shown": [{"row": number, "plan": plan.model_dump(mode="json")} for number, plan in self.shown],
            "rejections": [
                {
                    "row": rejection.row_number,
                    "id": rejection.source_id,
                    "field": rejection.field,
                    "reason": rejection.reason,
                    "message": rejection.message,
                }
                for rejection in self.rejections
            ],
        }


def preview(config: ConnectorConfig, now: datetime, limit: int) -> Preview:
    """Map the whole source and keep the first `limit` plans and all rejections.

    Raises:
        ConnectorError: when the source cannot be read.
    """
    result = Preview()
    for row in read_plans(config, now, result.report):
        result.rows += 1
        result.rejections.extend(row.rejections)
        if row.plan is not None:
            result.plans += 1
            if len(result.shown) < limit:
                result.shown.append((row.row_number, row.plan))
    return result


def show(result: Preview, zone: ZoneInfo, console: Console) -> None:
    """Print the plans, the rejected rows and a summary; times in the connector's own zone."""
    if result.shown:
        console.print(_plans_table(result, zone))
    if result.rejections:
        console.print(_rejections_table(result))
    for line in _summary(result):
        console.print(escape(line))


def _plans_table(result: Preview, zone: ZoneInfo) -> Table:
    table = Table(title=f"Plans (first {len(result.shown)} of {result.plans})", title_justify="left")
    for heading in ("row", "plan", "title", "initiator", "status", "from", "until"):
        table.add_column(heading, overflow="fold", no_wrap=heading in {"plan", "from", "until"})
    for number, plan in result.shown:
        times = (plan.period.earliest_start, plan.period.latest_end)
        table.add_row(
            str(number),
            escape(plan.plan_id),
            escape(plan.title),
            escape(plan.initiator.name),
            f"{plan.status}, {plan.certainty}",
            *(f"{time.astimezone(zone):%Y-%m-%d %H:%M}" for time in times),
        )
    return table


def _rejections_table(result: Preview) -> Table:
    table = Table(title=f"Rejected rows ({result.rejected})", title_justify="left")
    for heading in ("row", "id", "field", "reason", "message"):
        table.add_column(heading, overflow="fold", no_wrap=heading in {"row", "id"})
    for rejection in result.rejections:
        cells = (rejection.source_id or "", rejection.field, rejection.reason, rejection.message)
        table.add_row(str(rejection.row_number), *(escape(cell) for cell in cells))
    return table


def _summary(result: Preview) -> Iterator[str]:
    yield f"{result.rows} rows: {result.plans} plans, {result.rejected} rejected. Nothing was published."
    yield from result.report.sentences()
    for reason, count in Counter(rejection.reason for rejection in result.rejections).most_common():
        yield f"  {count} × {reason}"
