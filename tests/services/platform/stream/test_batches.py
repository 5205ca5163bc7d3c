"""Batches of several partitions: one transaction, and what one partition does wrong costs no other."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from meekoppel_hub.platform.database.tables.stream import offsets
from meekoppel_hub.platform.errors import Fenced, Halted, TransientError
from meekoppel_hub.platform.stream import parking
from meekoppel_hub.platform.stream.handling import BatchHandler, Handled
from meekoppel_hub.platform.stream.offsets import claim_partition, hold
from meekoppel_hub.platform.stream.outbox import waiting
from meekoppel_hub.platform.stream.records import Outgoing, PartitionId
from meekoppel_hub.platform.stream.scope import FencedScope
from tests.services.platform.stream.ledger import BROKEN, GOOD, HARMFUL, UNREADABLE, Ledger, record

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SERVICE = "ledger"
SOURCES = tuple(PartitionId("things", number) for number in range(3))


class Bench:
    """A ledger that reads three partitions."""

    def __init__(self, database, halt_after: int = 50) -> None:
        self.database = database
        self.ledger = Ledger(database)
        self.stored = []
        self.handler = BatchHandler(self.ledger, database, lambda: NOW, halt_after, self.stored.extend)
        self.claims = [claim_partition(database, SERVICE, source, "me", NOW)[0] for source in SOURCES]
        for claim in self.claims:
            self.handler.take_over(claim)

    def part(self, number: int, *values: bytes, key: bytes | None = None, begin: int = 0):
        records = [
            record(begin + place, key or b"%d/%d" % (number, place), value, SOURCES[number])
            for place, value in enumerate(values)
        ]
        return self.handler.decode(self.claims[number], records)

    def offsets(self) -> list[int]:
        with self.database.read() as connection:
            return list(connection.execute(select(offsets.c.next_offset).order_by(offsets.c.partition)).scalars())

    def values(self) -> list[str]:
        return [value for _, value in self.ledger.entries()]


@pytest.fixture
def bench(database):
    return Bench(database)


def test_all_partitions_of_a_batch_are_stored_in_one_transaction(bench, monkeypatch):
    applied = []
    real = bench.ledger.apply
    monkeypatch.setattr(bench.ledger, "apply", lambda items, scope: (applied.append(len(items)), real(items, scope)))

    outcomes = bench.handler.handle([bench.part(0, b"good 1", b"good 2"), bench.part(2, b"good 3")])

    assert applied == [3]
    assert outcomes == [Handled(2, 2, 0), Handled(1, 1, 0)]
    assert bench.values() == ["good 1", "good 2", "good 3"]
    assert bench.offsets() == [2, 0, 1]


def test_a_failure_in_the_last_moment_stores_nothing_of_any_partition(bench, monkeypatch):
    def store_offsets(*_):
        raise TransientError("the database went away")

    monkeypatch.setattr("meekoppel_hub.platform.stream.scope.store_offsets", store_offsets)
    outcomes = bench.handler.handle([bench.part(0, GOOD), bench.part(1, GOOD)])
    assert [type(outcome) for outcome in outcomes] == [TransientError, TransientError]
    assert (bench.values(), bench.offsets(), bench.stored) == ([], [0, 0, 0], [])


def test_a_partition_with_a_record_that_fails_waits_alone(bench):
    parts = [bench.part(0, b"good 1"), bench.part(1, b"good 2", BROKEN, b"good 3"), bench.part(2, b"good 4")]
    outcomes = bench.handler.handle(parts)
    assert [type(outcome) for outcome in outcomes] == [Handled, TransientError, Handled]
    assert bench.values() == ["good 1", "good 2", "good 4"]
    assert bench.offsets() == [1, 1, 1]


def test_a_partition_that_was_lost_waits_alone(bench):
    claim_partition(bench.database, SERVICE, SOURCES[1], "somebody else", NOW)
    outcomes = bench.handler.handle([bench.part(number, b"good %d" % number) for number in range(3)])
    assert [type(outcome) for outcome in outcomes] == [Handled, Fenced, Handled]
    assert bench.values() == ["good 0", "good 2"]


def test_of_a_long_part_only_the_record_that_fails_is_set_aside(bench):
    values = [b"good %d" % number for number in range(64)]
    values[37] = HARMFUL
    outcomes = bench.handler.handle([bench.part(0, *values), bench.part(1, GOOD)])
    assert outcomes == [Handled(64, 63, 1), Handled(1, 1, 0)]
    assert [value for value in bench.values() if value != "good"] == [f"good {n}" for n in range(64) if n != 37]


def test_a_record_decoded_before_its_key_was_parked_waits_all_the_same(bench):
    ahead = bench.part(0, b"good 2", b"good 3", key=b"a", begin=1)
    bench.handler.handle([bench.part(0, HARMFUL, key=b"a")])
    assert bench.handler.handle([ahead]) == [Handled(3, 0, 2)]
    assert bench.values() == []

    bench.ledger.mended.add(HARMFUL)
    with bench.database.begin() as connection:
        parking.ask(connection, SERVICE, b"a", parking.RELEASE_ASKED)
    assert bench.handler.asked(SERVICE) == {SOURCES[0]}
    bench.handler.release(bench.claims[0])
    assert bench.values() == ["harmful", "good 2", "good 3"]


def test_a_decoder_that_fails_for_an_unknown_reason_costs_one_record(bench, monkeypatch):
    real = bench.ledger.decode

    def decode(record):
        if record.value == BROKEN:
            raise ZeroDivisionError("nobody knows why")
        return real(record)

    monkeypatch.setattr(bench.ledger, "decode", decode)
    for _ in range(2):
        reached = bench.offsets()[0]
        (outcome,) = bench.handler.handle([bench.part(0, *[b"good", BROKEN, b"more"][reached:], begin=reached)])
        assert isinstance(outcome, TransientError)
    bench.handler.handle([bench.part(0, BROKEN, b"more", begin=1)])
    assert bench.values() == ["good", "more"]


def test_poison_that_good_records_of_the_same_batch_interrupt_does_not_halt(database):
    bench = Bench(database, halt_after=3)
    mixed = [UNREADABLE, UNREADABLE, GOOD] * 4
    assert bench.handler.handle([bench.part(0, *mixed)]) == [Handled(12, 4, 8)]
    with pytest.raises(Halted, match="nothing was lost"):
        bench.handler.handle([bench.part(1, GOOD, UNREADABLE), bench.part(2, UNREADABLE, UNREADABLE, GOOD)])


def test_each_message_lies_in_the_lane_of_the_partition_it_comes_from(bench):
    bench.handler.handle([bench.part(0, GOOD), bench.part(2, UNREADABLE)])
    with bench.database.read() as connection:
        lanes = {lane: [row.message.event_id for row in waiting(connection, SERVICE, [lane])] for lane in LANES}
    assert lanes == {"things/0": ["echo:things/0/0"], "things/1": [], "things/2": ["dead-letter:things/2/0"]}
    assert [row.message.event_id for row in bench.stored] == ["echo:things/0/0", "dead-letter:things/2/0"]


LANES = [source.lane for source in SOURCES]


def test_a_message_from_a_partition_outside_of_the_batch_is_refused(bench):
    """It would lie in a lane that somebody else sends, or nobody."""
    scope = FencedScope(bench.database, lambda: NOW, bench.claims[:1], next_offsets={SOURCES[0]: 1})
    with pytest.raises(ValueError, match="not in this batch"), scope.commit() as unit:
        unit.publish(Outgoing("echo", b"k", b"v", (), "1"), SOURCES[1])
    assert bench.offsets() == [0, 0, 0]


def test_two_workers_that_hold_the_same_partitions_never_wait_in_a_circle(bench):
    """In a rebalance both may still be at work; PostgreSQL would end one of two that wait for each other."""
    failed = []

    def work(claims) -> None:
        try:
            for _ in range(100):
                with bench.database.begin() as connection:
                    hold(connection, claims)
        except Exception as error:  # told below
            failed.append(error)

    threads = [threading.Thread(target=work, args=(claims,)) for claims in (bench.claims, bench.claims[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
