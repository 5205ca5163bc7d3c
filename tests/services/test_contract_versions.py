"""Evolution for real: version 1 and version 2 of plan-event together on one broker, through the hub and its history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from meekoppel_contracts import (
    PLAN_EVENT,
    Codec,
    Discipline,
    EventHeaders,
    OrgCode,
    PlanEvent,
    PlanId,
    Registry,
    UnknownSchema,
    decode_overlap_event,
    decode_plan_event,
    decode_plan_rejection,
    encode_plan_event,
    framed_schema_id,
    packaged_registry,
    plan_event_headers,
    topics,
)
from meekoppel_contracts.codes import OrganisationKind, OverlapKind, RejectionReason
from meekoppel_contracts.plan import Initiator
from meekoppel_contracts.testing import example_event, example_plan, example_zone
from meekoppel_hub.history.replay import Replay, Replayed
from meekoppel_hub.hub import Hub, running_hub
from meekoppel_hub.platform.kafka import ensure_topics
from meekoppel_hub.platform.organisations import register_organisation
from meekoppel_hub.platform.settings import HubSettings
from meekoppel_hub.platform.stream.read import read_log
from tests.contracts import version_1
from tests.passing import passing_folder

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

OLD, NEW = OrgCode("gm0307"), OrgCode("vitens")
EPOCH, LATER_EPOCH = "20260301T060000000000Z-0a1b2c", "20260302T060000000000Z-0a1b2c"
AT = datetime(2026, 3, 2, 8, 15, tzinfo=UTC)
V1, V2 = (packaged_registry().version(PLAN_EVENT, version) for version in (1, 2))
HYDROGEN = (Discipline.HYDROGEN, Discipline.ROAD)
REPAIRED = example_zone(repaired=True, position_error_m=0.25, simplified_m=0.1)


def event(organisation: OrgCode, local_id: str, **plan: Any) -> PlanEvent:
    """One plan of one of the two organisations, as it goes into an inbox; all lie in the same street."""
    initiator = Initiator(organisation=organisation, name=organisation, kind=OrganisationKind.OTHER)
    made = example_plan(plan_id=PlanId(f"NL.{organisation}.{local_id}"), initiator=initiator, **plan)
    return example_event(publisher=organisation, version=0, recorded_at=None, plan=made)


def new_event(local_id: str = "new") -> PlanEvent:
    return event(NEW, local_id, disciplines=HYDROGEN, zones=(REPAIRED,))


def headers(event: PlanEvent, sequence: int, epoch: str, version: int) -> list[tuple[str, bytes]]:
    made = plan_event_headers(event, id=f"{epoch}/{sequence}", sequence=sequence, time=AT, epoch=epoch)
    return replace(made, dataschema=f"urn:meekoppel:contract:plan-event:{version}").to_kafka()


async def send(bootstrap: str, topic: str, event: PlanEvent, sequence: int, version: int, epoch: str = EPOCH) -> None:
    """Publish an event as a program of that version does."""
    value = version_1.write(event) if version == 1 else encode_plan_event(event)
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        key = event.plan.plan_id.encode()
        await producer.send_and_wait(topic, value, key=key, headers=headers(event, sequence, epoch, version))


async def values_of(bootstrap: str, topic: str, count: int) -> list[bytes]:
    """Read so many values of a topic with one partition, from its beginning."""
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        place = TopicPartition(topic, 0)
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        return [(await consumer.getone()).value for _ in range(count)]


@pytest.fixture
def settings() -> Iterable[HubSettings]:
    with passing_folder() as folder:
        yield HubSettings(data_folder=folder / "hub", kafka_bootstrap="", kafka_port=0, database_url="", api_port=0)


def fail(why: str) -> None:
    raise AssertionError(why)


async def test_writers_and_readers_of_both_versions_share_one_topic(kafka_bootstrap: str, org_code: OrgCode) -> None:
    topic = f"versions.{org_code}"
    await ensure_topics(kafka_bootstrap, [topics.TopicSpec(topic, 1, topics.FOR_EVER)])
    old, new = event(OLD, "old"), new_event()
    for sequence, (sent, version) in enumerate([(old, 1), (new, 2), (old, 1), (new, 2)], start=1):
        await send(kafka_bootstrap, topic, sent, sequence, version)

    values = await values_of(kafka_bootstrap, topic, 4)
    assert [framed_schema_id(value) for value in values] == [V1.schema_id, V2.schema_id] * 2

    by_new_reader = [decode_plan_event(value) for value in values]
    assert by_new_reader == [old, new, old, new]

    by_old_reader = [version_1.read(value)["plan"] for value in values]
    assert [plan["disciplines"] for plan in by_old_reader[:2]] == [["gravity_sewer", "road"], ["other", "road"]]
    assert all(set(zone).isdisjoint(version_1.SINCE_VERSION_2) for plan in by_old_reader for zone in plan["zones"])
    assert by_old_reader[1]["zones"][0]["geometry"] == REPAIRED.geometry

    before_version_2 = Registry([V1], lambda _: packaged_registry().text(V1.schema_id))
    stopped = Codec(PLAN_EVENT, PlanEvent, before_version_2, version=1)
    with pytest.raises(UnknownSchema, match=f"schema id {V2.schema_id}.*upgrade meekoppel-contracts"):
        stopped.decode(values[1])


async def taken_by_the_hub(hub: Hub) -> None:
    """Send what a mixed world sends: an old connector, a new one, and what an older hub had put into the log."""
    for organisation in (OLD, NEW):
        register_organisation(hub.database, organisation, organisation, OrganisationKind.OTHER)
        await ensure_topics(hub.bootstrap, topics.organisation_topics(organisation, 1))
    of_older_hub = event(OLD, "of-older-hub").model_copy(update={"version": 1, "recorded_at": AT})
    async with AIOKafkaProducer(bootstrap_servers=hub.bootstrap) as producer:
        described = replace(plan_event_headers(of_older_hub, time=AT), dataschema=V1.uri)
        key = of_older_hub.plan.plan_id.encode()
        await producer.send_and_wait(topics.PLANS, version_1.write(of_older_hub), key=key, headers=described.to_kafka())
    old_inbox, new_inbox = topics.inbox(OLD), topics.inbox(NEW)
    await send(hub.bootstrap, old_inbox, event(OLD, "old"), 1, version=1)
    await send(hub.bootstrap, new_inbox, new_event(), 1, version=2)
    await hub.settle()
    # The old connector is upgraded, loses its state on the way, and reads everything again: nothing changed.
    await send(hub.bootstrap, old_inbox, event(OLD, "old"), 1, version=2, epoch=LATER_EPOCH)
    await send(hub.bootstrap, old_inbox, event(OLD, "old", title="Riool en weg"), 2, version=2, epoch=LATER_EPOCH)
    await hub.settle()


async def test_the_hub_takes_both_versions_and_its_history_reads_both_again(settings: HubSettings) -> None:
    async with running_hub(settings, on_stall=fail) as hub:
        await taken_by_the_hub(hub)
        log = [record async for record in read_log(hub.bootstrap, [topics.PLANS])]
        found = [record async for record in read_log(hub.bootstrap, [topics.COORDINATION])]
        rejected = [
            record async for record in read_log(hub.bootstrap, [topics.rejections(OLD), topics.rejections(NEW)])
        ]

    assert rejected == []
    replay = Replay()
    replayed = [item for record in log for item in replay.take(record)]
    told = [(item.headers.id, item.event.type.value) for item in replayed if isinstance(item, Replayed)]
    assert sorted(told) == [
        (f"NL.{OLD}.of-older-hub/1", "registered"),
        (f"NL.{OLD}.old/1", "registered"),
        (f"NL.{OLD}.old/2", "changed"),
        (f"NL.{NEW}.new/1", "registered"),
    ]
    assert replay.tally.unreadable == 0
    written = Counter(framed_schema_id(record.value) for record in log)
    assert set(written) == {V1.schema_id, V2.schema_id}, "the log holds records of both versions"

    plans = {item.headers.id: item.event for item in replayed if isinstance(item, Replayed)}
    assert plans[f"NL.{OLD}.old/2"].changed_fields == ("title",)
    assert plans[f"NL.{NEW}.new/1"].plan.disciplines == HYDROGEN
    assert plans[f"NL.{NEW}.new/1"].plan.zones == (REPAIRED,)
    for record in log:
        version_1.read(record.value)

    pairs = {frozenset((each.first.plan_id, each.second.plan_id)) for each in map(overlap, found)}
    assert pairs == {frozenset((f"NL.{OLD}.{other}", f"NL.{NEW}.new")) for other in ("old", "of-older-hub")}
    assert {each.kind for each in map(overlap, found)} == {OverlapKind.CONFLICT_HEAVY}


def overlap(record: Any) -> Any:
    return decode_overlap_event(record.value)


async def test_an_id_that_the_hub_does_not_know_is_answered_with_what_to_do(settings: HubSettings) -> None:
    async with running_hub(settings, on_stall=fail) as hub:
        register_organisation(hub.database, NEW, NEW, OrganisationKind.OTHER)
        await ensure_topics(hub.bootstrap, topics.organisation_topics(NEW, 1))
        of_version_99 = b"\x00" + (4711).to_bytes(4, "big") + encode_plan_event(new_event())[5:]
        async with AIOKafkaProducer(bootstrap_servers=hub.bootstrap) as producer:
            described = headers(new_event(), 1, EPOCH, version=99)
            await producer.send_and_wait(topics.inbox(NEW), of_version_99, key=b"NL.vitens.new", headers=described)
        await hub.settle()
        answers = [record async for record in read_log(hub.bootstrap, [topics.rejections(NEW)])]

    refused = {(each.reason, each.value) for each in (decode_plan_rejection(record.value) for record in answers)}
    assert refused == {(RejectionReason.UNDECODABLE, of_version_99)}
    assert "schema id 4711" in decode_plan_rejection(answers[0].value).message
    assert EventHeaders.parse(answers[0].headers).type == "nl.meekoppel.plan.rejected.v1"
