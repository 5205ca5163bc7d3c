"""What intake publishes into the log: accepted events. Pure."""

from __future__ import annotations

from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.headers import INBOX_ID_HEADER, VISIBILITY_HEADER, plan_event_headers
from meekoppel_contracts.ids import event_id
from meekoppel_hub.intake.versions import LogEvent, PlanState
from meekoppel_hub.platform.stream.records import Outgoing


def to_log(log_event: LogEvent, state: PlanState, oin: str | None) -> Outgoing:
    """Make the record of an accepted event; its id comes from plan and version, so it is published once."""
    event = log_event.event
    identifier = event_id(event.plan.plan_id, event.version)
    headers = plan_event_headers(event, id=identifier, sequence=event.version, time=state.recorded_at, oin=oin)
    return Outgoing(
        topic=log_event.topic,
        key=event.plan.plan_id.encode(),
        value=log_event.value,
        headers=[*headers.to_kafka(), *_for_the_record(event, state)],
        event_id=identifier,
    )


def _for_the_record(event: PlanEvent, state: PlanState) -> list[tuple[str, bytes]]:
    """Write down what makes the state of intake and the rows of the view again from the log, without decoding it."""
    return [
        (INBOX_ID_HEADER, f"{state.epoch}/{state.sequence}".encode()),
        (VISIBILITY_HEADER, event.plan.visibility.value.encode()),
    ]
