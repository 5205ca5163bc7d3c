"""A gate before a real Kafka broker, that a test closes and opens: the broker is away, and comes back.

A Kafka client asks the first broker that it reaches for the addresses of all, and goes to those. So the gate reads the
answers to that question (Metadata) and puts its own address in the place of each broker's; everything else passes as it
is. Plaintext only, as brokers for tests are.
"""

from __future__ import annotations

import asyncio
import struct
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from typing import Any

from aiokafka.protocol import metadata, produce

_PRODUCE = 0
_METADATA = 3
_HOST = "127.0.0.1"
_ADDRESSES = {version: getattr(metadata, f"MetadataResponse_v{version}") for version in range(6)}
_ACCEPTANCES = {version: getattr(produce, f"ProduceResponse_v{version}") for version in range(9)}
_AFTER_CORRELATION = 4
_START_SECONDS = 10.0


class Gate:
    """The gate; `gate_before` opens one.

    Attributes:
        bootstrap: `host:port` for the client.
        answers_kept: how often it closed on an acknowledgement.
    """

    def __init__(self, bootstrap: str) -> None:
        self._broker = _address(bootstrap)
        self._loop = asyncio.new_event_loop()
        self._servers: dict[tuple[str, int], asyncio.Server | None] = {}
        self._ports: dict[tuple[str, int], int] = {}
        self._open: set[asyncio.StreamWriter] = set()
        self._closes_on_produce = 0.0
        self.answers_kept = 0
        self._thread = threading.Thread(target=self._loop.run_forever, name="gate", daemon=True)

    @property
    def bootstrap(self) -> str:
        """Where the client finds the gate."""
        return f"{_HOST}:{self._ports[self._broker]}"

    def start(self) -> None:
        """Open the gate for the first time."""
        self._thread.start()
        self._wait(self._listen(self._broker))

    def close(self) -> None:
        """Break all connections and refuse new ones."""
        self._wait(self._shut())

    def open(self) -> None:
        """Let connections through again, at the same address."""
        self._wait(self._open_all())

    def close_on_produce(self, seconds: float) -> None:
        """Close once the broker has taken records, before the client hears of it, for so long."""
        self._closes_on_produce = seconds

    def stop(self) -> None:
        """End everything."""
        self._wait(self._shut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_START_SECONDS)
        self._loop.close()

    def _wait(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_START_SECONDS)

    async def _listen(self, broker: tuple[str, int]) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._serve(broker, reader, writer)

        server = await asyncio.start_server(serve, _HOST, self._ports.get(broker, 0))
        self._servers[broker] = server
        self._ports[broker] = server.sockets[0].getsockname()[1]

    async def _shut(self) -> None:
        for broker, server in self._servers.items():
            if server is not None:
                server.close()
            self._servers[broker] = None
        for writer in self._open:
            writer.transport.abort()

    async def _open_all(self) -> None:
        for broker, server in list(self._servers.items()):
            if server is None:
                await self._listen(broker)

    async def _serve(self, broker: tuple[str, int], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_broker = None
        self._open.add(writer)
        try:
            from_broker, to_broker = await asyncio.open_connection(*broker)
            self._open.add(to_broker)
            asked: dict[int, tuple[int, int]] = {}
            answers = asyncio.create_task(self._pass_answers(from_broker, writer, asked))
            await self._pass_questions(reader, to_broker, asked)
            await answers
        except (OSError, asyncio.IncompleteReadError):
            pass  # one side hung up, or the gate was closed: both ends are closed below
        finally:
            for end in (writer, to_broker):
                if end is not None:
                    self._open.discard(end)
                    end.transport.abort()

    async def _pass_questions(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: dict[int, tuple[int, int]]
    ) -> None:
        while True:
            frame = await _frame(reader)
            kind, version, correlation = struct.unpack_from(">hhi", frame)
            if kind in (_METADATA, _PRODUCE):
                asked[correlation] = kind, version
            writer.write(_framed(frame))
            await writer.drain()

    async def _pass_answers(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: dict[int, tuple[int, int]]
    ) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                frame = await _frame(reader)
                kind, version = asked.pop(struct.unpack_from(">i", frame)[0], (None, 0))
                if kind == _PRODUCE and self._closes_on_produce and _accepted(frame, version):
                    await self._close_for_a_while()
                    break
                writer.write(_framed(await self._with_our_addresses(frame, version) if kind == _METADATA else frame))
                await writer.drain()
        writer.transport.abort()

    async def _close_for_a_while(self) -> None:
        seconds, self._closes_on_produce = self._closes_on_produce, 0.0
        self.answers_kept += 1
        await self._shut()
        self._loop.call_later(seconds, lambda: self._loop.create_task(self._open_all()))

    async def _with_our_addresses(self, frame: bytes, version: int) -> bytes:
        answer = _ADDRESSES[version].decode(BytesIO(frame[_AFTER_CORRELATION:]))
        brokers = []
        for node, host, port, *rest in answer.brokers:
            if (host, port) not in self._ports and (host, port) != self._broker:
                await self._listen((host, port))
            brokers.append((node, _HOST, self._ports[(host, port)], *rest))
        answer.brokers = brokers
        return frame[:_AFTER_CORRELATION] + bytes(answer.encode())


@contextmanager
def gate_before(bootstrap: str) -> Iterator[Gate]:
    """Stand before a broker for as long as the block lasts."""
    gate = Gate(bootstrap)
    gate.start()
    try:
        yield gate
    finally:
        gate.stop()


def _address(bootstrap: str) -> tuple[str, int]:
    host, _, port = bootstrap.split(",")[0].rpartition(":")
    return host, int(port)


async def _frame(reader: asyncio.StreamReader) -> bytes:
    (length,) = struct.unpack(">i", await reader.readexactly(4))
    return await reader.readexactly(length)


def _accepted(frame: bytes, version: int) -> bool:
    """Tell whether the broker took the records, all of them."""
    answer = _ACCEPTANCES[version].decode(BytesIO(frame[_AFTER_CORRELATION:]))
    return all(error == 0 for _, partitions in answer.topics for _, error, *_ in partitions)


def _framed(frame: bytes) -> bytes:
    return struct.pack(">i", len(frame)) + frame
