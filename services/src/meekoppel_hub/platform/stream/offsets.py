"""How far a service has come in each partition, kept in the database, fenced by an epoch.

A worker claims a partition when Kafka assigns it: the epoch rises. Everything that the worker stores checks that the
epoch is still its own, so that one that lost the partition without noticing can store nothing (rules 3 and 4).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.stream import offsets
from meekoppel_hub.platform.errors import Fenced
from meekoppel_hub.platform.stream.records import PartitionId


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's right to store results of one partition.

    Attributes:
        service: whose offsets these are.
        source: the partition.
        epoch: rises with each claim; the fence.
    """

    service: str
    source: PartitionId
    epoch: int


def claim_partition(
    database: Database, service: str, source: PartitionId, owner: str, now: datetime
) -> tuple[Claim, int]:
    """Take a partition over: raise its epoch and give the next offset to read (0 when it was never read)."""
    insert = postgresql.insert if database.dialect == "postgresql" else sqlite.insert
    first = insert(offsets).values(
        service=service,
        topic=source.topic,
        partition=source.partition,
        next_offset=0,
        epoch=1,
        owner=owner,
        updated_at=now,
    )
    taking = first.on_conflict_do_update(
        index_elements=["service", "topic", "partition"],
        set_={"epoch": offsets.c.epoch + 1, "owner": owner, "updated_at": now},
    ).returning(offsets.c.epoch, offsets.c.next_offset)
    with database.begin() as connection:
        row = connection.execute(taking).one()
    return Claim(service, source, row.epoch), row.next_offset


def hold(connection: Connection, claim: Claim) -> None:
    """Check that the claim still stands and keep it so until the transaction ends.

    Raises:
        Fenced: when another worker has claimed the partition since.
    """
    query = select(offsets.c.epoch).where(*_row(claim)).with_for_update()  # SQLite has one writer: ignored there
    epoch = connection.execute(query).scalar_one_or_none()
    if epoch != claim.epoch:
        raise Fenced(f"{claim.service}: {claim.source.lane} was claimed again (epoch {epoch}, ours {claim.epoch})")


def store_offset(connection: Connection, claim: Claim, next_offset: int, now: datetime) -> None:
    """Store how far the service has come. The caller holds the claim in the same transaction."""
    connection.execute(update(offsets).where(*_row(claim)).values(next_offset=next_offset, updated_at=now))


def _row(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    return (
        offsets.c.service == claim.service,
        offsets.c.topic == claim.source.topic,
        offsets.c.partition == claim.source.partition,
    )
