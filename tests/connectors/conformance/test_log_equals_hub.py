"""The kit numbers as the hub does: what it folds from an inbox is what the real intake writes into the log."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from meekoppel_connectors.testing.connector import ConnectorUnderTest, Records
from meekoppel_connectors.testing.inbox_file import Received
from meekoppel_connectors.testing.log import Log
from meekoppel_connectors.testing.on_the_way import OnTheWay
from meekoppel_contracts import topics
from meekoppel_contracts.codec import decode_plan_event
from meekoppel_contracts.codes import OrganisationKind
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.ids import OrgCode, org_code
from meekoppel_contracts.numbering import Ruling
from meekoppel_hub.hub import Hub, running_hub
from meekoppel_hub.platform.kafka import ensure_topics
from meekoppel_hub.platform.organisations import register_organisation
from meekoppel_hub.platform.settings import HubSettings
from meekoppel_hub.platform.stream.read import read_log
from tests.connectors.conformance.test_csv import CsvCase

SECRET = "Sewer renewal, not to be told"


class SecretiveCase(CsvCase):
    plan = {  # noqa: RUF012 - as the base class declares it
        **CsvCase.plan,
        "visibility": {"field": "title", "codes": {SECRET: "restricted"}, "codes_default": "participants"},
    }


@pytest.fixture
def organisation() -> OrgCode:
    return org_code(f"conf-{uuid.uuid4().hex[:12]}")


@pytest.fixture
async def intake(tmp_path: Path, kafka_bootstrap: str, organisation: OrgCode) -> AsyncIterator[Hub]:
    """The real intake; the inbox is there before it starts, since it looks for new ones every half minute only."""
    await ensure_topics(kafka_bootstrap, topics.organisation_topics(organisation, 2))
    settings = HubSettings(data_folder=tmp_path / "hub", kafka_bootstrap=kafka_bootstrap, database_url="", api_port=0)
    async with running_hub(settings, services=("intake",)) as hub:
        publishes_for = [OrgCode("conformance")]
        register_organisation(hub.database, organisation, "Kit", OrganisationKind.OTHER, may_publish_for=publishes_for)
        yield hub


def all_that_can_happen(connector: ConnectorUnderTest, records: Records) -> list[Received]:
    """Publish changes, crashes, resends, lost states, an old copy that still runs, and a plan that becomes secret."""
    good = records.several(12)
    old = connector.another("old")
    records.put(good)
    old.run()
    connector.run()
    for now in (good[1:], good, [replace(good[0], title=SECRET), *good[1:]], good):
        records.put(now)
        connector.run()
    records.put([replace(good[1], title="B"), *good[2:]])
    connector.end("run --once", OnTheWay(inbox=str(connector.inbox.path), kill_before_acknowledging=True))
    connector.run()
    connector.forget()
    connector.run()
    records.put([replace(good[2], title="C"), *good[3:]])
    connector.run()
    old.run(open_guard=True)
    return [*old.inbox.records()[:12], *connector.inbox.records(), *old.inbox.records()]


async def send(bootstrap: str, organisation: OrgCode, records: list[Received]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, acks="all") as producer:
        for each in records:
            topic = topics.inbox(organisation)
            await producer.send_and_wait(topic, each.value, key=each.key.encode(), headers=each.headers.to_kafka())


def without_recording(event: PlanEvent) -> dict[str, Any]:
    return event.model_copy(update={"recorded_at": None}).model_dump()


async def test_the_log_of_the_kit_is_the_log_of_the_hub(tmp_path: Path, intake: Hub, organisation: OrgCode) -> None:
    case = SecretiveCase(tmp_path)
    sent = all_that_can_happen(ConnectorUnderTest(case, organisation=organisation), Records(case))
    await send(intake.bootstrap, organisation, sent)
    await intake.settle()
    written: dict[str, dict[int, dict[str, Any]]] = {}
    async for record in read_log(intake.bootstrap, [topics.PLANS, topics.PLANS_RESTRICTED]):
        event = decode_plan_event(record.value)
        if event.publisher == organisation:
            written.setdefault(event.plan.plan_id, {})[event.version] = without_recording(event)
    log = Log(sent)
    assert set(log.rulings) >= {Ruling.RESENT, Ruling.UNCHANGED, Ruling.STALE_EPOCH, Ruling.RESTORED, Ruling.WITHDRAWN}
    assert written == {
        plan: {event.version: without_recording(event) for event in versions} for plan, versions in log.versions.items()
    }
