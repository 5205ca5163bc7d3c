"""Running at set times, until the process is asked to end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from prometheus_client import start_http_server
from pydantic import ValidationError

from meekoppel_connectors.clock import Clock, utc_now
from meekoppel_connectors.config import ConnectorConfig
from meekoppel_connectors.errors import ConfigError, ConnectorError, Fatal, StateError
from meekoppel_connectors.operating import logs
from meekoppel_connectors.operating.metrics import ConnectorMetrics
from meekoppel_connectors.operating.schedule import Schedule
from meekoppel_connectors.operating.stopping import Stopped, stopped_by_signals
from meekoppel_connectors.operating.telling import tell
from meekoppel_connectors.publish import Patience
from meekoppel_connectors.run import RunSummary, run_once

METRICS_HOST = "127.0.0.1"


def schedule_of(config: ConnectorConfig, every: str | None, cron: str | None) -> Schedule:
    """Give the schedule that was asked for, else that of the configuration.

    Raises:
        ConfigError: when there is none, or it cannot be.
    """
    if every is None and cron is None and config.schedule is not None:
        return config.schedule
    try:
        return Schedule(every=every, cron=cron)
    except ValidationError as error:
        problem = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise ConfigError(config.path, "schedule", problem) from error


class Service:
    """A connector that runs again and again."""

    def __init__(
        self,
        config: ConnectorConfig,
        schedule: Schedule,
        *,
        clock: Clock = utc_now,
        patience: Patience | None = None,
    ) -> None:
        self._config = config
        self._schedule = schedule
        self._clock = clock
        self._patience = patience
        self._metrics = ConnectorMetrics()
        self._log = logs.connector_log(config.connector_name)

    def serve(self, metrics_port: int | None = None) -> None:
        """Run at the times of the schedule until SIGTERM or an interrupt; to be called in the main thread.

        A run that fails is logged, and the next one is due as if it had not. Only a state that cannot be used ends it.

        Args:
            metrics_port: where Prometheus finds the metrics, on 127.0.0.1; nowhere when None.

        Raises:
            StateError: when the state cannot be used.
            Fatal: when the port is taken.
        """
        try:
            with stopped_by_signals(), self._metrics_endpoint(metrics_port):
                self._log.info(logs.CONNECTOR_STARTED, schedule=self._schedule.every or self._schedule.cron)
                while True:
                    started = self._clock()
                    self._run()
                    next_run = self._schedule.next_run(started, self._clock(), self._config.zone)
                    self._tell(next_run)
                    time.sleep(max(0.0, (next_run - self._clock()).total_seconds()))
        except Stopped as stopped:
            self._log.info(logs.CONNECTOR_STOPPED, signal=str(stopped))

    def _run(self) -> None:
        try:
            summary = run_once(self._config, clock=self._clock, patience=self._patience)
        except StateError:
            raise
        except ConnectorError as error:
            self._metrics.note_failure(self._clock())
            self._log.error(logs.RUN_FAILED, message=str(error))
        else:
            self._metrics.note_run(summary, self._clock())
            self._log.info(logs.RUN_FINISHED, **_without_nothing(summary))

    def _tell(self, next_run: datetime) -> None:
        def warn(message: str) -> None:
            self._log.warning(logs.HEARTBEAT_NOT_SENT, message=message)

        status = tell(self._config, warn, self._clock, next_run)
        self._metrics.note_state(live=status.live_plans, waiting=status.outbox_waiting)

    @contextmanager
    def _metrics_endpoint(self, port: int | None) -> Iterator[None]:
        if port is None:
            yield
            return
        try:
            server, _ = start_http_server(port, addr=METRICS_HOST, registry=self._metrics.registry)
        except OSError as error:
            raise Fatal(
                f"The metrics cannot be served on port {port} ({error.strerror}); give another port."
            ) from error
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()


def _without_nothing(summary: RunSummary) -> dict[str, Any]:
    counts = summary.as_dict()
    return {name: value for name, value in counts.items() if value}
