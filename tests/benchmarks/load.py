"""What the benchmarks publish: credible plans around a town, written the way intake writes them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import shapely
from aiokafka import AIOKafkaProducer

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

OWNERS = tuple(OrgCode(f"org-{letter}") for letter in "abcdefgh")
START = datetime(2027, 1, 4, tzinfo=UTC)
CRS = 28992
# 40 km by 40 km: at 100,000 plans of about 25 m radius one plan in ten meets another, as in a town with its villages.
SIDE_M = 40_000


def plans(count: int, seed: int = 7) -> Iterator[Plan]:
    """Make plans spread over a square around Utrecht, each a trench of 20 to 80 m."""
    dice = random.Random(seed)
    for number in range(count):
        x, y = 120_000 + dice.uniform(0, SIDE_M), 440_000 + dice.uniform(0, SIDE_M)
        yield plan(number, dice.choice(OWNERS), x, y, dice)


def plan(number: int, owner: OrgCode, x: float, y: float, dice: random.Random) -> Plan:
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


def changed(event: PlanEvent, dice: random.Random) -> PlanEvent:
    """The next version of a plan: its period moved by some weeks."""
    shift = timedelta(days=dice.randrange(-30, 30))
    period = event.plan.period
    moved = Period(earliest_start=period.earliest_start + shift, latest_end=period.latest_end + shift)
    return PlanEvent(
        type=PlanEventType.CHANGED,
        version=event.version + 1,
        publisher=event.publisher,
        recorded_at=datetime.now(UTC),
        changed_fields=("period",),
        plan=event.plan.model_copy(update={"period": moved}),
    )


def registered(plan: Plan) -> PlanEvent:
    """The first version of a plan, as intake writes it."""
    return PlanEvent(
        type=PlanEventType.REGISTERED,
        version=1,
        publisher=plan.initiator.organisation,
        recorded_at=datetime.now(UTC),
        plan=plan,
    )


async def publish(bootstrap: str, topic: str, events: Iterable[PlanEvent]) -> int:
    """Publish events into the log; gives how many."""
    count = 0
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=20, compression_type="lz4") as producer:
        sent = []
        for event in events:
            headers = plan_event_headers(event, time=event.recorded_at).to_kafka()
            key = event.plan.plan_id.encode()
            sent.append(await producer.send(topic, encode_plan_event(event), key=key, headers=headers))
            count += 1
            if len(sent) >= 2_000:
                for future in sent:
                    await future
                sent.clear()
        for future in sent:
            await future
    return count
