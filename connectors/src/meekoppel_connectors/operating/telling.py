"""One run, and the heartbeat that tells how it went."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from meekoppel_connectors.clock import Clock, utc_now
from meekoppel_connectors.config import ConnectorConfig
from meekoppel_connectors.errors import ConnectorError, StateBusy, StateError
from meekoppel_connectors.operating.heartbeat import heartbeat_of, send_heartbeat
from meekoppel_connectors.run import RunSummary, run_once
from meekoppel_connectors.status import ConnectorStatus, read_status

Warn = Callable[[str], None]
"""Is told, in a sentence, that the heartbeat could not be sent; that is no failure of the run."""


def run_and_tell(config: ConnectorConfig, warn: Warn, *, clock: Clock = utc_now, **options: Any) -> RunSummary:
    """Run once as `run_once` does, and send a heartbeat, also when the run failed.

    Args:
        config: the connector.
        warn: is told when the heartbeat could not be sent.
        clock: gives the time.
        options: as `run_once` takes them.

    Raises:
        ConnectorError: as `run_once`.
    """
    try:
        summary = run_once(config, clock=clock, **options)
    except (StateBusy, StateError):
        raise
    except ConnectorError:
        tell(config, warn, clock, None)
        raise
    tell(config, warn, clock, None)
    return summary


def tell(config: ConnectorConfig, warn: Warn, clock: Clock, next_run: datetime | None) -> ConnectorStatus:
    """Send a heartbeat about the last run, and give the status that it told of."""
    status = read_status(config, clock=clock)
    try:
        send_heartbeat(config, heartbeat_of(config, status, clock(), next_run))
    except ConnectorError as error:  # Kafka is away, or cannot be reached as the configuration says
        warn(f"The heartbeat was not sent: {error}")
    return status
