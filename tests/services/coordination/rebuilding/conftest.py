"""A log on a real broker, a live view on each store that has folded it, and the rebuild of that view."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from sqlalchemy import select

from meekoppel_contracts.codec import encode_plan_event
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.headers import VISIBILITY_HEADER, plan_event_headers
from meekoppel_contracts.topics import (
    AREAS,
    COORDINATION,
    COORDINATION_RESTRICTED,
    PLANS,
    PLANS_RESTRICTED,
    dead_letters,
)
from meekoppel_hub.coordination.consume import CoordinationProcessor
from meekoppel_hub.coordination.digest import ViewDigest, view_digest
from meekoppel_hub.coordination.rebuilding.back import go_back
from meekoppel_hub.coordination.rebuilding.progress import Progress, Step
from meekoppel_hub.coordination.rebuilding.rebuild import Rebuild, Report
from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.platform.agreements import Agreement, national_agreement
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.view import overlaps
from meekoppel_hub.platform.errors import HubError
from meekoppel_hub.platform.stream.bulk import Stretch, log_record, read_stretch, whole_log
from meekoppel_hub.platform.stream.handling import BatchHandler
from meekoppel_hub.platform.stream.offsets import claim_partition
from meekoppel_hub.platform.stream.outbox import waiting
from meekoppel_hub.platform.stream.records import Outgoing, PartitionId
from meekoppel_hub.testing.place_events import PlaceEvent, place_record
from meekoppel_hub.testing.plan_events import CRS
from meekoppel_hub.testing.plan_events import log_record as as_record

PARTITIONS = 3
LANES = (PLANS, PLANS_RESTRICTED, AREAS)
LOG = (*LANES, COORDINATION, COORDINATION_RESTRICTED, dead_letters("coordination"))
MORNING = datetime(2027, 1, 1, tzinfo=UTC)


@dataclass
class Log:
    """The hub's topics, empty at the beginning of each test."""

    bootstrap: str
    producer: Producer = field(init=False)

    def __post_init__(self) -> None:
        self.producer = Producer({"bootstrap.servers": self.bootstrap, "linger.ms": 5})

    def put(self, *events: PlanEvent, visibility_header: bool = True) -> None:
        """Write plan events as intake does."""
        for event in events:
            headers = plan_event_headers(event, time=event.recorded_at or MORNING).to_kafka()
            if visibility_header:
                headers.append((VISIBILITY_HEADER, event.plan.visibility.value.encode()))
            record = as_record(event)
            self.raw(record.source.topic, event.plan.plan_id, encode_plan_event(event), headers)
        self.producer.flush()

    def raw(self, topic: str, key: str, value: bytes | None, headers: Sequence[tuple[str, bytes | None]] = ()) -> None:
        self.producer.produce(topic, value, key=key.encode(), headers=list(headers))
        self.producer.flush()

    def send(self, messages: Sequence[Outgoing]) -> None:
        for message in messages:
            self.producer.produce(message.topic, message.value, key=message.key, headers=list(message.headers))
        self.producer.flush()

    def records(self, topic: str) -> list[Outgoing]:
        """Read a whole topic."""
        found = [
            log_record(message)
            for messages in read_stretch(self.bootstrap, whole_log(self.bootstrap, [topic]))
            for message in messages
        ]
        return [Outgoing(topic, record.key or b"", record.value, record.headers, "") for record in found]


@pytest.fixture(scope="session")
def own_bootstrap() -> Iterator[str]:
    """A broker of our own: the topics of a hub have fixed names."""
    from meekoppel_hub.platform.kafka import start_kafka
    from tests.passing import passing_folder

    with passing_folder() as folder, start_kafka(folder) as kafka:
        yield kafka.bootstrap


@pytest.fixture
def log(own_bootstrap: str) -> Log:
    admin = AdminClient({"bootstrap.servers": own_bootstrap})
    there = [name for name in admin.list_topics(timeout=10).topics if name in LOG]
    if there:
        for done in admin.delete_topics(there).values():
            done.result()
    missing = list(LOG)
    while missing:  # the broker forgets a topic some moments after it says so
        made = admin.create_topics([NewTopic(name, PARTITIONS) for name in missing])
        missing = [name for name, done in made.items() if done.exception() is not None]
    seen = 0
    while seen < 3:  # and knows a new one by all its names and leaders some moments after that
        try:
            seen = seen + 1 if not whole_log(own_bootstrap, LOG).size else 0
        except HubError:
            seen = 0
        time.sleep(0.05)
    return Log(own_bootstrap)


@dataclass
class Live:
    """A live view as a hub keeps it, its fold and its outbox run by hand."""

    database: Database
    log: Log
    agreement: Agreement | None = field(default_factory=national_agreement)  # None for what was agreed
    told: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        minutes = itertools.count()
        self.clock = lambda: MORNING + timedelta(minutes=next(minutes))
        self.start()

    @property
    def rulebook(self) -> Rulebook | None:
        return None if self.agreement is None else Rulebook.everywhere(self.agreement)

    def start(self) -> None:
        """Claim all partitions, as a hub does when it starts and when it is fenced."""
        processor = CoordinationProcessor(CRS, self.clock, self.rulebook)
        self.handler = BatchHandler(processor, self.database, self.clock)
        self.claims = {}
        for topic in LANES:
            for number in range(PARTITIONS):
                source = PartitionId(topic, number)
                self.claims[source] = claim_partition(self.database, "coordination", source, "test", self.clock())
                self.handler.take_over(self.claims[source][0])

    def fold(self) -> None:
        """Handle all that is in the log, and send what comes of it."""
        end = whole_log(self.log.bootstrap, LANES).end
        begin = {source: place for source, (_, place) in self.claims.items()}
        for messages in read_stretch(self.log.bootstrap, Stretch(begin, end)):
            records = [log_record(message) for message in messages]
            by_source = {source: [r for r in records if r.source == source] for source in {r.source for r in records}}
            parts = [self.handler.decode(self.claims[source][0], mine) for source, mine in by_source.items()]
            for part, outcome in zip(parts, self.handler.handle(parts), strict=True):
                if isinstance(outcome, Exception):
                    raise outcome
                self.claims[part.claim.source] = (part.claim, outcome.next_offset)
        self.send()

    def place(self, *events: PlaceEvent) -> None:
        """Let areas, agreements and moratoria be said, taken over, and plans matched again."""
        for event in events:
            record = place_record(event)
            self.log.raw(AREAS, (record.key or b"").decode(), record.value, record.headers)
        self.fold()
        while self.handler.work_besides([claim for claim, _ in self.claims.values()]):
            self.send()
        self.send()

    def send(self) -> None:
        """Send what waits in the outbox."""
        from meekoppel_hub.platform.database.tables.stream import outbox

        with self.database.begin() as connection:
            rows = waiting(connection, "coordination", {source.lane for source in self.claims}, 10_000)
            self.log.send([row.message for row in rows])
            connection.execute(outbox.delete())

    def release(self) -> None:
        """Handle what operators released or dropped, and send what comes of it."""
        for claim, _ in self.claims.values():
            self.handler.release(claim)
        self.send()

    def rebuild(self, *, dry_run: bool = False, tell: Callable[[Step], None] = lambda _: None) -> Report:
        progress = Progress(tell)
        again = Rebuild(self.database, self.log.bootstrap, CRS, progress, self.clock, self.rulebook)
        return again.run(dry_run=dry_run)

    def back(self) -> None:
        go_back(self.database, self.log.bootstrap, CRS, self.clock, self.rulebook)

    def digest(self) -> ViewDigest:
        with self.database.read() as connection:
            return view_digest(connection)

    def pairs(self) -> dict[tuple[str, str], tuple[str, int]]:
        """Give of each pair its state and revision."""
        with self.database.read() as connection:
            rows = connection.execute(select(overlaps))
            return {(row.first_plan, row.second_plan): (row.state, row.revision) for row in rows}


@pytest.fixture
def live(database: Database, log: Log) -> Live:
    return Live(database, log)
