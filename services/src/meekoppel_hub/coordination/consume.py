"""Coordination's work on a batch of the log: fold it into the view, match, tell what changed. In two transactions."""

from __future__ import annotations

from collections.abc import Sequence

from meekoppel_hub.coordination import metrics
from meekoppel_hub.coordination.agreement import Agreement
from meekoppel_hub.coordination.candidates import CandidateIndex
from meekoppel_hub.coordination.events import outgoing
from meekoppel_hub.coordination.fold import FoldedBatch, fold
from meekoppel_hub.coordination.following import Follower, indexed_plans
from meekoppel_hub.coordination.pairing import match_stored
from meekoppel_hub.coordination.plan_change import PlanChange, read_change
from meekoppel_hub.coordination.roles import NOTHING, RELATIONS, RESTS
from meekoppel_hub.coordination.store import store_for
from meekoppel_hub.coordination.told import keep_told
from meekoppel_hub.platform.clock import Clock, utc_now
from meekoppel_hub.platform.stream.processor import BatchScope, Processor
from meekoppel_hub.platform.stream.records import LogRecord


class CoordinationProcessor(Processor[PlanChange]):
    """Folds `plans` and `plans-restricted` into the shared view, and finds where plans meet.

    Attributes:
        follower: the index in memory of what can meet.
    """

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
        self.follower = Follower(CandidateIndex(RELATIONS != NOTHING, RELATIONS == RESTS), (indexed_plans,))

    def decode(self, record: LogRecord) -> PlanChange:
        """Decode one plan event.

        Raises:
            PoisonRecord: `tombstone`, `undecodable`, `wrong_key`, `missing_version` or `missing_time`.
        """
        return read_change(record)

    def apply(self, items: Sequence[PlanChange], scope: BatchScope) -> None:
        """Store the changed plans; then match them, write their pairs and tell what changed.

        Raises:
            PoisonRecord: `wrong_crs` or `invalid_geometry`.
        """
        batch = fold(items, self._crs, self.follower.index.zones_hash_of)
        stored = self._store(batch, scope) if items else []
        self._match(batch, stored, scope)

    def _store(self, batch: FoldedBatch, scope: BatchScope) -> list[PlanChange]:
        """Phase one; gives the changes that were newer than what was stored."""
        with metrics.PHASE_SECONDS.labels("save").time():
            with scope.begin() as connection:
                accepted = store_for(connection).save(connection, batch)
                self.follower.note(connection, sorted(accepted), self._clock())
            stored = [batch.newest[plan_id] for plan_id in accepted]
            self.follower.took(stored, batch)
        metrics.FOLDED.inc(len(batch.changes))
        return stored

    def _match(self, batch: FoldedBatch, stored: Sequence[PlanChange], scope: BatchScope) -> None:
        """Phase two."""
        with metrics.PHASE_SECONDS.labels("match").time(), scope.commit() as unit:
            matched = match_stored(
                unit.connection, self.follower, batch.plan_ids, stored, self._agreement, self._clock()
            )
            messages = [outgoing(announcement, matched.titles, self._crs) for announcement in matched.announcements]
            keep_told(unit.connection, zip(matched.announcements, messages, strict=True))
            sources = {change.plan_id: change.source for change in batch.changes}
            for announcement, message in zip(matched.announcements, messages, strict=True):
                pair = announcement.row
                source = sources.get(pair.first_plan) or sources[pair.second_plan]  # one of the two changed
                unit.publish(message, source)
        metrics.MATCHED.inc(matched.plans)
        for announcement in matched.announcements:
            metrics.ANNOUNCED.labels(announcement.type.value).inc()
