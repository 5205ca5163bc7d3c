"""Coordination's work on a batch of the log: fold it into the view, match, tell what changed. In two transactions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection

from meekoppel_contracts.areas import MoratoriumEvent
from meekoppel_contracts.ids import PlanId
from meekoppel_contracts.topics import AREAS
from meekoppel_hub.coordination import metrics
from meekoppel_hub.coordination.candidates import CandidateIndex
from meekoppel_hub.coordination.derivation import derive
from meekoppel_hub.coordination.events import outgoing
from meekoppel_hub.coordination.fold import FoldedBatch, fold
from meekoppel_hub.coordination.following import Follower, indexed_plans
from meekoppel_hub.coordination.pairing import Matched, match_stored
from meekoppel_hub.coordination.places import PlaceChange, decode_place, save_places
from meekoppel_hub.coordination.plan_change import PlanChange, read_change
from meekoppel_hub.coordination.resting import indexed_moratoria
from meekoppel_hub.coordination.roles import NOTHING, RELATIONS, RESTS
from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.coordination.rules_change import is_unfinished, next_chunk, note_progress, take_over
from meekoppel_hub.coordination.rules_state import Rules
from meekoppel_hub.coordination.store import store_for
from meekoppel_hub.coordination.told import keep_told
from meekoppel_hub.platform.clock import Clock, utc_now
from meekoppel_hub.platform.stream.processor import BatchScope, Processor, Unit
from meekoppel_hub.platform.stream.records import LogRecord, PartitionId

Change = PlanChange | PlaceChange


def view_follower() -> Follower:
    """Make the index in memory of what can meet: plans and moratoria."""
    index = CandidateIndex(RELATIONS != NOTHING, RELATIONS == RESTS)
    return Follower(index, (indexed_plans, indexed_moratoria))


class CoordinationProcessor(Processor[Change]):
    """Folds `plans`, `plans-restricted` and `areas` into the shared view, and finds where plans meet.

    Attributes:
        follower: the index in memory of what can meet.
    """

    def __init__(self, crs: int, clock: Clock = utc_now, rulebook: Rulebook | None = None) -> None:
        """Set up.

        Args:
            crs: EPSG number of the hub's CRS.
            clock: gives the time that overlaps and their events get.
            rulebook: the rules by which plans meet, whatever was agreed; None for what was agreed.
        """
        self._rules = Rules(rulebook)
        self._crs = crs
        self._clock = clock
        self.follower = view_follower()

    def decode(self, record: LogRecord) -> Change:
        """Decode one plan event, or one event of topic `areas`.

        Raises:
            PoisonRecord: `tombstone`, `undecodable`, `wrong_key`, `missing_version` or `missing_time`; see also
                `decode_place`.
        """
        return decode_place(record, self._crs) if record.source.topic == AREAS else read_change(record)

    def apply(self, items: Sequence[Change], scope: BatchScope) -> None:
        """Store what changed; then match it, write the pairs and tell what became of them.

        Raises:
            PoisonRecord: `wrong_crs` or `invalid_geometry`.
        """
        plans = [item for item in items if isinstance(item, PlanChange)]
        places = [item for item in items if isinstance(item, PlaceChange)]
        batch = fold(plans, self._crs, self.follower.index.zones_hash_of)
        stored = self._store(batch, scope) if plans else []
        resting = self._take_places(places, scope) if places else {}
        self._match(batch, stored, resting, scope)

    def work_besides(self, scope: BatchScope) -> bool:
        """Take over rules whose time has come, and match again some of the plans that changed rules concern."""
        with scope.begin() as connection:
            due = self._rules.due(connection, self._clock())
            if not (due or is_unfinished(connection)):
                return False
        with scope.commit() as unit:
            if due and take_over(unit.connection, (), "the time has come", self._clock()):
                return True
            return self._match_again(unit)

    def match(self, connection: Connection, plan_ids: Collection[PlanId]) -> Matched:
        """Match plans and moratoria as they are stored, by the rules that hold; write their pairs, tell nothing."""
        return match_stored(connection, self.follower, plan_ids, (), self._rules.held(connection), self._clock())

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

    def _take_places(self, changes: Sequence[PlaceChange], scope: BatchScope) -> dict[PlanId, PartitionId]:
        """Phase one of areas, agreements and moratoria; gives the moratoria, and where each comes from."""
        resting = [change for change in changes if isinstance(change.event, MoratoriumEvent)]
        ruling = [change for change in changes if not isinstance(change.event, MoratoriumEvent)]
        found = {PlanId(change.subject): change.source for change in resting}
        with scope.begin() as connection:
            if ruling:
                take_over(connection, ruling, ", ".join(change.place for change in ruling), self._clock())
            save_places(connection, resting)
            # Not taken into the index directly: it is read again when catching up, as what others store.
            if found:
                self.follower.note(connection, sorted(found), self._clock())
        return found

    def _match(
        self,
        batch: FoldedBatch,
        stored: Sequence[PlanChange],
        resting: Mapping[PlanId, PartitionId],
        scope: BatchScope,
    ) -> None:
        """Phase two."""
        sources = {**resting, **{change.plan_id: change.source for change in batch.changes}}
        with metrics.PHASE_SECONDS.labels("match").time(), scope.commit() as unit:
            rulebook = self._rules.held(unit.connection)
            wanted = [*batch.plan_ids, *resting]
            matched = match_stored(unit.connection, self.follower, wanted, stored, rulebook, self._clock())
            self._tell(unit, matched, sources)
            for plan_id, message in derive(unit.connection, batch.plan_ids, rulebook, self._clock()):
                unit.publish(message, sources[plan_id])
        self._count(matched)

    def _match_again(self, unit: Unit) -> bool:
        """Match a chunk of the plans that changed rules concern; gives whether there may be more."""
        self._rules.held(unit.connection)
        chunk = next_chunk(unit.connection)
        if chunk is None:
            return False
        matched = self.match(unit.connection, chunk.plan_ids)
        self._tell(unit, matched, {})
        note_progress(unit.connection, chunk, self._clock())
        self._count(matched)
        return True

    def _tell(self, unit: Unit, matched: Matched, sources: Mapping[PlanId, PartitionId]) -> None:
        messages = [outgoing(announcement, matched.titles, self._crs) for announcement in matched.announcements]
        keep_told(unit.connection, zip(matched.announcements, messages, strict=True))
        for announcement, message in zip(matched.announcements, messages, strict=True):
            pair = announcement.row
            unit.publish(message, sources.get(pair.first_plan) or sources.get(pair.second_plan) or _besides(unit))

    def _count(self, matched: Matched) -> None:
        metrics.MATCHED.inc(matched.plans)
        for announcement in matched.announcements:
            metrics.ANNOUNCED.labels(announcement.type.value).inc()


def _besides(unit: Unit) -> PartitionId:
    """Choose the partition for what nothing in a batch brought about: one that we have, always the same."""
    return min(unit.sources, key=lambda source: source.lane)
