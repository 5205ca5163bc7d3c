"""What intake sends back is shown by `status` with row and field, until a newer state of the plan went out."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from meekoppel_connectors.hub_answers import fetch_answers
from meekoppel_connectors.state.hub_rejections import HubRejection
from meekoppel_connectors.status import read_status
from meekoppel_contracts.codec import encode_plan_rejection
from meekoppel_contracts.codes import RejectionReason
from meekoppel_contracts.events import PlanRejection
from meekoppel_contracts.ids import OrgCode
from meekoppel_contracts.topics import inbox, rejections
from tests.connectors.inbox import AWAY, PARTITIONS, Organisation, new_organisation, records_of, row, rows

REJECTED_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def organisation(tmp_path: Path, kafka_bootstrap: str, org_code: OrgCode) -> Organisation:
    return new_organisation(tmp_path, kafka_bootstrap, org_code)


def send_back(organisation: Organisation, local_id: str, **changes: Any) -> None:
    """Answer the last event of a plan as intake does."""
    topic = inbox(organisation.code)
    inside = records_of(organisation.bootstrap, topic, PARTITIONS)
    records = [record for record in inside if record.key.endswith(local_id.encode())]
    fields: dict[str, Any] = {
        "organisation": organisation.code,
        "reason": RejectionReason.INITIATOR_NOT_ALLOWED,
        "message": "the initiator is not registered",
        "field": "plan.initiator.organisation",
        "plan_id": records[-1].key.decode(),
        "topic": topic,
        "partition": records[-1].partition,
        "offset": records[-1].offset,
        "key": records[-1].key,
        "value": records[-1].value,
        "rejected_at": REJECTED_AT,
    }
    asyncio.run(_publish(organisation, encode_plan_rejection(PlanRejection(**{**fields, **changes}))))


async def _publish(organisation: Organisation, value: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=organisation.bootstrap)
    await producer.start()
    try:
        await producer.send_and_wait(rejections(organisation.code), value)
    finally:
        await producer.stop()


def sent_back(organisation: Organisation) -> tuple[HubRejection, ...]:
    assert fetch_answers(organisation.config()) is None
    return read_status(organisation.config()).sent_back


def test_what_the_hub_sends_back_is_shown_with_row_and_field(organisation: Organisation):
    organisation.run(rows(3))
    send_back(organisation, "0002")
    (rejection,) = sent_back(organisation)
    assert rejection == HubRejection(
        rejected_at=REJECTED_AT,
        plan_id=f"NL.{organisation.code}.0002",
        row_number=3,
        source_id="0002",
        field="plan.initiator.organisation",
        reason="initiator_not_allowed",
        message="the initiator is not registered",
    )


def test_it_is_shown_again_until_a_newer_state_of_the_plan_went_out(organisation: Organisation):
    organisation.run(rows(2))
    send_back(organisation, "0002")
    assert len(sent_back(organisation)) == 1
    organisation.run()
    assert len(sent_back(organisation)) == 1
    organisation.run([row(1), row(2, titel="Riool, met de goede opdrachtgever")])
    assert sent_back(organisation) == ()


def test_a_newer_state_that_is_sent_back_too_is_shown_once(organisation: Organisation):
    organisation.run(rows(1))
    send_back(organisation, "0001")
    organisation.run([row(1, titel="Riool, nog steeds fout")])
    send_back(organisation, "0001", message="still not registered")
    assert [each.message for each in sent_back(organisation)] == ["still not registered"]


def test_times_in_more_precision_than_the_contract_has_are_no_newer_state(organisation: Organisation):
    organisation.run([row(1, van="2026-04-01T08:00:00.123456")])
    send_back(organisation, "0001")
    assert len(sent_back(organisation)) == 1


def test_a_record_that_is_no_plan_is_shown_without_a_row(organisation: Organisation):
    organisation.run(rows(1))
    send_back(organisation, "0001", plan_id=None, field=None, value=b"nonsense", reason=RejectionReason.UNDECODABLE)
    (rejection,) = sent_back(organisation)
    assert (rejection.row_number, rejection.plan_id, rejection.reason) == (None, None, "undecodable")


def test_when_kafka_is_away_that_is_said_soon_and_what_was_known_is_shown(organisation: Organisation):
    organisation.run(rows(1))
    send_back(organisation, "0001")
    assert len(sent_back(organisation)) == 1
    begun = time.monotonic()
    trouble = fetch_answers(organisation.config(AWAY), seconds=1)
    assert trouble is not None
    assert AWAY in trouble
    assert time.monotonic() - begun < 4
    assert len(read_status(organisation.config()).sent_back) == 1


def test_a_topic_that_is_missing_is_said(organisation: Organisation):
    organisation.run(rows(1))
    stranger = organisation.config().model_copy(update={"organisation": OrgCode("nobody")})
    assert fetch_answers(stranger, seconds=1) is not None


def test_a_connector_that_never_ran_asks_for_nothing(organisation: Organisation):
    assert fetch_answers(organisation.config(AWAY)) is None
