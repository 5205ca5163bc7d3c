"""What a filter says, in words: for the sheet and the report that tell what is in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from shapely.geometry.base import BaseGeometry

from meekoppel_contracts.codes import Certainty, Discipline, OverlapKind, Phase, Severity, Status
from meekoppel_hub.exports.columns import Presentation, coded, first_day
from meekoppel_hub.reading.overlaps import OverlapFilter
from meekoppel_hub.reading.plans import PlanFilter

Words = list[tuple[str, str]]


def plans_in_words(wanted: PlanFilter, shown: Presentation) -> Words:
    """Say which plans were asked for; nothing when all were."""
    return [
        *_area(wanted.area, shown),
        *_codes(shown.word("Organisatie", "Organisation"), wanted.organisations, None, shown),
        *_codes("Status", wanted.statuses, Status, shown),
        *_codes(shown.word("Fase", "Phase"), wanted.phases, Phase, shown),
        *_codes(shown.word("Zekerheid", "Certainty"), wanted.certainties, Certainty, shown),
        *_codes(shown.word("Discipline", "Discipline"), wanted.disciplines, Discipline, shown),
        *_times(wanted.period_from, wanted.period_to, wanted.changed_since, shown),
    ]


def overlaps_in_words(wanted: OverlapFilter, shown: Presentation) -> Words:
    """Say which overlaps were asked for; nothing when all were."""
    state = {"open": shown.word("speelt nu", "open"), "resolved": shown.word("opgelost", "resolved")}
    return [
        *_area(wanted.area, shown),
        *_codes(shown.word("Organisatie", "Organisation"), wanted.organisations, None, shown),
        *_codes(shown.word("Soort", "Kind"), wanted.kinds, OverlapKind, shown),
        *_codes(shown.word("Ernst", "Severity"), wanted.severities, Severity, shown),
        *([(shown.word("Toestand", "State"), state[wanted.state])] if wanted.state else []),
        *([("Plan", wanted.plan_id)] if wanted.plan_id else []),
        *_times(wanted.period_from, wanted.period_to, wanted.changed_since, shown),
    ]


def _area(area: BaseGeometry | None, shown: Presentation) -> Words:
    if area is None:
        return []
    min_x, min_y, max_x, max_y = area.bounds
    return [
        (shown.word("Gebied", "Area"), f"{min_x:.0f}, {min_y:.0f} – {max_x:.0f}, {max_y:.0f} (EPSG:{shown.hub_crs})")
    ]


def _codes(name: str, values: Sequence[str], codes: type[StrEnum] | None, shown: Presentation) -> Words:
    return [(name, coded(values, codes, shown))] if values else []


def _times(start: datetime | None, end: datetime | None, since: datetime | None, shown: Presentation) -> Words:
    named = (
        (shown.word("Periode vanaf", "Period from"), start),
        (shown.word("Periode tot en met", "Period to"), end),
        (shown.word("Gewijzigd sinds", "Changed since"), since),
    )
    return [(name, first_day(moment, shown.zone).isoformat()) for name, moment in named if moment is not None]
