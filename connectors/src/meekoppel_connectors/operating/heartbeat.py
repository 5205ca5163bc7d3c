"""The heartbeat: after each run the connector tells the hub that it ran, and how, also when nothing changed."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version

from meekoppel_connectors.config import ConnectorConfig
from meekoppel_connectors.publish import publish_one
from meekoppel_connectors.state.runs import Outcome
from meekoppel_connectors.status import ConnectorStatus
from meekoppel_contracts.codec import encode_connector_heartbeat
from meekoppel_contracts.codes import ConnectorOutcome
from meekoppel_contracts.headers import heartbeat_headers
from meekoppel_contracts.heartbeat import ConnectorHeartbeat
from meekoppel_contracts.topics import heartbeats

LONGEST_MESSAGE = 500
_OUTCOMES = {
    Outcome.RUNNING: ConnectorOutcome.RUNNING,
    Outcome.STORED: ConnectorOutcome.WAITING,
    Outcome.PUBLISHED: ConnectorOutcome.PUBLISHED,
    Outcome.GUARDED: ConnectorOutcome.GUARDED,
    Outcome.FAILED: ConnectorOutcome.FAILED,
    Outcome.INTERRUPTED: ConnectorOutcome.INTERRUPTED,
}


def heartbeat_of(
    config: ConnectorConfig, status: ConnectorStatus, now: datetime, next_run: datetime | None
) -> ConnectorHeartbeat:
    """Say how a connector stands after its last run.

    Args:
        config: the connector.
        status: what its state tells.
        now: the time, aware.
        next_run: when the next run is due; None when that is not known.
    """
    last = status.runs[0] if status.runs else None
    counts = last.counts if last else {}
    return ConnectorHeartbeat(
        organisation=config.organisation,
        connector=config.connector_name,
        connector_version=version("meekoppel-connectors"),
        contracts_version=version("meekoppel-contracts"),
        source_format=config.source.format,
        epoch=status.epoch,
        last_sequence=status.last_sequence,
        run_started_at=last and last.started,
        run_finished_at=last and last.finished,
        source_as_of=last and last.as_of,
        outcome=_OUTCOMES[last.outcome] if last else ConnectorOutcome.UNKNOWN,
        rows_read=counts.get("read", 0),
        rows_rejected=counts.get("rejected", 0),
        plans_unchanged=counts.get("unchanged", 0),
        events_published=counts.get("published", 0),
        outbox_waiting=status.outbox_waiting,
        live_plans=status.live_plans,
        next_run_due_at=next_run,
        message=last.message[:LONGEST_MESSAGE] if last and last.message else None,
        sent_at=now,
    )


def send_heartbeat(config: ConnectorConfig, heartbeat: ConnectorHeartbeat) -> None:
    """Send a heartbeat to the organisation's own topic; blocks for some seconds at most.

    Raises:
        BrokerError: when Kafka is away, or the topic is not there.
    """
    headers = heartbeat_headers(heartbeat, oin=config.oin)
    publish_one(
        config.kafka,
        heartbeats(config.organisation),
        headers.partition_key.encode(),
        encode_connector_heartbeat(heartbeat),
        headers.to_kafka(),
    )
