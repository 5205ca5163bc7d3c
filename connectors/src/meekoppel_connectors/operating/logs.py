"""The log of a connector that runs at set times: one JSON object a line, on the error output, without secrets.

| event | meaning | what to do |
|---|---|---|
| `connector_started` | the process runs, with this schedule | |
| `run_finished` | a run ended as its counts say | `guarded`: look at the source, see `message` |
| `run_failed` | a run ended with an error; the next one is due all the same | what the message says |
| `heartbeat_not_sent` | Kafka did not take the heartbeat | when it stays so: is Kafka away, was the topic made? |
| `connector_stopped` | the process was asked to end and did | |
"""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from meekoppel_connectors.secrets import without_secrets

CONNECTOR_STARTED = "connector_started"
RUN_FINISHED = "run_finished"
RUN_FAILED = "run_failed"
HEARTBEAT_NOT_SENT = "heartbeat_not_sent"
CONNECTOR_STOPPED = "connector_stopped"


def connector_log(connector: str) -> structlog.typing.FilteringBoundLogger:
    """Give the log of one connector."""
    log: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _clear_of_secrets,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(20),
        connector=connector,
    )
    return log


def _clear_of_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: without_secrets(value) if isinstance(value, str) else value for name, value in event.items()}
