"""Publishing the quality of a month: in the tables, in the topic, by command and over HTTP."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import pyarrow.parquet as parquet
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from meekoppel_contracts.codec import decode_quality_event
from meekoppel_contracts.codes import PlanEventType, QualityEventType
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.headers import EventHeaders
from meekoppel_contracts.topics import FOR_EVER, TopicSpec
from meekoppel_hub.cli.main import program
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.quality import quality_scores
from meekoppel_hub.platform.errors import SettingsError, TransientError
from meekoppel_hub.platform.kafka import ensure_topics
from meekoppel_hub.platform.stream.read import read_log
from meekoppel_hub.quality.monthly import publish_each_month
from meekoppel_hub.quality.months import Month
from meekoppel_hub.quality.publish import send_stored, store_month
from meekoppel_hub.testing.plan_events import plan_event
from tests.services.recorded import Recorded

OCTOBER = Month.parse("2026-10")
NOW = datetime(2026, 11, 2, tzinfo=UTC)
PLAN = "NL.gemeente.1"


def on(day: int) -> datetime:
    return datetime(2026, 10, day, 12, tzinfo=UTC)


def changed(version: int, **about: Any) -> PlanEvent:
    return plan_event(PLAN, version=version, type=PlanEventType.CHANGED, **about)


@pytest.fixture
def view(database: Database) -> Recorded:
    view = Recorded(database)
    view.at(on(1), plan_event(PLAN), plan_event("NL.netbeheer.1"))
    view.at(on(9), changed(2, days=(14, 24)))
    return view


def stored(database: Database) -> list[tuple[str, int, bool]]:
    columns = (quality_scores.c.publisher, quality_scores.c.revision, quality_scores.c.sent)
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(columns[0]))]


def test_a_month_is_stored_once_however_often_it_is_published(database, view):
    first, second = (store_month(database, OCTOBER, NOW) for _ in range(2))

    assert [(one.publisher, one.type, one.revision) for one in first.news] == [
        ("gemeente", QualityEventType.PUBLISHED, 1),
        ("netbeheer", QualityEventType.PUBLISHED, 1),
    ]
    assert (second.news, second.same) == ([], 2)
    assert stored(database) == [("gemeente", 1, False), ("netbeheer", 1, False)]


def test_what_differs_later_is_a_revision(database, view):
    store_month(database, OCTOBER, NOW)
    view.at(on(20), changed(3, days=(20, 30)))  # handled late: it was recorded in the month all the same

    outcome = store_month(database, OCTOBER, NOW)
    assert [(one.publisher, one.type.value, one.revision) for one in outcome.news] == [("gemeente", "revised", 2)]
    assert stored(database)[0] == ("gemeente", 2, False)


def test_a_dry_run_stores_nothing(database, view):
    assert len(store_month(database, OCTOBER, NOW, dry_run=True).news) == 2
    assert stored(database) == []


def test_a_month_that_is_not_over_is_not_published(database, view):
    with pytest.raises(SettingsError, match="2026-10 is not over before 2026-11-01"):
        store_month(database, OCTOBER, on(20))


@pytest.fixture
async def topic(kafka_bootstrap: str, org_code: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of the topic on this broker, which others use too."""
    name = f"quality-{org_code}"
    monkeypatch.setattr("meekoppel_hub.quality.publish.QUALITY", name)
    monkeypatch.setattr("meekoppel_hub.cli.quality.QUALITY", name)
    await ensure_topics(kafka_bootstrap, [TopicSpec(name, 1, FOR_EVER)])
    return name


async def records(bootstrap: str, topic: str) -> list[Any]:
    async with aclosing(read_log(bootstrap, [topic])) as log:
        return [record async for record in log]


async def test_what_is_stored_is_sent_once_and_noted(database, view, kafka_bootstrap, topic):
    store_month(database, OCTOBER, NOW)
    assert await send_stored(database, kafka_bootstrap) == 2
    assert await send_stored(database, kafka_bootstrap) == 0

    sent = await records(kafka_bootstrap, topic)
    assert [EventHeaders.parse(one.headers).id for one in sent] == ["gemeente/2026-10/1", "netbeheer/2026-10/1"]
    first = decode_quality_event(sent[0].value)
    assert (sent[0].key, first.publisher, first.starts_later, first.start_days) == (b"gemeente", "gemeente", 1, 14)
    assert [row[2] for row in stored(database)] == [True, True]


async def test_what_could_not_be_sent_is_sent_the_next_time(database, view, kafka_bootstrap, topic):
    store_month(database, OCTOBER, NOW)
    with pytest.raises(TransientError, match="publish again"):
        await send_stored(database, "127.0.0.1:1")

    assert await send_stored(database, kafka_bootstrap) == 2


async def test_a_hub_publishes_the_last_month_by_itself_once(database, view, kafka_bootstrap, topic):
    publishing = asyncio.ensure_future(
        publish_each_month(database, kafka_bootstrap, lambda: NOW, first_seconds=0, seconds_between=0.05)
    )
    try:
        async with asyncio.timeout(60):
            while len(stored(database)) < 2 or not all(sent for _, _, sent in stored(database)):
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.3)
    finally:
        publishing.cancel()
    assert [decode_quality_event(one.value).period for one in await records(kafka_bootstrap, topic)] == ["2026-10"] * 2


@pytest.fixture
def run(sqlite_database: Database, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run `meekoppel quality` on a hub on SQLite, in which two plans were registered and one moved."""
    monkeypatch.setenv("MEEKOPPEL_DATA_FOLDER", str(tmp_path))
    filled = Recorded(sqlite_database)
    filled.at(on(1), plan_event(PLAN), plan_event("NL.netbeheer.1"))
    filled.at(on(9), changed(2, days=(14, 24)))

    def invoke(*words: str) -> Any:
        result = CliRunner().invoke(program("quality"), ["quality", *words])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


async def test_publish_tells_what_is_new_and_what_is_the_same(run, kafka_bootstrap, topic):
    words = ("publish", "--period", "2026-10", "--bootstrap", kafka_bootstrap, "--json")

    figures = [json.loads((await asyncio.to_thread(run, *words, *more)).stdout) for more in (("--dry-run",), (), ())]
    assert [(one["new"], one["same"], one["sent"]) for one in figures] == [(2, 0, 0), (2, 0, 2), (0, 2, 0)]
    assert len(await records(kafka_bootstrap, topic)) == 2


def test_scores_are_shown_as_a_table_and_written_as_files(run, tmp_path):
    assert "gemeente" in run("scores", "--period", "2026-10").stdout
    rows = list(csv.DictReader(io.StringIO(run("scores", "--period", "2026-10", "--format", "csv").stdout)))
    as_json = json.loads(run("scores", "--period", "2026-10", "--format", "json", "--publisher", "gemeente").stdout)
    run("scores", "--period", "2026-10", "--format", "parquet", "--out", str(tmp_path / "scores.parquet"))

    table = parquet.read_table(tmp_path / "scores.parquet")
    assert [row["publisher"] for row in rows] == table["publisher"].to_pylist() == ["gemeente", "netbeheer"]
    assert [int(row["score"]) for row in rows] == table["score"].to_pylist()
    assert (as_json[0]["starts_later"], len(as_json)) == (1, 1)
    assert float(rows[0]["points_completeness"]) == as_json[0]["points_completeness"]


def test_stability_adds_up_by_what_is_asked_for(run):
    rows = json.loads(
        run("stability", "--period", "2026-10", "--since", "2026-09", "--by", "organisation", "--format", "json").stdout
    )

    assert [(row["organisation"], row["plans"], row["starts_later"]) for row in rows] == [
        ("gemeente", 1, 1),
        ("netbeheer", 1, 0),
    ]
    assert rows[0]["mean_start_days"] == 14


def test_freshness_lists_the_plans_that_are_silent(run):
    assert json.loads(run("freshness", "--months", "1200", "--format", "json").stdout) == []
    assert "plan_id" in run("freshness", "--format", "csv").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("scores", "--period", "soon"), "is no month"),
        (("stability", "--by", "colour"), "--by colour is no column"),
        (("stability", "--period", "2026-10", "--since", "2026-11"), "there is nothing between them"),
        (("scores", "--period", "2026-10", "--out", "x"), "a table is for the terminal"),
        (("publish", "--period", "2999-01", "--bootstrap", "127.0.0.1:1"), "is not over before"),
    ],
)
def test_what_cannot_be_is_refused_in_words(run, words, said):
    with pytest.raises(SettingsError, match=said):
        run(*words)
