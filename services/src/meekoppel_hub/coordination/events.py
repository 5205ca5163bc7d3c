"""Turn what is to be told of a pair into a record for the log."""

from __future__ import annotations

from collections.abc import Mapping

from meekoppel_contracts.codec import encode_overlap_event
from meekoppel_contracts.codes import OverlapKind, Severity
from meekoppel_contracts.events import OverlapEvent, OverlapSide, ScorePart
from meekoppel_contracts.headers import overlap_event_headers
from meekoppel_contracts.ids import MoratoriumId, PlanId
from meekoppel_contracts.topics import COORDINATION, COORDINATION_RESTRICTED
from meekoppel_hub.coordination.meeting import score_parts_from_text
from meekoppel_hub.coordination.overlap import Announcement, OverlapRow
from meekoppel_hub.platform.stream.records import Outgoing


def overlap_event(announcement: Announcement, titles: Mapping[PlanId, str], crs: int) -> OverlapEvent:
    """Build the event of an announcement.

    Args:
        announcement: what is to be told.
        titles: of both plans; they are left empty where they may not be told.
        crs: EPSG number of the location.
    """
    row = announcement.row

    def side(plan_id: PlanId, version: int, organisation: str) -> OverlapSide:
        title = titles[plan_id] if announcement.titles else ""
        return OverlapSide(plan_id=plan_id, version=version, organisation=organisation, title=title)

    return OverlapEvent(
        type=announcement.type,
        overlap_id=row.overlap_id,
        revision=row.revision,
        kind=OverlapKind(row.kind),
        severity=Severity(row.severity),
        first=side(row.first_plan, row.first_version, row.first_organisation),
        second=side(row.second_plan, row.second_version, row.second_organisation),
        ruleset=row.ruleset,
        area_m2=row.area_m2,
        distance_m=row.distance_m,
        overlap_days=row.overlap_days,
        gap_days=row.gap_days,
        score=row.score,
        explanation=row.explanation,
        location=row.location,
        srid=crs,
        recorded_at=row.changed_at,
        moratorium_id=None if row.moratorium_id is None else MoratoriumId(row.moratorium_id),
        explanation_nl=row.explanation_nl,
        score_parts=_score_parts(row),
        rulesets=tuple(row.rulesets.split(",")),
        assess_by=row.assess_by,
    )


def _score_parts(row: OverlapRow) -> tuple[ScorePart, ...]:
    parts = score_parts_from_text(row.score_parts)
    return tuple(ScorePart(part=one.part, points=one.points, weight=one.weight) for one in parts)


def outgoing(announcement: Announcement, titles: Mapping[PlanId, str], crs: int) -> Outgoing:
    """Address an announcement: to the open topic, or to the restricted one when the pair is; by its first plan."""
    event = overlap_event(announcement, titles, crs)
    return Outgoing(
        topic=COORDINATION_RESTRICTED if announcement.row.restricted else COORDINATION,
        key=event.first.plan_id.encode(),
        value=encode_overlap_event(event),
        headers=overlap_event_headers(event).to_kafka(),
        event_id=f"{event.overlap_id}/{event.revision}",
    )
