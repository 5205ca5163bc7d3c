"""Rebuild the view: read, decode, match, compare, and swap."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from meekoppel_hub.coordination.consume import CoordinationProcessor
from meekoppel_hub.coordination.rebuilding.adopt import TOPICS, Adopted, Adoption, Candidate
from meekoppel_hub.coordination.rebuilding.agreed import bring_back_what_was_agreed
from meekoppel_hub.coordination.rebuilding.compare import Comparison, compare_pairs, compare_plans
from meekoppel_hub.coordination.rebuilding.held_back import HeldBack, dead_letter_spots, held_back, parked_now
from meekoppel_hub.coordination.rebuilding.moved import fill_moved
from meekoppel_hub.coordination.rebuilding.newest import Fallen, Filled, fill_newest
from meekoppel_hub.coordination.rebuilding.pair_rows import OVERLAP_COLUMNS, as_row
from meekoppel_hub.coordination.rebuilding.pairs import Settled, meetings_of, settle_all
from meekoppel_hub.coordination.rebuilding.position import records_of
from meekoppel_hub.coordination.rebuilding.progress import Progress
from meekoppel_hub.coordination.rebuilding.reading import Read, ReadShare, read_log_into
from meekoppel_hub.coordination.rebuilding.tables import tables_of
from meekoppel_hub.coordination.rebuilding.told import VERSION_COLUMNS, Told, version_row
from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.coordination.rules_state import read_state, rules_now
from meekoppel_hub.platform.clock import Clock, utc_now
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.view import (
    former_places,
    overlap_versions,
    overlaps,
    plan_versions,
    plan_zones,
    plans,
    view_changes,
)
from meekoppel_hub.platform.stream.bulk import Stretch, whole_log
from meekoppel_hub.platform.stream.parking import SetAside
from meekoppel_hub.platform.stream.records import PartitionId

WORTH_PROCESSES = 50_000
"""From so many events on, starting processes takes less time than it saves."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a rebuild did.

    Attributes:
        events: how many records of the log of plans were read.
        versions: how many versions of plans stand in the new view.
        plans: how many plans.
        overlaps: how many pairs meet.
        to_tell: of how many pairs the log tells something else than what was found.
        decoded: how many records had to be decoded.
        set_aside: records that can never be handled, found on the way.
        comparison: the live view against the log.
        adopted: what the swap did; None for a dry run.
        seconds: of each phase.
    """

    events: int
    versions: int
    plans: int
    overlaps: int
    to_tell: int
    decoded: int
    set_aside: Sequence[SetAside]
    comparison: Comparison
    adopted: Adopted | None
    seconds: dict[str, float] = field(default_factory=dict)


class Rebuild:
    """Makes the view again from the log.

    Args:
        database: of the hub, with its tables; those of the view may follow an older scheme.
        bootstrap: Kafka, `host:port,…`.
        crs: EPSG number of the hub's CRS.
        progress: is told how it goes.
        clock: the time that news of pairs gets.
        rulebook: the rules by which plans meet, whatever was agreed; None for what was agreed.
    """

    def __init__(
        self,
        database: Database,
        bootstrap: str,
        crs: int,
        progress: Progress,
        clock: Clock = utc_now,
        rulebook: Rulebook | None = None,
    ) -> None:
        self._database = database
        self._url = database.engine.url.render_as_string(hide_password=False)
        self._bootstrap = bootstrap
        self._rulebook = rulebook
        self._crs = crs
        self._progress = progress
        self._clock = clock
        self._tables = tables_of(database, crs)

    def run(self, *, dry_run: bool = False) -> Report:
        """Rebuild, compare and, unless it is a dry run, swap.

        Raises:
            SettingsError: something is in the way; the message says what. The live view is as it was.
            TransientError: Kafka or the database went away. The live view is as it was.
        """
        with self._tables.alone():
            try:
                return self._run(dry_run=dry_run)
            finally:
                self._progress.end()

    def _run(self, *, dry_run: bool) -> Report:
        with self._database.read() as connection:
            held = held_back(connection, dead_letter_spots(self._bootstrap))
            parked = parked_now(connection)
        if not dry_run:
            bring_back_what_was_agreed(self._database, self._bootstrap, self._crs, self._clock(), is_lost=held.is_lost)
        self._tables.prepare()
        log = whole_log(self._bootstrap, TOPICS)
        workers = self._tables.workers if log.size >= WORTH_PROCESSES else 1
        read = self._read(log, held, workers)
        filled = self._fill(workers)
        with ThreadPoolExecutor(2) as beside:  # the database, and other processes, are busy while we match
            moved = beside.submit(fill_moved, self._database, self._tables, self._url, self._crs, workers)
            compared = beside.submit(compare_plans, self._database, self._tables, log.end)
            told, settled, rules = self._pair()
            self._progress.begin("compare")
            comparison = compared.result()
            compare_pairs(self._database, self._tables, log.end, settled.rows, comparison)
            decoded = moved.result()
        self._progress.begin("index", unit="tables")
        self._tables.finish([former_places, overlaps, overlap_versions, view_changes])
        poison = [*read.poison, *self._fallen(filled.fallen)]
        adopted = None
        if dry_run:
            with self._database.begin() as connection:
                self._tables.drop(connection, self._tables.next)
        else:
            self._progress.begin("swap")
            candidate = Candidate(
                self._tables.next, log.end, told, set(settled.untold), rules, poison, list(read.waiting), parked
            )
            adopted = self._adoption().run(candidate)
        self._progress.end()
        return Report(
            events=log.size,
            versions=read.versions - len(filled.fallen),
            plans=filled.plans,
            overlaps=sum(1 for row in settled.rows if row.state == "open"),
            to_tell=len(settled.untold),
            decoded=read.decoded + filled.decoded + decoded,
            set_aside=poison,
            comparison=comparison,
            adopted=adopted,
            seconds={name: round(seconds, 2) for name, seconds in self._progress.seconds.items()},
        )

    def _read(self, log: Stretch, held: HeldBack, workers: int) -> Read:
        self._progress.begin("read", log.size)
        job = ReadShare(self._url, self._crs, self._bootstrap, log, held)
        read = read_log_into(self._tables, self._database, job, workers, self._progress.advance)
        self._progress.begin("index", unit="tables")
        self._tables.finish([plan_versions])
        return read

    def _fill(self, workers: int) -> Filled:
        self._progress.begin("newest", unit="plans")
        filled = fill_newest(self._database, self._tables, self._url, self._crs, workers, self._progress.advance)
        self._progress.begin("index", unit="tables")
        self._tables.finish([plans, plan_zones])
        return filled

    def _pair(self) -> tuple[Told, Settled, int]:
        self._progress.begin("told", unit="overlap events")
        told = Told()
        with self._tables.writing(overlap_versions, VERSION_COLUMNS) as writer:
            for some in told.read_on(self._bootstrap, self._progress.advance):
                writer.write(version_row(*one) for one in some)
        self._progress.begin("match", unit="pairs")
        with self._database.read() as connection:
            rules = read_state(connection).generation  # first: rules that come after it are matched by once more
            rulebook = self._rulebook or rules_now(connection)
            meetings = meetings_of(connection, self._tables.next, rulebook)
            settled = settle_all(connection, self._tables.next, meetings, told, self._clock())
        with self._tables.writing(overlaps, OVERLAP_COLUMNS) as writer:
            writer.write(map(as_row, settled.rows))
        return told, settled, rules

    def _fallen(self, fallen: Sequence[Fallen]) -> list[SetAside]:
        """Fetch the records of versions that cannot be folded, as they stand in the log."""
        found = []
        for one in fallen:
            topic, partition, offset = one.spot
            source = PartitionId(topic, partition)
            for record in records_of(self._bootstrap, Stretch({source: offset}, {source: offset + 1})):
                found.append(SetAside(record, one.reason, one.detail))
        return found

    def _adoption(self) -> Adoption:
        processor = CoordinationProcessor(self._crs, self._clock, self._rulebook)
        return Adoption(self._database, self._tables, self._bootstrap, processor, self._crs, self._clock)
