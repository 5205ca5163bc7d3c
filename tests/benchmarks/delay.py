"""How long it takes from a connector's publishing to the webhook, at 100 events a second (p50 and p95).

The clock starts before the event is handed to Kafka in the organisation's inbox, and stops when a local receiver has
the notification: intake, the log, notifications, delivery. The baseline, in the same run: the same bytes through one
Kafka topic, from handing over to reading.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from aiohttp import web
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from meekoppel_contracts import topics
from meekoppel_contracts.codec import encode_plan_event
from meekoppel_contracts.codes import (
    Certainty,
    Discipline,
    OrganisationKind,
    PlanEventType,
    Status,
    Visibility,
    WorkType,
)
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.headers import plan_event_headers
from meekoppel_contracts.ids import OrgCode, check_plan_id
from meekoppel_contracts.plan import Initiator, Period, Plan, Zone
from meekoppel_contracts.topics import TopicSpec
from meekoppel_hub.hub import Hub, running_hub
from meekoppel_hub.platform.areas import area_from_box
from meekoppel_hub.platform.kafka import ensure_topics
from meekoppel_hub.platform.logs import set_up_logs
from meekoppel_hub.platform.organisations import register_organisation
from meekoppel_hub.platform.settings import HubSettings
from meekoppel_hub.platform.subscriptions import SubscriptionRequest, add_subscription
from tests.passing import STORES, passing_store

START = datetime(2027, 1, 4, tzinfo=UTC)
CRS = 28992
PUBLISHER = OrgCode("org-a")
SUBSCRIBER = OrgCode("province")
ECHO = "delay-baseline"


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def make_plan(number: int, owner: OrgCode, x: float, y: float, dice: random.Random) -> Plan:
    """Make one plan at a place (RD New, metres)."""
    start = START + timedelta(days=dice.randrange(700))
    length, angle = dice.uniform(20, 80), dice.uniform(0, 3.1416)
    line = shapely.transform(
        shapely.LineString([(0, 0), (length, 0)]), lambda points: _turned(points, angle) + np.array([x, y])
    )
    zone = Zone(zone_id="1", geometry=shapely.to_wkb(line.buffer(2, quad_segs=2)), srid=CRS)
    return Plan(
        plan_id=check_plan_id(f"NL.{owner}.{number}"),
        title=f"Vervangen leiding {number}",
        description="Vervangen van de hoofdleiding met huisaansluitingen en herstel van de bestrating.",
        initiator=Initiator(organisation=owner, name=owner, kind=OrganisationKind.OTHER),
        disciplines=(dice.choice((Discipline.DRINKING_WATER, Discipline.GAS_LOW, Discipline.TELECOM)),),
        work_types=(WorkType.REPLACE,),
        status=Status.PLANNED,
        certainty=dice.choice((Certainty.FIRM, Certainty.PROBABLE)),
        period=Period(earliest_start=start, latest_end=start + timedelta(days=dice.randrange(5, 60))),
        zones=(zone,),
        visibility=Visibility.PUBLIC,
    )


def _turned(points: np.ndarray, angle: float) -> np.ndarray:
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return points @ turn


def make_event(number: int, dice: random.Random) -> PlanEvent:
    x, y = 120_000 + dice.uniform(0, 20_000), 440_000 + dice.uniform(0, 20_000)
    return PlanEvent(type=PlanEventType.REGISTERED, publisher=PUBLISHER, plan=make_plan(number, PUBLISHER, x, y, dice))


async def bench(store: str, folder: Path, url: str, rate: int, seconds: int) -> dict[str, Any]:
    settings = HubSettings(
        data_folder=folder / "hub",
        database_url=url,
        kafka_bootstrap="",
        kafka_port=0,
        api_port=0,
        allow_private_webhooks=True,
    )
    arrived: dict[str, float] = {}
    async with running_hub(settings) as hub, receiver(arrived) as address:
        await register(hub, address)
        say(f"{store}: warming up")
        await play(hub, rate, 5, first=1_000_000)
        await hub.settle(60)
        say(f"{store}: {rate} events a second for {seconds} s")
        sent = await play(hub, rate, seconds, first=0)
        await hub.settle(120)
        baseline = await kafka_only(hub, rate, min(seconds, 10))
    missing = sent.keys() - arrived.keys()
    delays = sorted((arrived[plan] - at) * 1_000 for plan, at in sent.items() if plan in arrived)
    return {
        "store": store,
        "events": len(sent),
        "missing": len(missing),
        "p50_ms": round(statistics.median(delays), 1),
        "p95_ms": round(delays[int(len(delays) * 0.95)], 1),
        "baseline_kafka_p50_ms": round(statistics.median(baseline), 1),
        "ratio_p50_to_baseline": round(statistics.median(delays) / statistics.median(baseline), 1),
    }


@asynccontextmanager
async def receiver(arrived: dict[str, float]):
    async def receive(request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        arrived.setdefault(body["subject"], time.monotonic())
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


async def register(hub: Hub, address: str) -> None:
    for code in (PUBLISHER, SUBSCRIBER):
        register_organisation(hub.database, code, code, OrganisationKind.OTHER)
        await ensure_topics(hub.bootstrap, topics.organisation_topics(code, hub.settings.partitions))
    area = area_from_box((100_000, 420_000, 180_000, 500_000))
    request = SubscriptionRequest(SUBSCRIBER, "all of it", address, area=area)
    add_subscription(hub.database, request, allow_private=True)


async def play(hub: Hub, rate: int, seconds: int, first: int) -> dict[str, float]:
    """Publish at a steady rate into the inbox; gives when each plan was handed over."""
    dice, sent = random.Random(first), {}
    epoch = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ-") + "beca5e"
    async with AIOKafkaProducer(bootstrap_servers=hub.bootstrap, enable_idempotence=True) as producer:

        async def one(number: int) -> None:
            event = make_event(first + number, dice)
            headers = plan_event_headers(
                event, id=f"{epoch}/{number + 1}", sequence=number + 1, time=datetime.now(UTC), epoch=epoch
            )
            value, key = encode_plan_event(event), event.plan.plan_id.encode()
            sent[event.plan.plan_id] = time.monotonic()
            await producer.send(topics.inbox(PUBLISHER), value, key=key, headers=headers.to_kafka())

        await steadily(one, rate, rate * seconds)
        await producer.flush()
    return sent


async def kafka_only(hub: Hub, rate: int, seconds: int) -> list[float]:
    """The same bytes through one topic and nothing else: delays in milliseconds."""
    await ensure_topics(hub.bootstrap, [TopicSpec(ECHO, 1, 3_600_000)])
    dice, delays = random.Random(3), []
    async with (
        AIOKafkaProducer(bootstrap_servers=hub.bootstrap, enable_idempotence=True) as producer,
        AIOKafkaConsumer(ECHO, bootstrap_servers=hub.bootstrap, auto_offset_reset="earliest") as consumer,
    ):

        async def one(number: int) -> None:
            value = encode_plan_event(make_event(number, dice))
            await producer.send(ECHO, value, key=b"%.6f" % time.monotonic())

        sending = asyncio.create_task(steadily(one, rate, rate * seconds))
        while len(delays) < rate * seconds:
            record = await consumer.getone()
            delays.append((time.monotonic() - float(record.key)) * 1_000)
        await sending
    return delays


async def steadily(one: Callable[[int], Any], rate: int, count: int) -> None:
    started = time.monotonic()
    for number in range(count):
        pause = started + number / rate - time.monotonic()
        if pause > 0:
            await asyncio.sleep(pause)
        await one(number)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=STORES, action="append", help="only this store; default: both")
    parser.add_argument("--rate", type=int, default=100, help="events a second")
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--json", action="store_true", help="accepted for likeness; the result is always JSON")
    arguments = parser.parse_args()
    set_up_logs(logging.WARNING)
    for store in arguments.store or STORES:
        with passing_store(store) as (folder, url):
            result = asyncio.run(bench(store, folder, url, arguments.rate, arguments.seconds))
        print(json.dumps({"bench": "delay"} | result), flush=True)


if __name__ == "__main__":
    main()
