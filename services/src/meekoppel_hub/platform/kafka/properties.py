"""The settings of a local Kafka node: broker and controller in one, sized for a small machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from meekoppel_hub.platform.loopback import LOOPBACK

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Address:
    """Where a node listens, on the loopback address.

    Attributes:
        node: its id, from 1.
        broker: port for clients and brokers.
        controller: port of the controller quorum.
    """

    node: int
    broker: int
    controller: int


def server_properties(node: Address, nodes: Sequence[Address], data: Path) -> str:
    """Write the properties file of one node.

    Args:
        node: the node itself.
        nodes: all nodes of the cluster; the voters stand here and not in the log, so that ports may differ per start.
        data: folder for its log.
    """
    copies = min(3, len(nodes))
    in_sync = min(2, copies)
    voters = ",".join(f"{each.node}@{LOOPBACK}:{each.controller}" for each in nodes)
    settings = {
        "process.roles": "broker,controller",
        "node.id": node.node,
        "controller.quorum.voters": voters,
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{LOOPBACK}:{node.broker},CONTROLLER://{LOOPBACK}:{node.controller}",
        "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{node.broker}",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": data,
        "auto.create.topics.enable": "false",
        "default.replication.factor": copies,
        "min.insync.replicas": in_sync,
        "message.max.bytes": 8 * MEBIBYTE,
        "replica.fetch.max.bytes": 8 * MEBIBYTE,
        # The internal topics; the defaults (50 partitions each, three copies) are those of a large cluster.
        "offsets.topic.num.partitions": 4,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.num.partitions": 4,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": in_sync,
        # A consumer gets its partitions at once instead of after three seconds.
        "group.initial.rebalance.delay.ms": 0,
        # Threads and memory for two cores and a small heap.
        "num.network.threads": 2,
        "num.io.threads": 4,
        "background.threads": 4,
        "log.cleaner.dedupe.buffer.size": 16 * MEBIBYTE,
        # A killed broker is missed, and may come back, within seconds.
        "broker.heartbeat.interval.ms": 500,
        "broker.session.timeout.ms": 4000,
    }
    return "".join(f"{name}={_escape(str(value))}\n" for name, value in settings.items())


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\")
