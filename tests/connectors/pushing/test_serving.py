from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from meekoppel_connectors.status import read_status
from meekoppel_contracts.ids import OrgCode
from tests.connectors.feeds import ROW, configured
from tests.connectors.inbox import AWAY, Organisation, new_organisation
from tests.connectors.pushing.signing import TOPIC, Signer

TOKEN = "geheim-token"
SOURCE = {"format": "push", "port": 0, "crs": 28992, "geometry": {"x": "x", "y": "y"}}
PROGRAM = "import sys; from meekoppel_connectors.cli import main; sys.argv[0] = 'meekoppel-connector'; main()"


def plan(number: int, **changes: Any) -> dict[str, Any]:
    return {**ROW, "nr": f"{number:04d}", "van": "2096-04-01", "tot": "2096-04-30", **changes}


@dataclass
class Pushed:
    """A connector that runs as a process of its own."""

    folder: Path
    process: subprocess.Popen[str]
    address: str

    def post(self, body: Any, token: str | None = TOKEN, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.post(self.address, json=body, headers=headers, timeout=20, **options)

    def delete(self, plan_id: str) -> httpx.Response:
        return httpx.delete(f"{self.address}/{plan_id}", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=20)

    def waiting(self) -> int:
        """Look into the outbox from outside, as after a power cut."""
        connection = sqlite3.connect(f"file:{self.folder / 'state.db'}?mode=ro", uri=True)
        (count,) = connection.execute("SELECT count(*) FROM outbox").fetchone()
        connection.close()
        return int(count)


@contextmanager
def pushed(folder: Path, code: str, bootstrap: str = AWAY, **changes: Any) -> Iterator[Pushed]:
    source = {**SOURCE, **changes.pop("source", {})}
    configured(folder, source=source, organisation=code, kafka={"bootstrap": bootstrap}, **changes)
    environment = {**os.environ, "MEEKOPPEL_PUSH_TOKEN": TOKEN}
    command = [sys.executable, "-c", PROGRAM, "serve", str(folder / "connector.yaml")]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Taking plans at "), line
        yield Pushed(folder, process, line.removeprefix("Taking plans at ").strip())
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture(scope="module")
def connector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushed]:
    """One connector for tests that only ask; its Kafka is away."""
    with pushed(tmp_path_factory.mktemp("push"), "gm0361") as running:
        yield running


def test_accepted_means_that_it_is_in_the_outbox(connector: Pushed) -> None:
    before = connector.waiting()
    answer = connector.post([plan(1), plan(2)])
    assert (answer.status_code, answer.json()) == (202, {"accepted": 2, "registered": 2, "rejected": []})
    assert connector.waiting() == before + 2


def test_the_same_again_changes_nothing(connector: Pushed) -> None:
    connector.post(plan(10))
    before = connector.waiting()
    answer = connector.post(plan(10))
    assert (answer.status_code, answer.json()["unchanged"]) == (202, 1)
    assert connector.waiting() == before


def test_there_and_back_in_one_request_is_three_events(connector: Pushed) -> None:
    before = connector.waiting()
    answer = connector.post([plan(11, titel="A"), plan(11, titel="B"), plan(11, titel="A")])
    assert answer.json() == {"accepted": 3, "registered": 1, "changed": 2, "rejected": []}
    assert connector.waiting() == before + 3


def test_of_a_request_the_good_rows_are_taken_and_the_others_named(connector: Pushed) -> None:
    answer = connector.post([plan(20), plan(21, tot="morgen"), "nothing"])
    assert answer.status_code == 422
    body = answer.json()
    assert body["accepted"] == 1
    assert next((each["row"], each["id"], each["field"], each["reason"]) for each in body["rejected"]) == (
        2, "0021", "tot", "date_unreadable",
    )  # fmt: skip
    assert {each["row"] for each in body["rejected"]} == {2, 3}


def test_a_plan_is_withdrawn_by_its_id_or_by_saying_so(connector: Pushed) -> None:
    connector.post([plan(30), plan(31)])
    assert connector.delete("0030").json() == {"accepted": 1, "withdrawn": 1, "rejected": []}
    assert connector.post({"nr": "0031", "removed": True}).json()["withdrawn"] == 1
    assert connector.delete("0030").status_code == 404
    assert connector.delete("9999").status_code == 404


@pytest.mark.parametrize("token", [None, "geheim", "geheim-token2", "gehéim"])
def test_without_the_token_nothing_is_taken(connector: Pushed, token: str | None) -> None:
    headers = {} if token is None else {b"Authorization": b"Bearer " + token.encode()}
    answer = httpx.post(connector.address, json=plan(40), headers=headers)
    assert answer.status_code == 401
    assert "geheim" not in answer.text


@pytest.mark.parametrize(("body", "problem"), [(b"{", "is no JSON"), (b"[]", "holds no plan"), (b"\xff", "is no JSON")])
def test_a_body_that_is_nothing_is_said(connector: Pushed, body: bytes, problem: str) -> None:
    answer = httpx.post(connector.address, content=body, headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 400
    assert problem in answer.json()["problem"]


def test_health_tells_what_waits_and_why(connector: Pushed) -> None:
    connector.post(plan(50))
    deadline = time.monotonic() + 20
    while (answer := httpx.get(connector.address.replace("/plans", "/health"))).status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert answer.json()["waiting"] > 0
    assert "cannot be reached" in answer.json()["trouble"]


def test_a_request_that_is_too_large_is_refused(tmp_path: Path) -> None:
    with pushed(tmp_path, "gm0361", source={"limit_mb": 0.01}) as running:
        assert running.post(plan(1, titel="x" * 20_000)).status_code == 413
        assert running.post(plan(1)).status_code == 202


def test_when_too_much_waits_no_more_is_taken(tmp_path: Path) -> None:
    with pushed(tmp_path, "gm0361", source={"waiting_limit": 1}) as running:
        assert running.post(plan(1)).status_code == 202
        answer = running.post(plan(2))
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")


def test_geojson_is_taken_and_an_older_message_undoes_nothing(tmp_path: Path) -> None:
    source = {"changed_at": "at", "geometry": "native", "crs": None}
    feature = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [4.74, 52.63]}}
    with pushed(tmp_path, "gm0361", source=source) as running:
        for title, at in (("New", "2026-03-01T12:00:00Z"), ("Old", "2026-03-01T11:00:00Z")):
            properties = plan(1, titel=title, at=at)
            answer = running.post({"type": "FeatureCollection", "features": [{**feature, "properties": properties}]})
        assert answer.json() == {"accepted": 1, "older": 1, "rejected": []}
        assert running.post({**feature, "properties": plan(2, at="yesterday")}).status_code == 422


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_time_with_its_kafka_away_and_keeps_what_it_took(tmp_path: Path, number: int) -> None:
    with pushed(tmp_path, "gm0361") as running:
        running.post([plan(each) for each in range(100)])
        running.process.send_signal(number)
        assert running.process.wait(timeout=10) == 0
        assert running.waiting() == 100


def test_a_request_that_is_being_answered_is_finished_before_it_ends(tmp_path: Path) -> None:
    with pushed(tmp_path, "gm0361") as running, ThreadPoolExecutor(1) as sender:
        sent = sender.submit(running.post, [plan(each) for each in range(4000)])
        while not tmp_path.joinpath("state.db-wal").stat().st_size or sent.running() is False:
            time.sleep(0.01)
        time.sleep(0.3)
        assert not sent.done()
        running.process.send_signal(signal.SIGTERM)
        answer = sent.result()
        assert (answer.status_code, answer.json()["registered"]) == (202, 4000)
        assert running.process.wait(timeout=10) == 0
        assert running.waiting() == 4000


def test_many_senders_at_once_lose_nothing(tmp_path: Path, kafka_bootstrap: str, org_code: OrgCode) -> None:
    organisation = new_organisation(tmp_path, kafka_bootstrap, org_code)
    with pushed(tmp_path, org_code, kafka_bootstrap) as running, ThreadPoolExecutor(8) as senders:
        answers = list(senders.map(lambda number: running.post(plan(number)).status_code, range(1, 101)))
        assert set(answers) == {202}
        deadline = time.monotonic() + 30
        while running.waiting():
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert sorted(each for each, _ in organisation.told()) == [f"{number:04d}" for number in range(1, 101)]


def test_what_was_accepted_before_a_kill_is_published_by_the_next(
    tmp_path: Path, kafka_bootstrap: str, org_code: OrgCode
) -> None:
    organisation: Organisation = new_organisation(tmp_path, kafka_bootstrap, org_code)
    with pushed(tmp_path, org_code) as running:
        running.post([plan(1), plan(2)])
        running.process.kill()
    with pushed(tmp_path, org_code, kafka_bootstrap) as running:
        running.post(plan(3))
        deadline = time.monotonic() + 30
        while running.waiting():
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert organisation.told() == [("0001", "registered"), ("0002", "registered"), ("0003", "registered")]


def test_messages_of_street_manager_need_the_signature_of_sns(tmp_path: Path) -> None:
    source = {"messages": "street-manager", "topics": [TOPIC], "geometry": {"wkt": "coordinates"}, "crs": 27700}
    with pushed(tmp_path, "gm0361", source=source) as running:
        forged = {**Signer().notification({"a": 1}), "SigningCertURL": "https://evil.example/a.pem"}
        answer = running.post(forged, token=None)
        assert (answer.status_code, answer.json()["problem"]) == (401, "it refers to an address that is none of SNS")
        assert read_status(configured_again(tmp_path)).rejected == ()


def configured_again(folder: Path) -> Any:
    from meekoppel_connectors.config import load_config

    return load_config(folder / "connector.yaml")
