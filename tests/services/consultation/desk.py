"""What the tests of consultation share: a hub without Kafka, whose log is a list, and inboxes into which they write."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from meekoppel_contracts.codec import CODECS, contract_of_record, decode_plan_rejection, encode_overlap_event
from meekoppel_contracts.codes import OverlapEventType
from meekoppel_contracts.coordination import (
    AssessedPlan,
    AssessmentEvent,
    CooperatingParty,
    CooperatingPlan,
    CooperationEvent,
)
from meekoppel_contracts.events import OverlapEvent, OverlapSide, PlanRejection
from meekoppel_contracts.headers import overlap_event_headers, plan_event_headers, request_headers
from meekoppel_contracts.ids import OrgCode, PlanId, overlap_id
from meekoppel_contracts.plan import Contract
from meekoppel_contracts.testing import example_overlap
from meekoppel_contracts.topics import (
    COORDINATION,
    COORDINATION_RESTRICTED,
    PLANS,
    REJECTIONS_PREFIX,
    coordination_inbox,
)
from meekoppel_hub.consultation.consume import ConsultationProcessor
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.stream.records import LogRecord, Outgoing, PartitionId
from meekoppel_hub.testing.plan_events import plan_event
from meekoppel_hub.testing.scope import DirectScope

BEGIN = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
A_PLAN, B_PLAN = PlanId("NL.org-a.1"), PlanId("NL.org-b.1")
OVERLAP = overlap_id(A_PLAN, B_PLAN)
ORGANISATIONS = ("org-a", "org-b", "org-c")


def overlap(
    revision: int = 1, versions: tuple[int, int] = (1, 1), *, resolved: bool = False, **changes: Any
) -> OverlapEvent:
    """The overlap of A_PLAN and B_PLAN."""

    def side(plan: PlanId, version: int) -> OverlapSide:
        return OverlapSide(plan_id=plan, version=version, organisation=plan.split(".")[1], title=f"Title of {plan}")

    happened = OverlapEventType.DETECTED if revision == 1 else OverlapEventType.CHANGED
    values: dict[str, Any] = {
        "type": OverlapEventType.RESOLVED if resolved else happened,
        "overlap_id": OVERLAP,
        "revision": revision,
        "first": side(A_PLAN, versions[0]),
        "second": side(B_PLAN, versions[1]),
    }
    return example_overlap(**{**values, **changes})


def assessment(organisation: str = "org-a", answer: str = "yes", seen: int = 1, **changes: Any) -> AssessmentEvent:
    """What a party says of it, as it puts it into its inbox."""
    values: dict[str, Any] = {
        "overlap_id": OVERLAP,
        "revision": 0,
        "organisation": organisation,
        "answer": answer,
        "cause": "answered",
        "overlap_revision": seen,
        "first": AssessedPlan(plan_id=A_PLAN, version=1, organisation=OrgCode("org-a")),
        "second": AssessedPlan(plan_id=B_PLAN, version=1, organisation=OrgCode("org-b")),
        "recorded_at": BEGIN,
    }
    return AssessmentEvent(**{**values, **changes})


COOPERATION = "coop_0123456789ab"


def cooperation(actor: str = "org-a", type: str = "proposed", **changes: Any) -> CooperationEvent:
    """A request on one cooperation; `plans` by their ids, `answer` of the actor in short."""
    plans = changes.pop("plans", (A_PLAN, B_PLAN) if type == "proposed" else ())
    answer = changes.pop("answer", None)
    parties = () if answer is None else (CooperatingParty(organisation=OrgCode(actor), answer=answer),)
    values: dict[str, Any] = {
        "type": type,
        "cooperation_id": COOPERATION,
        "revision": 0,
        "title": "Open the street once",
        "state": "open",
        "proposed_by": "org-a",
        "actor": actor,
        "plans": tuple(
            CooperatingPlan(plan_id=one, version=1, organisation=one.split(".")[1], title="x") for one in plans
        ),
        "parties": parties,
        "recorded_at": BEGIN,
    }
    return CooperationEvent(**{**values, **changes})


@dataclass
class Hub:
    """Consultation on a database, without Kafka: `log` is all that it published, in order."""

    database: Database
    now: datetime = BEGIN
    log: list[Outgoing] = field(default_factory=list)
    _numbers: Any = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.processor = self.worker()

    def worker(self) -> ConsultationProcessor:
        """Another worker on the same database."""
        return ConsultationProcessor(self.database, clock=lambda: self.now)

    def take(self, *records: LogRecord) -> list[Any]:
        """Handle records as one batch; gives the events that were published, refusals too."""
        scope = DirectScope(self.database)
        self.processor.apply([self.processor.decode(record) for record in records], scope)
        self.log += scope.published
        return [decoded(message) for message in scope.published]

    def ask(self, *events: Contract, id: str | None = None) -> list[Any]:
        """Put requests into the inbox of the organisation that they name, and handle them."""
        return self.take(*(self.request(event, id=id) for event in events))

    def request(self, event: Any, *, id: str | None = None, inbox: str | None = None) -> LogRecord:
        named = event.actor if isinstance(event, CooperationEvent) else None
        named = named or getattr(event, "organisation", None) or getattr(event, "authority", None)
        organisation = OrgCode(inbox or str(named))
        number = next(self._numbers)
        headers = request_headers(event, id=id or f"request-{number}", organisation=organisation, time=self.now)
        value = CODECS[contract_of(event)].encode(event)
        return self.record(coordination_inbox(organisation), value, headers.to_kafka())

    def tell(self, event: OverlapEvent, *, restricted: bool = False) -> LogRecord:
        """An overlap event as it stands in the log."""
        topic = COORDINATION_RESTRICTED if restricted else COORDINATION
        return self.record(topic, encode_overlap_event(event), overlap_event_headers(event).to_kafka())

    def plan(self, plan_id: str, version: int, **changes: Any) -> LogRecord:
        """A plan event as it stands in the log; its value is never looked at."""
        event = plan_event(plan_id, version=version, **changes)
        return self.record(PLANS, b"not read", plan_event_headers(event, time=self.now).to_kafka())

    def record(self, topic: str, value: bytes | None, headers: Sequence[tuple[str, bytes]] = ()) -> LogRecord:
        return LogRecord(PartitionId(topic, 0), next(self._numbers), 0, b"key", value, tuple(headers))

    def pass_time(self, **duration: float) -> list[Any]:
        """Let time pass and do what it asks for; gives the events that were published, refusals too."""
        self.now += timedelta(**duration)
        scope = DirectScope(self.database)
        self.processor.work_besides(scope)
        self.log += scope.published
        return [decoded(message) for message in scope.published]


def contract_of(event: Contract) -> str:
    return next(codec.subject for codec in CODECS.values() if codec.model is type(event))


def decoded(message: Outgoing) -> Any:
    if message.topic.startswith(REJECTIONS_PREFIX):
        return decode_plan_rejection(message.value)
    return CODECS[contract_of_record(message.value)].decode(message.value)


def reasons(events: Sequence[Any]) -> list[str]:
    """Why requests were refused."""
    return [event.reason.value for event in events if isinstance(event, PlanRejection)]
