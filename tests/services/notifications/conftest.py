"""A real receiver on the loopback, a clock that can be moved, and short ways to make events and subscriptions."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import shapely
from aiohttp import web
from sqlalchemy import create_engine, insert, make_url, select, text

from meekoppel_contracts.codes import (
    Certainty,
    NotificationCategory,
    OrganisationKind,
    OverlapEventType,
    OverlapKind,
    PlanEventType,
    Severity,
    Status,
    Visibility,
)
from meekoppel_contracts.events import OverlapEvent, OverlapSide, PlanEvent
from meekoppel_contracts.ids import PlanId, overlap_id
from meekoppel_contracts.plan import Initiator, Period, Plan, SharedWith, Zone
from meekoppel_hub.notifications.deliver import DeliveryLimits, DeliveryWorker
from meekoppel_hub.notifications.message import Message, notification_id
from meekoppel_hub.notifications.queue import queue_messages
from meekoppel_hub.platform.database import Database, open_database
from meekoppel_hub.platform.database.tables.notifications import deliveries, notifications, subscriptions
from meekoppel_hub.platform.database.tables.organisations import organisations
from meekoppel_hub.platform.settings import HubSettings
from meekoppel_hub.platform.subscriptions import Subscription, SubscriptionRequest, add_subscription

RECORDED_AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
POLL_SECONDS = 0.02


@pytest.fixture(scope="session")
def shared_postgis(postgis_url: str, postgis_template: str) -> Iterator[Database]:
    """One PostgreSQL database for all tests here: emptying three tables is much faster than copying a database."""
    server = create_engine(make_url(postgis_url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    name = f"meekoppel_notifications_{uuid.uuid4().hex[:12]}"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {postgis_template}"))
    database = open_database(make_url(postgis_url).set(database=name).render_as_string(hide_password=False))
    yield database
    database.close()
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgis)])
def database(request: pytest.FixtureRequest) -> Database:
    """A database with empty tables of notifications, once for each store."""
    if request.param == "sqlite":
        return request.getfixturevalue("sqlite_database")
    database: Database = request.getfixturevalue("shared_postgis")
    with database.begin() as connection:
        for table in (deliveries, notifications, subscriptions):
            connection.execute(table.delete())
    return database


class MovingClock:
    """Gives the time that a test sets; starts at the real time, so that signatures are fresh."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **duration: float) -> None:
        self.now += timedelta(**duration)


@dataclass
class Received:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: str

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """A real HTTP server; `answer` decides what each request is answered."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answer: Callable[[Received], Awaitable[web.StreamResponse]] | None = None
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        received = Received(request.path, headers, await request.text())
        async with self.arrived:
            self.received.append(received)
            self.arrived.notify_all()
        return web.Response() if self.answer is None else await self.answer(received)

    async def wait_for(self, count: int) -> None:
        async with asyncio.timeout(10), self.arrived:
            await self.arrived.wait_for(lambda: len(self.received) >= count)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", receiver.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield receiver
    await runner.cleanup()


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


Subscribe = Callable[..., tuple[Subscription, str]]


@pytest.fixture
def subscribe(database: Database, clock: MovingClock) -> Subscribe:
    """Add a subscription; its organisation is registered on the way."""

    def add(organisation: str = "org-a", url: str = "http://127.0.0.1:9/", **wanted: Any) -> tuple[Subscription, str]:
        register(database, organisation)
        wanted = wanted or {"own_overlaps": True}
        request = SubscriptionRequest(organisation=organisation, name="test", url=url, **wanted)
        return add_subscription(database, request, allow_private=True, clock=clock)

    return add


def register(database: Database, code: str) -> None:
    with database.begin() as connection:
        if connection.execute(select(organisations.c.code).where(organisations.c.code == code)).first():
            return
        row = {"code": code, "name": code, "kind": "municipality", "may_publish_for": [], "active": True}
        connection.execute(insert(organisations), {**row, "token_sha256": f"hash of {code}", "created_at": RECORDED_AT})


Queue = Callable[..., list[str]]


@pytest.fixture
def queue(database: Database, clock: MovingClock) -> Queue:
    """Queue a message per plan id for a subscription, and give the message ids in order."""

    def put(subscription: Subscription, *plans: str, first: int = 1) -> list[str]:
        messages = [
            message(subscription.subscription_id, plan, f"{plan}/{number}") for number, plan in enumerate(plans, first)
        ]
        with database.begin() as connection:
            queue_messages(connection, messages, clock())
        return [each.notification_id for each in messages]

    return put


def message(subscription_id: str, plan: str, event: str) -> Message:
    identifier = notification_id(subscription_id, event)
    body = json.dumps({"specversion": "1.0", "id": identifier, "subject": plan, "data": {"event": event}})
    return Message(
        notification_id=identifier,
        subscription_id=subscription_id,
        event_id=event,
        category=NotificationCategory.INFO,
        kind="plan.changed",
        plan_id=PlanId(plan),
        other_plan_id=None,
        text=event,
        body=body,
    )


StartWorker = Callable[..., AbstractAsyncContextManager[DeliveryWorker]]


@pytest.fixture
def running_worker(database: Database, clock: MovingClock) -> StartWorker:
    """`async with running_worker() as worker`: a worker that is stopped, gently, at the end."""

    @asynccontextmanager
    async def start(**limits: Any) -> AsyncIterator[DeliveryWorker]:
        limits = {"poll_seconds": POLL_SECONDS, "timeout_seconds": 5.0, **limits}
        settings = HubSettings(allow_private_webhooks=True)
        worker = DeliveryWorker(database, settings, clock, limits=DeliveryLimits(**limits))
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(stop))
        try:
            yield worker
        finally:
            stop.set()
            await asyncio.wait_for(running, 10)

    return start


@pytest.fixture
def until() -> Callable[[Callable[[], Any]], Awaitable[None]]:
    """Wait until a condition on the database holds."""

    async def wait(condition: Callable[[], Any]) -> None:
        async with asyncio.timeout(10):
            while not await asyncio.to_thread(condition):
                await asyncio.sleep(POLL_SECONDS)

    return wait


PlanEventMaker = Callable[..., PlanEvent]


@pytest.fixture
def plan_event() -> PlanEventMaker:
    def make(
        plan_id: str = "NL.org-a.1",
        version: int = 1,
        at: tuple[float, float] = (100.0, 100.0),
        kind: PlanEventType = PlanEventType.REGISTERED,
        visibility: Visibility = Visibility.PARTICIPANTS,
        shared_with: Sequence[str] = (),
        **zone: Any,
    ) -> PlanEvent:
        owner = plan_id.split(".")[1]
        plan = Plan(
            plan_id=plan_id,
            title=f"Sewer of {plan_id}",
            initiator=Initiator(organisation=owner, name=f"Name of {owner}", kind=OrganisationKind.MUNICIPALITY),
            status=Status.PLANNED,
            certainty=Certainty.FIRM,
            period=Period(earliest_start=datetime(2027, 3, 1, tzinfo=UTC), latest_end=datetime(2027, 4, 1, tzinfo=UTC)),
            zones=(Zone(zone_id="1", geometry=shapely.to_wkb(shapely.Point(at)), srid=28992, **zone),),
            visibility=visibility,
            shared_with=SharedWith(organisations=tuple(shared_with)) if shared_with else None,
        )
        changed = ("zones",) if kind is PlanEventType.CHANGED else ()
        return PlanEvent(
            type=kind, version=version, publisher=owner, recorded_at=RECORDED_AT, changed_fields=changed, plan=plan
        )

    return make


OverlapEventMaker = Callable[..., OverlapEvent]


@pytest.fixture
def overlap_event() -> OverlapEventMaker:
    def make(
        first: str = "NL.org-a.1",
        second: str = "NL.org-b.1",
        revision: int = 1,
        kind: OverlapEventType = OverlapEventType.DETECTED,
        meeting: OverlapKind = OverlapKind.CONFLICT_HEAVY,
    ) -> OverlapEvent:
        def side(plan: str) -> OverlapSide:
            return OverlapSide(plan_id=plan, version=1, organisation=plan.split(".")[1], title=f"Title of {plan}")

        return OverlapEvent(
            type=kind,
            overlap_id=overlap_id(PlanId(first), PlanId(second)),
            revision=revision,
            kind=meeting,
            severity=Severity.HIGH,
            first=side(first),
            second=side(second),
            ruleset="national/1",
            area_m2=12.5,
            distance_m=0.0,
            overlap_days=31,
            gap_days=0,
            explanation="Their work zones share 12.5 m2 for 31 days.",
            location=shapely.to_wkb(shapely.Point(100, 100)),
            srid=28992,
            recorded_at=RECORDED_AT,
        )

    return make
