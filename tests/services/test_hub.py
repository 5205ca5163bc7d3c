"""The hub as a whole, in this process: what it refuses to start on, and what it must not trip over."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from sqlalchemy import select

from meekoppel_contracts import topics
from meekoppel_contracts.codec import decode_plan_rejection
from meekoppel_contracts.codes import OrganisationKind, RejectionReason
from meekoppel_contracts.ids import OrgCode
from meekoppel_hub.hub import running_hub
from meekoppel_hub.platform.database.create import open_view
from meekoppel_hub.platform.database.tables.view import plans
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.kafka import ensure_topics
from meekoppel_hub.platform.organisations import register_organisation
from meekoppel_hub.platform.settings import HubSettings
from meekoppel_hub.platform.stream.read import read_log
from tests.e2e.hub_process import BIN, Connector, row
from tests.passing import passing_folder

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.fixture
def settings():
    with passing_folder() as folder:
        yield HubSettings(data_folder=folder / "hub", kafka_bootstrap="", kafka_port=0, database_url="", api_port=0)


def fail(why: str) -> None:
    raise AssertionError(why)


async def test_a_database_that_does_not_belong_to_the_log_is_refused(settings, tmp_path):
    async with running_hub(settings, on_stall=fail) as hub:
        register_organisation(hub.database, "waternet", "Waternet", OrganisationKind.WATER_COMPANY)
        await ensure_topics(hub.bootstrap, topics.organisation_topics(OrgCode("waternet"), 1))
        connector = Connector(tmp_path, "waternet")
        connector.write([row(1, "waternet", 155_000, 463_000)])
        await asyncio.to_thread(connector.run, hub.bootstrap)
        await hub.settle()
    for file in settings.data_folder.glob("view.db*"):
        file.unlink()

    with pytest.raises(SettingsError, match="the database knows no plan"):
        async with running_hub(settings, on_stall=fail):
            pass


async def test_a_lost_database_is_made_again_from_the_log_and_the_numbering_goes_on(settings, tmp_path):
    connector = Connector(tmp_path, "waternet")
    there = [row(number, "waternet", 155_000 + 500 * number, 463_000) for number in range(3)]
    async with running_hub(settings, on_stall=fail) as hub:
        register_organisation(hub.database, "waternet", "Waternet", OrganisationKind.WATER_COMPANY)
        await ensure_topics(hub.bootstrap, topics.organisation_topics(OrgCode("waternet"), 1))
        connector.write(there)
        await asyncio.to_thread(connector.run, hub.bootstrap)
        await hub.settle()
    for file in settings.data_folder.glob("view.db*"):
        file.unlink()

    register_organisation(open_view(settings), "waternet", "Waternet", OrganisationKind.WATER_COMPANY)
    report = json.loads(await asyncio.to_thread(rebuild, settings))

    assert (report["plans"], report["intake"]) == (3, {"plans": 3, "inboxes": 1, "to_read": 0})
    async with running_hub(settings, on_stall=fail) as hub:
        connector.write([{**there[0], "omschrijving": "Anders"}, *there[1:]])
        await asyncio.to_thread(connector.run, hub.bootstrap)
        await hub.settle()
        with hub.database.read() as connection:
            versions = connection.execute(select(plans.c.version).order_by(plans.c.plan_id)).scalars().all()
    assert versions == [2, 1, 1]


def rebuild(settings):
    """Run `meekoppel view rebuild` while the hub stands still: it starts the Kafka of the data folder itself."""
    environment = os.environ | {"MEEKOPPEL_DATA_FOLDER": str(settings.data_folder), "MEEKOPPEL_KAFKA_PORT": "0"}
    command = [BIN / "meekoppel", "view", "rebuild", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def test_an_organisation_of_earlier_days_gets_the_topics_that_came_since(settings):
    register_organisation(open_view(settings), "waternet", "Waternet", OrganisationKind.WATER_COMPANY)

    async with running_hub(settings, on_stall=fail) as hub:
        client = AIOKafkaAdminClient(bootstrap_servers=hub.bootstrap)
        await client.start()
        try:
            there = set(await client.list_topics())
        finally:
            await client.close()

    assert {"plan-inbox.waternet", "plan-rejections.waternet", "heartbeats.waternet"} <= there


async def test_an_inbox_of_nobody_is_answered_and_holds_up_nobody(settings, tmp_path):
    async with running_hub(settings, on_stall=fail) as hub:
        stranger = OrgCode("stranger")
        await ensure_topics(hub.bootstrap, [topics.TopicSpec(topics.inbox(stranger), 1, -1)])
        async with AIOKafkaProducer(bootstrap_servers=hub.bootstrap) as producer:
            await producer.send_and_wait(topics.inbox(stranger), b"no avro at all", key=b"k")
        register_organisation(hub.database, "waternet", "Waternet", OrganisationKind.WATER_COMPANY)
        await ensure_topics(hub.bootstrap, topics.organisation_topics(OrgCode("waternet"), 1))
        connector = Connector(tmp_path, "waternet")
        connector.write([row(1, "waternet", 155_000, 463_000)])
        await asyncio.to_thread(connector.run, hub.bootstrap)
        await hub.settle()

        refused = [
            decode_plan_rejection(record.value)
            async for record in read_log(hub.bootstrap, [topics.rejections(stranger)])
        ]
        accepted = [record.key async for record in read_log(hub.bootstrap, [topics.PLANS])]
    # At least once: a broker that is still electing the new topic's leader makes the outbox send again.
    assert {(each.reason, each.offset, each.value) for each in refused} == {
        (RejectionReason.UNDECODABLE, 0, b"no avro at all")
    }
    assert set(accepted) == {b"NL.waternet.2027-00001"}


async def test_garbage_in_the_log_goes_to_the_dead_letters_of_each_service_that_reads_it(settings):
    async with running_hub(settings, on_stall=fail) as hub:
        async with AIOKafkaProducer(bootstrap_servers=hub.bootstrap) as producer:
            await producer.send_and_wait(topics.PLANS, b"\x00garbage", key=b"NL.waternet.1", headers=[("x", b"\xff")])
        await hub.settle()
        letters = {
            name: [record async for record in read_log(hub.bootstrap, [topics.dead_letters(name)])]
            for name in ("coordination", "notifications")
        }
    for name, (letter,) in letters.items():
        assert (letter.key, letter.value) == (b"NL.waternet.1", b"\x00garbage"), name
        assert ("x", b"\xff") in letter.headers


async def test_a_hub_whose_api_port_is_taken_starts_nothing(settings):
    async with running_hub(settings, on_stall=fail) as hub:
        port = int(hub.api_url.rsplit(":", 1)[1])
        other = settings.model_copy(update={"data_folder": settings.data_folder.parent / "other", "api_port": port})
        with pytest.raises(SettingsError, match=f"cannot listen on 127.0.0.1:{port}"):
            async with running_hub(other, on_stall=fail):
                pass
