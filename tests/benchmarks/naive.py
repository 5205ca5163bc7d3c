"""The naive baseline: what a competent user writes in a day with FastStream and PostGIS.

One message, one row, one query for what is near, one commit. The event is decoded and validated by the contract's own
model; the plan is upserted, its version kept, what meets it (zones within the distance, periods overlapping, another
owner) looked up with PostGIS and its pairs upserted; then the message is acknowledged. All has the index it needs.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import psycopg
import shapely
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.kafka.annotations import NoCast

from meekoppel_contracts.codec import decode_plan_event
from meekoppel_contracts.events import PlanEvent
from tests.benchmarks.plan_set import CRS

DISTANCE_M = 25
"""As far as the national agreement looks."""

TABLES = f"""
    DROP TABLE IF EXISTS naive_plan, naive_version, naive_pair;
    CREATE TABLE naive_plan (
        plan_id text PRIMARY KEY, version bigint NOT NULL, owner text NOT NULL, title text NOT NULL,
        status text NOT NULL, starts timestamptz NOT NULL, ends timestamptz NOT NULL,
        geom geometry(Geometry, {CRS}) NOT NULL);
    CREATE TABLE naive_version (plan_id text, version bigint, event bytea NOT NULL, PRIMARY KEY (plan_id, version));
    CREATE TABLE naive_pair (first text, second text, area float8 NOT NULL, PRIMARY KEY (first, second));"""

FILL = """
    INSERT INTO naive_plan
    SELECT p.plan_id, p.version, p.initiator, p.title, p.status, to_timestamp(p.starts_us / 1e6),
           to_timestamp(p.ends_us / 1e6), z.geom
    FROM plans AS p JOIN plan_zones AS z ON z.plan_id = p.plan_id AND z.zone_no = 0"""

INDEXES = "CREATE INDEX ON naive_plan USING gist (geom)"

_PLAN = """
    INSERT INTO naive_plan VALUES (%s, %s, %s, %s, %s, %s, %s, ST_SetSRID(%s::geometry, %s))
    ON CONFLICT (plan_id) DO UPDATE SET version = excluded.version, owner = excluded.owner, title = excluded.title,
        status = excluded.status, starts = excluded.starts, ends = excluded.ends, geom = excluded.geom"""
_VERSION = "INSERT INTO naive_version VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
_NEAR = """
    SELECT other.plan_id, ST_Area(ST_Intersection(other.geom, mine.geom))
    FROM naive_plan AS mine JOIN naive_plan AS other ON ST_DWithin(other.geom, mine.geom, %s)
    WHERE mine.plan_id = %s AND other.owner <> mine.owner AND other.starts <= mine.ends AND other.ends >= mine.starts"""
_PAIR = """
    INSERT INTO naive_pair VALUES (least(%(a)s, %(b)s), greatest(%(a)s, %(b)s), %(area)s)
    ON CONFLICT (first, second) DO UPDATE SET area = excluded.area"""


async def run(bootstrap: str, url: str, topic: str, group: str, count: int) -> float:
    """Handle `count` messages of a topic from its beginning; gives the seconds from the first to the last commit."""
    broker = KafkaBroker(bootstrap, logger=None)
    done = asyncio.Event()
    times: list[float] = []

    async with await psycopg.AsyncConnection.connect(url) as connection:

        @broker.subscriber(topic, group_id=group, auto_offset_reset="earliest", ack_policy=AckPolicy.ACK)
        async def handle(body: NoCast[Any], message: KafkaMessage) -> None:
            if not times:
                times.append(time.monotonic())
            await fold(connection, message.raw_message.value)
            times.append(time.monotonic())
            if len(times) > count:
                done.set()

        async with broker:
            await broker.start()
            await done.wait()
    return times[count] - times[0]


async def fold(connection: psycopg.AsyncConnection[Any], value: bytes) -> None:
    """Store one event and its pairs, and commit."""
    event = decode_plan_event(value)
    plan = event.plan
    async with connection.cursor() as cursor:
        await cursor.execute(_PLAN, _row(event))
        await cursor.execute(_VERSION, (plan.plan_id, event.version, value))
        await cursor.execute(_NEAR, (DISTANCE_M, plan.plan_id))
        for other, area in await cursor.fetchall():
            await cursor.execute(_PAIR, {"a": plan.plan_id, "b": other, "area": area})
    await connection.commit()


def _row(event: PlanEvent) -> tuple[Any, ...]:
    plan = event.plan
    return (
        plan.plan_id,
        event.version,
        plan.initiator.organisation,
        plan.title,
        plan.status.value,
        plan.period.earliest_start,
        plan.period.latest_end,
        shapely.to_wkb(shapely.from_wkb(plan.zones[0].geometry)),
        CRS,
    )
