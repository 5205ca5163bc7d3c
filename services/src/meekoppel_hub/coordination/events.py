"""Turn what is to be told of a pair into a record for the log.

Many are made at once, from rows that are right by their making: they are written from plain values, without building
the event's model (`tests/services/coordination/test_events.py` holds the bytes equal to what the model writes).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from meekoppel_contracts.headers import HUB_SOURCE, EventHeaders, overlap_event_type
from meekoppel_contracts.ids import PlanId
from meekoppel_contracts.plain import PlainWriter
from meekoppel_contracts.registry import OVERLAP_EVENT
from meekoppel_contracts.topics import COORDINATION, COORDINATION_RESTRICTED
from meekoppel_hub.coordination.overlap import Announcement
from meekoppel_hub.platform.clock import to_micros
from meekoppel_hub.platform.stream.records import Outgoing

_WRITER: Final = PlainWriter(OVERLAP_EVENT)


def overlap_values(announcement: Announcement, titles: Mapping[PlanId, str], crs: int) -> dict[str, Any]:
    """Give the values of the event of an announcement.

    Args:
        announcement: what is to be told.
        titles: of both plans; they are left empty where they may not be told.
        crs: EPSG number of the location.
    """
    row = announcement.row

    def side(plan_id: PlanId, version: int, organisation: str) -> dict[str, Any]:
        title = titles[plan_id] if announcement.titles else ""
        return {"plan_id": plan_id, "version": version, "organisation": organisation, "title": title}

    return {
        "type": announcement.type.value,
        "overlap_id": row.overlap_id,
        "revision": row.revision,
        "kind": row.kind,
        "severity": row.severity,
        "first": side(row.first_plan, row.first_version, row.first_organisation),
        "second": side(row.second_plan, row.second_version, row.second_organisation),
        "ruleset": row.ruleset,
        "area_m2": row.area_m2,
        "distance_m": row.distance_m,
        "overlap_days": row.overlap_days,
        "gap_days": row.gap_days,
        "score": row.score,
        "explanation": row.explanation,
        "location": row.location,
        "srid": crs,
        "recorded_at": to_micros(row.changed_at),
        "moratorium_id": row.moratorium_id,
        "explanation_nl": row.explanation_nl,
        "score_parts": json.loads(row.score_parts) if row.score_parts else [],
        "rulesets": row.rulesets.split(","),
        "assess_by": None if row.assess_by is None else to_micros(row.assess_by),
    }


def outgoing(announcement: Announcement, titles: Mapping[PlanId, str], crs: int) -> Outgoing:
    """Address an announcement: to the open topic, or to the restricted one when the pair is; by its first plan."""
    row = announcement.row
    event_id = f"{row.overlap_id}/{row.revision}"
    headers = EventHeaders(
        id=event_id,
        source=HUB_SOURCE,
        type=overlap_event_type(announcement.type),
        subject=row.overlap_id,
        time=row.changed_at,
        dataschema=_WRITER.uri,
        partition_key=row.first_plan,
        sequence=row.revision,
    )
    return Outgoing(
        topic=COORDINATION_RESTRICTED if row.restricted else COORDINATION,
        key=row.first_plan.encode(),
        value=_WRITER.write(overlap_values(announcement, titles, crs)),
        headers=headers.to_kafka(),
        event_id=event_id,
    )
