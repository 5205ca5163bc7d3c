"""What the benchmarks start from: a log with changes, and a view that already holds many plans.

`preloaded` fills a view in bulk with what folding the registrations of a `PlanSet` would have left there, overlaps
included: the engine's own reading of events, its own rows and its own matching from nothing, copied into the tables.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from confluent_kafka import Producer
from sqlalchemy import Connection, text

from meekoppel_contracts.ids import PlanId
from meekoppel_hub.coordination.facts import PlanFacts
from meekoppel_hub.coordination.fold import PLAN_COLUMNS, VERSION_COLUMNS, ZONE_COLUMNS, fold, plan_row
from meekoppel_hub.coordination.matching import match_from_nothing, meetings
from meekoppel_hub.coordination.overlap import OverlapRow, Pair, settle
from meekoppel_hub.coordination.plan_change import PlanChange, read_event
from meekoppel_hub.coordination.plan_table import plan_table
from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.coordination.store_sqlite import RowInsert
from meekoppel_hub.coordination.threads import Threads
from meekoppel_hub.coordination.zones import zone_table
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.bulk import copy_rows
from meekoppel_hub.platform.database.tables.view import overlaps, plan_versions, plan_zones, plans
from meekoppel_hub.platform.stream.records import PartitionId
from tests.benchmarks.plan_set import CRS, PlanSet, Written

_AT_ONCE = 20_000
_SOURCE = PartitionId("plans", 0)
_OVERLAP_COLUMNS = OverlapRow._fields
_SPATIAL = ("plan_zones_box", "plan_zones_geom")


def say(line: str) -> None:
    """Tell on stderr how far a benchmark is."""
    print(f"{datetime.now(UTC):%H:%M:%S} {line}", file=sys.stderr, flush=True)


def publish(bootstrap: str, topic: str, events: Iterable[Written]) -> int:
    """Publish events into the log; gives how many."""
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "linger.ms": 20,
            "compression.type": "lz4",
            "enable.idempotence": True,
            "partitioner": "murmur2_random",  # as aiokafka's, so that a plan keeps its partition
            "queue.buffering.max.messages": 500_000,
        }
    )
    failed: list[str] = []

    def delivered(error: Any, _message: Any) -> None:
        if error is not None:
            failed.append(str(error))

    count = 0
    for event in events:
        count += 1
        while True:
            try:
                producer.produce(
                    topic, event.value, event.plan_id.encode(), headers=event.headers, on_delivery=delivered
                )
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    producer.flush(120)
    if failed:
        raise RuntimeError(f"{len(failed)} events were not published: {failed[0]}")
    return count


def preload(database: Database, plan_set: PlanSet, rulebook: Rulebook | None = None) -> int:
    """Fill an empty view with the first version of every plan; gives how many pairs meet.

    Args:
        database: with the tables of the hub, empty.
        plan_set: its plans are registered by this.
        rulebook: by which plans meet; the national one when left out.
    """
    rules = rulebook or Rulebook.national()
    facts: list[PlanFacts] = []
    zones: list[Any] = []
    with database.begin() as connection:
        without_spatial = connection.dialect.name == "postgresql"
        definitions = _drop_spatial(connection) if without_spatial else []
        for changes in _changes(plan_set):
            _store(connection, changes)
            facts += [PlanFacts(*change.facts) for change in changes]
            zones += [change.zones for change in changes]
            say(f"  {len(facts)} of {plan_set.count} plans")
        for definition in definitions:
            connection.execute(text(definition))
    with database.begin() as connection:
        count = _store_overlaps(connection, facts, zones, rules)
    say(f"  {count} pairs meet")
    _settle_down(database)
    return count


def _changes(plan_set: PlanSet) -> Iterator[list[PlanChange]]:
    events = plan_set.registrations()
    number = 0
    while part := list(islice(events, _AT_ONCE)):
        if number == 0:
            part[0].check()
        yield [read_event(event.value, _SOURCE, number + place) for place, event in enumerate(part)]
        number += len(part)


def _store(connection: Connection, changes: list[PlanChange]) -> None:
    batch = fold(changes, CRS)
    _put(connection, plan_versions, VERSION_COLUMNS, batch.version_rows())
    _put(connection, plans, PLAN_COLUMNS, [plan_row(change) for change in batch.newest.values()])
    _put(connection, plan_zones, ZONE_COLUMNS, batch.zone_rows(batch.plan_ids))


def _store_overlaps(connection: Connection, facts: list[PlanFacts], zones: list[Any], rules: Rulebook) -> int:
    order = sorted(range(len(facts)), key=lambda index: facts[index].plan_id)
    ordered = [facts[index] for index in order]
    rows = [(place, zone.role, zone.wkb, zone.buffer_m, None) for place, i in enumerate(order) for zone in zones[i]]
    found = match_from_nothing(plan_table(ordered), zone_table(rows), rules, Threads())
    now = datetime.now(UTC)
    count = 0
    met = iter(meetings(ordered, found, rules))
    while part := list(islice(met, _AT_ONCE)):
        outcomes = [settle(Pair(meeting.first, meeting.second, meeting), None, now) for meeting in part]
        pairs = [outcome.row for outcome in outcomes if outcome is not None]
        _put(connection, overlaps, _OVERLAP_COLUMNS, pairs)
        count += len(pairs)
    return count


def _put(connection: Connection, table: Any, columns: tuple[str, ...], rows: list[Any]) -> None:
    if connection.dialect.name == "postgresql":
        copy_rows(connection, table, columns, rows)
    else:
        RowInsert(table, columns).write(connection, rows)


def _drop_spatial(connection: Connection) -> list[str]:
    """Take the spatial indexes away while everything is loaded; gives how to make them again."""
    definitions = []
    for name in _SPATIAL:
        query = text("SELECT indexdef FROM pg_indexes WHERE indexname = :name")
        definitions.append(str(connection.execute(query, {"name": name}).scalar_one()))
        connection.execute(text(f"DROP INDEX {name}"))
    return definitions


def _settle_down(database: Database) -> None:
    """Leave the tables as they are after a while of use: with statistics, nothing left to clean, written to disk."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if database.dialect == "postgresql":
            connection.execute(text("VACUUM ANALYZE"))
            connection.execute(text("CHECKPOINT"))
        else:
            connection.exec_driver_sql("ANALYZE")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def known(plan_set: PlanSet) -> Iterator[PlanId]:
    """Give the ids of all plans of a set."""
    return (PlanId(plan_set.plan_id(index)) for index in range(plan_set.count))
