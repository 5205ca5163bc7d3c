"""What a run would publish, and what it would reject: for looking at, without publishing or storing anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from meekoppel_connectors.config import ConnectorConfig
from meekoppel_connectors.mapping.read import read_plans
from meekoppel_connectors.mapping.report import MappingReport
from meekoppel_connectors.mapping.row import Rejection
from meekoppel_connectors.overview import Overview, warnings_of
from meekoppel_contracts.plan import Plan

DEFAULT_LIMIT = 20

Seen = Callable[[int, Plan], None]
"""Is told every plan with the number of its row."""


@dataclass(slots=True)
class Preview:
    """The result of mapping a whole source.

    Attributes:
        rows: how many rows were read.
        plans: how many of them became plans.
        shown: the first plans, with the number of their row.
        rejections: every reason for every rejected row.
        reasons: the rejected rows by reason; a row that has several counts in each.
        report: what was done to the data on the way.
        overview: all plans together.
    """

    rows: int = 0
    plans: int = 0
    shown: list[tuple[int, Plan]] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    report: MappingReport = field(default_factory=MappingReport)
    overview: Overview = field(default_factory=Overview)

    @property
    def rejected(self) -> int:
        """How many rows were rejected; a row can have several reasons."""
        return self.rows - self.plans

    @property
    def warnings(self) -> list[str]:
        """What should be looked at before anything is published."""
        return list(warnings_of(self.overview, self.reasons, self.rows))

    def as_json(self) -> dict[str, Any]:
        """Give everything as values that JSON knows; geometry as base64 of WKB."""
        return {
            "rows": self.rows,
            "plans": self.plans,
            "rejected": self.rejected,
            "report": self.report.as_json(),
            "overview": self.overview.as_json(),
            "warnings": self.warnings,
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


def preview(config: ConnectorConfig, now: datetime, limit: int, seen: Seen = lambda _number, _plan: None) -> Preview:
    """Map the whole source and keep the first `limit` plans and all rejections.

    Args:
        config: the connector.
        now: the moment of which the source tells.
        limit: how many plans to keep.
        seen: is told all of them.

    Raises:
        ConnectorError: when the source cannot be read.
    """
    result = Preview()
    for row in read_plans(config, now, result.report):
        result.rows += 1
        result.rejections.extend(row.rejections)
        result.reasons.update({rejection.reason for rejection in row.rejections})
        if row.plan is not None:
            result.plans += 1
            result.overview.add(row.plan, now)
            seen(row.row_number, row.plan)
            if len(result.shown) < limit:
                result.shown.append((row.row_number, row.plan))
    return result
