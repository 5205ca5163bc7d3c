"""Proving a configuration: against its source, and against Kafka. Nothing is published or stored."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from meekoppel_connectors.config import ConnectorConfig
from meekoppel_connectors.errors import BrokerError, ConnectorError
from meekoppel_connectors.mapping.geometry import GeometryReader
from meekoppel_connectors.mapping.read import missing_fields, read_plans
from meekoppel_connectors.mapping.report import person_column_in_words
from meekoppel_connectors.sources.opening import open_source
from meekoppel_connectors.sources.source import Description
from meekoppel_contracts.topics import inbox

SAMPLE_ROWS = 1000
BROKER_TIMEOUT_MS = 8000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was proven, or not.

    Attributes:
        subject: what was looked at.
        ok: whether it is as it must be.
        message: what was found and, when it is not as it must be, what to do.
    """

    subject: str
    ok: bool
    message: str


def check(config: ConnectorConfig, now: datetime) -> Iterator[Finding]:
    """Prove a configuration step by step; a step that needs a failed one is left out."""
    yield from check_source(config, now)
    yield from asyncio.run(check_kafka(config))


def check_source(config: ConnectorConfig, now: datetime) -> Iterator[Finding]:
    """Prove that the source opens, has the fields that are named, says its CRS, and gives plans."""
    try:
        description = open_source(config.source, config.path.parent).describe(whole=True)
    except ConnectorError as error:
        yield Finding("source", False, str(error))
        return
    count = "" if description.row_count is None else f" and {description.row_count} rows"
    yield Finding("source", True, f"{config.source.place} opens, with {len(description.fields)} fields{count}")
    missing = missing_fields(config, description)
    for problem in missing:
        yield Finding("fields", False, problem)
    if not missing:
        yield Finding("fields", True, "every source field that the mapping names is there")
    for column, field in config.plan_rules().person_columns().items():
        yield Finding("persons", True, person_column_in_words(column, field))
    crs = _finding("crs", lambda: _crs_in_words(config, description))
    yield crs
    if crs.ok and not (missing and description.fixed):
        yield _finding("rows", lambda: _sample_in_words(config, now))


async def check_kafka(config: ConnectorConfig) -> list[Finding]:
    """Prove that a broker answers and that the organisation's inbox is there."""
    topic = inbox(config.organisation)
    try:
        topics = await _topics(config)
    except ConnectorError as error:
        return [Finding("kafka", False, str(error))]
    findings = [Finding("kafka", True, f"a broker answers at {config.kafka.bootstrap}")]
    if topic in topics:
        findings.append(Finding("inbox", True, f"topic {topic} is there"))
    else:
        problem = f"topic {topic} is not there or may not be seen; ask the hub to register {config.organisation}"
        findings.append(Finding("inbox", False, problem))
    return findings


async def _topics(config: ConnectorConfig) -> set[str]:
    client = AIOKafkaAdminClient(**config.kafka.client_settings(), request_timeout_ms=BROKER_TIMEOUT_MS)
    try:
        await asyncio.wait_for(client.start(), BROKER_TIMEOUT_MS / 1000)
        return set(await client.list_topics())
    except (KafkaError, OSError, TimeoutError, ValueError) as error:
        reason = str(error) or type(error).__name__
        raise BrokerError(
            f"No broker answers at {config.kafka.bootstrap} ({reason}); check kafka.bootstrap and that Kafka runs."
        ) from error
    finally:
        await client.close()


def _finding(subject: str, prove: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, True, prove())
    except ConnectorError as error:
        return Finding(subject, False, str(error))


def _crs_in_words(config: ConnectorConfig, description: Description) -> str:
    GeometryReader(config, description.crs)
    if config.source.crs is not None:
        named = f"{config.source.crs} by configuration"
    elif description.crs is not None:
        named = f"{description.crs.name} by the file itself"
    else:
        named = "named before each geometry"
    return f"coordinates are in {named}, and go to EPSG:{config.hub_crs}"


def _sample_in_words(config: ConnectorConfig, now: datetime) -> str:
    sample = list(islice(read_plans(config, now), SAMPLE_ROWS))
    good = sum(row.plan is not None for row in sample)
    if not sample:
        raise ConnectorError(f"{config.source.place} has no rows")
    if not good:
        first = next(rejection for row in sample for rejection in row.rejections)
        why = f"row {first.row_number}, {first.field}: {first.message}"
        raise ConnectorError(f"none of the first {len(sample)} rows becomes a plan; {why}")
    return f"{good} of the first {len(sample)} rows become plans, {len(sample) - good} are rejected; see preview"
