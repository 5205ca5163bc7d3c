"""Building the plan of one row, or saying why it cannot be built."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from meekoppel_connectors.config import ConnectorConfig
from meekoppel_connectors.mapping.filling import ABSENT, Filling, Problem, SlugRegister
from meekoppel_connectors.mapping.geometry import GeometryReader
from meekoppel_connectors.mapping.personal import personal_data
from meekoppel_connectors.mapping.reasons import Reason, Unreadable
from meekoppel_connectors.mapping.row import MappedRow, Rejection, SourceRow
from meekoppel_connectors.mapping.rules import Part
from meekoppel_contracts.codec import encode_plan_event
from meekoppel_contracts.codes import PlanEventType, Status
from meekoppel_contracts.errors import InvalidIdentifier
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.ids import OrgCode, PlanId, plan_id
from meekoppel_contracts.plan import Plan
from meekoppel_contracts.topics import MAX_EVENT_BYTES

_NEVER_SHARED = frozenset({Status.CONCEPT, Status.UNKNOWN})


class PlanBuilder:
    """Builds plans from the rows of one reading of a source; remembers the ids it has seen."""

    def __init__(self, config: ConnectorConfig, geometry: GeometryReader, as_of: datetime) -> None:
        self._config = config
        self._rules = config.plan_rules()
        self._geometry = geometry
        self._as_of = as_of
        self._zone = config.zone
        self._slugs = SlugRegister()
        self._first_rows: dict[PlanId, int] = {}

    def build(self, row: SourceRow) -> MappedRow:
        """Build the plan of a row, with every reason why not when it cannot be."""
        filling = Filling(row.values, self._as_of, self._zone, self._slugs)
        local_id = filling.fill(self._rules.local_id)
        identifier = self._identifier(local_id, filling)
        if row.removed and not filling.problems:
            return MappedRow(row.number, None, (), identifier, row.occurred_at, removed=True)
        if row.fault:
            filling.problems.append(Problem("row", Reason.ROW_UNREADABLE, row.fault))
        self._note_duplicate(identifier, row, filling)
        fields = filling.part(self._rules.fields)
        zones = self._zones(row, filling)
        plan = None
        if not filling.problems:
            plan = self._plan({**fields, "plan_id": identifier, "zones": zones}, filling)
        source_id = None if local_id is ABSENT else str(local_id)
        rejections = tuple(
            Rejection(row.number, problem.field, problem.reason.value, problem.message, source_id, row.values)
            for problem in filling.problems
        )
        return MappedRow(row.number, None if rejections else plan, rejections, identifier, row.occurred_at)

    def _identifier(self, local_id: Any, filling: Filling) -> PlanId | None:
        if local_id is ABSENT:
            return None
        try:
            return plan_id(self._config.namespace, self._config.organisation, local_id)
        except InvalidIdentifier:
            message = f"{local_id!r} cannot be part of a plan id: up to 150 of letters, digits and _ , . : / -"
            filling.problems.append(Problem("plan.id", Reason.ID_INVALID, message))
            return None

    def _note_duplicate(self, identifier: PlanId | None, row: SourceRow, filling: Filling) -> None:
        if identifier is None:
            return
        first = self._first_rows.setdefault(identifier, row.number)
        if first != row.number:
            message = f"{identifier} stands in row {first} already; the id must name one row only"
            filling.problems.append(Problem("plan.id", Reason.DUPLICATE_ID, message))

    def _zones(self, row: SourceRow, filling: Filling) -> list[dict[str, Any]]:
        zones = []
        for index, part in enumerate(self._rules.zones, start=1):
            try:
                zone = self._zone_of(part, row, filling)
            except Unreadable as error:
                filling.problems.append(Problem(self._geometry.field, error.reason, error.message))
                continue
            if zone is not None:
                zones.append({"zone_id": str(index), **zone, "srid": self._config.hub_crs})
        if not zones and not filling.problems:
            message = "there is no geometry in this row for any of the zones"
            filling.problems.append(Problem("plan.zones", Reason.GEOMETRY_MISSING, message))
        return zones

    def _zone_of(self, part: Part, row: SourceRow, filling: Filling) -> dict[str, Any] | None:
        filled = filling.part(part)
        if filled is ABSENT or ("geometry" in part.fields and "geometry" not in filled):
            return None
        own = filled.get("geometry")
        geometry = self._geometry.of_row(row) if own is None else self._geometry.of_wkt(own)
        return {**filled, "geometry": geometry}

    def _plan(self, fields: dict[str, Any], filling: Filling) -> Plan | None:
        try:
            plan = Plan.model_validate(fields)
        except ValidationError as error:
            for detail in error.errors():
                field = ".".join(("plan", *(str(part) for part in detail["loc"])))
                message = detail["msg"].removeprefix("Value error, ")
                filling.problems.append(Problem(field, Reason.INVALID, message))
            return None
        filling.problems.extend(self._not_to_be_published(plan))
        return plan

    def _not_to_be_published(self, plan: Plan) -> Iterator[Problem]:
        if plan.status in _NEVER_SHARED:
            message = f"a plan with status {plan.status.value} is not shared; it can be from tentative on"
            yield Problem("plan.status", Reason.NOT_SHAREABLE, message)
        if not self._config.contact_is_functional:
            for field, what in personal_data(plan):
                message = f"{what}; give a functional one, or state contact_is_functional: true"
                yield Problem(field, Reason.PERSONAL_DATA, message)
        size = _event_bytes(plan, self._config.organisation)
        if size > MAX_EVENT_BYTES:
            message = f"is an event of {size:,} bytes, and the hub takes {MAX_EVENT_BYTES:,}; simplify the geometry"
            yield Problem("plan", Reason.TOO_LARGE, message)


def _event_bytes(plan: Plan, publisher: OrgCode) -> int:
    """Give the size of the largest event that can carry a plan; its JSON is larger, and enough when that is small."""
    size = len(plan.model_dump_json())
    if size <= MAX_EVENT_BYTES // 2:
        return size
    names = tuple(Plan.model_fields)
    return len(
        encode_plan_event(PlanEvent(type=PlanEventType.CHANGED, publisher=publisher, changed_fields=names, plan=plan))
    )
