"""The bare baseline: a hand-written loop, as fast as plain means go, without any safety.

Consume two thousand, decode with fastavro (no model), COPY into a temporary table, upsert, match the batch with one
query (zones within the distance, periods overlapping, other owners), commit, go on. No guard against older versions, no
history, no overlaps stored or told, no offsets stored, no parking: a crash loses or repeats, and nobody would know.
"""

from __future__ import annotations

import io
import time
from typing import Any

import psycopg
from confluent_kafka import Consumer
from fastavro import schemaless_reader

from meekoppel_contracts.registry import PLAN_EVENT, packaged_registry
from tests.benchmarks.plan_set import CRS

DISTANCE_M = 25
BATCH = 2_000

TABLES = f"""
    DROP TABLE IF EXISTS bare_plan;
    CREATE TABLE bare_plan (
        plan_id text PRIMARY KEY, version bigint NOT NULL, owner text NOT NULL, title text NOT NULL,
        status text NOT NULL, certainty text NOT NULL, period tstzrange NOT NULL,
        geom geometry(Geometry, {CRS}) NOT NULL, event bytea NOT NULL);"""

FILL = """
    INSERT INTO bare_plan
    SELECT p.plan_id, p.version, p.initiator, p.title, p.status, p.certainty,
           tstzrange(to_timestamp(p.starts_us / 1e6), to_timestamp(p.ends_us / 1e6), '[]'), z.geom, v.event
    FROM plans AS p JOIN plan_zones AS z ON z.plan_id = p.plan_id AND z.zone_no = 0
    JOIN plan_versions AS v ON v.plan_id = p.plan_id AND v.version = p.version"""

INDEXES = "CREATE INDEX ON bare_plan USING gist (geom, period)"

_STAGE = """
    CREATE TEMP TABLE IF NOT EXISTS bare_new (
        plan_id text, version bigint, owner text, title text, status text, certainty text, starts timestamptz,
        ends timestamptz, wkb bytea, event bytea) ON COMMIT DELETE ROWS"""
_COPY = "COPY bare_new FROM STDIN (FORMAT BINARY)"
_UPSERT = f"""
    INSERT INTO bare_plan
    SELECT DISTINCT ON (plan_id) plan_id, version, owner, title, status, certainty, tstzrange(starts, ends, '[]'),
           ST_GeomFromWKB(wkb, {CRS}), event
    FROM bare_new ORDER BY plan_id, version DESC
    ON CONFLICT (plan_id) DO UPDATE SET version = excluded.version, owner = excluded.owner, title = excluded.title,
        status = excluded.status, certainty = excluded.certainty, period = excluded.period, geom = excluded.geom,
        event = excluded.event"""
_MATCH = f"""
    SELECT mine.plan_id, other.plan_id
    FROM (SELECT DISTINCT plan_id FROM bare_new) AS new JOIN bare_plan AS mine USING (plan_id)
    JOIN bare_plan AS other ON other.geom && ST_Expand(mine.geom, {DISTANCE_M}) AND other.period && mine.period
    WHERE other.owner <> mine.owner AND ST_DWithin(other.geom, mine.geom, {DISTANCE_M})"""
_TYPES = ["text", "int8", "text", "text", "text", "text", "timestamptz", "timestamptz", "bytea", "bytea"]


def run(bootstrap: str, url: str, topic: str, group: str, count: int) -> tuple[float, int]:
    """Handle `count` messages of a topic from its beginning.

    Returns:
        The seconds from the first batch in hand to the last commit, and how many pairs were found.
    """
    schema = packaged_registry().parsed(packaged_registry().newest(PLAN_EVENT).schema_id)
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([topic])
    handled = pairs = 0
    started: float | None = None
    with psycopg.connect(url) as connection:
        connection.execute(_STAGE)
        connection.execute("SET jit = off")
        connection.commit()
        while handled < count:
            messages = consumer.consume(BATCH, timeout=0.5)
            if not messages:
                continue
            started = started or time.monotonic()
            pairs += _handle(connection, [_row(schema, message.value()) for message in messages])
            consumer.commit(asynchronous=True)
            handled += len(messages)
        ended = time.monotonic()
    consumer.close()
    return ended - (started or ended), pairs


def _row(schema: Any, value: bytes) -> tuple[Any, ...]:
    source = io.BytesIO(value)
    source.seek(5)
    event: Any = schemaless_reader(source, schema, None)
    plan = event["plan"]
    return (
        plan["plan_id"],
        event["version"],
        plan["initiator"]["organisation"],
        plan["title"],
        plan["status"],
        plan["certainty"],
        plan["period"]["earliest_start"],
        plan["period"]["latest_end"],
        plan["zones"][0]["geometry"],
        value,
    )


def _handle(connection: psycopg.Connection[Any], rows: list[tuple[Any, ...]]) -> int:
    with connection.cursor() as cursor:
        with cursor.copy(_COPY) as copy:
            copy.set_types(_TYPES)
            for row in rows:
                copy.write_row(row)
        cursor.execute(_UPSERT)
        found = cursor.execute(_MATCH).fetchall()
    connection.commit()
    return len(found)
