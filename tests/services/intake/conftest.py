"""What the tests of intake share: credible plans, an inbox that numbers what is sent, and a scope without Kafka."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
import shapely
from sqlalchemy import Connection

from meekoppel_contracts.codec import decode_plan_event, decode_plan_rejection, encode_plan_event
from meekoppel_contracts.codes import Certainty, OrganisationKind, PlanEventType, Status, ZoneRole
from meekoppel_contracts.events import PlanEvent, PlanRejection
from meekoppel_contracts.headers import plan_event_headers
from meekoppel_contracts.ids import OrgCode
from meekoppel_contracts.plan import Initiator, Period, Plan, Zone
from meekoppel_hub.intake.consume import IntakeProcessor
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.organisations import register_organisation
from meekoppel_hub.platform.stream.records import LogRecord, Outgoing, PartitionId
from meekoppel_hub.testing.scope import DirectScope, DirectUnit

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
EPOCH = "20261101T080000000000Z-00ff00"
LATER_EPOCH = "20261102T080000000000Z-00aa00"
ORGANISATION = OrgCode("gm0361")
INBOX = PartitionId(f"plan-inbox.{ORGANISATION}", 0)
CRS = 28992


def make_plan(local_id: str = "2026-0041", **changes: Any) -> Plan:
    """A plan in Alkmaar that keeps every rule, but for the changes."""
    fields: dict[str, Any] = {
        "plan_id": f"NL.{ORGANISATION}.{local_id}",
        "title": "Riool Laat",
        "initiator": Initiator(organisation=ORGANISATION, name="Alkmaar", kind=OrganisationKind.MUNICIPALITY),
        "status": Status.PLANNED,
        "certainty": Certainty.FIRM,
        "period": Period(earliest_start=datetime(2027, 3, 1, tzinfo=UTC), latest_end=datetime(2027, 6, 1, tzinfo=UTC)),
        "zones": (make_zone(shapely.box(111_000, 516_000, 111_100, 516_010)),),
    }
    return Plan(**{**fields, **changes})


def make_zone(geometry: shapely.Geometry | bytes, srid: int = CRS) -> Zone:
    wkb = geometry if isinstance(geometry, bytes) else shapely.to_wkb(geometry)
    return Zone(zone_id="1", role=ZoneRole.WORK, geometry=wkb, srid=srid)


def make_event(plan: Plan, **changes: Any) -> PlanEvent:
    return PlanEvent(**{"type": PlanEventType.CHANGED, "publisher": ORGANISATION, "plan": plan, **changes})


@dataclass
class Inbox:
    """Makes records as an organisation's connector sends them; offsets and sequences count up."""

    source: PartitionId = INBOX
    epoch: str = EPOCH
    offsets: Iterator[int] = field(default_factory=itertools.count)
    sequences: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def send(self, event: PlanEvent | Plan, *, epoch: str | None = None, sequence: int | None = None) -> LogRecord:
        event = make_event(event) if isinstance(event, Plan) else event
        return self.record(
            encode_plan_event(event),
            event.plan.plan_id.encode(),
            self.headers(event, epoch or self.epoch, next(self.sequences) if sequence is None else sequence),
        )

    def withdraw(self, plan: Plan, **numbering: Any) -> LogRecord:
        return self.send(make_event(plan, type=PlanEventType.WITHDRAWN, reason="missing_from_source"), **numbering)

    def record(
        self, value: bytes | None, key: bytes | None, headers: Sequence[tuple[str, bytes | None]] = ()
    ) -> LogRecord:
        offset = next(self.offsets)
        return LogRecord(self.source, offset, 1_795_435_200_000 + offset, key, value, tuple(headers))

    @staticmethod
    def headers(event: PlanEvent, epoch: str, sequence: int) -> list[tuple[str, bytes]]:
        made = plan_event_headers(event, id=f"{epoch}/{sequence}", sequence=sequence, time=NOW, epoch=epoch)
        return made.to_kafka()


class CrashError(Exception):
    """The process died at the worst moment: everything was written and nothing committed."""


@dataclass
class MeddledUnit:
    """A unit in which something else happens between what intake reads and what it writes."""

    unit: DirectUnit
    meddle: Callable[[Connection], object]

    @property
    def connection(self) -> Connection:
        return self.unit.connection

    def publish(self, message: Outgoing, source: PartitionId) -> None:
        self.meddle(self.connection)
        self.unit.publish(message, source)


class Hub(DirectScope):
    """Intake on a database, without Kafka: what it published stands in `published`, in order.

    Attributes:
        crash_before_commit: whether the next transactions fail at their end.
        meddle: called in the open transaction before each message.
    """

    Crash = CrashError

    def __init__(self, database: Database, processor: IntakeProcessor) -> None:
        super().__init__(database)
        self.database = database
        self.processor = processor
        self.crash_before_commit = False
        self.meddle: Callable[[Connection], object] | None = None

    def take(self, *records: LogRecord) -> list[PlanEvent]:
        """Handle the records as one batch; give the events that it put into the log."""
        before = len(self.published)
        self.processor.apply([self.processor.decode(record) for record in records], self)
        return [decode_plan_event(message.value) for message in self.published[before:] if is_log(message)]

    @contextmanager
    def commit(self) -> Iterator[DirectUnit | MeddledUnit]:
        with super().commit() as unit:
            yield unit if self.meddle is None else MeddledUnit(unit, self.meddle)
            if self.crash_before_commit:
                raise self.Crash

    def log(self, topic: str | None = None) -> list[PlanEvent]:
        return [
            decode_plan_event(message.value)
            for message in self.published
            if is_log(message) and topic in {None, message.topic}
        ]

    @property
    def rejections(self) -> list[PlanRejection]:
        return [decode_plan_rejection(message.value) for message in self.published if not is_log(message)]


def is_log(message: Outgoing) -> bool:
    return message.topic in {"plans", "plans-restricted"}


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def plan() -> Callable[..., Plan]:
    return make_plan


@pytest.fixture
def zone() -> Callable[..., Zone]:
    return make_zone


@pytest.fixture
def event() -> Callable[..., PlanEvent]:
    return make_event


@pytest.fixture
def hub(database: Database) -> Hub:
    """Intake of a hub in which gm0361 is registered, the clock standing still."""
    register_organisation(database, ORGANISATION, "Alkmaar", OrganisationKind.MUNICIPALITY, oin="0" * 20)
    return Hub(database, IntakeProcessor("NL", CRS, clock=lambda: NOW))
