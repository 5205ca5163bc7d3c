"""The command as a user runs it, on a real broker that others use too: the hub's topics get names of their own."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from click.testing import Result
from typer.testing import CliRunner

from meekoppel_contracts.codes import PlanEventType, Visibility
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.topics import FOR_EVER, TopicSpec
from meekoppel_hub.cli.history import app, parse_time
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.kafka import ensure_topics

Write = Callable[..., None]


@pytest.fixture
async def topics(kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The names under which the hub's topics stand on this broker."""
    named = {constant: f"{constant.lower()}-{uuid.uuid4().hex[:10]}" for constant in ("PLANS", "PLANS_RESTRICTED")}
    await ensure_topics(kafka_bootstrap, [TopicSpec(name, 2, FOR_EVER) for name in named.values()])
    for constant, name in named.items():
        monkeypatch.setattr(f"meekoppel_hub.cli.history.{constant}", name)
    return named


@pytest.fixture
async def write(kafka_bootstrap: str, topics: dict[str, str], record) -> AsyncIterator[Write]:
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap)
    await producer.start()

    async def put(event: PlanEvent, value: bytes | None = b"", topic: str = "PLANS") -> None:
        made = record(event)
        kept = made.value if value == b"" else value
        await producer.send_and_wait(topics[topic], kept, key=made.key, headers=list(made.headers))

    yield put
    await producer.stop()


@pytest.fixture
def run(kafka_bootstrap: str, topics: dict[str, str]) -> Callable[..., Result]:
    """Run `meekoppel history replay` in a thread of its own, as it starts its own event loop."""

    async def invoke(*arguments: str) -> Result:
        line = ["replay", "--bootstrap", kafka_bootstrap, *arguments]
        return await asyncio.to_thread(CliRunner().invoke, app, line)

    return invoke


def lines(result: Result) -> list[dict]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def cursor_of(result: Result) -> str:
    found = re.search(r"--from-offset (\S+)", result.stderr)
    assert found, result.stderr
    return found[1]


async def test_an_organisations_history_comes_back_in_order_and_each_event_once(write, run, event, org_code) -> None:
    plan = f"NL.{org_code}.1"
    for version in (1, 2, 2, 3, 1):
        await write(event(plan, version=version, title=f"Versie {version}"))
    documents = lines(await run("--organisation", org_code))
    assert [document["id"] for document in documents] == [f"{plan}/1", f"{plan}/2", f"{plan}/3"]
    assert documents[1]["plan"]["title"] == "Versie 2"


async def test_the_cursor_goes_on_where_the_last_replay_ended(write, run, event, org_code) -> None:
    await write(event(f"NL.{org_code}.1"))
    first = await run("--organisation", org_code)
    await write(event(f"NL.{org_code}.1", version=2))
    second = await run("--organisation", org_code, "--from-offset", cursor_of(first))
    assert [document["version"] for document in lines(first) + lines(second)] == [1, 2]
    assert lines(await run("--organisation", org_code, "--from-offset", cursor_of(second))) == []


async def test_a_time_range_holds_what_was_written_in_it(write, run, event, org_code) -> None:
    await write(event(f"NL.{org_code}.1"))
    (document,) = lines(await run("--organisation", org_code))
    written = parse_time(document["log"]["timestamp"], "--from")
    for start, end, expected in [(-1, 0, 0), (0, 1, 1), (1, 2, 0)]:
        window = [
            f"--{name}={(written + timedelta(seconds=seconds)).isoformat()}"
            for name, seconds in (("from", start), ("to", end))
        ]
        assert len(lines(await run("--organisation", org_code, *window))) == expected


async def test_restricted_plans_come_only_when_they_are_asked_for(write, run, event, org_code) -> None:
    secret = event(f"NL.{org_code}.1", visibility=Visibility.RESTRICTED, title="Geheim")
    await write(secret, topic="PLANS_RESTRICTED")
    assert lines(await run("--organisation", org_code)) == []
    (document,) = lines(await run("--organisation", org_code, "--include-restricted"))
    assert document["plan"]["title"] == "Geheim"


async def test_one_plan_and_one_kind_can_be_chosen(write, run, event, org_code) -> None:
    plan = f"NL.{org_code}.1"
    await write(event(plan))
    await write(event(plan, version=2, type=PlanEventType.WITHDRAWN))
    await write(event(f"NL.{org_code}.2", type=PlanEventType.WITHDRAWN))
    documents = lines(await run("--plan", plan, "--kind", "withdrawn", "--format", "cloudevents"))
    assert [(document["id"], document["specversion"]) for document in documents] == [(f"{plan}/2", "1.0")]


async def test_tombstones_and_garbage_are_told_and_kept(write, run, event, org_code, tmp_path: Path) -> None:
    before = cursor_of(await run())
    await write(event(f"NL.{org_code}.1"), value=None)
    await write(event(f"NL.{org_code}.1"), value=b"garbage")
    await write(event(f"NL.{org_code}.1"))
    out = tmp_path / "out.jsonl"
    result = await run("--from-offset", before, "--out", str(out))
    assert result.exit_code == 0, result.output
    assert "2 undecodable" in result.stderr
    assert result.stdout == ""
    assert len(out.read_text().splitlines()) == 1
    kept = [json.loads(line)["undecodable"] for line in (tmp_path / "out.jsonl.rejected").read_text().splitlines()]
    assert [record["value"] for record in kept] == [None, "Z2FyYmFnZQ=="]
    on_screen = lines(await run("--from-offset", before))
    assert ["undecodable" in document for document in on_screen] == [True, True, False]


async def test_two_ways_to_begin_at_once_are_refused(run) -> None:
    result = await run("--from", "2026-11-01", "--from-offset", "plans/0:0")
    assert isinstance(result.exception, SettingsError)


def test_a_date_begins_at_midnight_utc() -> None:
    assert parse_time("2026-11-01", "--from").isoformat() == "2026-11-01T00:00:00+00:00"


@pytest.mark.parametrize(("text", "why"), [("2026-11-01T10:00:00", "no time zone"), ("yesterday", "is no time")])
def test_a_time_that_can_be_misunderstood_is_refused(text: str, why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        parse_time(text, "--from")
