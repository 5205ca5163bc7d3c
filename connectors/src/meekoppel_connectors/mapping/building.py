"""Building the plans of rows, or saying why they cannot be built.

Rows are taken in batches: their values are filled one by one, their geometry is read for all at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from meekoppel_connectors.config import ConnectorConfig
from meekoppel_connectors.mapping.batch import Outcome
from meekoppel_connectors.mapping.filling import ABSENT, Filling, Memory, Problem, SlugRegister
from meekoppel_connectors.mapping.fitting import TARGET_EVENT_BYTES, fitted
from meekoppel_connectors.mapping.geometry import GeometryReader
from meekoppel_connectors.mapping.privacy.guarding import PersonGuard
from meekoppel_connectors.mapping.reasons import Reason, Unreadable
from meekoppel_connectors.mapping.report import MappingReport
from meekoppel_connectors.mapping.row import MappedRow, Rejection, SourceRow
from meekoppel_contracts.codes import Status
from meekoppel_contracts.errors import InvalidIdentifier
from meekoppel_contracts.ids import PlanId, plan_id
from meekoppel_contracts.plan import Plan

_NEVER_SHARED = frozenset({Status.CONCEPT, Status.UNKNOWN})
_BYTES_PER_CHARACTER = 4


@dataclass(slots=True)
class _Begun:
    """A row whose values are filled, and whose geometry is still to come."""

    row: SourceRow
    filling: Filling
    source_id: str | None
    identifier: PlanId | None
    fields: dict[str, Any] = field(default_factory=dict)
    zones: list[dict[str, Any]] = field(default_factory=list)


class PlanBuilder:
    """Builds plans from the rows of one reading of a source."""

    def __init__(
        self, config: ConnectorConfig, geometry: GeometryReader, as_of: datetime, report: MappingReport
    ) -> None:
        self._config = config
        self._rules = config.plan_rules()
        self._geometry = geometry
        self._as_of = as_of
        self._report = report
        self._zone = config.zone
        self._slugs = SlugRegister()
        self._memory: Memory = {}
        self._guard = PersonGuard(config.privacy, report, functional=config.contact_is_functional)
        self._texts_per_row = len(self._rules.source_fields()) + 1
        self._own_bytes = _BYTES_PER_CHARACTER * len(repr(config.plan))

    def build(self, rows: Sequence[SourceRow]) -> list[MappedRow]:
        """Build the plan of each row, with every reason why not when it cannot be."""
        begun = [self._begin(row) for row in rows]
        self._fill_geometry(begun)
        return [self._finish(one) for one in begun]

    def _begin(self, row: SourceRow) -> _Begun:
        filling = Filling(row.values, self._as_of, self._zone, self._slugs, self._memory, self._guard)
        local_id = filling.fill(self._rules.local_id)
        source_id = None if local_id is ABSENT else str(local_id)
        begun = _Begun(row, filling, source_id, self._identifier(local_id, filling))
        if row.removed and not filling.problems:
            return begun
        if row.fault:
            filling.problems.append(Problem("row", Reason.ROW_UNREADABLE, row.fault))
        begun.fields = filling.part(self._rules.fields)
        for index, part in enumerate(self._rules.zones, start=1):
            filled = filling.part(part)
            if filled is not ABSENT and ("geometry" not in part.fields or "geometry" in filled):
                begun.zones.append({"zone_id": str(index), **filled, "srid": self._config.hub_crs})
        return begun

    def _identifier(self, local_id: Any, filling: Filling) -> PlanId | None:
        if local_id is ABSENT:
            return None
        try:
            return plan_id(self._config.namespace, self._config.organisation, local_id)
        except InvalidIdentifier:
            message = f"{local_id!r} cannot be part of a plan id: up to 150 of letters, digits and _ , . : / -"
            filling.problems.append(Problem("plan.id", Reason.ID_INVALID, message))
            return None

    def _fill_geometry(self, begun: list[_Begun]) -> None:
        """Read the geometry of all zones: that of the row, once, unless a zone has a text of its own."""
        own = [(one, zone) for one in begun for zone in one.zones if "geometry" in zone]
        if own:
            for (one, zone), outcome in zip(
                own, self._geometry.of_texts([zone["geometry"] for _, zone in own]), strict=True
            ):
                self._put(outcome, [zone], one)
        of_row = [(one, [zone for zone in one.zones if "geometry" not in zone]) for one in begun]
        of_row = [(one, zones) for one, zones in of_row if zones]
        if of_row:
            outcomes = self._geometry.of_rows([one.row for one, _ in of_row])
            for (one, zones), outcome in zip(of_row, outcomes, strict=True):
                self._put(outcome, zones, one)

    def _put(self, outcome: Outcome, zones: list[dict[str, Any]], begun: _Begun) -> None:
        if isinstance(outcome, Unreadable):
            begun.filling.problems.append(Problem(self._geometry.field, outcome.reason, outcome.message))
            return
        for zone in zones:
            zone["geometry"] = outcome.wkb
            zone["repaired"] = outcome.repaired
            zone["position_error_m"] = outcome.position_error_m

    def _finish(self, begun: _Begun) -> MappedRow:
        row, problems = begun.row, begun.filling.problems
        if row.removed and not problems:
            return MappedRow(row.number, None, (), begun.identifier, row.occurred_at, removed=True)
        if not begun.zones and not problems:
            message = "there is no geometry in this row for any of the zones"
            problems.append(Problem("plan.zones", Reason.GEOMETRY_MISSING, message))
        plan = None if problems else self._plan(begun)
        rejections = tuple(
            Rejection(row.number, problem.field, problem.reason.value, problem.message, begun.source_id, row.values)
            for problem in problems
        )
        if rejections:
            plan = None
        return MappedRow(row.number, plan, rejections, begun.identifier, row.occurred_at, values=row.values)

    def _plan(self, begun: _Begun) -> Plan | None:
        problems = begun.filling.problems
        try:
            plan = Plan.model_validate({**begun.fields, "plan_id": begun.identifier, "zones": begun.zones})
        except ValidationError as error:
            for detail in error.errors():
                place = ".".join(("plan", *(str(part) for part in detail["loc"])))
                problems.append(Problem(place, Reason.INVALID, detail["msg"].removeprefix("Value error, ")))
            return None
        if plan.status in _NEVER_SHARED:
            message = f"a plan with status {plan.status.value} is not shared; it can be from tentative on"
            problems.append(Problem("plan.status", Reason.NOT_SHAREABLE, message))
        return self._without_persons(self._small_enough(plan, begun), begun)

    def _small_enough(self, plan: Plan, begun: _Begun) -> Plan:
        if self._is_surely_small(begun):
            return plan
        try:
            smaller = fitted(plan, self._config.organisation)
        except Unreadable as error:
            begun.filling.problems.append(Problem("plan", error.reason, error.message))
            return plan
        if smaller is not plan:
            self._report.note_simplified(max(zone.simplified_m or 0.0 for zone in smaller.zones))
        return smaller

    def _without_persons(self, plan: Plan, begun: _Begun) -> Plan:
        if plan.contact is None:
            return plan
        try:
            contact = self._guard.cleared_contact(plan.contact)
        except Unreadable as error:
            begun.filling.problems.append(Problem("plan.contact", error.reason, error.message))
            return plan
        return plan if contact is plan.contact else plan.model_copy(update={"contact": contact})

    def _is_surely_small(self, begun: _Begun) -> bool:
        """Tell of nearly every plan, without encoding it, that its event has room to spare."""
        size = self._own_bytes + sum(len(zone["geometry"]) for zone in begun.zones)
        for value in begun.row.values.values():
            if isinstance(value, str):
                size += _BYTES_PER_CHARACTER * len(value) * self._texts_per_row
            elif isinstance(value, (list, dict)):
                return False
        return size <= TARGET_EVENT_BYTES // 2
