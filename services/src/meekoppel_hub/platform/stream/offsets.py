"""How far a service has come in each partition, kept in the database, fenced by an epoch.

A worker claims a partition when Kafka assigns it: the epoch rises. Everything that the worker stores checks that the
epoch is still its own, so that one that lost the partition without noticing can store nothing (rules 3 and 4).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, TextClause, bindparam, text
from sqlalchemy.dialects import postgresql, sqlite

from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.stream import offsets
from meekoppel_hub.platform.errors import Fenced
from meekoppel_hub.platform.stream.records import PartitionId

# One statement, and one text of it, for all partitions of a batch: an inbox per organisation makes them hundreds.
_PLACES = {
    "postgresql": """
        SELECT * FROM unnest(CAST(:topics AS text[]), CAST(:partitions AS integer[]), CAST(:numbers AS bigint[]))
            AS place (topic, partition, number)""",
    "sqlite": """
        SELECT json_extract(value, '$[0]') AS topic, json_extract(value, '$[1]') AS partition,
               json_extract(value, '$[2]') AS number
        FROM json_each(:places)""",
}
_CHECK = {
    dialect: text(f"""
        SELECT stored.topic, stored.partition, stored.epoch FROM ({places}) AS given
        JOIN stream_offsets AS stored
          ON stored.service = :service AND stored.topic = given.topic AND stored.partition = given.partition""")  # noqa: S608 - the texts are ours
    for dialect, places in _PLACES.items()
}
# In order, so that two workers that lost and won partitions never wait for each other in a circle. SQLite has one
# writer, and no such lock.
_HOLD = {
    "postgresql": text(f"{_CHECK['postgresql']} ORDER BY stored.topic, stored.partition FOR UPDATE OF stored"),
    "sqlite": _CHECK["sqlite"],
}
_STORE = {
    dialect: text(f"""
        UPDATE stream_offsets SET next_offset = given.number, updated_at = :now FROM ({places}) AS given
        WHERE stream_offsets.service = :service AND stream_offsets.topic = given.topic
          AND stream_offsets.partition = given.partition""").bindparams(  # noqa: S608 - the texts are ours
        bindparam("now", type_=offsets.c.updated_at.type)
    )
    for dialect, places in _PLACES.items()
}


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
    _compare(connection, claims, _CHECK)


def hold(connection: Connection, claims: Sequence[Claim]) -> None:
    """Check that the claims stand and keep it so until the transaction ends.

    Raises:
        Fenced: when another worker has claimed one of the partitions since.
    """
    _compare(connection, claims, _HOLD)


def store_offsets(connection: Connection, service: str, next_offsets: Mapping[PartitionId, int], now: datetime) -> None:
    """Store how far the service has come. The caller holds the claims in the same transaction."""
    if next_offsets:
        reached = {"service": service, "now": now, **_places(connection, next_offsets.items())}
        connection.execute(_STORE[connection.dialect.name], reached)


def _places(connection: Connection, numbers: Iterable[tuple[PartitionId, int]]) -> dict[str, Any]:
    """Give partitions, and a number of each, as parameters of `_PLACES`."""
    rows = [(source.topic, source.partition, number) for source, number in numbers]
    if connection.dialect.name == "postgresql":
        topics, partitions, values = map(list, zip(*rows, strict=True))
        return {"topics": topics, "partitions": partitions, "numbers": values}
    return {"places": json.dumps(rows)}


def _compare(connection: Connection, claims: Sequence[Claim], queries: Mapping[str, TextClause]) -> None:
    asked = _places(connection, [(claim.source, claim.epoch) for claim in claims])
    query = queries[connection.dialect.name]
    rows = connection.execute(query, {"service": claims[0].service, **asked})
    epochs = {PartitionId(topic, partition): epoch for topic, partition, epoch in rows}
    for claim in claims:
        epoch = epochs.get(claim.source)
        if epoch != claim.epoch:
            raise Fenced(f"{claim.service}: {claim.source.lane} was claimed again (epoch {epoch}, ours {claim.epoch})")
