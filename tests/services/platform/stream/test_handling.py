"""The rules of the log at the handling of one batch: nothing lost, nothing twice, order per key."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from meekoppel_hub.platform.database.tables.stream import offsets, outbox
from meekoppel_hub.platform.errors import Fenced, Halted, PoisonRecord, TransientError
from meekoppel_hub.platform.stream import parking
from meekoppel_hub.platform.stream.handling import BatchHandler
from meekoppel_hub.platform.stream.offsets import claim_partition
from meekoppel_hub.platform.stream.outbox import waiting
from tests.services.platform.stream.ledger import BROKEN, GOOD, HARMFUL, SOURCE, UNREADABLE, Ledger, record

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SERVICE = "ledger"


class Bench:
    """A ledger with a handler and a claim, on one database."""

    def __init__(self, database, halt_after: int = 50) -> None:
        self.database = database
        self.ledger = Ledger(database)
        self.handler = BatchHandler(self.ledger, database, lambda: NOW, halt_after)
        self.claim, self.next_offset = claim_partition(database, SERVICE, SOURCE, "me", NOW)
        self.handler.take_over(self.claim)

    def handle(self, *records):
        return self.handle_under(self.claim, *records)

    def handle_under(self, claim, *records):
        (outcome,) = self.handler.handle([self.handler.decode(claim, records)])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def stored_offset(self) -> int:
        with self.database.read() as connection:
            return connection.execute(select(offsets.c.next_offset)).scalar_one()

    def outbox_ids(self) -> list[str]:
        with self.database.read() as connection:
            return [row.message.event_id for row in waiting(connection, SERVICE, [SOURCE.lane])]

    def parked(self):
        with self.database.read() as connection:
            return parking.list_keys(connection, SERVICE)

    def ask(self, key: bytes, state: str) -> None:
        with self.database.begin() as connection:
            parking.ask(connection, SERVICE, key, state)


@pytest.fixture
def bench(database):
    return Bench(database)


def test_effects_outbox_and_offset_are_stored_together(bench):
    handled = bench.handle(record(0, b"a", b"good 1"), record(1, b"b", b"good 2"))

    assert (handled.next_offset, handled.handled, handled.set_aside) == (2, 2, 0)
    assert bench.ledger.entries() == [("a", "good 1"), ("b", "good 2")]
    assert bench.outbox_ids() == ["echo:things/0/0", "echo:things/0/1"]
    assert bench.stored_offset() == 2


def test_a_transient_error_stores_nothing_and_can_be_tried_again(bench):
    bench.ledger.away = 1

    with pytest.raises(TransientError):
        bench.handle(record(0, b"a", GOOD))
    assert (bench.ledger.entries(), bench.outbox_ids(), bench.stored_offset()) == ([], [], 0)

    bench.handle(record(0, b"a", GOOD))
    assert bench.ledger.entries() == [("a", "good")]


@pytest.mark.parametrize("poison", [UNREADABLE, HARMFUL])
def test_a_poison_record_parks_its_key_and_later_records_of_that_key_wait(bench, poison):
    handled = bench.handle(
        record(0, b"a", b"good 1"), record(1, b"a", poison), record(2, b"b", b"good 2"), record(3, b"a", b"good 3")
    )

    assert bench.ledger.entries() == [("a", "good 1"), ("b", "good 2")]
    assert handled.next_offset == bench.stored_offset() == 4
    (key,) = bench.parked()
    assert (key.key, key.reason, key.waiting) == (b"a", poison.decode(), 1)


def test_a_key_stays_parked_in_a_later_batch_and_after_a_restart(bench):
    bench.handle(record(0, b"a", UNREADABLE))
    bench.handle(record(1, b"a", b"good 1"))

    again = Bench(bench.database)
    again.handle(record(2, b"a", b"good 2"), record(3, b"b", b"good 3"))

    assert bench.ledger.entries() == [("b", "good 3")]
    assert again.parked()[0].waiting == 2


def test_the_dead_letter_keeps_the_original_bytes_headers_and_reason(bench):
    bench.handle(record(0, b"a", UNREADABLE))

    with bench.database.read() as connection:
        (letter,) = waiting(connection, SERVICE, [SOURCE.lane])
    headers = dict(letter.message.headers)
    assert (letter.message.topic, letter.message.key, letter.message.value) == ("dead-letters.ledger", b"a", UNREADABLE)
    assert headers["ce_id"] == b"\xff\xfe not utf-8"
    assert headers["meekoppel_dead_letter_reason"] == b"unreadable"
    assert headers["meekoppel_dead_letter_from"] == b"things/0/0"


def test_released_records_are_handled_in_their_order(bench):
    bench.handle(record(0, b"a", UNREADABLE), record(1, b"a", b"good 1"), record(2, b"a", b"good 2"))
    bench.ledger.mended.add(UNREADABLE)
    bench.ask(b"a", parking.RELEASE_ASKED)

    assert bench.handler.release(bench.claim) == 3
    assert bench.ledger.entries() == [("a", "unreadable"), ("a", "good 1"), ("a", "good 2")]
    assert bench.parked() == []
    bench.handle(record(3, b"a", b"good 3"))
    assert bench.ledger.entries()[-1] == ("a", "good 3")


def test_a_dropped_poison_record_lets_the_rest_through(bench):
    bench.handle(record(0, b"a", UNREADABLE), record(1, b"a", b"good 1"))
    bench.ask(b"a", parking.DROP_ASKED)

    bench.handler.release(bench.claim)

    assert bench.ledger.entries() == [("a", "good 1")]
    assert bench.parked() == []


def test_dropping_drops_only_the_poison_and_parks_again_at_the_next(bench):
    bench.handle(record(0, b"a", UNREADABLE), record(1, b"a", UNREADABLE + b" too"), record(2, b"a", b"good 1"))
    bench.ask(b"a", parking.DROP_ASKED)

    bench.handler.release(bench.claim)

    assert bench.ledger.entries() == []
    (key,) = bench.parked()
    assert (key.reason, key.waiting, key.state) == ("unreadable", 1, parking.PARKED)


def test_a_release_that_fails_again_parks_again_with_the_new_reason(bench):
    bench.handle(record(0, b"a", UNREADABLE), record(1, b"a", b"good 1"))
    bench.ask(b"a", parking.RELEASE_ASKED)

    assert bench.handler.release(bench.claim) == 0
    (key,) = bench.parked()
    assert (key.state, key.reason, key.waiting) == (parking.PARKED, "unreadable", 1)
    assert bench.ledger.entries() == []


def test_a_release_never_moves_the_offset(bench):
    bench.handle(record(0, b"a", UNREADABLE), record(1, b"b", GOOD))
    bench.ledger.mended.add(UNREADABLE)
    bench.ask(b"a", parking.RELEASE_ASKED)
    bench.handler.release(bench.claim)
    assert bench.stored_offset() == 2


def test_a_failure_of_unknown_cause_is_tried_again_before_it_counts_as_poison(bench):
    batch = [record(0, b"a", b"good 1"), record(1, b"b", BROKEN), record(2, b"c", b"good 2")]

    for _ in range(2):
        with pytest.raises(TransientError):
            bench.handle(*batch[bench.stored_offset() :])
    assert bench.ledger.entries() == [("a", "good 1")]  # the part before it was stored

    bench.handle(*batch[bench.stored_offset() :])
    assert bench.ledger.entries() == [("a", "good 1"), ("c", "good 2")]
    assert bench.parked()[0].reason == "failed"
    assert "nobody knows why" in bench.parked()[0].detail


def test_too_much_poison_in_a_row_halts_and_keeps_it_all(database):
    bench = Bench(database, halt_after=3)
    with pytest.raises(Halted, match="nothing was lost"):
        bench.handle(*(record(place, b"k%d" % place, UNREADABLE) for place in range(3)))
    assert len(bench.parked()) == 3
    assert bench.stored_offset() == 3


def test_good_records_between_poison_do_not_halt(database):
    bench = Bench(database, halt_after=3)
    for place in range(0, 8, 2):
        bench.handle(record(place, b"k%d" % place, UNREADABLE), record(place + 1, b"fine", GOOD))
    assert len(bench.parked()) == 4


def test_a_worker_that_lost_the_partition_can_store_nothing(bench):
    Bench(bench.database)  # another worker claims the partition

    with pytest.raises(Fenced):
        bench.handle(record(0, b"a", GOOD))
    assert (bench.ledger.entries(), bench.outbox_ids(), bench.stored_offset()) == ([], [], 0)


def test_a_record_without_key_that_cannot_be_read_parks_no_other(bench):
    bench.handle(record(0, None, UNREADABLE), record(1, None, b"good 1"), record(2, b"", b"good 2"))
    assert [value for _, value in bench.ledger.entries()] == ["good 1", "good 2"]


def test_a_processor_that_forgets_to_commit_is_told_so(bench):
    bench.ledger.apply = lambda items, scope: None
    with pytest.raises(TransientError, match="failed: RuntimeError"):
        bench.handle(record(0, b"a", GOOD))


def test_the_same_event_id_is_published_once(bench):
    bench.handle(record(0, b"a", GOOD))
    again, _ = claim_partition(bench.database, SERVICE, SOURCE, "me", NOW)
    bench.handle_under(again, record(0, b"a", GOOD))
    assert bench.outbox_ids() == ["echo:things/0/0"]


def test_the_outbox_of_other_lanes_is_left_to_others(bench):
    bench.handle(record(0, b"a", GOOD))
    with bench.database.read() as connection:
        assert waiting(connection, SERVICE, ["things/1"]) == []
        assert connection.execute(select(outbox.c.lane)).scalar_one() == "things/0"


def test_why_it_halted_tells_nothing_of_the_record(database):
    """Health shows it to everybody, and the record may be a restricted plan."""
    bench = Bench(database, halt_after=1)
    with pytest.raises(Halted) as halted:
        bench.handle(record(0, b"a", UNREADABLE))
    assert "it says so itself" not in str(halted.value)
    with pytest.raises(TransientError) as passing:
        bench.handle(record(1, b"b", BROKEN))
    assert "nobody knows why" not in str(passing.value)


def test_a_key_with_many_records_is_released_in_parts_and_in_order(bench, monkeypatch):
    monkeypatch.setattr("meekoppel_hub.platform.stream.handling.RELEASED_AT_ONCE", 2)
    bench.handle(record(0, b"a", UNREADABLE), *(record(place, b"a", b"good %d" % place) for place in range(1, 4)))
    bench.ledger.mended.add(UNREADABLE)
    bench.ask(b"a", parking.RELEASE_ASKED)

    assert bench.handler.release(bench.claim) == 2
    bench.handle(record(4, b"a", b"good 4"))  # waits behind the rest
    assert [bench.handler.release(bench.claim) for _ in range(2)] == [2, 1]
    assert [value for _, value in bench.ledger.entries()] == ["unreadable", "good 1", "good 2", "good 3", "good 4"]


def test_a_reason_that_postgresql_cannot_keep_is_kept_readable(bench, monkeypatch):
    def decode(record):
        raise PoisonRecord("unreadable", "it holds \x00")

    monkeypatch.setattr(bench.ledger, "decode", decode)
    bench.handle(record(0, b"a", GOOD))
    assert bench.parked()[0].detail == "it holds \\x00"
