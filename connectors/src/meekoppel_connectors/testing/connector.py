"""The connector that a test of the kit works with: a case's source, and a configuration, state and inbox for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from meekoppel_connectors.config import ConnectorConfig, load_config
from meekoppel_connectors.errors import ConnectorError
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.operating.telling import run_and_tell
from meekoppel_connectors.publish import Patience
from meekoppel_connectors.run import RunSummary
from meekoppel_connectors.sources.opening import open_source
from meekoppel_connectors.sources.source import Reached
from meekoppel_connectors.status import ConnectorStatus, read_status
from meekoppel_connectors.testing.case import ConformanceCase, Record
from meekoppel_connectors.testing.edges import publishing_to, watching_rows
from meekoppel_connectors.testing.inbox_file import InboxFile, Received
from meekoppel_connectors.testing.log import Log
from meekoppel_connectors.testing.on_the_way import PROGRAM, OnTheWay
from meekoppel_contracts.ids import OrgCode, PlanId

NOBODY = "127.0.0.1:9"  # the discard port
SOON = Patience(attempts=2, first_delay_seconds=0.01, longest_delay_seconds=0.02, answer_seconds=3.0)
PROCESS_SECONDS = 120.0
KAFKA_VARIABLE = "CONFORMANCE_KAFKA_PASSWORD"
KAFKA_CANARY = "canary-of-kafka-5f0c1d"
_DEGREES_APART = 0.0004


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that ended.

    Attributes:
        code: its exit code; minus the number of the signal that ended it.
        output: what it wrote to standard output and standard error.
    """

    code: int
    output: str


@dataclass(frozen=True)
class ConnectorUnderTest:
    """A connector with a state and an inbox of its own.

    Attributes:
        case: the source.
        name: of this connector; two with different names read one source and know nothing of one another.
        organisation: the publisher.
        bootstrap: where Kafka is, for the tests that use it; nobody answers there by default.
        extra: more of the configuration.
    """

    case: ConformanceCase
    name: str = "connector"
    organisation: OrgCode = OrgCode("conformance")  # noqa: RUF009 - a NewType: just text
    bootstrap: str = NOBODY
    extra: Mapping[str, Any] = field(default_factory=dict)

    def another(self, name: str) -> ConnectorUnderTest:
        """Give a connector on the same source with a state and an inbox of its own."""
        return replace(self, name=name)

    @property
    def inbox(self) -> InboxFile:
        """Where its runs publish."""
        return InboxFile(self.case.folder / f"{self.name}.inbox")

    @property
    def state_file(self) -> Path:
        """Its memory."""
        return self.case.folder / f"{self.name}.db"

    @property
    def config_file(self) -> Path:
        """Its configuration, written as a user would."""
        content = {
            "organisation": self.organisation,
            "state": self.state_file.name,
            "hub_crs": self.case.hub_crs,
            "kafka": {"bootstrap": self.bootstrap},
            "source": self.case.source(),
            "plan": _plain(self.case.plan),
            **_plain(self.case.settings),
            **self.extra,
        }
        path = self.case.folder / f"{self.name}.yaml"
        path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
        return path

    def config(self) -> ConnectorConfig:
        """Load the configuration."""
        return load_config(self.config_file)

    @property
    def follows_changes(self) -> bool:
        """Whether its source tells changes, so that runs read on from a cursor."""
        return open_source(self.config().source, self.case.folder).is_followed()

    def run(self, *, open_guard: bool = False, patience: Patience = SOON) -> RunSummary:
        """Run once in this process, and publish to the inbox file."""
        with publishing_to(self.inbox), explaining_what_is_raised():
            return run_and_tell(self.config(), pytest.fail, open_guard=open_guard, patience=patience)

    def run_watched(self, seen: Callable[[int], None]) -> RunSummary:
        """Run once, and tell of every row that the source gives."""
        with watching_rows(seen):
            return self.run(open_guard=True)

    def rows(self) -> list[SourceRow]:
        """Read everything that the source gives, from its beginning."""
        source = open_source(self.config().source, self.case.folder)
        items: Iterator[SourceRow | Reached]
        items = source.changes(None) if source.is_followed() else source.snapshot()
        return [item for item in items if isinstance(item, SourceRow)]

    def status(self) -> ConnectorStatus:
        """Tell what the state says."""
        return read_status(self.config())

    def records(self) -> list[Received]:
        """Give what it published, resends left out, by its own numbers."""
        by_number = {each.headers.sequence: each for each in reversed(self.inbox.records())}
        return [by_number[number] for number in sorted(by_number)]

    def log(self) -> Log:
        """Fold what it published as the hub does."""
        return Log(self.inbox.records())

    def forget(self) -> None:
        """Delete its state, and what is kept beside it."""
        for kept in self.case.folder.glob(f"{self.state_file.name}*"):
            if kept.is_dir():
                shutil.rmtree(kept)
            else:
                kept.unlink()

    @contextmanager
    def process(self, command: str, way: OnTheWay | None = None) -> Iterator[subprocess.Popen[str]]:
        """Start the true command line in a process of its own, and see to it that it ends.

        Args:
            command: the command and its options, without the configuration: `run --once`.
            way: what is to happen to it.
        """
        way = way or OnTheWay(inbox=str(self.inbox.path))
        verb, *flags = command.split()
        process = subprocess.Popen(
            [sys.executable, "-m", PROGRAM, way.to_json(), verb, str(self.config_file), *flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.environment(),
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def end(self, command: str, way: OnTheWay | None = None) -> Ended:
        """Start a process as `process` does and wait for its end."""
        with self.process(command, way) as process:
            output, _ = process.communicate(timeout=PROCESS_SECONDS)
            return Ended(process.returncode, output)

    def environment(self) -> dict[str, str]:
        """Give the environment of its processes, with the secrets."""
        return {**os.environ, **self.secrets}

    @property
    def secrets(self) -> dict[str, str]:
        """The environment variables of the case, and one for Kafka."""
        return {**self.case.environment, KAFKA_VARIABLE: KAFKA_CANARY}


class Records:
    """The records that stand in a source, and how a test changes them."""

    def __init__(self, case: ConformanceCase) -> None:
        self._case = case
        self._today = datetime.now(UTC).date()
        self._now: dict[str, Record] = {}

    def make(self, number: int, **changes: Any) -> Record:
        """Make a record: works that begin in two months, each at a place of its own."""
        lon, lat = self._case.place
        record = Record(
            id=f"{number:04d}",
            title=f"Sewer renewal {number}",
            start=self._today + timedelta(days=60),
            end=self._today + timedelta(days=90),
            lon=round(lon + (number % 50) * _DEGREES_APART, 7),
            lat=round(lat + (number // 50 % 50) * _DEGREES_APART, 7),
            crs=self._case.hub_crs,
        )
        return replace(record, **changes)

    def several(self, count: int) -> list[Record]:
        """Make records 1 to `count`."""
        return [self.make(number) for number in range(1, count + 1)]

    @property
    def past(self) -> tuple[date, date]:
        """A period that is over."""
        return self._today - timedelta(days=90), self._today - timedelta(days=60)

    def put(self, records: Sequence[Record]) -> None:
        """Make the source hold exactly these."""
        before, self._now = self._now, {record.id: record for record in records}
        if not self._case.tells_changes():
            self._case.write(records)
            return
        changed = [record for record in records if before.get(record.id) != record]
        self._case.tell(changed, [record for record in before.values() if record.id not in self._now])

    def say_again(self, records: Sequence[Record]) -> None:
        """Let the source give the same records once more, in this order."""
        if self._case.tells_changes():
            self._case.tell(records, [])
        else:
            self._case.write(records)


def record_of(plan: PlanId) -> str:
    """Give the id of the record of a plan: what follows the last point."""
    return plan.rsplit(".", 1)[-1]


def _plain(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _plain(value) if isinstance(value, Mapping) else value for key, value in mapping.items()}


@contextmanager
def explaining_what_is_raised() -> Iterator[None]:
    """Tell an author whose source raises what the connector does not understand what to raise."""
    try:
        yield
    except ConnectorError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever an author's code raises
        pytest.fail(
            f"the source raised {error!r} ({_where(error)}); raise SourceAway when it may come back by itself, "
            "SourceError when a person must act, and yield the row with fault=… when it is one row"
        )


def _where(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(last.filename).name}, line {last.lineno}"


def demand(holds: object, what_to_do: str) -> None:
    """Fail with a sentence for the author unless this holds."""
    if not holds:
        pytest.fail(what_to_do, pytrace=False)
