"""A row of a source, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shapely.geometry.base import BaseGeometry

from meekoppel_connectors.mapping.reasons import Reason
from meekoppel_contracts.ids import PlanId
from meekoppel_contracts.plan import Plan


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One record of a source, before any meaning is given to it.

    Attributes:
        values: source field → value as the source has it (text, number, date); nested elements as `a.b`.
        geometry: the source's own geometry in the source's CRS, as a Shapely geometry, WKB, or a GeoJSON object; None
            when it has none or keeps it in columns.
        number: the number that the user sees: the line of a sheet or of a CSV file, else the record, from 1. The
            connector counts when it is 0.
        fault: what is wrong with the row as a whole, such as more cells than columns; None when nothing is.
        occurred_at: when this state of the record came about at the source, aware; None when the source does not say.
        removed: the source says that the record is gone; its values need only hold the id.
    """

    values: dict[str, Any]
    geometry: BaseGeometry | bytes | Mapping[str, Any] | None = None
    number: int = 0
    fault: str | None = None
    occurred_at: datetime | None = None
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a row, or a part of it, did not become a plan.

    Attributes:
        row_number: as `SourceRow.number`.
        field: the source field, or the plan field where no single source field is to blame.
        reason: a code of `mapping.reasons.Reason`.
        message: what is wrong and what to do, in words.
        source_id: the row's own id in the source, where it could be read.
        values: the row as the source has it.
    """

    row_number: int
    field: str
    reason: str
    message: str
    source_id: str | None
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MappedRow:
    """What one source row became: a plan, or the reasons why not.

    Attributes:
        row_number: as `SourceRow.number`.
        plan: the plan; None when there are rejections, and when the record was removed.
        rejections: every reason that was found; empty when there is a plan.
        plan_id: known even for a rejected row when its id could be built, so that a plan whose row is
            rejected is not taken for one that left the source.
        occurred_at: as `SourceRow.occurred_at`.
        removed: as `SourceRow.removed`.
        values: as `SourceRow.values`.
    """

    row_number: int
    plan: Plan | None
    rejections: tuple[Rejection, ...]
    plan_id: PlanId | None
    occurred_at: datetime | None = None
    removed: bool = False
    values: Mapping[str, Any] = field(default_factory=dict)


def duplicate(plan: PlanId, row_number: int, first: int, values: Mapping[str, Any]) -> Rejection:
    """Reject a row since an earlier one has its plan id."""
    message = f"{plan} stands in row {first} already; the id must name one row only"
    return Rejection(row_number, "plan.id", Reason.DUPLICATE_ID.value, message, source_id=plan, values=values)
