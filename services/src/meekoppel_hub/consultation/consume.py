"""Consultation's processor: inboxes and the log in; numbered events into the log, refusals back to whoever asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from meekoppel_contracts.ids import OverlapId, PlanId
from meekoppel_contracts.topics import COORDINATION_INBOX_PREFIX
from meekoppel_hub.consultation import metrics
from meekoppel_hub.consultation.batch import Batch
from meekoppel_hub.consultation.clockwork import has_work, work
from meekoppel_hub.consultation.handler import Handler
from meekoppel_hub.consultation.handlers import HANDLERS
from meekoppel_hub.consultation.outcome import OverlapTold, PlanTouched, Received, Request, Unreadable
from meekoppel_hub.consultation.reassess import Told, take_overlaps, take_plans
from meekoppel_hub.consultation.receive import receive
from meekoppel_hub.consultation.registered import load_organisations
from meekoppel_hub.platform.clock import Clock, utc_now
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.stream.processor import BatchScope
from meekoppel_hub.platform.stream.records import LogRecord, PartitionId

PATTERN = COORDINATION_INBOX_PREFIX.replace(".", r"\.") + r".+|coordination(-restricted)?|plans(-restricted)?"


class ConsultationProcessor:
    """Decides on what organisations ask, and keeps assessments in step with the log. A `Processor`.

    What a sender did wrong never stops the inbox: it becomes a refusal in the sender's own topic. In one batch the log
    comes first, so that a request meets the overlap that it is about where both came together.
    """

    def __init__(
        self, database: Database, *, clock: Clock = utc_now, handlers: Mapping[str, Handler] = HANDLERS
    ) -> None:
        self._database = database
        self._clock = clock
        self._handlers = handlers

    def decode(self, record: LogRecord) -> Received:
        """Read one record; a request that cannot be read is a value too, and becomes a refusal.

        Raises:
            PoisonRecord: when it can never be handled and is no request.
        """
        return receive(record, self._handlers)

    def apply(self, items: Sequence[Received], scope: BatchScope) -> None:
        """Take over what the log says, then decide on the requests, in order, in one transaction."""
        asked = [item for item in items if isinstance(item, Request | Unreadable)]
        with scope.commit() as unit:
            connection = unit.connection
            registered = load_organisations(connection, {item.organisation for item in asked})
            batch = Batch(connection, unit.publish, self._handlers, registered, self._clock())
            set_back = [*self._take_overlaps(items, batch), *self._take_plans(items, batch)]
            for item in asked:
                batch.take(item)
        report(batch, set_back)

    def work_besides(self, scope: BatchScope) -> bool:
        """Do what the time asks for; see `clockwork`."""
        with self._database.read() as connection:
            if not has_work(connection, self._clock()):
                return False
        with scope.commit() as unit:
            lane = min(unit.sources, key=lambda source: source.lane)
            batch = Batch(
                unit.connection,
                lambda message, _: unit.publish(message, lane),
                self._handlers,
                {},
                self._clock(),
            )
            work(batch, lane, self._handlers)
        report(batch, ())
        return False

    def _take_overlaps(self, items: Sequence[Received], batch: Batch) -> list[Told]:
        newest: dict[OverlapId, OverlapTold] = {}
        for item in items:
            if isinstance(item, OverlapTold):
                known = newest.get(item.event.overlap_id)
                if known is None or known.event.revision < item.event.revision:
                    newest[item.event.overlap_id] = item
        if not newest:
            return []
        told = take_overlaps(
            batch.connection, {one: (item.topic, item.event) for one, item in newest.items()}, batch.now
        )
        for event, topic in told:
            batch.tell(event, topic, newest[event.overlap_id].source)
        return told

    def _take_plans(self, items: Sequence[Received], batch: Batch) -> list[Told]:
        touched: dict[PlanId, int] = {}
        source: PartitionId | None = None
        for item in items:
            if isinstance(item, PlanTouched):
                touched[item.plan_id] = max(item.version, touched.get(item.plan_id, 0))
                source = item.source
        if source is None:
            return []
        told = take_plans(batch.connection, touched, batch.now)
        for event, topic in told:
            batch.tell(event, topic, source)
        return told


def report(batch: Batch, set_back: Sequence[Told]) -> None:
    """Count for the metrics what was committed."""
    for (contract, outcome), count in batch.outcomes.items():
        metrics.REQUESTS.labels(contract, outcome.value).inc(count)
    for event, _ in set_back:
        metrics.SET_BACK.labels(event.cause.value).inc()
