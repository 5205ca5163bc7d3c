"""A connector that runs as a process of its own: at set times, with heartbeats, until it is told to stop."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from meekoppel_connectors.operating.telling import run_and_tell
from meekoppel_connectors.status import read_status
from meekoppel_contracts import decode_connector_heartbeat
from meekoppel_contracts.codes import ConnectorOutcome
from meekoppel_contracts.heartbeat import ConnectorHeartbeat
from meekoppel_contracts.ids import OrgCode
from meekoppel_contracts.topics import heartbeats
from meekoppel_hub.platform.loopback import free_ports
from tests.connectors.inbox import AWAY, Organisation, new_organisation, records_of, row, rows

ENDS_WITHIN_SECONDS = 10


@pytest.fixture
def organisation(tmp_path: Path, kafka_bootstrap: str, org_code: OrgCode) -> Organisation:
    return new_organisation(tmp_path, kafka_bootstrap, org_code)


def heard(organisation: Organisation) -> list[ConnectorHeartbeat]:
    topic = heartbeats(organisation.code)
    return [decode_connector_heartbeat(record.value) for record in records_of(organisation.bootstrap, topic)]


@contextmanager
def running(organisation: Organisation, *options: str) -> Iterator[subprocess.Popen[str]]:
    program = "from meekoppel_connectors.cli import main; main()"
    command = [sys.executable, "-c", program, "run", str(organisation.folder / "connector.yaml"), *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(found: object, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not found():  # type: ignore[operator]  # a callable
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.1)


def events_logged(log: str) -> list[str]:
    return [json.loads(line)["event"] for line in log.splitlines() if line.startswith("{")]


def test_an_unchanged_source_gives_a_heartbeat_and_no_event(organisation: Organisation):
    organisation.publishes(rows(3))
    warnings: list[str] = []
    for _ in range(2):
        run_and_tell(organisation.config(), warnings.append)
    assert len(organisation.inbox()) == 3
    first, second = heard(organisation)
    assert (first.outcome, first.rows_read, first.events_published) == (ConnectorOutcome.PUBLISHED, 3, 3)
    assert (second.plans_unchanged, second.events_published, second.last_sequence) == (3, 0, 3)
    assert second.epoch == read_status(organisation.config()).epoch
    assert warnings == []


def test_a_run_that_failed_is_told_too(organisation: Organisation):
    with pytest.raises(Exception, match="there is no such file"):
        run_and_tell(organisation.config(), pytest.fail)
    (told,) = heard(organisation)
    assert told.outcome is ConnectorOutcome.FAILED
    assert "there is no such file" in str(told.message)


def test_a_heartbeat_that_cannot_be_sent_is_said_and_fails_nothing(organisation: Organisation):
    organisation.run(rows(2))
    warnings: list[str] = []
    summary = run_and_tell(organisation.config(AWAY), warnings.append)
    assert summary.unchanged == 2
    assert [warning for warning in warnings if "The heartbeat was not sent" in warning]


def test_a_password_that_is_not_set_keeps_back_the_heartbeat_only(organisation: Organisation):
    organisation.run(rows(2))
    kafka = {
        "bootstrap": organisation.bootstrap,
        "security_protocol": "SASL_PLAINTEXT",
        "username": "works",
        "password_variable": "NOT_SET_ANYWHERE",
    }
    warnings: list[str] = []
    assert run_and_tell(organisation.config(kafka=kafka), warnings.append).unchanged == 2
    assert [warning for warning in warnings if "NOT_SET_ANYWHERE, which kafka.password_variable names" in warning]


def test_it_runs_again_and_again_and_ends_in_time_when_it_is_told_to(organisation: Organisation):
    organisation.publishes(rows(2))
    organisation.config()
    (port,) = free_ports(1)
    with running(organisation, "--every", "1s", "--metrics-port", str(port)) as process:
        wait_for(lambda: len(organisation.inbox()) == 2)
        organisation.publishes([row(1), row(2, titel="Anders")])
        wait_for(lambda: len(organisation.inbox()) == 3)
        metrics = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read().decode()
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=ENDS_WITHIN_SECONDS)
    assert process.returncode == 0
    assert "meekoppel_connector_events_published_total 3.0" in metrics
    events = events_logged(log)
    assert (events[0], events[-1]) == ("connector_started", "connector_stopped")
    assert all(each.next_run_due_at is not None for each in heard(organisation))


def test_a_run_that_fails_does_not_end_the_schedule(organisation: Organisation):
    organisation.config()
    with running(organisation, "--every", "1s") as process:
        wait_for(lambda: heard(organisation))
        organisation.publishes(rows(1))
        wait_for(lambda: organisation.inbox())
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=ENDS_WITHIN_SECONDS)
    assert process.returncode == 0
    assert {"run_failed", "run_finished"} <= set(events_logged(log))


@pytest.mark.parametrize("bootstrap", [None, AWAY])
def test_a_single_run_that_is_stopped_half_way_ends_in_time_and_keeps_what_it_stored(
    organisation: Organisation, bootstrap: str | None
):
    organisation.publishes(rows(20_000))
    config = organisation.config(bootstrap)
    with running(organisation, "--once") as process:
        wait_for(lambda: read_status(config).runs)
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=ENDS_WITHIN_SECONDS)
    assert process.returncode == 143, log
    assert "Stopped; what was not published yet is kept" in log
    summary = organisation.run()
    assert summary.registered + summary.unchanged == 20_000
    assert len({each.headers.subject for each in organisation.inbox()}) == 20_000
