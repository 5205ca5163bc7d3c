"""The metrics of a connector that runs at set times, each named once, with its meaning and what to do about it.

| metric | meaning | what to do |
|---|---|---|
| `meekoppel_connector_runs_total{outcome}` | runs by how they ended | `failed`, `guarded`: see the log or `status` |
| `meekoppel_connector_rows_total{what}` | rows read and rejected | many rejected: see `status` |
| `meekoppel_connector_events_published_total` | events that Kafka acknowledged | none for long: look at the source |
| `meekoppel_connector_outbox_waiting` | events that wait to be published | rising: Kafka is away or refuses |
| `meekoppel_connector_live_plans` | plans that are shared now | a sudden fall: look at the source |
| `meekoppel_connector_last_run_timestamp_seconds` | when the last run ended | old: the process hangs |
| `meekoppel_connector_last_success_timestamp_seconds` | when all was published last | old: act |
| `meekoppel_connector_run_seconds` | how long runs take | longer than the interval: run less often |
"""

from __future__ import annotations

from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from meekoppel_connectors.run import RunSummary
from meekoppel_connectors.state.runs import Outcome

NAMESPACE = "meekoppel_connector"
_SECONDS = (0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800)


class ConnectorMetrics:
    """The metrics of one process, in a registry of their own.

    Attributes:
        registry: what an endpoint serves.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._runs = Counter("runs", "Runs by how they ended", ["outcome"], registry=self.registry, namespace=NAMESPACE)
        self._rows = Counter("rows", "Rows read and rejected", ["what"], registry=self.registry, namespace=NAMESPACE)
        self._published = Counter(
            "events_published", "Events that the broker acknowledged", registry=self.registry, namespace=NAMESPACE
        )
        self._waiting = Gauge(
            "outbox_waiting", "Events that wait to be published", registry=self.registry, namespace=NAMESPACE
        )
        self._live = Gauge("live_plans", "Plans that are shared now", registry=self.registry, namespace=NAMESPACE)
        self._last_run = Gauge(
            "last_run_timestamp_seconds", "When the last run ended", registry=self.registry, namespace=NAMESPACE
        )
        self._last_success = Gauge(
            "last_success_timestamp_seconds", "When all was published last", registry=self.registry, namespace=NAMESPACE
        )
        self._seconds = Histogram(
            "run_seconds", "How long runs take", buckets=_SECONDS, registry=self.registry, namespace=NAMESPACE
        )

    def note_run(self, summary: RunSummary, now: datetime) -> None:
        """Count a run that came to its end."""
        self._rows.labels("read").inc(summary.read)
        self._rows.labels("rejected").inc(summary.rejected)
        self._published.inc(summary.published)
        self._seconds.observe(summary.seconds)
        self._note_end(summary.outcome.value, now)
        if summary.outcome is Outcome.PUBLISHED:
            self._last_success.set(now.timestamp())

    def note_failure(self, now: datetime) -> None:
        """Count a run that failed."""
        self._note_end(Outcome.FAILED.value, now)

    def note_state(self, *, live: int, waiting: int) -> None:
        """Note how the state stands."""
        self._live.set(live)
        self._waiting.set(waiting)

    def _note_end(self, outcome: str, now: datetime) -> None:
        self._runs.labels(outcome).inc()
        self._last_run.set(now.timestamp())
