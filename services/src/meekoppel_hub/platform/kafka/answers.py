"""Ask a Kafka node who it is: one Metadata request over a plain socket, so that no client library need be started.

Layout: https://kafka.apache.org/protocol, Metadata version 4 (read by every Kafka from 0.11 to 4.x).
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

_METADATA = 3
_VERSION = 4
_CLIENT = b"meekoppel"


@dataclass(frozen=True, slots=True)
class Cluster:
    """What a node says about its cluster.

    Attributes:
        cluster_id: the cluster's own id.
        brokers: ids of the brokers that take part now.
    """

    cluster_id: str
    brokers: frozenset[int]


def ask_cluster(host: str, port: int, timeout_seconds: float = 2.0) -> Cluster:
    """Ask the node at an address for its cluster.

    Raises:
        OSError: when nothing listens there, it does not answer in time, or it does not answer as Kafka does.
    """
    request = struct.pack(">hhih", _METADATA, _VERSION, 1, len(_CLIENT)) + _CLIENT + struct.pack(">i?", 0, False)
    with socket.create_connection((host, port), timeout_seconds) as connection:
        connection.settimeout(timeout_seconds)
        connection.sendall(struct.pack(">i", len(request)) + request)
        (length,) = struct.unpack(">i", _receive(connection, 4))
        if not 0 < length < 10_000_000:
            raise OSError(f"{host}:{port} does not answer as Kafka does")
        answer = _receive(connection, length)
    try:
        return _parse(answer)
    except (struct.error, UnicodeDecodeError) as error:
        raise OSError(f"{host}:{port} does not answer as Kafka does") from error


def _receive(connection: socket.socket, length: int) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        part = connection.recv(length - len(parts))
        if not part:
            raise OSError("the connection was closed before the answer was complete")
        parts += part
    return bytes(parts)


def _parse(answer: bytes) -> Cluster:
    _correlation, _throttle, count = struct.unpack_from(">iii", answer)
    at = 12
    brokers: set[int] = set()
    for _ in range(count):
        brokers.add(struct.unpack_from(">i", answer, at)[0])
        _host, at = _string(answer, at + 4)
        _rack, at = _string(answer, at + 4)
    cluster_id, _ = _string(answer, at)
    return Cluster(cluster_id, frozenset(brokers))


def _string(answer: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from(">h", answer, at)
    if length < 0:
        return "", at + 2
    return answer[at + 2 : at + 2 + length].decode(), at + 2 + length
