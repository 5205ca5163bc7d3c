from __future__ import annotations

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from meekoppel_contracts.ids import OrgCode
from meekoppel_contracts.topics import FOR_EVER, TopicSpec
from meekoppel_hub.platform.errors import TransientError
from meekoppel_hub.platform.kafka import ensure_topics
from meekoppel_hub.platform.loopback import free_ports


async def settings_of(bootstrap: str, topic: str) -> dict[str, str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
        return {entry[0]: entry[1] for entry in answer.resources[0][4]}
    finally:
        await admin.close()


async def partitions_of(bootstrap: str, topic: str) -> int:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        (described,) = await admin.describe_topics([topic])
        return len(described["partitions"])
    finally:
        await admin.close()


async def test_topics_get_their_partitions_and_retention(kafka_bootstrap: str, org_code: OrgCode) -> None:
    kept, passing = f"kept-{org_code}", f"passing-{org_code}"

    await ensure_topics(kafka_bootstrap, [TopicSpec(kept, 3, FOR_EVER), TopicSpec(passing, 1, 3_600_000)])

    assert await partitions_of(kafka_bootstrap, kept) == 3
    assert (await settings_of(kafka_bootstrap, kept))["retention.ms"] == "-1"
    assert (await settings_of(kafka_bootstrap, passing))["retention.ms"] == "3600000"


async def test_a_topic_that_exists_is_left_as_it_is(kafka_bootstrap: str, org_code: OrgCode) -> None:
    await ensure_topics(kafka_bootstrap, [TopicSpec(org_code, 2, FOR_EVER)])

    await ensure_topics(kafka_bootstrap, [TopicSpec(org_code, 5, 1000)])

    assert await partitions_of(kafka_bootstrap, org_code) == 2
    assert (await settings_of(kafka_bootstrap, org_code))["retention.ms"] == "-1"


async def test_an_impossible_topic_is_named(kafka_bootstrap: str) -> None:
    with pytest.raises(TransientError, match="no/slash"):
        await ensure_topics(kafka_bootstrap, [TopicSpec("no/slash", 1, FOR_EVER)])


async def test_a_cluster_that_does_not_answer_is_transient() -> None:
    with pytest.raises(TransientError, match="cannot be made"):
        await ensure_topics(f"127.0.0.1:{free_ports(1)[0]}", [TopicSpec("plans", 1, FOR_EVER)])
