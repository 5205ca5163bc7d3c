"""The loopback address and its ports, for servers that serve this machine alone."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import ExitStack

LOOPBACK = "127.0.0.1"


def free_ports(count: int, *, besides: Sequence[int] = ()) -> list[int]:
    """Find free loopback ports.

    Another program can take one before it is used: whoever binds them must be ready to ask again.
    """
    with ExitStack() as held:
        ports: list[int] = []
        while len(ports) < count:
            listener = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            listener.bind((LOOPBACK, 0))
            port = int(listener.getsockname()[1])
            if port not in besides:
                ports.append(port)
        return ports


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError:
            return False
        return True
