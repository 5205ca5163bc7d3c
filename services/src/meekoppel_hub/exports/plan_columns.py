"""The columns of an export of plans."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import shapely

from meekoppel_contracts.codes import (
    Certainty,
    CooperationKind,
    Discipline,
    Phase,
    Precision,
    Status,
    Visibility,
    WorkType,
    ZoneRole,
)
from meekoppel_hub.exports.columns import Column, Kind
from meekoppel_hub.exports.crs import Places, brought
from meekoppel_hub.reading.stored import StoredPlan


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A plan and a point in it.

    Attributes:
        stored: the plan.
        x: of a point in its first work zone, or else its first zone; in the CRS of the export.
        y: of that point.
    """

    stored: StoredPlan
    x: float
    y: float


def plan_lines(plans: Sequence[StoredPlan], places: Places) -> list[PlanLine]:
    """Find a point in each plan."""
    wkb = [_main_zone(plan)["geometry"] for plan in plans]
    points = brought(shapely.point_on_surface(shapely.from_wkb(wkb)), places)
    return [
        PlanLine(plan, round(float(x), places.digits), round(float(y), places.digits))
        for plan, x, y in zip(plans, shapely.get_x(points), shapely.get_y(points), strict=True)
    ]


def _main_zone(plan: StoredPlan) -> dict[str, Any]:
    zones = plan.plan["zones"]
    found: dict[str, Any] = next((zone for zone in zones if zone["role"] == ZoneRole.WORK.value), zones[0])
    return found


def _plan(*names: str) -> Callable[[PlanLine], Any]:
    """Make a function that takes a field of the plan; None where a part on the way is not given."""

    def value(line: PlanLine) -> Any:
        found: Any = line.stored.plan
        for name in names:
            if found is None:
                return None
            found = found[name]
        return found

    return value


def _event(name: str) -> Callable[[PlanLine], Any]:
    return lambda line: line.stored.values[name]


def _contact(line: PlanLine) -> str | None:
    contact = line.stored.plan["contact"] or {}
    return contact.get("mailbox") or contact.get("url") or contact.get("phone")


def _references(line: PlanLine) -> str | None:
    return ", ".join(f"{ref['system']} {ref['id']}" for ref in line.stored.plan["source_refs"]) or None


PLAN_COLUMNS: Final[tuple[Column[PlanLine], ...]] = (
    Column("plan_id", "Plannummer", "Plan id", Kind.TEXT, lambda line: line.stored.plan_id, width=34),
    Column("title", "Titel", "Title", Kind.TEXT, _plan("title"), width=44),
    Column("initiator", "Initiatiefnemer", "Initiator", Kind.TEXT, _plan("initiator", "name"), width=26),
    Column("organisation", "Organisatiecode", "Organisation code", Kind.TEXT, _plan("initiator", "organisation")),
    Column("status", "Status", "Status", Kind.CODE, _plan("status"), Status),
    Column("phase", "Fase", "Phase", Kind.CODE, _plan("phase"), Phase),
    Column("certainty", "Zekerheid", "Certainty", Kind.CODE, _plan("certainty"), Certainty),
    Column("disciplines", "Disciplines", "Disciplines", Kind.CODE, _plan("disciplines"), Discipline, 28),
    Column("work_types", "Soort werk", "Kind of work", Kind.CODE, _plan("work_types"), WorkType, 20),
    Column("earliest_start", "Vroegste start", "Earliest start", Kind.FIRST_DAY, _plan("period", "earliest_start")),
    Column("latest_start", "Laatste start", "Latest start", Kind.FIRST_DAY, _plan("period", "latest_start")),
    Column("earliest_end", "Vroegste einde", "Earliest end", Kind.LAST_DAY, _plan("period", "earliest_end")),
    Column("latest_end", "Laatste einde", "Latest end", Kind.LAST_DAY, _plan("period", "latest_end")),
    Column("duration_days", "Duur (dagen)", "Duration (days)", Kind.WHOLE, _plan("period", "duration_days")),
    Column("precision", "Nauwkeurigheid datum", "Precision", Kind.CODE, _plan("period", "precision"), Precision),
    Column("can_shift_earlier_days", "Kan eerder (dagen)", "Can be earlier (days)", Kind.WHOLE,
           _plan("period", "can_shift_earlier_days")),
    Column("can_shift_later_days", "Kan later (dagen)", "Can be later (days)", Kind.WHOLE,
           _plan("period", "can_shift_later_days")),
    Column("actual_start", "Werkelijke start", "Actual start", Kind.FIRST_DAY, _plan("actual_start")),
    Column("actual_end", "Werkelijk einde", "Actual end", Kind.LAST_DAY, _plan("actual_end")),
    Column("digs", "Graaft", "Digs", Kind.YES_NO, _plan("excavation", "digs")),
    Column("excavated_m2", "Ontgraving (m²)", "Excavation (m²)", Kind.NUMBER, _plan("excavation", "area_m2")),
    Column("trench_m", "Sleuflengte (m)", "Trench (m)", Kind.NUMBER, _plan("excavation", "trench_length_m")),
    Column("cooperates", "Open voor samenwerking", "Open to cooperation", Kind.YES_NO, _plan("cooperation", "open")),
    Column("cooperation_kinds", "Samenwerken in", "Cooperation in", Kind.CODE, _plan("cooperation", "kinds"),
           CooperationKind, 24),
    Column("answer_by", "Antwoord voor", "Answer by", Kind.LAST_DAY, _plan("cooperation", "answer_by")),
    Column("description", "Omschrijving", "Description", Kind.TEXT, _plan("description"), width=60),
    Column("contact", "Contact", "Contact", Kind.TEXT, _contact, width=28),
    Column("references", "Kenmerken", "References", Kind.TEXT, _references, width=24),
    Column("visibility", "Zichtbaarheid", "Visibility", Kind.CODE, _plan("visibility"), Visibility),
    Column("version", "Versie", "Version", Kind.WHOLE, _event("version"), width=8),
    Column("changed_at", "Gewijzigd op", "Changed at", Kind.TIME, _event("recorded_at"), width=18),
    Column("confirmed_at", "Bevestigd op", "Confirmed at", Kind.TIME, _plan("confirmed_at"), width=18),
    Column("zones", "Aantal zones", "Zones", Kind.WHOLE, lambda line: len(line.stored.plan["zones"]), width=8),
    Column("x", "X", "X", Kind.NUMBER, lambda line: line.x),
    Column("y", "Y", "Y", Kind.NUMBER, lambda line: line.y),
    Column("link", "Verwijzing", "Link", Kind.LINK, lambda line: f"/plans/{quote(line.stored.plan_id)}", width=40),
)  # fmt: skip
