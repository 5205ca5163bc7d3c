"""Read the log into the new `plan_versions`, in processes of their own where the store takes rows from several.

A process that lost its parent ends: what it wrote is not committed then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from meekoppel_hub.coordination.fold import VERSION_COLUMNS
from meekoppel_hub.coordination.plan_change import Row
from meekoppel_hub.coordination.rebuilding.held_back import HeldBack
from meekoppel_hub.coordination.rebuilding.tables import ViewTables, tables_of
from meekoppel_hub.coordination.rebuilding.version_rows import VersionRows
from meekoppel_hub.coordination.rebuilding.working import Advance, Job, run_jobs
from meekoppel_hub.platform.database import Database, open_database
from meekoppel_hub.platform.database.tables.view import plan_versions
from meekoppel_hub.platform.errors import PoisonRecord
from meekoppel_hub.platform.stream.bulk import RawRecord, Stretch, log_record, read_stretch
from meekoppel_hub.platform.stream.parking import SetAside
from meekoppel_hub.platform.stream.records import LogRecord


@dataclass(slots=True)
class Read:
    """What the reading of the log met.

    Attributes:
        versions: how many rows were written.
        decoded: for how many the headers did not say enough.
        poison: records that can never be handled, to be set aside.
        waiting: records behind one that is parked, beyond what the live view has read: to be looked at again.
        given_up: how many records an operator had dropped before.
    """

    versions: int = 0
    decoded: int = 0
    poison: list[SetAside] = field(default_factory=list)
    waiting: list[LogRecord] = field(default_factory=list)
    given_up: int = 0

    def add(self, other: Read) -> None:
        """Add what another process met."""
        self.versions += other.versions
        self.decoded += other.decoded
        self.poison += other.poison
        self.waiting += other.waiting
        self.given_up += other.given_up


@dataclass(frozen=True, slots=True)
class ReadShare(Job[Read]):
    """One process's part of the log.

    Attributes:
        url: of the database.
        crs: EPSG number of the hub's CRS.
        bootstrap: Kafka, `host:port,…`.
        stretch: which part.
        held: what is set aside.
    """

    url: str
    crs: int
    bootstrap: str
    stretch: Stretch
    held: HeldBack

    def run(self, advance: Advance) -> Read:
        """Read it into the new table."""
        database = open_database(self.url)
        try:
            return read_versions(database, tables_of(database, self.crs), self, advance)
        finally:
            database.close()


def read_log_into(tables: ViewTables, database: Database, job: ReadShare, workers: int, advance: Advance) -> Read:
    """Read a stretch of the log into the new `plan_versions`.

    Args:
        tables: of the store.
        database: the live database.
        job: the whole of what is to be read.
        workers: in how many processes.
        advance: is told how many more records were read.
    """
    total = Read()
    if workers == 1:
        total.add(read_versions(database, tables, job, advance))
        return total
    shares = [job.stretch.share(number, workers) for number in range(workers)]
    jobs = [ReadShare(job.url, job.crs, job.bootstrap, share, job.held) for share in shares if share.size]
    for part in run_jobs(jobs, advance):
        total.add(part)
    return total


def read_versions(database: Database, tables: ViewTables, job: ReadShare, advance: Advance) -> Read:
    """Read a stretch in this process."""
    found = Read()
    rows = VersionRows(job.crs)
    with tables.writing(plan_versions, VERSION_COLUMNS) as writer:
        for messages in read_stretch(job.bootstrap, job.stretch):
            writer.write(list(_rows(messages, rows, job.held, found)))
            advance(len(messages))
    found.decoded = rows.decoded
    return found


def _rows(messages: Sequence[RawRecord], rows: VersionRows, held: HeldBack, found: Read) -> Iterator[Row]:
    anything_held = bool(held.spots or held.suspects)
    for message in messages:
        try:
            if anything_held and not _is_free(message, rows, held, found):
                continue
            row = rows.row(message)
        except PoisonRecord as poison:
            found.poison.append(SetAside(log_record(message), poison.reason, poison.detail))
        else:
            found.versions += 1
            yield row


def _is_free(message: RawRecord, rows: VersionRows, held: HeldBack, found: Read) -> bool:
    """Tell whether a record is to be taken now; one that was a dead letter is looked at as the daily fold does.

    Raises:
        PoisonRecord: for such a one when nobody decided on it.
    """
    spot = (message.topic(), message.partition(), message.offset())
    if held.waits(*spot, message.key()):
        if spot not in held.spots:
            found.waiting.append(log_record(message))
        return False
    if spot in held.suspects:
        try:
            rows.by_body(log_record(message))
        except PoisonRecord:
            if held.is_lost:
                raise
            found.given_up += 1
            return False
    return True
