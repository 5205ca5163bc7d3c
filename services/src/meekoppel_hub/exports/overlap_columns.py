"""The columns of an export of overlaps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import shapely

from meekoppel_contracts.codes import Certainty, Discipline, OverlapKind, Phase, Severity, Status
from meekoppel_hub.exports.columns import Column, Kind
from meekoppel_hub.exports.crs import Places, brought
from meekoppel_hub.reading.sight import WholeSight


@dataclass(frozen=True, slots=True)
class OverlapLine:
    """A pair as the viewer sees it.

    Attributes:
        sight: the pair.
        x: where the plans meet, in the CRS of the export; None in a blind match.
        y: likewise.
    """

    sight: WholeSight
    x: float | None
    y: float | None


def overlap_lines(sights: Sequence[WholeSight], places: Places) -> list[OverlapLine]:
    """Find where the plans meet."""
    points = brought(shapely.from_wkb([sight.row.location for sight in sights]), places)
    return [
        OverlapLine(sight, round(float(x), places.digits), round(float(y), places.digits))
        if sight.in_full()
        else OverlapLine(sight, None, None)
        for sight, x, y in zip(sights, shapely.get_x(points), shapely.get_y(points), strict=True)
    ]


def _row(name: str) -> Callable[[OverlapLine], Any]:
    return lambda line: getattr(line.sight.row, name)


def _in_full(name: str) -> Callable[[OverlapLine], Any]:
    return lambda line: getattr(line.sight.row, name) if line.sight.in_full() else None


def _explanation(line: OverlapLine) -> tuple[str, str] | None:
    """Give the explanation in Dutch, where there is one, and in English."""
    row = line.sight.row
    return (row.explanation_nl or row.explanation, row.explanation) if line.sight.in_full() else None


def _state(line: OverlapLine) -> bool:
    return bool(line.sight.row.state == "open")


def _side(which: str, *names: str) -> Callable[[OverlapLine], Any]:
    """Make a function that takes a field of a side's plan; None when the side is not shared with the viewer."""

    def value(line: OverlapLine) -> Any:
        side = getattr(line.sight, which)
        if side is None:
            return None
        found: Any = side.plan
        for name in names:
            found = found[name]
        return found

    return value


def _columns_of_side(which: str, nl: str, en: str) -> tuple[Column[OverlapLine], ...]:
    return (
        Column(f"{which}_plan", f"{nl}: plannummer", f"{en}: plan id", Kind.TEXT, _side(which, "plan_id"), width=34),
        Column(f"{which}_title", f"{nl}: titel", f"{en}: title", Kind.TEXT, _side(which, "title"), width=40),
        Column(f"{which}_initiator", f"{nl}: initiatiefnemer", f"{en}: initiator", Kind.TEXT,
               _side(which, "initiator", "name"), width=24),
        Column(f"{which}_organisation", f"{nl}: organisatiecode", f"{en}: organisation code", Kind.TEXT,
               _side(which, "initiator", "organisation")),
        Column(f"{which}_disciplines", f"{nl}: disciplines", f"{en}: disciplines", Kind.CODE,
               _side(which, "disciplines"), Discipline, 24),
        Column(f"{which}_status", f"{nl}: status", f"{en}: status", Kind.CODE, _side(which, "status"), Status),
        Column(f"{which}_phase", f"{nl}: fase", f"{en}: phase", Kind.CODE, _side(which, "phase"), Phase),
        Column(f"{which}_certainty", f"{nl}: zekerheid", f"{en}: certainty", Kind.CODE, _side(which, "certainty"),
               Certainty),
        Column(f"{which}_start", f"{nl}: vroegste start", f"{en}: earliest start", Kind.FIRST_DAY,
               _side(which, "period", "earliest_start")),
        Column(f"{which}_end", f"{nl}: laatste einde", f"{en}: latest end", Kind.LAST_DAY,
               _side(which, "period", "latest_end")),
    )  # fmt: skip


OVERLAP_COLUMNS: Final[tuple[Column[OverlapLine], ...]] = (
    Column("overlap_id", "Samenloopnummer", "Overlap id", Kind.TEXT, _row("overlap_id"), width=34),
    Column("kind", "Soort", "Kind", Kind.CODE, _row("kind"), OverlapKind, 20),
    Column("severity", "Ernst", "Severity", Kind.CODE, _row("severity"), Severity),
    Column("open", "Speelt nu", "Open", Kind.YES_NO, _state, width=10),
    Column("score", "Score", "Score", Kind.WHOLE, _in_full("score"), width=8),
    Column("explanation", "Toelichting", "Explanation", Kind.WORDS, _explanation, width=80),
    *_columns_of_side("first", "Plan 1", "Plan 1"),
    *_columns_of_side("second", "Plan 2", "Plan 2"),
    Column("area_m2", "Gezamenlijk (m²)", "In common (m²)", Kind.NUMBER, _in_full("area_m2")),
    Column("distance_m", "Afstand (m)", "Distance (m)", Kind.NUMBER, _in_full("distance_m")),
    Column("overlap_days", "Dagen samen", "Days in common", Kind.WHOLE, _in_full("overlap_days")),
    Column("gap_days", "Dagen ertussen", "Days between", Kind.WHOLE, _in_full("gap_days")),
    Column("ruleset", "Procesafspraak", "Agreement", Kind.TEXT, _row("ruleset"), width=20),
    Column("assess_by", "Beoordelen voor", "Assess by", Kind.LAST_DAY, _row("assess_by")),
    Column("detected_at", "Gevonden op", "Detected at", Kind.TIME, _row("detected_at"), width=18),
    Column("changed_at", "Gewijzigd op", "Changed at", Kind.TIME, _row("changed_at"), width=18),
    Column("x", "X", "X", Kind.NUMBER, lambda line: line.x),
    Column("y", "Y", "Y", Kind.NUMBER, lambda line: line.y),
)
