"""Put other tables in the place of the live ones: catch up with the log, tell what differs, swap, in one transaction.

While it runs, coordination's workers can store nothing: the rows of their offsets are held. At the end these name the
place up to which the new tables are folded, under a new epoch. The workers find themselves fenced, claim their
partitions again and go on from there; the generation tells them to forget what they kept of the old tables.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from meekoppel_contracts.ids import OverlapId, PlanId
from meekoppel_contracts.topics import PLANS, PLANS_RESTRICTED
from meekoppel_hub.coordination.consume import CoordinationProcessor
from meekoppel_hub.coordination.events import outgoing
from meekoppel_hub.coordination.following import REMOVED_SETTING
from meekoppel_hub.coordination.overlap import Announcement, OverlapRow
from meekoppel_hub.coordination.rebuilding.folding import Folded, fold_records
from meekoppel_hub.coordination.rebuilding.held_back import SERVICE, held_back, parked_now, spot_of
from meekoppel_hub.coordination.rebuilding.pair_rows import (
    all_pairs,
    forget_versions,
    keep_versions,
    load_pairs,
    titles_of,
    write_pairs,
)
from meekoppel_hub.coordination.rebuilding.place import Place
from meekoppel_hub.coordination.rebuilding.position import live_position, records_of, store_position
from meekoppel_hub.coordination.rebuilding.retelling import retell
from meekoppel_hub.coordination.rebuilding.tables import ViewTables
from meekoppel_hub.coordination.rebuilding.told import Told
from meekoppel_hub.coordination.rules_change import match_again_since, settled_generation
from meekoppel_hub.coordination.told import keep_told
from meekoppel_hub.platform.clock import Clock
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.view_state import (
    GENERATION_SETTING,
    SCHEME,
    SCHEME_SETTING,
    generation,
    read_setting,
    scheme,
    write_setting,
)
from meekoppel_hub.platform.stream import outbox, parking
from meekoppel_hub.platform.stream.bulk import Positions, Stretch, whole_log
from meekoppel_hub.platform.stream.parking import SetAside
from meekoppel_hub.platform.stream.records import LogRecord, PartitionId

PREVIOUS_SETTING = "previous"
TOPICS = (PLANS, PLANS_RESTRICTED)
_LANE = PartitionId(PLANS, 0).lane
_AT_ONCE = 500
_SMALL_ENOUGH = 200
_MOST_ROUNDS = 6


@dataclass(slots=True)
class Candidate:
    """Tables that are to become live.

    Attributes:
        place: where they stand.
        position: up to where they are folded.
        told: what was told of the pairs, as it was read when theirs were made.
        touched: the pairs that may differ from what was told; None for all of them.
        rules: the generation of the rules by which its pairs were made at least.
        poison: records that can never be handled, found on the way.
        waiting: records that wait behind one that is parked.
        parked: what was parked when their making began.
    """

    place: Place
    position: Positions
    told: Told
    touched: set[OverlapId] | None
    rules: int
    poison: list[SetAside] = field(default_factory=list)
    waiting: list[LogRecord] = field(default_factory=list)
    parked: Sequence[SetAside] = ()


@dataclass(frozen=True, slots=True)
class Adopted:
    """What the swap did.

    Attributes:
        generation: of the view from now on.
        caught_up: how many records were folded on the way.
        announced: how many overlap events are told of what differed.
        set_aside: how many records were set aside.
    """

    generation: int
    caught_up: int
    announced: int
    set_aside: int


class Adoption:
    """Makes a candidate live.

    Args:
        database: that holds all of it.
        tables: of the store.
        bootstrap: Kafka, `host:port,…`.
        processor: of coordination, with the rules that hold.
        crs: EPSG number of the hub's CRS.
        clock: the time.
    """

    def __init__(
        self,
        database: Database,
        tables: ViewTables,
        bootstrap: str,
        processor: CoordinationProcessor,
        crs: int,
        clock: Clock,
    ) -> None:
        self._database = database
        self._tables = tables
        self._bootstrap = bootstrap
        self._processor = processor
        self._crs = crs
        self._clock = clock

    def run(self, candidate: Candidate) -> Adopted:
        """Catch up and swap.

        Raises:
            TransientError: Kafka or the database is away, or a reader holds the live tables; nothing changed.
        """
        folded = self._catch_up_beside(candidate) if self._tables.beside else Folded()
        with self._database.begin() as connection:
            self._tables.hold_workers(connection)
            with self._tables.taking_over(connection, candidate.place):
                write_setting(connection, REMOVED_SETTING, None)  # it counts the changes of the former tables
                folded.add(self._catch_up(connection, candidate))
                told = self._tell(connection, candidate, folded.touched)
                aside = self._set_aside(connection, candidate, folded)
                number = self._note(connection, candidate)
        return Adopted(number, folded.records, told, aside)

    def _catch_up_beside(self, candidate: Candidate) -> Folded:
        """Fold what was logged since, while the live view goes on, until little is left.

        In short transactions: while one lasts, the live workers wait for their place in the order of commits.
        """
        folded = Folded()
        for _ in range(_MOST_ROUNDS):
            stretch = Stretch(candidate.position, whole_log(self._bootstrap, TOPICS).end)
            if stretch.size == 0 or (folded.records and stretch.size < _SMALL_ENOUGH):
                break
            records = list(records_of(self._bootstrap, stretch))
            for begin in range(0, len(records), _AT_ONCE):
                with self._database.begin() as connection:
                    held = held_back(connection)
                    self._tables.look_at(connection, candidate.place)
                    free: list[LogRecord] = []
                    for record in records[begin : begin + _AT_ONCE]:
                        waits = held.waits(*spot_of(record), record.key)
                        (candidate.waiting if waits else free).append(record)
                    folded.add(fold_records(connection, self._processor, free))
            candidate.position = stretch.end
        return folded

    def _catch_up(self, connection: Connection, candidate: Candidate) -> Folded:
        """Fold the rest: at least what the live view has folded, and what operators let go since."""
        live = live_position(connection)
        known = whole_log(self._bootstrap, TOPICS).end
        end = {
            source: max(candidate.position.get(source, 0), min(live.get(source, 0), known[source])) for source in known
        }
        records = list(records_of(self._bootstrap, Stretch(candidate.position, end)))
        candidate.position = end
        held = held_back(connection)
        before = {spot_of(aside.record) for aside in candidate.parked}
        again = [aside.record for aside in candidate.parked] + candidate.waiting + records
        free: list[LogRecord] = []
        candidate.waiting = []
        for record in sorted(again, key=spot_of):
            if spot_of(record) in held.spots:
                continue
            (candidate.waiting if held.waits(*spot_of(record), record.key) else free).append(record)
        folded = fold_records(connection, self._processor, free)
        # What was parked, is no longer, and fails: an operator dropped it.
        folded.poison = [aside for aside in folded.poison if spot_of(aside.record) not in before]
        return folded

    def _tell(self, connection: Connection, candidate: Candidate, touched: set[OverlapId]) -> int:
        """Bring the pairs in line with what was told in the meantime, and tell what still differs."""
        told = candidate.told
        before = {overlap: row.revision for overlap, row in told.rows.items()}
        news = [each for some in told.read_on(self._bootstrap) for each in some]
        news += told.take_waiting(connection)
        meanwhile = {row.overlap_id for row, _ in news}
        wanted = self._wanted(connection, candidate, touched | meanwhile)
        wanted |= self._match_again(connection, candidate, meanwhile)
        forget_versions(connection, wanted, before)
        keep_versions(connection, news)
        rows = load_pairs(connection, wanted)
        now = self._clock()
        announcements: list[Announcement] = []
        changed: list[OverlapRow] = []
        for overlap in sorted(wanted):
            row = rows.get(overlap)
            outcome = retell(row, told.rows.get(overlap), now)
            if outcome is not None:
                announcements += outcome.announcements
                if outcome.row != row:
                    changed.append(outcome.row)
        gone = [overlap for overlap in rows if overlap not in told.rows and rows[overlap].state != "open"]
        write_pairs(connection, changed, gone)
        return self._publish(connection, announcements)

    def _match_again(self, connection: Connection, candidate: Candidate, meanwhile: set[OverlapId]) -> set[OverlapId]:
        """Match again the sides of pairs that stand otherwise than they were told since they were made.

        Rules and moratoria may have changed since, and of these nothing is read again.
        """
        told, sides = candidate.told.rows, set[PlanId]()
        pairs = meanwhile if candidate.touched is not None else told.keys() | all_pairs(connection)
        rows = load_pairs(connection, pairs)
        for overlap in pairs:
            outcome = retell(rows.get(overlap), told.get(overlap), self._clock())
            if outcome is not None and outcome.announcements:
                sides |= {outcome.row.first_plan, outcome.row.second_plan}
        matched = self._processor.match(connection, sides)
        return {announcement.row.overlap_id for announcement in matched.announcements}

    def _wanted(self, connection: Connection, candidate: Candidate, touched: set[OverlapId]) -> set[OverlapId]:
        if candidate.touched is not None:
            return candidate.touched | touched
        return touched | candidate.told.rows.keys() | all_pairs(connection)

    def _publish(self, connection: Connection, announcements: Sequence[Announcement]) -> int:
        sides = {plan for told in announcements for plan in (told.row.first_plan, told.row.second_plan)}
        titles = titles_of(connection, sides)
        messages = [outgoing(announcement, titles, self._crs) for announcement in announcements]
        keep_told(connection, zip(announcements, messages, strict=True))
        outbox.put(connection, SERVICE, [(_LANE, message) for message in messages])
        return len(messages)

    def _set_aside(self, connection: Connection, candidate: Candidate, folded: Folded) -> int:
        known = {spot_of(aside.record) for aside in parked_now(connection)}
        aside = [*candidate.poison, *folded.poison, *(SetAside(record, None, None) for record in candidate.waiting)]
        aside = [one for one in aside if spot_of(one.record) not in known]
        now = self._clock()
        letters = [
            (one.record.source.lane, parking.dead_letter(SERVICE, one)) for one in aside if one.reason is not None
        ]
        outbox.put(connection, SERVICE, letters)
        parking.park(connection, SERVICE, aside, now)
        return len(aside)

    def _note(self, connection: Connection, candidate: Candidate) -> int:
        """Write down where the view stands, and that it is another one."""
        now = self._clock()
        before = live_position(connection)
        number = generation(connection)
        noted = {
            "generation": number,
            "scheme": int(read_setting(connection, SCHEME_SETTING) or scheme(connection) or SCHEME),
            "swapped_at": now.isoformat(),
            "rules": settled_generation(connection),
            "position": {source.lane: offset for source, offset in sorted(before.items(), key=lambda one: one[0].lane)},
        }
        match_again_since(connection, candidate.rules)
        store_position(connection, candidate.position, now)
        write_setting(connection, PREVIOUS_SETTING, json.dumps(noted))
        write_setting(connection, SCHEME_SETTING, str(SCHEME))
        write_setting(connection, GENERATION_SETTING, str(number + 1))
        return number + 1
