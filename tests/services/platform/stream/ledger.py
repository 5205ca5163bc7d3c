"""A processor for tests of the core: it writes what it handled into a ledger, and publishes an echo."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Column, Integer, MetaData, String, Table, select

from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.errors import PoisonRecord, TransientError
from meekoppel_hub.platform.stream.processor import BatchScope
from meekoppel_hub.platform.stream.records import LogRecord, Outgoing, PartitionId

ledger_metadata = MetaData()
ledger = Table(
    "test_ledger",
    ledger_metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key", String(100)),
    Column("value", String(100)),
)

SOURCE = PartitionId("things", 0)
GOOD, UNREADABLE, HARMFUL, BROKEN = b"good", b"unreadable", b"harmful", b"broken"


class Ledger:
    """Refuses `unreadable` when decoding and `harmful` when applying; fails without saying why on `broken`."""

    def __init__(self, database: Database, echo_topic: str = "echo") -> None:
        self.database = database
        self.echo_topic = echo_topic
        self.away = 0
        self.mended: set[bytes] = set()
        with database.begin() as connection:
            ledger_metadata.create_all(connection)

    def decode(self, record: LogRecord) -> LogRecord:
        if record.value is not None and record.value.startswith(UNREADABLE) and record.value not in self.mended:
            raise PoisonRecord("unreadable", "it says so itself")
        return record

    def apply(self, items: Sequence[LogRecord], scope: BatchScope) -> None:
        if self.away > 0:
            self.away -= 1
            raise TransientError("the ledger is away")
        with scope.commit() as unit:
            for item in items:
                self._write(item, unit)

    def _write(self, item: LogRecord, unit) -> None:
        value = item.value or b""
        if value.startswith(HARMFUL) and value not in self.mended:
            raise PoisonRecord("harmful", "it would do harm")
        if value.startswith(BROKEN) and value not in self.mended:
            raise ZeroDivisionError("nobody knows why")
        key = (item.key or b"").decode()
        unit.connection.execute(ledger.insert().values(key=key, value=value.decode()))
        place = f"{item.source.lane}/{item.offset}"
        unit.publish(Outgoing(self.echo_topic, item.key or b"", item.value, (), f"echo:{place}"), item.source)

    def entries(self) -> list[tuple[str, str]]:
        with self.database.read() as connection:
            rows = connection.execute(select(ledger.c.key, ledger.c.value).order_by(ledger.c.id))
            return [(row.key, row.value) for row in rows]


def record(offset: int, key: bytes | None, value: bytes | None, source: PartitionId = SOURCE) -> LogRecord:
    return LogRecord(source, offset, 1_700_000_000_000 + offset, key, value, (("ce_id", b"\xff\xfe not utf-8"),))
