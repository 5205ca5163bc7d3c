"""The address guard: a webhook reaches the public internet or nothing.

A URL that was checked beforehand can resolve to another address a moment later (DNS rebinding), so the check stands
where the connection is made: the resolver lets only public addresses through, and the connector's socket factory looks
at the very address that is about to be connected, literal ones in the URL too. Host and SNI stay those of the URL.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiohttp import TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult

from meekoppel_hub.platform.errors import HubError
from meekoppel_hub.platform.public_addresses import is_public_address

Lookup = Callable[[str, int, int], Sequence[tuple[int, str]]]

_LOOKUP_THREADS = 32


class AddressRefused(HubError):
    """A webhook leads to an address that is not on the public internet; trying again is of no use.

    Attributes:
        host: the host as the URL names it, or the address itself.
        addresses: where it leads.
    """

    def __init__(self, host: str, addresses: Sequence[str]) -> None:
        self.host = host
        self.addresses = tuple(addresses)
        super().__init__(f"{host} leads to {', '.join(addresses)}, which is not on the public internet")


def look_up(host: str, port: int, family: int) -> Sequence[tuple[int, str]]:
    """Ask the system's resolver for the addresses of a host, as pairs of family and address; blocks."""
    found = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
    return [(int(entry[0]), str(entry[4][0])) for entry in found]


class GuardedResolver(AbstractResolver):
    """Resolves names, and lets through only addresses that may be called.

    It has threads of its own, so that a slow name server delays nobody else. A name that has public and other
    addresses is reached at the public ones only.
    """

    def __init__(self, allow_private: bool, lookup: Lookup = look_up) -> None:
        self._allow_private = allow_private
        self._lookup = lookup
        self._threads = ThreadPoolExecutor(_LOOKUP_THREADS, thread_name_prefix="webhook-names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Give the addresses of a host that may be called.

        Raises:
            OSError: when the name does not resolve; it may later.
            AddressRefused: when it resolves to refused addresses only.
        """
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, self._lookup, host, port, family)
        allowed = [entry for entry in found if self._allow_private or is_public_address(entry[1])]
        if not found:
            raise OSError(f"{host} has no address")
        if not allowed:
            raise AddressRefused(host, [address for _, address in found])
        return [
            ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST)
            for kind, address in allowed
        ]

    async def close(self) -> None:
        """End the threads without waiting for a name server."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def guarded_connector(*, allow_private: bool, limit: int, lookup: Lookup = look_up) -> TCPConnector:
    """Make a connector that connects to public addresses only, unless private ones are allowed (demo and tests)."""
    return TCPConnector(
        resolver=GuardedResolver(allow_private, lookup),
        socket_factory=_open_socket if allow_private else _open_guarded_socket,
        limit=limit,
        ttl_dns_cache=10,
    )


def _open_socket(address: tuple[Any, ...]) -> socket.socket:
    family, kind, protocol, _, _ = address
    return socket.socket(family, kind, protocol)


def _open_guarded_socket(address: tuple[Any, ...]) -> socket.socket:
    """Look at the address about to be connected: the last moment, after every form of name or number was read."""
    host = str(address[4][0])
    if not is_public_address(host):
        raise AddressRefused(host, [host])
    return _open_socket(address)
