"""A real HTTP server in a thread, that answers as a test says: for sources that are reached by HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request: its method, path, query, headers (names in lower case) and body."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """An answer; `declared_length` may be more than is sent, and `pause_seconds` comes before each chunk."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    declared_length: int | None = None
    pause_seconds: float = 0
    chunks: Iterator[bytes] | None = None


Answering = Callable[[Asked], Reply | bytes]


class Web:
    """The server: set `pages[path]`, look at `asked`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.pages: dict[str, Answering | Reply | bytes] = {}
        self.asked: list[Asked] = []
        self.closing = threading.Event()

    def answer(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        page = self.pages.get(asked.path, Reply(b"there is no such page", 404))
        found = page(asked) if callable(page) else page
        return Reply(found) if isinstance(found, bytes) else found


@contextmanager
def web() -> Iterator[Web]:
    """Serve on a free port of 127.0.0.1."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    served = Web(f"http://127.0.0.1:{server.server_port}")
    server.web = served  # type: ignore[attr-defined]  # the handler is made per request, and knows only the server
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield served
    finally:
        served.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        served: Web = self.server.web  # type: ignore[attr-defined]  # see above
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = served.answer(Asked(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body))
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.chunks is None or reply.declared_length is not None:
            self.send_header("Content-Length", str(reply.declared_length or len(reply.body)))
        else:
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        try:
            for chunk in reply.chunks or iter([reply.body]):
                served.closing.wait(reply.pause_seconds)
                self.wfile.write(chunk)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the asker had enough
        if reply.declared_length is not None:
            self.close_connection = True

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing on the terminal."""


def endless(chunk: bytes, seconds: float = 60) -> Iterator[bytes]:
    """Give the same chunk until the asker breaks off, or for a minute."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        yield chunk
