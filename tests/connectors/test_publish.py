from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from meekoppel_connectors import publish as publish_module
from meekoppel_connectors.config import KafkaConfig
from meekoppel_connectors.errors import BrokerError
from meekoppel_connectors.publish import Patience, publish_outbox
from meekoppel_connectors.state import ConnectorState, open_state
from meekoppel_contracts.ids import OrgCode, PlanId
from meekoppel_contracts.testing import example_event, example_plan, example_zone
from meekoppel_hub.platform.kafka import LocalKafka, start_kafka
from tests.connectors.inbox import AWAY, SOON, Organisation, await_published, new_organisation
from tests.passing import passing_folder

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def state(tmp_path: Path, org_code: OrgCode) -> Iterator[ConnectorState]:
    with open_state(tmp_path / "state.db", org_code, NOW) as opened:
        yield opened


@pytest.fixture
def organisation(tmp_path: Path, kafka_bootstrap: str, org_code: OrgCode) -> Organisation:
    return new_organisation(tmp_path, kafka_bootstrap, org_code)


def put(state: ConnectorState, organisation: OrgCode, *numbers: int, **changes: object) -> None:
    with state.transaction():
        for number in numbers:
            plan = example_plan(plan_id=PlanId(f"NL.{organisation}.{number}"), **changes)
            state.outbox.append(
                example_event(version=0, recorded_at=None, publisher=organisation, plan=plan), NOW, None
            )


def publish(state: ConnectorState, organisation: OrgCode, bootstrap: str, patience: Patience = SOON) -> int:
    return publish_outbox(KafkaConfig(bootstrap=bootstrap), organisation, state.outbox, patience=patience)


def test_events_of_one_plan_arrive_in_order_and_leave_the_outbox(organisation: Organisation, state: ConnectorState):
    put(state, organisation.code, *(number % 7 for number in range(100)))
    assert publish(state, organisation.code, organisation.bootstrap) == 100
    assert state.outbox.waiting() == 0
    received = organisation.inbox()
    assert len(received) == 100
    for number in range(7):
        of_plan = [each.headers.sequence for each in received if each.told[0] == str(number)]
        assert of_plan == sorted(of_plan)


def test_an_empty_outbox_asks_nothing_of_kafka(state: ConnectorState, org_code: OrgCode):
    assert publish(state, org_code, AWAY) == 0


def test_a_topic_that_does_not_exist_is_said_and_not_made(
    state: ConnectorState, kafka_bootstrap: str, org_code: OrgCode, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(publish_module, "_TOPIC_LOOKUP_SECONDS", 0.01)
    put(state, org_code, 1)
    for _ in range(2):
        with pytest.raises(BrokerError, match=f"topic plan-inbox.{org_code} does not exist"):
            publish(state, org_code, kafka_bootstrap)
    assert state.outbox.waiting() == 1


def test_a_plan_that_is_too_large_is_named_and_those_before_it_are_published(
    organisation: Organisation, state: ConnectorState
):
    put(state, organisation.code, 1, 2)
    put(state, organisation.code, 3, zones=(example_zone(geometry=b"\1" * 1_100_000),))
    put(state, organisation.code, 4)
    with pytest.raises(BrokerError, match=rf"Plan NL\.{organisation.code}\.3 is larger .* 2 plan changes are kept"):
        publish(state, organisation.code, organisation.bootstrap)
    assert [record.plan_id.rsplit(".", 1)[1] for record in state.outbox.next_batch(9)] == ["3", "4"]
    assert sorted(each.told[0] for each in organisation.inbox()) == ["1", "2"]


def test_the_wait_between_attempts_doubles_up_to_its_limit_and_never_halves_twice():
    patience = Patience(first_delay_seconds=1.0, longest_delay_seconds=5.0)
    for failures, longest in ((1, 1.0), (2, 2.0), (3, 4.0), (4, 5.0), (50, 5.0)):
        delays = [patience.delay_seconds(failures) for _ in range(200)]
        assert longest / 2 <= min(delays) < max(delays) <= longest


@pytest.fixture
def mortal_kafka() -> Iterator[LocalKafka]:
    """A broker of the test's own, which it may kill."""
    with passing_folder() as folder, start_kafka(folder) as kafka:
        yield kafka


@pytest.mark.kafka
@pytest.mark.slow
def test_a_broker_that_dies_while_events_are_sent_costs_no_event(
    mortal_kafka: LocalKafka,
    tmp_path: Path,
    org_code: OrgCode,
    state: ConnectorState,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(publish_module, "BATCH", 5)
    organisation = new_organisation(tmp_path, mortal_kafka.bootstrap, org_code)
    put(state, org_code, *range(2000))
    topic = f"plan-inbox.{org_code}"
    killer = threading.Thread(target=lambda: kill_when_published(mortal_kafka, topic, 50))
    killer.start()
    with pytest.raises(BrokerError, match=r"cannot be reached .* plan changes are kept"):
        publish(state, org_code, mortal_kafka.bootstrap, Patience(2, 0.01, 0.02, answer_seconds=2.0))
    killer.join()
    assert 0 < state.outbox.waiting() < 2000
    mortal_kafka.start_broker(mortal_kafka.brokers[0])
    publish(state, org_code, mortal_kafka.bootstrap, Patience(answer_seconds=5.0))
    assert {each.headers.sequence for each in organisation.inbox()} == set(range(1, 2001))


def kill_when_published(kafka: LocalKafka, topic: str, count: int) -> None:
    asyncio.run(await_published(kafka.bootstrap, topic, count))
    kafka.kill_broker(kafka.brokers[0])
