"""The headers of the exchange itself: heartbeats, notifications, quality."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from meekoppel_contracts.headers.attributes import EventHeaders
from meekoppel_contracts.headers.source import HUB_SOURCE, organisation_source
from meekoppel_contracts.heartbeat import ConnectorHeartbeat
from meekoppel_contracts.notification import Notification
from meekoppel_contracts.quality import QualityEvent
from meekoppel_contracts.registry import CONNECTOR_HEARTBEAT, NOTIFICATION, QUALITY_EVENT, packaged_registry

CONNECTOR_HEARD: Final = "nl.meekoppel.connector.heartbeat.v1"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def heartbeat_headers(heartbeat: ConnectorHeartbeat, *, oin: str | None = None) -> EventHeaders:
    """Describe a heartbeat: its subject and partition key are `<organisation>/<connector>`.

    Its sequence is the time at which it was sent, in microseconds since 1970: it rises also when a connector lost its
    state. Its id is subject and sequence.

    Args:
        heartbeat: what is sent.
        oin: the organisation's OIN where it has one.

    Raises:
        HeaderError: when a value cannot stand in a header.
    """
    connector = f"{heartbeat.organisation}/{heartbeat.connector}"
    sequence = (heartbeat.sent_at - _EPOCH) // timedelta(microseconds=1)
    return EventHeaders(
        id=f"{connector}/{sequence}",
        source=organisation_source(heartbeat.organisation, oin),
        type=CONNECTOR_HEARD,
        subject=connector,
        time=heartbeat.sent_at,
        dataschema=packaged_registry().newest(CONNECTOR_HEARTBEAT).uri,
        partition_key=connector,
        sequence=sequence,
        epoch=heartbeat.epoch,
    )


def notification_headers(notification: Notification, *, source: str = HUB_SOURCE) -> EventHeaders:
    """Describe a notification: its id is `<notification id>/<revision>`.

    Its type tells what it is about, as that of a webhook does: `nl.meekoppel.notification.overlap.v1`. It is ordered by
    the organisation's plan where one is concerned, else by what it is about.

    Raises:
        HeaderError: when a value cannot stand in a header.
    """
    return EventHeaders(
        id=f"{notification.notification_id}/{notification.revision}",
        source=source,
        type=f"nl.meekoppel.notification.{notification.type.split('.')[0]}.v1",
        subject=notification.subject,
        time=notification.recorded_at,
        dataschema=packaged_registry().newest(NOTIFICATION).uri,
        partition_key=notification.plan_id or notification.subject,
        sequence=notification.revision,
    )


def quality_event_headers(event: QualityEvent, *, source: str = HUB_SOURCE) -> EventHeaders:
    """Describe figures of quality: their id is `<publisher>/<period>/<revision>`, their partition key the publisher.

    Raises:
        HeaderError: when a value cannot stand in a header.
    """
    return EventHeaders(
        id=f"{event.publisher}/{event.period}/{event.revision}",
        source=source,
        type=f"nl.meekoppel.quality.{event.type.value}.v1",
        subject=f"{event.publisher}/{event.period}",
        time=event.recorded_at,
        dataschema=packaged_registry().newest(QUALITY_EVENT).uri,
        partition_key=event.publisher,
        sequence=event.revision,
    )
