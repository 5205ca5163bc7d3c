"""How far a service has come in each partition, kept in the database, fenced by an epoch.

A worker claims a partition when Kafka assigns it: the epoch rises. Everything that the worker stores checks that the
epoch is still its own, so that one that lost the partition without noticing can store nothing (rules 3 and 4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Select, bindparam, select, tuple_, update
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


def check(connection: Connection, claims: Sequence[Claim]) -> None:
    """Check that the claims stand at this moment. For what may be stored although one is lost a moment later.

    Raises:
        Fenced: when another worker has claimed one of the partitions since.
    """
    _compare(connection, claims, _epochs(claims))


def hold(connection: Connection, claims: Sequence[Claim]) -> None:
    """Check that the claims stand and keep it so until the transaction ends.

    Raises:
        Fenced: when another worker has claimed one of the partitions since.
    """
    # In order, so that two workers that lost and won partitions never wait for each other in a circle. SQLite has one
    # writer and ignores the lock.
    in_order = _epochs(claims).order_by(offsets.c.topic, offsets.c.partition)
    _compare(connection, claims, in_order.with_for_update())


def store_offsets(connection: Connection, service: str, next_offsets: Mapping[PartitionId, int], now: datetime) -> None:
    """Store how far the service has come. The caller holds the claims in the same transaction."""
    if not next_offsets:
        return
    columns = offsets.c
    one = update(offsets).where(
        columns.service == service,
        columns.topic == bindparam("of_topic"),
        columns.partition == bindparam("of_partition"),
    )
    connection.execute(
        one.values(next_offset=bindparam("reached"), updated_at=now),
        [
            {"of_topic": source.topic, "of_partition": source.partition, "reached": reached}
            for source, reached in next_offsets.items()
        ],
    )


def _epochs(claims: Sequence[Claim]) -> Select[tuple[str, int, int]]:
    columns = offsets.c
    places = [(claim.source.topic, claim.source.partition) for claim in claims]
    return select(columns.topic, columns.partition, columns.epoch).where(
        columns.service == claims[0].service, tuple_(columns.topic, columns.partition).in_(places)
    )


def _compare(connection: Connection, claims: Sequence[Claim], query: Select[tuple[str, int, int]]) -> None:
    epochs = {PartitionId(row.topic, row.partition): row.epoch for row in connection.execute(query)}
    for claim in claims:
        epoch = epochs.get(claim.source)
        if epoch != claim.epoch:
            raise Fenced(f"{claim.service}: {claim.source.lane} was claimed again (epoch {epoch}, ours {claim.epoch})")
