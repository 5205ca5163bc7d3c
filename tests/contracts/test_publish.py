"""Publishing into a registry that we did not write: a real Apicurio Registry, by its Confluent interface."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from meekoppel_contracts import (
    PLAN_EVENT,
    SCHEMA_IDS_VARIABLE,
    PlanEvent,
    RegistryAway,
    RegistryRefused,
    own_registry,
    read_schema_ids,
)
from meekoppel_contracts.publishing import AUTH_VARIABLE, Published, RegistryClient, Step, publish
from meekoppel_contracts.testing import example_event

VERSIONS = [entry for subject in own_registry().subjects() for entry in own_registry().versions(subject)]
FOREIGN = json.dumps({"type": "record", "name": "Parcel", "fields": [{"name": "id", "type": "string"}]})


@pytest.fixture
def prefix() -> str:
    return f"t{uuid.uuid4().hex[:8]}."


def steps(url: str, prefix: str = "", **options: Any) -> list[Published]:
    with RegistryClient(url) as client:
        return list(publish(own_registry(), client, prefix=prefix, **options))


def register(url: str, subject: str, schema: str) -> None:
    httpx.post(f"{url}/subjects/{subject}/versions", json={"schema": schema}).raise_for_status()


def command(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-c", "from meekoppel_contracts.cli import main; main()", "publish"]
    return subprocess.run(
        [*program, *(str(one) for one in arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_an_empty_registry_gets_everything_and_producers_use_its_ids(empty_apicurio_url: str, tmp_path: Path) -> None:
    register(empty_apicurio_url, "parcels", FOREIGN)  # so that the ids are others than ours
    file = tmp_path / "schema-ids.json"
    refused = command("--registry", empty_apicurio_url, "--ids", file)
    ended = command("--registry", empty_apicurio_url, "--ids", file, "--only-registry-ids")
    ids = read_schema_ids(file).given()

    assert (refused.returncode, ended.returncode) == (1, 0)
    assert "the same number means different contracts (" in refused.stderr
    assert "2 is overlap-event version 1 here and plan-event version 1 there" in refused.stderr
    assert len({one.id for one in ids.values()}) == len(ids) == len(VERSIONS)
    written = written_with(file)
    assert int.from_bytes(written[1:5], "big") == ids[PLAN_EVENT, 2].id != own_registry().newest(PLAN_EVENT).schema_id
    deserialize = AvroDeserializer(SchemaRegistryClient({"url": empty_apicurio_url}))
    record = deserialize(written, SerializationContext("plans", MessageField.VALUE))
    assert PlanEvent.model_validate(record) == example_event()


def written_with(file: Path) -> bytes:
    """What a producer writes that was given the file; the variable is read once per process."""
    program = (
        "import sys; from meekoppel_contracts import encode_plan_event, decode_plan_event\n"
        "from meekoppel_contracts.testing import example_event\n"
        "data = encode_plan_event(example_event())\n"
        "assert decode_plan_event(data) == example_event()\n"
        "sys.stdout.buffer.write(data)"
    )
    environment = {**os.environ, SCHEMA_IDS_VARIABLE: str(file)}
    return subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True).stdout


@pytest.mark.slow
def test_a_registry_that_was_empty_gives_our_own_ids_so_both_are_read(empty_apicurio_url: str, tmp_path: Path) -> None:
    file = tmp_path / "schema-ids.json"

    assert command("--registry", empty_apicurio_url, "--ids", file).returncode == 0
    assert read_schema_ids(file).own_ids_up_to == max(entry.schema_id for entry in VERSIONS)
    assert {contract: one.id for contract, one in read_schema_ids(file).given().items()} == {
        (entry.subject, entry.version): entry.schema_id for entry in VERSIONS
    }
    file.write_text(read_schema_ids(file).model_copy(update={"own_ids_up_to": 3}).to_json())
    assert command("--registry", empty_apicurio_url, "--ids", file).returncode == 0
    assert read_schema_ids(file).own_ids_up_to == 3, "what was written before stays what it was"


def test_publishing_again_changes_nothing(apicurio_url: str, prefix: str) -> None:
    first, second = steps(apicurio_url, prefix), steps(apicurio_url, prefix)

    assert [step.step for step in first if step.entry is None] == [Step.LEVEL_SET] * len(own_registry().subjects())
    assert {step.step for step in second} == {Step.THERE}
    numbers = [step.schema_id for step in first if step.entry]
    assert numbers == [step.schema_id for step in second]


def test_every_subject_is_full_transitive_afterwards(apicurio_url: str, prefix: str) -> None:
    httpx.put(f"{apicurio_url}/config/{prefix}plan-event", json={"compatibility": "NONE"}).raise_for_status()
    steps(apicurio_url, prefix)

    for subject in own_registry().subjects():
        level = httpx.get(f"{apicurio_url}/config/{prefix}{subject}").json()["compatibilityLevel"]
        assert level == "FULL_TRANSITIVE", subject


def test_a_dry_run_says_what_it_would_do_and_changes_nothing(apicurio_url: str, prefix: str, tmp_path: Path) -> None:
    before = httpx.get(f"{apicurio_url}/subjects").json()
    file = tmp_path / "ids.json"

    ended = command("--registry", apicurio_url, "--prefix", prefix, "--dry-run", "--ids", file)

    assert ended.returncode == 0, ended.stderr
    assert f"{prefix}plan-event version 2 would be registered" in ended.stdout
    assert f"{prefix}plan-event: compatibility would be set to FULL_TRANSITIVE" in ended.stdout
    assert ended.stdout.endswith("Nothing was changed.\n")
    assert httpx.get(f"{apicurio_url}/subjects").json() == before
    assert not file.exists()


def test_a_version_whose_documentation_was_reworded_since_keeps_its_id(apicurio_url: str, prefix: str) -> None:
    older = json.loads(own_registry().text(own_registry().version(PLAN_EVENT, 1).schema_id))
    older["doc"] = "As it was worded before."
    register(apicurio_url, f"{prefix}plan-event", json.dumps(older))

    found = [step for step in steps(apicurio_url, prefix) if step.subject == f"{prefix}plan-event" and step.entry]

    assert [step.step for step in found] == [Step.THERE, Step.REGISTERED]


@pytest.mark.parametrize("dry_run", [False, True])
def test_something_else_under_the_name_is_not_overwritten(apicurio_url: str, prefix: str, dry_run: bool) -> None:
    register(apicurio_url, f"{prefix}notification", FOREIGN)
    httpx.put(f"{apicurio_url}/config/{prefix}notification", json={"compatibility": "FULL_TRANSITIVE"})

    with pytest.raises(RegistryRefused, match=f"{prefix}notification.*what is there under this name is not compatible"):
        steps(apicurio_url, prefix, dry_run=dry_run)


def test_a_read_only_registry_is_refused_before_anything_is_written(apicurio_url: str, prefix: str) -> None:
    httpx.put(f"{apicurio_url}/mode", json={"mode": "READONLY"}).raise_for_status()
    try:
        with pytest.raises(RegistryRefused, match="its mode is READONLY; have it set to READWRITE"):
            steps(apicurio_url, prefix)
    finally:
        httpx.put(f"{apicurio_url}/mode", json={"mode": "READWRITE"}).raise_for_status()


def test_a_registry_that_does_not_answer_is_one_sentence() -> None:
    ended = command("--registry", "http://127.0.0.1:9", "--dry-run")

    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "the registry at http://127.0.0.1:9 does not answer (" in ended.stderr


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("registry.example", "is not an address such as"),
        ("ftp://registry.example", "is not an address such as"),
        ("http://someone:secret@127.0.0.1:9", "give user and password in MEEKOPPEL_REGISTRY_AUTH"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_and_shows_no_password(address: str, problem: str) -> None:
    with pytest.raises(RegistryRefused, match=problem) as refused:
        RegistryClient(address)

    assert "secret" not in str(refused.value) or "someone" not in address


class Registry(HTTPServer):
    """A server with one answer for everything; it keeps what it was asked."""

    def __init__(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.answer = (status, body, headers)
        self.seen: list[dict[str, str]] = []


class Answering(BaseHTTPRequestHandler):
    server: Registry

    def do_GET(self) -> None:
        self.server.seen.append(dict(self.headers))
        status, body, headers = self.server.answer
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def answering(status: int, body: bytes = b"", **headers: str) -> Iterator[tuple[str, Registry]]:
    server = Registry(status, body, headers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server
    finally:
        server.shutdown()
        server.server_close()


def test_user_and_password_come_from_the_environment_and_are_never_shown() -> None:
    with answering(401, b'{"error_code": 401, "message": "who are you"}') as (url, server):
        ended = command("--registry", url, "--dry-run", **{AUTH_VARIABLE: "publisher:geheim:1"})

    assert server.seen[0]["Authorization"] == httpx.BasicAuth("publisher", "geheim:1")._auth_header
    assert ended.returncode == 1
    assert "HTTP 401: who are you; set MEEKOPPEL_REGISTRY_AUTH" in ended.stderr
    assert "geheim" not in ended.stderr + ended.stdout


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ((200, b"<html>Portal</html>"), "is not a schema registry: its answer is not JSON"),
        ((302, b"", ("Location", "https://other.example")), "it points to https://other.example; give that address"),
        ((422, b'{"error_code": 42205, "message": "Subject x is in read-only mode"}'), "it is read-only: Subject x"),
    ],
)
def test_what_is_no_registry_or_says_no_is_said_in_words(answer: Any, problem: str) -> None:
    status, body, *headers = answer
    with answering(status, body, **dict(headers)) as (url, _), pytest.raises(RegistryRefused, match=problem):
        steps(url)


def test_a_registry_that_fails_may_be_asked_again() -> None:
    with answering(503, b"no room") as (url, _), pytest.raises(RegistryAway, match="HTTP 503: no room"):
        steps(url)
