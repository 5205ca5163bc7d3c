"""A local Kafka cluster: start it, know that it is ready and ours, stop it."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from meekoppel_hub.platform.data_folder import DataFolder, open_data_folder
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.kafka.answers import ask_cluster
from meekoppel_hub.platform.kafka.fetch import Progress
from meekoppel_hub.platform.kafka.jars import prepare_jars
from meekoppel_hub.platform.kafka.java import find_java
from meekoppel_hub.platform.kafka.node import Node, Runtime
from meekoppel_hub.platform.kafka.properties import Address
from meekoppel_hub.platform.loopback import LOOPBACK, free_ports, is_free

DEFAULT_HEAP_MIB = 512
_READY_SECONDS = 90.0
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class _Identity:
    cluster_id: str
    brokers: int


class _PortTakenError(Exception):
    """Another program took a port between our choice and Kafka's use of it."""


class LocalKafka:
    """A running local Kafka; leave its `with` block, or call `stop`, to end it.

    Attributes:
        bootstrap: `host:port,…` of its brokers.
    """

    def __init__(self, identity: _Identity, nodes: Sequence[Node], held: ExitStack) -> None:
        self._identity = identity
        self._nodes = {node.address.node: node for node in nodes}
        self._held = held
        self.bootstrap = ",".join(f"{LOOPBACK}:{node.address.broker}" for node in nodes)

    @property
    def brokers(self) -> tuple[int, ...]:
        """The ids of its brokers, running or not."""
        return tuple(self._nodes)

    @property
    def is_running(self) -> bool:
        """Tell whether all brokers run."""
        return all(node.is_running for node in self._nodes.values())

    def complaint(self) -> str:
        """Give the last error of the first broker that does not run, on one line."""
        ended = next((node for node in self._nodes.values() if not node.is_running), None)
        return ended.complaint() if ended else "all brokers run"

    def kill_broker(self, broker: int) -> None:
        """End a broker as a power cut would."""
        self._nodes[broker].kill()

    def stop_broker(self, broker: int) -> None:
        """End a broker in order."""
        self._nodes[broker].stop()

    def start_broker(self, broker: int) -> None:
        """Start a stopped broker again, on its own ports, and wait until it takes part.

        Raises:
            SettingsError: when it does not.
        """
        node = self._nodes[broker]
        node.start(self._identity.cluster_id, [each.address for each in self._nodes.values()])
        _await_ready([node], self._identity.cluster_id, {broker})

    def stop(self) -> None:
        """End all brokers in order and leave the data folder to others."""
        for node in self._nodes.values():
            node.ask_to_stop()
        for node in self._nodes.values():
            node.stop()
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def start_kafka(
    data_folder: DataFolder | Path,
    *,
    brokers: int | None = None,
    port: int | None = None,
    preferred_port: int = 0,
    heap_mib: int = DEFAULT_HEAP_MIB,
    progress: Progress = lambda _line: None,
) -> LocalKafka:
    """Start Kafka on what the data folder holds, and return when it answers.

    Args:
        data_folder: a folder that is held already, or the path of one, which is then held until Kafka stops.
        brokers: how many; None takes what the folder was made with, else 1.
        port: of the first broker, the others following; None takes free ports.
        preferred_port: taken when `port` is None and it is free; so clients find Kafka where it was.
        heap_mib: largest heap of each broker, in MiB.
        progress: is told, line by line, what takes time.

    Raises:
        SettingsError: when something is missing or in the way; nothing runs then.
    """
    with ExitStack() as held:
        if isinstance(data_folder, Path):
            data_folder = held.enter_context(open_data_folder(data_folder))
        folder = data_folder.path / "kafka"
        if port is not None:
            _refuse_taken(port, brokers or 1)
        runtime = Runtime(find_java(), prepare_jars(progress), heap_mib)
        identity = _identify(folder, brokers)
        if port is None and preferred_port and _all_free(preferred_port, identity.brokers):
            port = preferred_port
        progress("starting Kafka")
        nodes = _start_nodes(folder, runtime, identity, port)
        return LocalKafka(identity, nodes, held.pop_all())


def _all_free(port: int, brokers: int) -> bool:
    return all(is_free(number) for number in range(port, port + brokers))


def _refuse_taken(port: int, brokers: int) -> None:
    for each in range(port, port + brokers):
        if not is_free(each):
            raise SettingsError(
                f"port {each} on {LOOPBACK} is in use by another program: stop that program, or choose another --port"
            )


def _identify(folder: Path, brokers: int | None) -> _Identity:
    file = folder / "cluster.json"
    if file.exists():
        try:
            kept = json.loads(file.read_text(encoding="utf-8"))
            identity = _Identity(str(kept["cluster_id"]), int(kept["brokers"]))
        except (ValueError, KeyError, TypeError) as error:
            raise SettingsError(f"{file} is damaged: put it back from a copy, or take another data folder") from error
        if brokers not in (None, identity.brokers):
            raise SettingsError(
                f"the Kafka in {folder} was made with {identity.brokers} broker(s), not {brokers}: "
                f"start it with --brokers {identity.brokers}, or take another data folder"
            )
        return identity
    identity = _Identity(base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("="), brokers or 1)
    folder.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.write_text(json.dumps({"cluster_id": identity.cluster_id, "brokers": identity.brokers}) + "\n")
    new.rename(file)
    return identity


def _start_nodes(folder: Path, runtime: Runtime, identity: _Identity, port: int | None) -> list[Node]:
    """Start all nodes; when a port that we chose was taken meanwhile, choose again."""
    for _ in range(_ATTEMPTS):
        addresses = _choose_addresses(identity.brokers, port)
        nodes = [Node(folder / f"node-{each.node}", runtime, each) for each in addresses]
        try:
            for node in nodes:
                node.start(identity.cluster_id, addresses)
            _await_ready(nodes, identity.cluster_id, {each.node for each in addresses})
        except _PortTakenError:
            _end(nodes)
        except BaseException:
            _end(nodes)
            raise
        else:
            return nodes
    raise SettingsError(f"other programs kept taking Kafka's ports ({_ATTEMPTS} attempts): try again, or give --port")


def _choose_addresses(brokers: int, port: int | None) -> list[Address]:
    own = list(range(port, port + brokers)) if port is not None else []
    ports = own + free_ports(2 * brokers - len(own), besides=own)
    return [Address(index + 1, ports[index], ports[brokers + index]) for index in range(brokers)]


def _end(nodes: Sequence[Node]) -> None:
    for node in nodes:
        node.ask_to_stop()
    for node in nodes:
        node.stop()


def _await_ready(nodes: Sequence[Node], cluster_id: str, brokers: set[int]) -> None:
    """Wait until each node answers, is of our cluster, and knows the brokers that must take part."""
    deadline = time.monotonic() + _READY_SECONDS
    waiting = list(nodes)
    while waiting:
        for node in nodes:
            if not node.is_running:
                if node.found_port_taken:
                    raise _PortTakenError
                raise SettingsError(f"Kafka did not start: {node.complaint()}")
        waiting = [node for node in waiting if not _is_ready(node, cluster_id, brokers)]
        if waiting and time.monotonic() > deadline:
            raise SettingsError(f"Kafka did not answer within {_READY_SECONDS:.0f} s: {waiting[0].complaint()}")
        time.sleep(0.05 if waiting else 0)


def _is_ready(node: Node, cluster_id: str, brokers: set[int]) -> bool:
    try:
        answer = ask_cluster(LOOPBACK, node.address.broker)
    except OSError:
        return False
    return answer.cluster_id == cluster_id and brokers <= answer.brokers
