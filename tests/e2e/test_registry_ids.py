"""An organisation brings its own schema registry: from then on everything is written with its ids, and all is read."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from pathlib import Path

import httpx
import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from meekoppel_contracts import (
    PLAN_EVENT,
    SCHEMA_IDS_VARIABLE,
    PlanEvent,
    framed_schema_id,
    own_registry,
    read_schema_ids,
)
from meekoppel_hub.platform.stream.read import read_log
from tests.e2e.hub_process import BIN, Connector, HubProcess, row

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
OTHERS = 20


def publish(registry: str, file: Path) -> None:
    """Publish into a registry that has many schemas already, so that its ids are none of ours."""
    for number in range(OTHERS):
        schema = json.dumps({"type": "fixed", "name": f"Other{number}", "size": 8})
        httpx.post(f"{registry}/subjects/other-{number}/versions", json={"schema": schema}).raise_for_status()
    command = [BIN / "meekoppel-contracts", "publish", "--registry", registry, "--ids", file]
    subprocess.run(command, check=True, capture_output=True)


def run(connector: Connector, bootstrap: str, **environment: str) -> None:
    given = os.environ | {"MEEKOPPEL_KAFKA_BOOTSTRAP": bootstrap, **environment}
    subprocess.run(connector.command("--open-guard"), env=given, check=True, capture_output=True, timeout=120)


def read_by(registry: str, values: list[bytes]) -> list[str]:
    deserialize = AvroDeserializer(SchemaRegistryClient({"url": registry}))
    records = [deserialize(value, SerializationContext("plans", MessageField.VALUE)) for value in values]
    return [PlanEvent.model_validate(record).plan.plan_id for record in records]


async def test_a_hub_changes_to_the_ids_of_a_registry_and_both_are_read(hub_folder, tmp_path, empty_apicurio_url):
    hub, file = HubProcess(hub_folder / "hub"), tmp_path / "schema-ids.json"
    try:
        hub.register("waternet")
        water = Connector(tmp_path, "waternet")
        water.write([row(1, "waternet", 155_000, 463_000)])
        running = await asyncio.to_thread(hub.start)
        await asyncio.to_thread(run, water, running.bootstrap)
        await hub.settle(running.bootstrap)
        await asyncio.to_thread(hub.stop)
        await asyncio.to_thread(publish, empty_apicurio_url, file)

        hub.environment[SCHEMA_IDS_VARIABLE] = str(file)
        running = await asyncio.to_thread(hub.start)
        water.write([row(1, "waternet", 155_000, 463_000), row(2, "waternet", 156_000, 463_000)])
        await asyncio.to_thread(run, water, running.bootstrap, **{SCHEMA_IDS_VARIABLE: str(file)})
        await hub.settle(running.bootstrap)
        values = [record.value async for record in read_log(running.bootstrap, ["plans"])]
        by_the_hub = await asyncio.to_thread(read_by, f"{running.api_url}/registry", values)
        by_theirs = await asyncio.to_thread(read_by, empty_apicurio_url, values[1:])
    finally:
        hub.close()

    theirs = read_schema_ids(file).given()[PLAN_EVENT, own_registry().newest(PLAN_EVENT).version].id
    assert theirs > OTHERS
    assert [framed_schema_id(value) for value in values] == [own_registry().newest(PLAN_EVENT).schema_id, theirs]
    assert by_the_hub == ["NL.waternet.2027-00001", "NL.waternet.2027-00002"]
    assert by_theirs == ["NL.waternet.2027-00002"]
