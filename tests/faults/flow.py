"""Events that flow through a hub while something is taken away from it, and what must hold afterwards."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import shapely
from aiokafka import AIOKafkaProducer
from sqlalchemy import select

from meekoppel_contracts import topics
from meekoppel_contracts.codec import encode_plan_event
from meekoppel_contracts.codes import OrganisationKind
from meekoppel_contracts.headers import EventHeaders, plan_event_headers
from meekoppel_contracts.ids import OrgCode
from meekoppel_hub.coordination.rebuild import match_all
from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.hub import Hub
from meekoppel_hub.platform.database.tables.view import overlaps, plans
from meekoppel_hub.platform.kafka import ensure_topics
from meekoppel_hub.platform.organisations import register_organisation
from meekoppel_hub.platform.stream.read import read_log
from meekoppel_hub.testing.plan_events import plan_event, zone

PUBLISHER = OrgCode("regie")
OWNERS = ("waternet", "gasnet")
EPOCH = "20261101T080000000000Z-00ff00"
PLANS, ROUNDS = 40, 10
PAUSE_SECONDS = 0.02


async def prepare(hub: Hub) -> None:
    """Register who sends, and make its inbox."""
    register_organisation(
        hub.database, PUBLISHER, "Regie", OrganisationKind.OTHER, may_publish_for=[OrgCode(owner) for owner in OWNERS]
    )
    await ensure_topics(hub.bootstrap, topics.organisation_topics(PUBLISHER, 2))


async def publish(bootstrap: str) -> None:
    """Change forty plans in a row ten times each; every change has a new title and another place."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, acks="all") as producer:
        sent = []
        for number in range(PLANS * ROUNDS):
            plan, turn = number % PLANS, number // PLANS
            left = 150_000 + 20 * plan + turn
            place = zone(shapely.box(left, 460_000, left + 25, 460_010))
            event = plan_event(
                f"NL.{PUBLISHER}.{plan}", zones=[place], initiator=OWNERS[plan % 2], title=f"turn {turn}"
            )
            headers = plan_event_headers(
                event, id=f"{EPOCH}/{number}", sequence=number + 1, time=datetime.now(UTC), epoch=EPOCH
            )
            sent.append(
                await producer.send(
                    topics.inbox(PUBLISHER),
                    encode_plan_event(event),
                    key=event.plan.plan_id.encode(),
                    headers=headers.to_kafka(),
                )
            )
            await asyncio.sleep(PAUSE_SECONDS)
        await asyncio.gather(*sent)


async def assert_whole(hub: Hub) -> None:
    """Every change stands in the log, the newest in the view, and the pairs are those of a view made from nothing."""
    ids = [EventHeaders.parse(record.headers).id async for record in read_log(hub.bootstrap, [topics.PLANS])]
    assert len(set(ids)) == PLANS * ROUNDS
    with hub.database.read() as connection:
        view = {(row.version, row.title) for row in connection.execute(select(plans.c.version, plans.c.title))}
        open_pairs = select(overlaps.c.first_plan, overlaps.c.second_plan, overlaps.c.area_m2)
        found = {tuple(row) for row in connection.execute(open_pairs.where(overlaps.c.state == "open"))}
        meetings = match_all(connection, Rulebook.national())
    assert view == {(ROUNDS, f"turn {ROUNDS - 1}")}
    assert found == {(pair.first.plan_id, pair.second.plan_id, pair.area_m2) for pair in meetings}
    assert len(found) >= PLANS - 1
    assert all(service.halted is None for service in hub.services.values())
