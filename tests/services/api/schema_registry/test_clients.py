"""Clients that we did not write decode what our codec wrote into a real broker, knowing only the registry's address.

The topic is an organisation's inbox: its subject follows from the rule, and is in no list.
"""

from __future__ import annotations

import asyncio
import io
import json
import re
import subprocess
import urllib.request
from datetime import UTC, datetime

import pytest
from aiokafka import AIOKafkaProducer
from confluent_kafka import Consumer
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext
from fastavro import schemaless_reader

from meekoppel_contracts import (
    PLAN_EVENT,
    PlanEvent,
    decode_plan_event,
    encode_plan_event,
    organisation_topics,
    own_registry,
    plan_event_headers,
)
from meekoppel_contracts.testing import example_event, example_plan
from tests.parts import leave_out

EVENTS = (
    example_event(),
    example_event(version=2, plan=example_plan(title="Štěpánská — kabels ⚡ naar ’t Sas", description=None)),
    example_event(version=3, recorded_at=datetime(2026, 3, 2, 8, 15, 3, 1, tzinfo=UTC), occurred_at=None),
)


@pytest.fixture
async def topic(kafka_bootstrap, create_topics, org_code) -> str:
    """An inbox with three plan events, as a connector writes them."""
    (inbox, *_) = organisation_topics(org_code, 1)
    await create_topics(kafka_bootstrap, [inbox])
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap)
    await producer.start()
    try:
        for event in EVENTS:
            headers = plan_event_headers(event, time=datetime(2026, 3, 2, tzinfo=UTC)).to_kafka()
            value, key = encode_plan_event(event), event.plan.plan_id.encode()
            await producer.send_and_wait(inbox.name, value, key=key, headers=headers)
    finally:
        await producer.stop()
    return inbox.name


def consume(bootstrap: str, topic: str, count: int) -> list:
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": f"confluent-{topic}", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    try:
        messages = consumer.consume(count, timeout=60)
    finally:
        consumer.close()
    assert [message.error() for message in messages] == [None] * count
    return messages


async def test_confluents_deserializer_reads_our_events(kafka_bootstrap, topic, registry_url):
    deserialize = AvroDeserializer(SchemaRegistryClient({"url": registry_url}))

    def read():
        context = SerializationContext(topic, MessageField.VALUE)
        return [deserialize(message.value(), context) for message in consume(kafka_bootstrap, topic, len(EVENTS))]

    records = await asyncio.to_thread(read)

    assert [PlanEvent.model_validate(record) for record in records] == list(EVENTS)


async def test_confluents_serializer_writes_what_our_codec_reads(org_code, registry_url):
    settings = {"auto.register.schemas": False, "use.latest.version": True}
    text = own_registry().text(own_registry().newest(PLAN_EVENT).schema_id)

    def write():
        serialize = AvroSerializer(SchemaRegistryClient({"url": registry_url}), text, conf=settings)
        return serialize(example_event().model_dump(), SerializationContext(f"plan-inbox.{org_code}", "value"))

    assert decode_plan_event(await asyncio.to_thread(write)) == example_event()


async def test_confluents_client_looks_up_tests_compatibility_and_may_not_register(registry_url):
    entry = own_registry().newest(PLAN_EVENT)
    schema = Schema(own_registry().text(entry.schema_id), "AVRO")
    other = Schema(own_registry().text(own_registry().newest("overlap-event").schema_id), "AVRO")

    def use():
        client = SchemaRegistryClient({"url": registry_url})
        assert client.get_compatibility("plan-event") == "FULL_TRANSITIVE"
        assert client.lookup_schema("plans-value", schema).schema_id == entry.schema_id
        assert client.get_latest_version("plans-value").version == entry.version
        assert client.test_compatibility("plan-event", schema)
        assert not client.test_compatibility("plan-event", other, version="1")
        with pytest.raises(SchemaRegistryError, match="change by a release of meekoppel-contracts") as refused:
            client.register_schema("my-topic-value", schema)
        return refused.value.http_status_code

    assert await asyncio.to_thread(use) == 405


async def test_kafkajs_and_its_registry_client_read_our_events(kafka_bootstrap, topic, registry_url, node):
    records = await asyncio.to_thread(node.run, "consume.mjs", kafka_bootstrap, registry_url, topic, len(EVENTS))

    assert [record["value"]["plan"]["title"] for record in records] == [event.plan.title for event in EVENTS]
    assert [record["value"]["version"] for record in records] == [1, 2, 3]
    assert [record["value"]["recorded_at"] for record in records] == [
        round(event.recorded_at.timestamp() * 1_000_000) for event in EVENTS
    ]
    assert records[0]["value"]["plan"]["zones"][0]["geometry"] == example_plan().zones[0].geometry.hex()
    assert records[0]["headers"]["ce_subject"] == records[0]["key"] == example_plan().plan_id


async def test_kcat_carries_our_events_and_avros_c_library_reads_them(
    kafka_bootstrap, topic, registry_url, kcat, avrocat, tmp_path
):
    """What kcat does in one step where it has Avro: fetch the schema by its id, decode it by Avro's C library."""
    values = await asyncio.to_thread(kcat_values, kcat, kafka_bootstrap, topic)
    printed = []
    for value in values:
        schema_id = int.from_bytes(value[1:5], "big")
        with await asyncio.to_thread(urllib.request.urlopen, f"{registry_url}/schemas/ids/{schema_id}") as answer:
            schema = json.load(answer)["schema"]
        file = tmp_path / "one.avro"
        file.write_bytes(container_file(schema, value[5:]))
        ended = subprocess.run([avrocat, file], capture_output=True, text=True, check=True)
        printed.append(json.loads(ended.stdout))

    assert [record["plan"]["title"] for record in printed] == [event.plan.title for event in EVENTS]
    assert [record["recorded_at"]["long"] % 1_000_000 for record in printed] == [250_000, 250_000, 1]


async def test_kcat_reads_our_events_by_the_registry(kafka_bootstrap, topic, registry_url, kcat):
    features = subprocess.run([kcat, "-V"], capture_output=True, text=True, check=True).stdout
    if not re.search(r"\bAvro\b", features):
        leave_out("kcat -s value=avro", "this kcat is built without Avro, as Debian's is; build kcat with libserdes")
    command = [kcat, "-C", "-b", kafka_bootstrap, "-t", topic, "-e", "-q", "-s", "value=avro", "-r", registry_url]

    ended = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60, check=True)

    assert [json.loads(line)["plan"]["title"] for line in ended.stdout.splitlines()] == [
        event.plan.title for event in EVENTS
    ]


def kcat_values(kcat: str, bootstrap: str, topic: str) -> list[bytes]:
    """Let kcat read a topic to its end; it prints the length of each value, and the value as it came."""
    command = [kcat, "-C", "-b", bootstrap, "-t", topic, "-e", "-q", "-f", "%h\n%S\n%s\n"]
    out = io.BytesIO(subprocess.run(command, capture_output=True, timeout=60, check=True).stdout)
    values = []
    while headers := out.readline():
        assert b"ce_type=nl.meekoppel.plan.registered.v1" in headers
        values.append(out.read(int(out.readline())))
        assert out.read(1) == b"\n"
    return values


def container_file(schema: str, body: bytes) -> bytes:
    """Put one record, as it stands behind the five bytes of the framing, into an Avro container file."""
    sync = bytes(16)
    metadata = number(1) + text("avro.schema") + text(schema) + number(0)
    return b"Obj\x01" + metadata + sync + number(1) + number(len(body)) + body + sync


def text(value: str) -> bytes:
    return number(len(value.encode())) + value.encode()


def number(value: int) -> bytes:
    """Write a long as Avro does: zigzag, seven bits a byte."""
    zigzag, out = value << 1, bytearray()
    while zigzag > 0x7F:
        out.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    return bytes([*out, zigzag])


def test_the_numbers_of_the_container_file_are_avros() -> None:
    assert [schemaless_reader(io.BytesIO(number(value)), "long") for value in (0, 1, 63, 64, 2000)] == [
        0,
        1,
        63,
        64,
        2000,
    ]
