"""A case whose source is a real HTTP server that asks for a token, and that may be too busy to answer."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from meekoppel_connectors.testing import ConformanceCase, Record
from tests.connectors.web import Answering, Asked, Reply, Web, web

TOKEN = "canary-of-the-server-3b9e"
AUTH = {"kind": "bearer", "secret_variable": "SERVER_TOKEN"}


class ServedCase(ConformanceCase):
    environment = {"SERVER_TOKEN": TOKEN}  # noqa: RUF012 - as the base class declares it

    def open(self) -> None:
        self.records: Sequence[Record] = []
        self.busy = False
        self._running = ExitStack()
        self.web: Web = self._running.enter_context(web())
        for path, answering in self.answers().items():
            self.web.pages[path] = self._guarded(answering)

    def close(self) -> None:
        self._running.close()

    @abstractmethod
    def answers(self) -> dict[str, Answering]:
        """Say what is answered where."""

    def write(self, records: Sequence[Record]) -> None:
        self.records = list(records)

    @contextmanager
    def away(self) -> Iterator[None]:
        self.busy = True
        try:
            yield
        finally:
            self.busy = False

    def _guarded(self, answering: Answering) -> Answering:
        def answer(asked: Asked) -> Any:
            if asked.headers.get("authorization") != f"Bearer {TOKEN}":
                return Reply(b"", 401)
            return Reply(b"", 503) if self.busy else answering(asked)

        return answer
