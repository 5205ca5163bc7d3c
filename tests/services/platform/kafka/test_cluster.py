"""A local cluster on its data folder: history and identity outlive a restart, with one broker and with three."""

from __future__ import annotations

import socket
from contextlib import closing
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from meekoppel_contracts.topics import FOR_EVER, TopicSpec
from meekoppel_hub.platform.data_folder import open_data_folder
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.kafka import LocalKafka, cluster, ensure_topics, start_kafka
from meekoppel_hub.platform.kafka.answers import ask_cluster

pytestmark = pytest.mark.kafka

PLANS = TopicSpec("plans", 1, FOR_EVER)


async def publish(bootstrap: str, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True) as producer:
        await producer.send_and_wait(PLANS.name, value, partition=0)


async def read(bootstrap: str, count: int) -> list[bytes]:
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
        consumer.assign([TopicPartition(PLANS.name, 0)])
        return [(await consumer.getone()).value for _ in range(count)]


def identity(kafka: LocalKafka) -> str:
    host, port = kafka.bootstrap.split(",")[0].split(":")
    return ask_cluster(host, int(port)).cluster_id


async def test_history_and_identity_outlive_a_restart_on_other_ports(tmp_path: Path) -> None:
    with start_kafka(tmp_path) as first:
        await ensure_topics(first.bootstrap, [PLANS])
        await publish(first.bootstrap, b"one")
        before = identity(first)
    with (
        closing(socket.create_server(("127.0.0.1", int(first.bootstrap.split(":")[1])))),
        start_kafka(tmp_path) as again,
    ):
        assert again.bootstrap != first.bootstrap
        assert identity(again) == before
        assert await read(again.bootstrap, 1) == [b"one"]


async def test_what_was_acknowledged_outlives_a_killed_broker(tmp_path: Path) -> None:
    with start_kafka(tmp_path) as kafka:
        await ensure_topics(kafka.bootstrap, [PLANS])
        await publish(kafka.bootstrap, b"one")
        kafka.kill_broker(1)
        kafka.start_broker(1)

        await publish(kafka.bootstrap, b"two")

        assert await read(kafka.bootstrap, 2) == [b"one", b"two"]


async def test_three_brokers_go_on_without_one_and_take_it_back(tmp_path: Path) -> None:
    with start_kafka(tmp_path, brokers=3, heap_mib=256) as kafka:
        assert len(kafka.bootstrap.split(",")) == 3
        await ensure_topics(kafka.bootstrap, [PLANS])
        await publish(kafka.bootstrap, b"one")
        kafka.kill_broker(3)
        await publish(kafka.bootstrap, b"two")
        assert not kafka.is_running
        kafka.start_broker(3)

        assert kafka.is_running
        assert await read(kafka.bootstrap, 2) == [b"one", b"two"]


def test_a_port_taken_between_choice_and_use_is_chosen_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        taken = other.getsockname()[1]
        choose = cluster.free_ports
        attempts: list[int] = []

        def lose_the_race_once(count: int, *, besides: object = ()) -> list[int]:
            attempts.append(count)
            ports = choose(count)
            return [taken, *ports[1:]] if len(attempts) == 1 else ports

        monkeypatch.setattr(cluster, "free_ports", lose_the_race_once)
        with start_kafka(tmp_path) as kafka:
            assert len(attempts) == 2
            assert kafka.bootstrap != f"127.0.0.1:{taken}"
            assert identity(kafka)


def test_the_number_of_brokers_of_a_data_folder_stays(tmp_path: Path) -> None:
    (tmp_path / "kafka").mkdir()
    (tmp_path / "kafka/cluster.json").write_text('{"cluster_id": "1Nid_6BASjq792lPr8E6lg", "brokers": 1}')

    with pytest.raises(SettingsError, match=r"made with 1 broker\(s\), not 3"):
        start_kafka(tmp_path, brokers=3)


def test_a_failed_start_leaves_the_data_folder_to_others(tmp_path: Path) -> None:
    (tmp_path / "kafka").mkdir()
    (tmp_path / "kafka/cluster.json").write_text("half")
    with pytest.raises(SettingsError, match="damaged"):
        start_kafka(tmp_path)

    open_data_folder(tmp_path).close()


def test_a_kafka_that_cannot_start_says_why(tmp_path: Path) -> None:
    folder = tmp_path / "kafka/node-1"
    (folder / "data").mkdir(parents=True)
    (folder / "data/meta.properties").write_text("version=1\ncluster.id=1Nid_6BASjq792lPr8E6lg\nnode.id=7\n")

    with pytest.raises(SettingsError, match=r"Kafka did not start: .*node id 7"):
        start_kafka(tmp_path)
