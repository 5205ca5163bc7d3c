"""The headers of what goes in and out of the log: plan events and rejections."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from meekoppel_contracts.codes import PlanEventType
from meekoppel_contracts.events import PlanEvent, PlanRejection
from meekoppel_contracts.headers.attributes import EventHeaders
from meekoppel_contracts.headers.source import HUB_SOURCE, organisation_source
from meekoppel_contracts.ids import event_id
from meekoppel_contracts.registry import PLAN_EVENT, PLAN_REJECTION, packaged_registry

PLAN_REJECTED: Final = "nl.meekoppel.plan.rejected.v1"

INBOX_ID_HEADER: Final = "ce_inboxid"
"""In the logs of plans: the id under which the publisher sent the change."""

VISIBILITY_HEADER: Final = "ce_visibility"
"""In the logs of plans: who may see the plan in this version, so that a history can be made again from headers."""


def plan_event_headers(
    event: PlanEvent,
    *,
    id: str | None = None,
    sequence: int | None = None,
    time: datetime,
    epoch: str | None = None,
    oin: str | None = None,
) -> EventHeaders:
    """Describe a plan event.

    Args:
        event: what is sent.
        id: in an inbox `<epoch>/<sequence>`; in the log, when left out, `<plan id>/<version>`.
        sequence: in an inbox the number of the connector's outbox; in the log, when left out, the version.
        time: when it happened, aware.
        epoch: the connector's run of sequence numbers; None in the log.
        oin: the publisher's OIN where it has one: from its registration, not from the plan, which proves nothing.

    Raises:
        HeaderError: when a value cannot stand in a header.
    """
    return EventHeaders(
        id=event_id(event.plan.plan_id, event.version) if id is None else id,
        source=organisation_source(event.publisher, oin),
        type=plan_event_type(event.type),
        subject=event.plan.plan_id,
        time=time,
        dataschema=packaged_registry().newest(PLAN_EVENT).uri,
        partition_key=event.plan.plan_id,
        sequence=event.version if sequence is None else sequence,
        epoch=epoch,
    )


def plan_event_type(happened: PlanEventType) -> str:
    """Give the CloudEvents type of a plan event, such as `nl.meekoppel.plan.withdrawn.v1`."""
    return f"nl.meekoppel.plan.{happened.value}.v1"


def rejection_headers(
    rejection: PlanRejection, *, partition_key: str | None = None, source: str = HUB_SOURCE
) -> EventHeaders:
    """Describe a rejection: its id is `<topic>/<partition>/<offset>` of the rejected record, its sequence the offset.

    Args:
        rejection: what is sent.
        partition_key: the plan id when left out, and the organisation where no plan id could be read.
        source: the hub that rejected it.

    Raises:
        HeaderError: when a value cannot stand in a header.
    """
    place = f"{rejection.topic}/{rejection.partition}/{rejection.offset}"
    return EventHeaders(
        id=place,
        source=source,
        type=PLAN_REJECTED,
        subject=rejection.plan_id or place,
        time=rejection.rejected_at,
        dataschema=packaged_registry().newest(PLAN_REJECTION).uri,
        partition_key=partition_key or rejection.plan_id or rejection.organisation,
        sequence=rejection.offset,
    )
