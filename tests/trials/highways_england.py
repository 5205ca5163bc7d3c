"""`make trial`: two weeks of real road works, the whole way, on SQLite and on PostGIS.

Highways England published its planned works each week as XML. Both weeks go through the file connector into Kafka and
through all services; then the history is replayed from its first offset into an empty view, and both views are
compared. It ends with one JSON line per store. See `docs/trial.md` for what is to be expected and why.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import func, select

from meekoppel_contracts import topics
from meekoppel_contracts.codec import decode_plan_event, encode_plan_event
from meekoppel_contracts.codes import OrganisationKind, PlanEventType, Status
from meekoppel_contracts.ids import OrgCode, check_agreement_id
from meekoppel_hub.coordination.consume import CoordinationProcessor
from meekoppel_hub.coordination.digest import view_digest
from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.hub import Hub, running_hub
from meekoppel_hub.platform.agreements import read_agreement
from meekoppel_hub.platform.agreements.applied import to_event
from meekoppel_hub.platform.asking import ask
from meekoppel_hub.platform.clock import utc_now
from meekoppel_hub.platform.database import Database, open_database
from meekoppel_hub.platform.database.create import create_tables
from meekoppel_hub.platform.database.tables.view import overlaps
from meekoppel_hub.platform.errors import HubError
from meekoppel_hub.platform.kafka import ensure_topics
from meekoppel_hub.platform.logs import set_up_logs
from meekoppel_hub.platform.organisations import register_organisation
from meekoppel_hub.platform.settings import HubSettings
from meekoppel_hub.platform.stream.read import read_log
from meekoppel_hub.quality.months import Month
from meekoppel_hub.quality.publish import events_of, survey_of
from meekoppel_hub.quality.stability import summarise
from meekoppel_hub.quality.store import stability_rows
from meekoppel_hub.testing.scope import DirectScope
from tests.passing import STORES, new_database, passing_store

ROOT = Path(__file__).resolve().parents[2]
FEEDS = ROOT.parent / "shared" / "data" / "uk-highways-weekly"
AGREEMENT = Path(__file__).with_name("agreement-500m.yaml")
PUBLISHER = OrgCode("highways-england")
WEEKS = {"week1": ("he_roadworks_2016_02_29.xml", "2016-02-29"), "week2": ("he_roadworks_2016_03_07.xml", "2016-03-07")}
EXPECTED = {
    "week1": {"registered": 2194, "rejected": 2},
    "week2": {
        "registered": 849,
        "changed": 393,
        "unchanged": 937,
        "withdrawn": 156,
        "completed": 708,
        "rejected": 2,
    },
}
BATCH = 500
# The first week is what was known when March began, the second is what moved in it.
MARCH, SECOND_FEED = Month.parse("2016-03"), datetime(2016, 3, 7, 12, tzinfo=UTC)
# Counted directly from the two files: works in both whose start or end moved by a day or more.
EXPECTED_MOVES = {
    "plans_moved": 280,
    "starts_earlier": 9,
    "starts_later": 183,
    "start_days": 1224,
    "ends_earlier": 30,
    "ends_later": 162,
    "end_days": 1870,
}
QUALITY_SHOWN = {"score", "live_plans", "events", "vanished", "overdue", "late_moves", *EXPECTED_MOVES}


class TrialError(Exception):
    """The trial cannot be done; the message says why."""


@dataclass(frozen=True)
class Store:
    """One of the two stores: its name, the URL of the view, and that of an empty database for the replay."""

    name: str
    view_url: str
    replay_url: str


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


async def run_trial(store: Store, folder: Path, feeds: Path) -> dict[str, Any]:
    """Run both weeks on one store and give the result."""
    started = time.monotonic()
    settings = HubSettings(
        data_folder=folder / "hub",
        database_url=store.view_url,
        kafka_bootstrap="",
        kafka_port=0,
        namespace="GB",
        crs=27700,
        api_port=0,
    )
    async with running_hub(settings, progress=say) as hub:
        await register_publisher(hub)
        await apply_agreement(hub)
        result: dict[str, Any] = {"store": store.name}
        for week in WEEKS:
            result[week] = await play_week(hub, week, folder, feeds)
        with hub.database.read() as connection:
            counting = select(func.count()).select_from(overlaps).where(overlaps.c.state == "open")
            result["overlaps"] = connection.execute(counting).scalar_one()
        say("surveying how steady the dates were from the first week to the second")
        result["quality"] = await quality_between_weeks(hub, folder)
        say("replaying the history into an empty view")
        result["view_equals_replay"] = await equals_replay(hub, store)
    result["seconds"] = round(time.monotonic() - started, 1)
    return result


async def register_publisher(hub: Hub) -> None:
    """Register the publisher; it may publish for every initiator."""
    register_organisation(
        hub.database, PUBLISHER, "Highways England", OrganisationKind.ROAD_AUTHORITY, may_publish_for=["*"]
    )
    await ensure_topics(hub.bootstrap, topics.organisation_topics(PUBLISHER, hub.settings.partitions))


async def play_week(hub: Hub, week: str, folder: Path, feeds: Path) -> dict[str, int]:
    """Run the connector on one week's feed; count what then stands in the log, and what the connector reported."""
    feed, as_of = WEEKS[week]
    say(f"{week}: {feed}")
    before = await count_log(hub)
    summary = await asyncio.to_thread(run_connector, hub.bootstrap, folder, feeds / feed, as_of)
    await hub.settle(300)
    events = await count_log(hub) - before
    refused = sum((await count_refused(hub)).values())
    if refused:
        raise TrialError(f"intake refused {refused} events that the connector sent")
    counted = {name: events[name] for name in ("registered", "changed", "withdrawn", "completed")}
    if any(summary[name] != number for name, number in counted.items()):
        raise TrialError(f"the connector reports {summary}, the log holds {counted}")
    found = counted | {name: summary[name] for name in ("unchanged", "rejected")}
    return {name: found[name] for name in EXPECTED[week]}


def run_connector(bootstrap: str, folder: Path, feed: Path, as_of: str) -> dict[str, Any]:
    """Run the connector once, as its own process, and give its summary."""
    template = files("meekoppel_connectors") / "templates" / "highways-england.yaml"
    config = yaml.safe_load(template.read_text(encoding="utf-8"))
    config["source"]["path"] = str(feed)
    path = folder / "highways-england.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    command = [Path(sys.executable).with_name("meekoppel-connector"), "run", path, "--once", "--json"]
    done = subprocess.run(
        [*command, "--as-of", as_of, "--open-guard"],
        env=os.environ | {"MEEKOPPEL_KAFKA_BOOTSTRAP": bootstrap},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise TrialError(f"the connector ended with exit code {done.returncode}: {done.stderr.strip()}")
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


async def count_log(hub: Hub) -> Counter[str]:
    """Count the events in the open log by what they say; a change to the status `completed` counts as that."""
    counts: Counter[str] = Counter()
    async for record in read_log(hub.bootstrap, [topics.PLANS]):
        event = decode_plan_event(record.value or b"")
        done = event.type is PlanEventType.CHANGED and event.plan.status is Status.COMPLETED
        counts["completed" if done else event.type.value] += 1
    return counts


async def apply_agreement(hub: Hub) -> None:
    """Apply the agreement of the trial as the default of the hub, the way its operator does."""
    agreement = to_event(read_agreement(AGREEMENT), check_agreement_id(f"GB.{PUBLISHER}.trial"), PUBLISHER, utc_now())
    (answer,) = await ask(hub.bootstrap, hub.database, PUBLISHER, [agreement], now=utc_now())
    if answer.outcome != "accepted":
        raise SystemExit(f"the agreement of the trial is {answer.outcome}: {answer.message}")
    await hub.settle()


async def count_refused(hub: Hub) -> Counter[str]:
    """Count what intake refused."""
    return Counter([record.source.topic async for record in read_log(hub.bootstrap, [topics.rejections(PUBLISHER)])])


async def equals_replay(hub: Hub, store: Store) -> bool:
    """Fold the history, from its first offset, into an empty view, and compare the two views."""
    empty = open_database(store.replay_url)
    try:
        create_tables(empty, hub.settings.crs)
        processor = CoordinationProcessor(
            hub.settings.crs, rulebook=Rulebook.everywhere(read_agreement(AGREEMENT).rules)
        )
        async for batch in batches(hub.bootstrap):
            items = [processor.decode(record) for record in batch]
            await asyncio.to_thread(processor.apply, items, DirectScope(empty))
        return digest_of(empty) == digest_of(hub.database)
    finally:
        empty.close()


async def quality_between_weeks(hub: Hub, folder: Path) -> dict[str, Any]:
    """Survey March 2016, in a view in which each week is recorded on the day of its feed.

    Intake stamps what it accepts with the time of today; the figures are about the time of then.
    """
    view = open_database(f"sqlite:///{folder / 'quality.db'}")
    try:
        create_tables(view, hub.settings.crs)
        rulebook = Rulebook.everywhere(read_agreement(AGREEMENT).rules)
        processor = CoordinationProcessor(hub.settings.crs, rulebook=rulebook)
        number = 0
        async for batch in batches(hub.bootstrap):
            changes = []
            for record in batch:
                event = decode_plan_event(record.value)
                feed = "week1" if number < EXPECTED["week1"]["registered"] else "week2"
                dated = event.model_copy(
                    update={"recorded_at": datetime.fromisoformat(f"{WEEKS[feed][1]}T12:00:00+00:00")}
                )
                changes.append(processor.decode(replace(record, value=encode_plan_event(dated))))
                number += 1
            await asyncio.to_thread(processor.apply, changes, DirectScope(view))
        survey = survey_of(view, MARCH, SECOND_FEED + timedelta(hours=1))
    finally:
        view.close()
    (event_of_month,) = events_of(survey, survey.until)
    by_time = summarise(stability_rows(survey), ["time_to_start"])
    return {
        **event_of_month.model_dump(mode="json", include=QUALITY_SHOWN),
        "points": {one.part.value: one.points for one in event_of_month.parts},
        "by_time_to_start": [{name: value for name, value in row.items() if value} for row in by_time],
    }


async def batches(bootstrap: str) -> AsyncIterator[list[Any]]:
    batch: list[Any] = []
    async for record in read_log(bootstrap, [topics.PLANS, topics.PLANS_RESTRICTED]):
        batch.append(record)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def digest_of(database: Database) -> Any:
    with database.read() as connection:
        return view_digest(connection)


@contextmanager
def trial_store(name: str) -> Iterator[tuple[Path, Store]]:
    """A folder, and in it one of the two stores, with an empty database beside it for the replay."""
    with passing_store(name) as (folder, url):
        if not url:
            yield folder, Store(name, "", f"sqlite:///{folder / 'replay.db'}")
            return
        with new_database(url, "view") as view_url, new_database(url, "replay") as replay_url:
            yield folder, Store(name, view_url, replay_url)


async def main(stores: list[str], feeds: Path) -> int:
    sound = True
    for name in stores:
        with trial_store(name) as (folder, store):
            result = await run_trial(store, folder, feeds)
        sound = sound and result["view_equals_replay"] and all(result[week] == EXPECTED[week] for week in EXPECTED)
        sound = sound and all(result["quality"][name] == count for name, count in EXPECTED_MOVES.items())
        print(json.dumps(result), flush=True)
    if not sound:
        say(f"that is not what counting the files directly gives: {json.dumps(EXPECTED | EXPECTED_MOVES)}")
    return 0 if sound else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=STORES, action="append", help="only this store; default: both")
    parser.add_argument("--data", type=Path, default=FEEDS, help="folder with the two feeds")
    arguments = parser.parse_args()
    set_up_logs(logging.WARNING)
    try:
        if not arguments.data.is_dir():
            raise TrialError(f"the feeds are not in {arguments.data}; name their folder with --data")
        sys.exit(asyncio.run(main(arguments.store or list(STORES), arguments.data)))
    except (TrialError, HubError) as error:
        say(f"trial: {error}")
        sys.exit(1)
