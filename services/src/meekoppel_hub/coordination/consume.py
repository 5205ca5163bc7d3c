"""Coordination's work on a batch of the log: fold it into the view, match, tell what changed. In two transactions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from meekoppel_contracts.codec import decode_plan_event
from meekoppel_contracts.errors import ContractError
from meekoppel_contracts.ids import PlanId
from meekoppel_hub.coordination import metrics
from meekoppel_hub.coordination.agreement import Agreement
from meekoppel_hub.coordination.events import outgoing
from meekoppel_hub.coordination.fold import FoldedBatch, PlanChange, fold
from meekoppel_hub.coordination.pairing import match_stored
from meekoppel_hub.coordination.store import store_for
from meekoppel_hub.coordination.told import keep_told
from meekoppel_hub.platform.clock import Clock, utc_now
from meekoppel_hub.platform.errors import PoisonRecord
from meekoppel_hub.platform.stream.processor import BatchScope, Processor
from meekoppel_hub.platform.stream.records import LogRecord, PartitionId


class CoordinationProcessor(Processor[PlanChange]):
    """Folds `plans` and `plans-restricted` into the shared view, and finds where plans meet."""

    def __init__(self, agreement: Agreement, crs: int, clock: Clock = utc_now) -> None:
        """Set up.

        Args:
            agreement: the rules by which plans meet.
            crs: EPSG number of the hub's CRS.
            clock: gives the time that overlaps and their events get.
        """
        self._agreement = agreement
        self._crs = crs
        self._clock = clock

    def decode(self, record: LogRecord) -> PlanChange:
        """Decode one plan event.

        Raises:
            PoisonRecord: `tombstone`, `undecodable`, `wrong_key`, `missing_version` or `missing_time`.
        """
        if record.value is None:
            raise PoisonRecord("tombstone", "the record has no value; plans are withdrawn by an event")
        try:
            event = decode_plan_event(record.value)
        except ContractError as error:
            raise PoisonRecord("undecodable", str(error)) from error
        plan_id = event.plan.plan_id
        if record.key != plan_id.encode():
            raise PoisonRecord("wrong_key", f"the key is {record.key!r} and the plan is {plan_id}")
        if event.version < 1:
            raise PoisonRecord("missing_version", f"{plan_id} has version {event.version}; intake numbers from 1")
        if event.recorded_at is None:
            raise PoisonRecord("missing_time", f"{plan_id} version {event.version} has no recorded_at")
        return PlanChange(event, record.value, record.source.topic, record.source.partition, record.offset)

    def apply(self, items: Sequence[PlanChange], scope: BatchScope) -> None:
        """Store the changed plans; then match them, write their pairs and tell what changed.

        Raises:
            PoisonRecord: `wrong_crs` or `invalid_geometry`.
        """
        batch = fold(items, self._crs)
        if items:
            with metrics.PHASE_SECONDS.labels("save").time(), scope.begin() as connection:
                store_for(connection).save(connection, batch)
            metrics.FOLDED.inc(len(items))
        sources = {item.event.plan.plan_id: PartitionId(item.topic, item.partition) for item in items}
        self._match(batch, sources, scope)

    def _match(self, batch: FoldedBatch, sources: Mapping[PlanId, PartitionId], scope: BatchScope) -> None:
        with metrics.PHASE_SECONDS.labels("match").time(), scope.commit() as unit:
            store = store_for(unit.connection)
            matched = match_stored(unit.connection, store, batch.plan_ids, self._agreement, self._clock())
            messages = [outgoing(announcement, matched.titles, self._crs) for announcement in matched.announcements]
            keep_told(unit.connection, zip(matched.announcements, messages, strict=True))
            for announcement, message in zip(matched.announcements, messages, strict=True):
                pair = announcement.row
                source = sources.get(pair.first_plan) or sources[pair.second_plan]  # one of the two changed
                unit.publish(message, source)
        metrics.MATCHED.inc(matched.plans)
        for announcement in matched.announcements:
            metrics.ANNOUNCED.labels(announcement.type.value).inc()
