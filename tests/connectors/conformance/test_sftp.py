"""A file in the drop folder of a real SFTP server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from meekoppel_connectors.testing import Record, conformance_of
from tests.connectors.conformance.test_csv import CsvCase
from tests.connectors.sftp_server import PASSWORD, sftp_server


class CsvBySftpCase(CsvCase):
    environment = {"SFTP_PASSWORD": PASSWORD}  # noqa: RUF012 - as the base class declares it

    def open(self) -> None:
        self.drop = self.folder / "drop"
        self.drop.mkdir()
        self._running = ExitStack()
        self.server = self._running.enter_context(sftp_server(self.drop))

    def close(self) -> None:
        self._running.close()

    def source(self) -> dict[str, Any]:
        login = {"fingerprint": self.server.fingerprint, "password_variable": "SFTP_PASSWORD"}
        place = {"path": self.server.address("/plans.csv"), "settle_seconds": 0, "sftp": login}
        return {**super().source(), **place}

    def write(self, records: Sequence[Record]) -> None:
        super().write(records)
        (self.folder / "plans.csv").replace(self.drop / "plans.csv")

    @contextmanager
    def away(self) -> Iterator[None]:
        hidden = (self.drop / "plans.csv").rename(self.drop / "hidden")
        try:
            yield
        finally:
            hidden.rename(self.drop / "plans.csv")


TestCsvBySftp = conformance_of(CsvBySftpCase)
