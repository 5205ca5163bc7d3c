"""A connector that is pushed to keeps the rules of the log, as the conformance kit asks of sources that are read."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from meekoppel_connectors.testing.broker import read_inbox
from meekoppel_connectors.testing.log import Log
from meekoppel_contracts import decode_connector_heartbeat
from meekoppel_contracts.ids import OrgCode
from meekoppel_contracts.topics import heartbeats
from tests.connectors.inbox import Organisation, new_organisation, records_of
from tests.connectors.pushing.test_serving import TOKEN, Pushed, plan, pushed

WAIT_SECONDS = 30


@pytest.fixture
def organisation(tmp_path: Path, kafka_bootstrap: str, org_code: OrgCode) -> Organisation:
    return new_organisation(tmp_path, kafka_bootstrap, org_code)


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def published(running: Pushed) -> None:
    wait_for(lambda: running.waiting() == 0)


def log_of(organisation: Organisation) -> Log:
    return Log(read_inbox(organisation.bootstrap, organisation.code))


def test_there_and_back_again_with_a_kill_between_makes_three_versions(organisation: Organisation):
    for title in ("A", "B", "A"):
        with pushed(organisation.folder, organisation.code, organisation.bootstrap) as running:
            running.post(plan(1, titel=title))
            running.process.kill()
    with pushed(organisation.folder, organisation.code, organisation.bootstrap) as running:
        running.post(plan(1, titel="A"))
        published(running)
    (versions,) = log_of(organisation).versions.values()
    assert [version.plan.title for version in versions] == ["A", "B", "A"]


def test_a_deleted_state_and_everything_pushed_again_makes_no_new_version(organisation: Organisation):
    for _ in range(2):
        with pushed(organisation.folder, organisation.code, organisation.bootstrap) as running:
            assert running.post([plan(1), plan(2)]).json()["registered"] == 2
            published(running)
            running.process.kill()
            running.process.wait()
        for file in organisation.folder.glob("state.db*"):
            file.unlink()
    assert len(organisation.inbox()) == 4
    assert list(log_of(organisation).types().values()) == [["registered"], ["registered"]]


def test_it_sends_a_heartbeat_and_shows_its_secret_nowhere(organisation: Organisation):
    with pushed(organisation.folder, organisation.code, organisation.bootstrap) as running:
        running.post(plan(1))
        published(running)
        wait_for(lambda: bool(records_of(organisation.bootstrap, heartbeats(organisation.code))))
        running.process.send_signal(signal.SIGTERM)
        assert running.process.stdout is not None
        assert TOKEN not in running.process.stdout.read()
    record, *_ = records_of(organisation.bootstrap, heartbeats(organisation.code))
    heartbeat = decode_connector_heartbeat(record.value)
    assert (heartbeat.source_format, heartbeat.organisation) == ("push", organisation.code)
    kept = [file.read_bytes() for file in organisation.folder.glob("state.db*")]
    assert kept
    assert not [content for content in kept if TOKEN.encode() in content]
