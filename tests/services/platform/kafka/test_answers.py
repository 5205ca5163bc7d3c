from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from meekoppel_hub.platform.kafka.answers import ask_cluster
from meekoppel_hub.platform.loopback import free_ports


@contextmanager
def server_that_says(answer: bytes) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def test_a_broker_names_its_cluster_and_brokers(kafka_bootstrap: str) -> None:
    host, port = kafka_bootstrap.split(",")[0].removeprefix("PLAINTEXT://").split(":")

    cluster = ask_cluster(host, int(port))

    assert cluster.cluster_id
    assert cluster.brokers


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00\x00\x00\x04\x00\x00\x00\x01", b"\x00\x00\x00\x0c" + b"\xff" * 5],
    ids=["nothing", "HTTP", "too short", "cut off"],
)
def test_a_server_that_is_not_kafka_is_not_taken_for_it(answer: bytes) -> None:
    with server_that_says(answer) as port, pytest.raises(OSError):
        ask_cluster("127.0.0.1", port)


def test_a_closed_port_is_an_os_error() -> None:
    with pytest.raises(OSError):
        ask_cluster("127.0.0.1", free_ports(1)[0])
