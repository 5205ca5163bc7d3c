"""A foreign client: it answers every overlap of its organisation that it has not answered yet, by Kafka alone.

It needs aiokafka and fastavro, nothing of Meekoppel's. Schemas come from the hub's registry, or any Confluent one.

    python answer_by_kafka.py localhost:9092 http://localhost:8480/registry waterboard yes
"""

import asyncio
import io
import json
import sys
import urllib.request
import uuid
from datetime import UTC, datetime
from typing import Any

import fastavro
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

QUIET_SECONDS = 3  # the log has been read when nothing comes for so long


class Registry:
    """Schemas by their number, and the newest of a contract."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.known: dict[int, tuple[str, dict]] = {}

    def get(self, path: str) -> Any:
        """Ask the registry."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=10) as answer:  # noqa: S310 - the address is yours
            return json.load(answer)

    def newest(self, contract: str) -> tuple[int, dict]:
        """Give the number and the schema of the newest version of a contract."""
        found = self.get(f"/subjects/{contract}/versions/latest")
        return found["id"], fastavro.parse_schema(json.loads(found["schema"]))

    def decode(self, value: bytes) -> tuple[str, dict]:
        """Read one record: a zero byte, the number of its schema in four bytes, then Avro."""
        number = int.from_bytes(value[1:5], "big")
        if number not in self.known:
            schema = fastavro.parse_schema(json.loads(self.get(f"/schemas/ids/{number}")["schema"]))
            self.known[number] = (schema["name"].rpartition(".")[2], schema)
        name, schema = self.known[number]
        return name, fastavro.schemaless_reader(io.BytesIO(value[5:]), schema, None)


def headers_of(overlap_id: str, organisation: str, key: str) -> list[tuple[str, bytes]]:
    """CloudEvents in binary mode. `ce_id` is yours: the same id again changes nothing."""
    values = {
        "ce_specversion": "1.0",
        "ce_id": str(uuid.uuid4()),
        "ce_source": f"urn:meekoppel:organisation:{organisation}",
        "ce_type": "nl.meekoppel.overlap.assessed.v1",
        "ce_subject": overlap_id,
        "ce_time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "ce_dataschema": "urn:meekoppel:contract:assessment-event:1",
        "ce_partitionkey": key,
        "ce_sequence": "0",
        "content-type": "application/avro",
    }
    return [(name, value.encode()) for name, value in values.items()]


def answer_to(overlap: dict, organisation: str, answer: str) -> dict:
    """What we say of the overlap as it stands: its revision tells which state of it we judged."""
    sides = {
        side: {name: overlap[side][name] for name in ("plan_id", "version", "organisation")}
        for side in ("first", "second")
    }
    return {
        "type": "assessed",
        "overlap_id": overlap["overlap_id"],
        "revision": 0,
        "organisation": organisation,
        "answer": answer,
        "cause": "answered",
        "overlap_revision": overlap["revision"],
        "recorded_at": datetime.now(UTC),
        **sides,
    }


async def read(consumer: AIOKafkaConsumer, registry: Registry, organisation: str) -> tuple[dict, dict, list]:
    """Read what there is: our open overlaps, our answers, and what the hub refused of ours."""
    overlaps, answers, refused = {}, {}, []
    while batches := await consumer.getmany(timeout_ms=QUIET_SECONDS * 1000):
        for record in (record for batch in batches.values() for record in batch):
            name, event = registry.decode(record.value)
            if name == "OverlapEvent" and organisation in (
                event["first"]["organisation"],
                event["second"]["organisation"],
            ):
                known = overlaps.get(event["overlap_id"])
                if known is None or known["revision"] < event["revision"]:
                    overlaps[event["overlap_id"]] = event
            elif name == "AssessmentEvent" and event["organisation"] == organisation:
                answers[event["overlap_id"]] = event
            elif name == "PlanRejection" and event["topic"].startswith("coordination-inbox."):
                refused.append(event)
    return overlaps, answers, refused


async def main(kafka: str, registry_url: str, organisation: str, answer: str) -> None:
    """Answer what is not answered, and show what came of it."""
    registry = Registry(registry_url)
    number, schema = registry.newest("assessment-event")
    topics = ["coordination", f"plan-rejections.{organisation}"]
    consumer = AIOKafkaConsumer(*topics, bootstrap_servers=kafka, auto_offset_reset="earliest", group_id=None)
    producer = AIOKafkaProducer(bootstrap_servers=kafka, enable_idempotence=True)
    async with consumer, producer:
        overlaps, answers, _ = await read(consumer, registry, organisation)
        for overlap in overlaps.values():
            said = answers.get(overlap["overlap_id"])
            if overlap["type"] == "resolved" or (said is not None and not said["to_reassess"]):
                continue
            body = io.BytesIO()
            fastavro.schemaless_writer(body, schema, answer_to(overlap, organisation, answer))
            key = overlap["first"]["plan_id"]
            await producer.send_and_wait(
                f"coordination-inbox.{organisation}",
                b"\x00" + number.to_bytes(4, "big") + body.getvalue(),
                key=key.encode(),
                headers=headers_of(overlap["overlap_id"], organisation, key),
            )
        _, answers, refused = await read(consumer, registry, organisation)
    for event in answers.values():
        print(f"{event['overlap_id']}: {event['answer']}, revision {event['revision']} of our assessment")
    for event in refused:
        print(f"refused ({event['reason']}): {event['message']}")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
