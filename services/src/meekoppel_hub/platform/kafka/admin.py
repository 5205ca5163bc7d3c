"""Make the topics that are needed, as they are to be."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from meekoppel_contracts.topics import TopicSpec
from meekoppel_hub.platform.errors import TransientError

_COPIES = 3
_SETTLE_SECONDS = 30.0


async def ensure_topics(bootstrap: str, specs: Sequence[TopicSpec]) -> None:
    """Make the topics that do not exist and wait until every partition has a leader.

    Topics that exist are left as they are: their operator may have changed them.

    Args:
        bootstrap: `host:port,…` of the cluster.
        specs: the topics.

    Raises:
        TransientError: when the cluster cannot be reached or does not make them.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, client_id="meekoppel-admin")
    try:
        await admin.start()
        await _create(admin, specs)
        await _settle(admin, specs)
    except KafkaError as error:
        raise TransientError(f"the topics cannot be made on {bootstrap}: {error!r}") from error
    finally:
        await admin.close()


async def _create(admin: AIOKafkaAdminClient, specs: Sequence[TopicSpec]) -> None:
    existing = set(await admin.list_topics())
    missing = {spec.name: spec for spec in specs if spec.name not in existing}
    if not missing:
        return
    copies = min(_COPIES, len((await admin.describe_cluster())["brokers"]))
    answer = await admin.create_topics([_new_topic(spec, copies) for spec in missing.values()])
    for name, code, *rest in answer.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:  # another process may have been quicker
            raise error(f"topic {name}: {rest[0] if rest else ''}")


def _new_topic(spec: TopicSpec, copies: int) -> NewTopic:
    settings = {"retention.ms": str(spec.retention_ms)}
    if spec.retention_ms < 0:
        settings["retention.bytes"] = "-1"
    return NewTopic(spec.name, spec.partitions, copies, topic_configs=settings)


async def _settle(admin: AIOKafkaAdminClient, specs: Sequence[TopicSpec]) -> None:
    names = sorted({spec.name for spec in specs})
    deadline = time.monotonic() + _SETTLE_SECONDS
    while True:
        described = await admin.describe_topics(names)
        waiting = [topic["topic"] for topic in described if not _has_leaders(topic)]
        if not waiting:
            return
        if time.monotonic() > deadline:
            raise TransientError(f"topic {waiting[0]} has no leader after {_SETTLE_SECONDS:.0f} s")
        await asyncio.sleep(0.05)


def _has_leaders(topic: dict[str, object]) -> bool:
    partitions = topic["partitions"]
    return (
        topic["error_code"] == 0
        and isinstance(partitions, list)
        and bool(partitions)
        and all(partition["leader"] >= 0 for partition in partitions)
    )
