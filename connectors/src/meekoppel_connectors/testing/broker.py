"""A real Kafka for the tests that need one, and reading what stands in an inbox there.

It is, in this order: the fixture `kafka_bootstrap` of the author's own project; the cluster that the environment
variable MEEKOPPEL_KAFKA_BOOTSTRAP names; a container, where testcontainers is installed and a Docker engine answers;
what `meekoppel kafka up` starts, where the hub is installed. Where there is none the tests fail and say so: a connector
that was never tested against a broker has not been tested.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import for_code

from meekoppel_connectors.config import BOOTSTRAP_VARIABLE
from meekoppel_connectors.testing.inbox_file import Received
from meekoppel_contracts.ids import OrgCode
from meekoppel_contracts.topics import inbox, organisation_topics

PARTITIONS = 3
_STOP_SECONDS = 30
_SETTLE_SECONDS = 30
_STARTED: pytest.StashKey[str] = pytest.StashKey()
_NO_BROKER = (
    "No Kafka for this test. Give a fixture kafka_bootstrap (host:port), or set MEEKOPPEL_KAFKA_BOOTSTRAP, or install "
    "testcontainers[kafka] and start Docker, or install meekoppel-hub, whose `meekoppel kafka up` starts one."
)


def broker_for(request: pytest.FixtureRequest) -> str:
    """Give `host:port` of a broker, started once for all tests of the session where that is needed."""
    try:
        given: str = request.getfixturevalue("kafka_bootstrap")
    except pytest.FixtureLookupError:
        return os.environ.get(BOOTSTRAP_VARIABLE) or _started(request.config)
    return given


def _started(config: pytest.Config) -> str:
    if _STARTED not in config.stash:
        running = ExitStack()
        config.add_cleanup(running.close)
        bootstrap = _in_container(running) or _local(running)
        if bootstrap is None:
            pytest.fail(_NO_BROKER, pytrace=False)
        config.stash[_STARTED] = bootstrap
    return config.stash[_STARTED]


def _in_container(running: ExitStack) -> str | None:
    """Start Kafka in a container; None when that is not installed or no Docker engine answers."""
    if importlib.util.find_spec("testcontainers") is None or importlib.util.find_spec("docker") is None:
        return None
    import docker
    from testcontainers.community.kafka import KafkaContainer

    try:
        docker.from_env(timeout=3).ping()
    except (OSError, docker.errors.DockerException):
        return None
    container = KafkaContainer().with_kraft().with_env("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false")
    bootstrap: str = running.enter_context(container).get_bootstrap_server()
    return bootstrap


def _local(running: ExitStack) -> str | None:
    """Start Kafka by the hub's launcher; None when that is not on the PATH."""
    launcher = shutil.which("meekoppel")
    if launcher is None:
        return None
    folder = running.enter_context(tempfile.TemporaryDirectory(prefix="meekoppel-conformance-"))
    said = Path(folder) / "launcher.log"
    with said.open("w") as complaints:
        process = subprocess.Popen(
            [launcher, "kafka", "up", "--data-folder", folder], stdout=subprocess.PIPE, stderr=complaints, text=True
        )
    running.callback(_end, process)
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    if not line.startswith(f"{BOOTSTRAP_VARIABLE}="):
        pytest.fail(f"`meekoppel kafka up` did not start: {said.read_text()}", pytrace=False)
    return line.partition("=")[2]


def _end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def make_topics(bootstrap: str, organisation: OrgCode) -> None:
    """Make the topics of an organisation, and wait until they can be used."""
    asyncio.run(_make_topics(bootstrap, organisation))


async def _make_topics(bootstrap: str, organisation: OrgCode) -> None:
    names = [each.name for each in organisation_topics(organisation, PARTITIONS)]
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        answer = await admin.create_topics([NewTopic(name, PARTITIONS, replication_factor=1) for name in names])
        for name, code, *_ in answer.topic_errors:
            if code:
                pytest.fail(f"the topic {name} could not be made: {for_code(code).__name__}")
        async with asyncio.timeout(_SETTLE_SECONDS):
            while not all(map(_has_leaders, await admin.describe_topics(names))):  # noqa: ASYNC110 - Kafka does not tell
                await asyncio.sleep(0.05)
    finally:
        await admin.close()


def _has_leaders(topic: dict[str, Any]) -> bool:
    return topic["error_code"] == 0 and all(partition["leader"] >= 0 for partition in topic["partitions"])


def read_inbox(bootstrap: str, organisation: OrgCode) -> list[Received]:
    """Read the whole inbox of an organisation, each partition in order."""
    records = asyncio.run(read_topic(bootstrap, inbox(organisation)))
    return [Received.read(key, value, headers) for key, value, headers in records]


async def read_topic(bootstrap: str, topic: str) -> list[tuple[bytes, bytes, list[tuple[str, bytes]]]]:
    """Read a whole topic: key, value and headers of each record, partition by partition."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        ends = await consumer.end_offsets(partitions)
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        records = []
        while any([await consumer.position(each) < ends[each] for each in partitions]):
            for batch in (await consumer.getmany(timeout_ms=500)).values():
                records.extend(batch)
        records.sort(key=lambda each: (each.partition, each.offset))
        return [(each.key, each.value, list(each.headers)) for each in records]
    finally:
        await consumer.stop()
