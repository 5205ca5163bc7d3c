"""The headers of what the hub finds and parties agree on: overlaps, assessments, cooperations."""

from __future__ import annotations

from meekoppel_contracts.codes import OverlapEventType
from meekoppel_contracts.coordination import AssessmentEvent, CooperationEvent
from meekoppel_contracts.events import OverlapEvent
from meekoppel_contracts.headers.attributes import EventHeaders
from meekoppel_contracts.headers.source import HUB_SOURCE
from meekoppel_contracts.registry import ASSESSMENT_EVENT, COOPERATION_EVENT, OVERLAP_EVENT, packaged_registry


def overlap_event_type(happened: OverlapEventType) -> str:
    """Give the CloudEvents type of an overlap event, such as `nl.meekoppel.overlap.resolved.v1`."""
    return f"nl.meekoppel.overlap.{happened.value}.v1"


def overlap_event_headers(
    event: OverlapEvent, *, partition_key: str | None = None, source: str = HUB_SOURCE
) -> EventHeaders:
    """Describe an overlap event: its id is `<overlap id>/<revision>`, its sequence the revision.

    Args:
        event: what is sent.
        partition_key: the lower plan id when left out, so that the events of a pair stay in order.
        source: the hub that found it.

    Raises:
        HeaderError: when a value cannot stand in a header.
    """
    return EventHeaders(
        id=f"{event.overlap_id}/{event.revision}",
        source=source,
        type=overlap_event_type(event.type),
        subject=event.overlap_id,
        time=event.recorded_at,
        dataschema=packaged_registry().newest(OVERLAP_EVENT).uri,
        partition_key=event.first.plan_id if partition_key is None else partition_key,
        sequence=event.revision,
    )


def assessment_event_headers(
    event: AssessmentEvent, *, partition_key: str | None = None, source: str = HUB_SOURCE
) -> EventHeaders:
    """Describe an assessment: its id is `<overlap id>/<organisation>/<revision>`, its sequence the revision.

    Args:
        event: what is sent.
        partition_key: the lower plan id when left out, so that it stays in order with the overlap.
        source: the hub that recorded it.

    Raises:
        HeaderError: when a value cannot stand in a header.
    """
    return EventHeaders(
        id=f"{event.overlap_id}/{event.organisation}/{event.revision}",
        source=source,
        type=f"nl.meekoppel.overlap.{event.type.value}.v1",
        subject=event.overlap_id,
        time=event.recorded_at,
        dataschema=packaged_registry().newest(ASSESSMENT_EVENT).uri,
        partition_key=event.first.plan_id if partition_key is None else partition_key,
        sequence=event.revision,
    )


def cooperation_event_headers(event: CooperationEvent, *, source: str = HUB_SOURCE) -> EventHeaders:
    """Describe a cooperation event: its id is `<cooperation id>/<revision>`, its partition key the cooperation id.

    Not a plan id: plans come and go in a cooperation, and its events are to stay in order.

    Raises:
        HeaderError: when a value cannot stand in a header.
    """
    return EventHeaders(
        id=f"{event.cooperation_id}/{event.revision}",
        source=source,
        type=f"nl.meekoppel.cooperation.{event.type.value}.v1",
        subject=event.cooperation_id,
        time=event.recorded_at,
        dataschema=packaged_registry().newest(COOPERATION_EVENT).uri,
        partition_key=event.cooperation_id,
        sequence=event.revision,
    )
