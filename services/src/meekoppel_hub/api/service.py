"""Run the API on a port, within a running event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from fastapi import FastAPI

from meekoppel_hub.platform.errors import SettingsError

_SHUTDOWN_SECONDS = 3


class _EmbeddedServer(uvicorn.Server):
    """A uvicorn server within a program of its own: it leaves the signals alone, and says when it answers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answering = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening."""
        await super().startup(sockets)
        self.answering.set()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave the signals to the program."""
        yield


@asynccontextmanager
async def serving(app: FastAPI, host: str, port: int, *, shared: bool = False) -> AsyncIterator[str]:
    """Serve the API while the block runs; gives its address, such as `http://127.0.0.1:8480`.

    Args:
        app: what `create_api` made.
        host: the address to listen on.
        port: the port; 0 takes a free one.
        shared: whether other processes may listen on the same port: the system deals connections out among them.

    Raises:
        SettingsError: when the address or port cannot be had.
    """
    listener = _listen(host, port, shared)
    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=_SHUTDOWN_SECONDS
    )
    server = _EmbeddedServer(config)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="api")
    answering = asyncio.create_task(server.answering.wait())
    try:
        await asyncio.wait((task, answering), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{listener.getsockname()[1]}"
    finally:
        answering.cancel()
        server.should_exit = True
        await asyncio.gather(task, return_exceptions=True)
        listener.close()


def _listen(host: str, port: int, shared: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP: asyncio sends at once (TCP_NODELAY) only where it sees that; else an answer waits for an ACK, 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"the API cannot listen on {host}:{port} ({error.strerror}); set MEEKOPPEL_API_PORT to another port, "
            "or 0 for a free one"
        ) from error
    return listener
