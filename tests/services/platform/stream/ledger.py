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
        self.unheard = 0
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
        if self.unheard > 0:
            self.unheard -= 1
            raise TransientError("the connection was lost while committing")

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


class BusyLedger(Ledger):
    """Has besides the log a pile of work to do, a bit at a time; each bit goes into the ledger and is published."""

    def __init__(self, database: Database, echo_topic: str = "echo", pile: int = 0) -> None:
        super().__init__(database, echo_topic)
        self.pile = pile
        self.asked = 0

    def work_besides(self, scope: BatchScope) -> bool:
        self.asked += 1
        if not self.pile:
            return False
        with scope.commit() as unit:
            unit.connection.execute(ledger.insert().values(key="besides", value=str(self.pile)))
            message = Outgoing(self.echo_topic, b"besides", b"x", (), f"besides:{self.asked}")
            unit.publish(message, min(unit.sources, key=lambda source: source.lane))
        self.pile -= 1
        return self.pile > 0


def record(offset: int, key: bytes | None, value: bytes | None, source: PartitionId = SOURCE) -> LogRecord:
    return LogRecord(source, offset, 1_700_000_000_000 + offset, key, value, (("ce_id", b"\xff\xfe not utf-8"),))
