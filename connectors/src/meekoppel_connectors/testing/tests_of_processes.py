"""What must hold when the process is killed or stopped, what it may show and keep, and what it may weigh."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from meekoppel_connectors.check import check
from meekoppel_connectors.cli import STOPPED_EXIT_CODE
from meekoppel_connectors.clock import utc_now
from meekoppel_connectors.errors import ConnectorError
from meekoppel_connectors.preview import preview
from meekoppel_connectors.testing.connector import (
    KAFKA_VARIABLE,
    PROCESS_SECONDS,
    ConnectorUnderTest,
    Ended,
    Records,
    demand,
    explaining_what_is_raised,
    record_of,
)
from meekoppel_connectors.testing.inbox_file import Received
from meekoppel_connectors.testing.on_the_way import PROGRAM, OnTheWay
from meekoppel_connectors.testing.tests_of_runs import ANOTHER_TITLE, told

RUN = "run --once --open-guard"
KILLED = -signal.SIGKILL
STOP_SECONDS = 10.0
GROWTH_MB = 12
FEW = 1000
_SHORTEST_SECRET = 8
_SAME_EVENTS = (
    "The source must give the same rows when it is read again from its last Reached (or from its start); keep nothing "
    "outside the cursor, and mark nothing as read at the source."
)


class TestsOfProcesses:
    """Crashes, signals, secrets, memory: the true command line in a process of its own."""

    def test_killed_in_its_first_reading_and_resumed_it_tells_the_same(
        self, connector: ConnectorUnderTest, records: Records
    ) -> None:
        records.put(records.several(12))
        _kill(connector, OnTheWay(inbox=str(connector.inbox.path), kill_after_rows=5))
        _demand_same_as_uninterrupted(connector)

    def test_killed_in_a_later_reading_and_resumed_it_tells_the_same(
        self, connector: ConnectorUnderTest, records: Records
    ) -> None:
        good = records.several(12)
        reference = connector.another("reference")
        records.put(good)
        connector.run()
        reference.run()
        records.put([*(replace(each, title=ANOTHER_TITLE) for each in good[:2]), *good[2:], records.make(13)])
        _kill(connector, OnTheWay(inbox=str(connector.inbox.path), kill_after_rows=2))
        _demand_same_as_uninterrupted(connector, reference)

    def test_killed_between_storing_and_publishing_it_publishes_the_same_numbers(
        self, connector: ConnectorUnderTest, records: Records
    ) -> None:
        records.put(records.several(12))
        _kill(connector, OnTheWay(inbox=str(connector.inbox.path), kill_before_publishing=True))
        demand(connector.status().outbox_waiting > 0, "nothing was stored before it was published")
        _demand_same_as_uninterrupted(connector)

    def test_killed_before_the_broker_answered_it_sends_again_and_makes_no_new_version(
        self, connector: ConnectorUnderTest, records: Records
    ) -> None:
        records.put(records.several(12))
        _kill(connector, OnTheWay(inbox=str(connector.inbox.path), kill_before_acknowledging=True))
        sent = len(connector.inbox.records())
        connector.run()
        demand(len(connector.inbox.records()) == 12 + sent, "what was not acknowledged was not sent again")
        versions = {record_of(plan): types for plan, types in connector.log().types().items()}
        demand(
            versions == {record.id: ["registered"] for record in records.several(12)},
            f"after a resend the log holds {versions} instead of one version of each plan",
        )

    def test_there_and_back_again_with_a_crash_between_makes_three_versions(
        self, connector: ConnectorUnderTest, records: Records
    ) -> None:
        good = records.several(12)
        records.put(good)
        connector.run()
        records.put([replace(good[0], title=ANOTHER_TITLE), *good[1:]])
        _kill(connector, OnTheWay(inbox=str(connector.inbox.path), kill_before_publishing=True))
        records.put(good)
        for _ in range(2):
            connector.run()
        log = connector.log()
        log.take(connector.inbox.records())
        plan = next(plan for plan in log.versions if record_of(plan) == "0001")
        demand(
            log.types()[plan] == ["registered", "changed", "changed"],
            f"a plan that went from A to B and back to A has the versions {log.types()[plan]}; three are right",
        )
        first, second, third = (version.plan for version in log.versions[plan])
        demand(first == third != second, "the third version does not equal the first, although its record does")

    def test_a_stop_signal_ends_it_within_ten_seconds_and_loses_nothing(
        self, connector: ConnectorUnderTest, records: Records, tmp_path: Path
    ) -> None:
        records.put(records.several(12))
        way = OnTheWay(inbox=str(connector.inbox.path), stall_after_rows=3, stalled=str(tmp_path / "stalled"))
        with connector.process(RUN, way) as process:
            _wait_for(tmp_path / "stalled", process)
            begun = time.monotonic()
            process.send_signal(signal.SIGTERM)
            try:
                output, _ = process.communicate(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                output = ""
            took = time.monotonic() - begun
        demand(
            took < STOP_SECONDS,
            "10 s after SIGTERM the connector still ran; a source must not catch BaseException, nor wait without end",
        )
        demand(process.returncode == STOPPED_EXIT_CODE, f"SIGTERM ended it with {process.returncode}: {output}")
        demand("Traceback" not in output, f"it ended with a traceback instead of a sentence: {output}")
        _demand_same_as_uninterrupted(connector)

    def test_no_secret_is_ever_shown_or_kept(self, connector: ConnectorUnderTest, records: Records) -> None:
        secrets = _secrets(connector)
        records.put([*records.several(11), records.make(12, broken=True)])
        guarded = replace(connector, extra=_SASL)
        shown = [guarded.end(RUN).output, *_what_it_says(guarded)]
        with connector.case.away():
            shown.extend(_what_it_says(guarded))
        for name, secret in secrets.items():
            leaks = [text for text in shown if secret in text]
            demand(
                not leaks,
                f"the value of {name} was shown; never put a secret into place, a message, a row or a log line: "
                f"{[text.replace(secret, '<here>')[:300] for text in leaks]}",
            )
            keeping = [file.name for file in _kept_by(connector) if secret.encode() in file.read_bytes()]
            demand(not keeping, f"the value of {name} stands in {keeping}; it must not be in rows, state or events")

    def test_a_missing_secret_is_told_by_the_name_of_its_variable(
        self, connector: ConnectorUnderTest, records: Records, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        records.put(records.several(12))
        guarded = replace(connector, extra=_SASL)
        for name in _secrets(connector):
            with monkeypatch.context() as environment:
                environment.delenv(name)
                said = _what_it_says(guarded)
            demand(
                any(name in text for text in said),
                f"without {name} the connector said {said}; take secrets by meekoppel_connectors.secrets.read_secret, "
                "whose error names the variable",
            )

    def test_a_large_source_is_read_in_little_memory(self, connector: ConnectorUnderTest, records: Records) -> None:
        measured = {}
        for count in (FEW, connector.case.many):
            records.put(records.several(count))
            measured[count] = _measure(connector)
            rows = measured[count]["rows"]
            demand(rows == count, f"{count} records were written and {rows} rows read")
        grown = (measured[connector.case.many]["peak_kb"] - measured[FEW]["peak_kb"]) / 1024
        demand(
            grown <= GROWTH_MB,
            f"reading {connector.case.many} rows took {grown:.0f} MB more than reading {FEW} (at most {GROWTH_MB}); "
            "yield rows as they are read, page by page, and keep none",
        )


_SASL: dict[str, Any] = {
    "kafka": {
        "bootstrap": "127.0.0.1:9",
        "security_protocol": "SASL_PLAINTEXT",
        "username": "conformance",
        "password_variable": KAFKA_VARIABLE,
    }
}


def _kill(connector: ConnectorUnderTest, way: OnTheWay) -> None:
    ended: Ended = connector.end(RUN, way)
    demand(ended.code == KILLED, f"the process was to be killed, but ended with {ended.code}: {ended.output}")


def _demand_same_as_uninterrupted(connector: ConnectorUnderTest, reference: ConnectorUnderTest | None = None) -> None:
    reference = reference or connector.another("reference")
    reference.run(open_guard=True)
    connector.run(open_guard=True)
    told_here, told_there = told(connector), told(reference)
    demand(told_here == told_there, f"it told {told_here}; without the interruption {told_there}. {_SAME_EVENTS}")
    here, there = (list(_substance(each.records())) for each in (connector, reference))
    demand(here == there, f"its events differ from those of a connector that was not interrupted. {_SAME_EVENTS}")


def _substance(records: list[Received]) -> Iterator[tuple[Any, ...]]:
    for each in records:
        yield each.headers.sequence, each.event.changed_fields, each.event.reason, each.event.plan


def _wait_for(file: Path, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + PROCESS_SECONDS
    while not file.exists():
        if process.poll() is not None:
            output, _ = process.communicate()
            demand(False, f"the run ended before it had read three rows: {output}")
        demand(time.monotonic() < end, "the run did not come to its third row within two minutes")
        time.sleep(0.02)


def _what_it_says(connector: ConnectorUnderTest) -> list[str]:
    """Give what check, preview, a run and status tell the user, or the error with which they end."""
    config = connector.config()

    def check_it() -> str:
        return "; ".join(finding.message for finding in check(config, utc_now()))

    def preview_it() -> str:
        return json.dumps(preview(config, utc_now(), 1).as_json(), default=str)

    return [_text_of(act) for act in (check_it, preview_it, lambda: connector.run().to_json(), _status_of(connector))]


def _status_of(connector: ConnectorUnderTest) -> Callable[[], str]:
    return lambda: f"{connector.status().to_json()} {connector.config().source!r} {connector.config().source.place}"


def _text_of(act: Callable[[], str]) -> str:
    try:
        with explaining_what_is_raised():
            return act()
    except ConnectorError as error:
        return str(error)


def _secrets(connector: ConnectorUnderTest) -> dict[str, str]:
    short = [name for name, value in connector.secrets.items() if len(value) < _SHORTEST_SECRET]
    demand(not short, f"the values of {short} are too short to be looked for; give 8 characters or more")
    return connector.secrets


def _kept_by(connector: ConnectorUnderTest) -> list[Path]:
    return [file for file in connector.case.folder.glob(f"{connector.name}.*") if file.is_file()]


def _measure(connector: ConnectorUnderTest) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, "-m", PROGRAM, "measure", str(connector.config_file)],
        capture_output=True,
        text=True,
        timeout=PROCESS_SECONDS,
        env=connector.environment(),
        check=False,
    )
    demand(done.returncode == 0, f"the source could not be read: {done.stderr}")
    measured: dict[str, int] = json.loads(done.stdout)
    return measured
