"""What must hold on a real broker; that of these tests may be away for a second or so, in the place of a minute."""

from __future__ import annotations

import asyncio
import logging
import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest

from meekoppel_connectors.operating.telling import run_and_tell
from meekoppel_connectors.publish import Patience
from meekoppel_connectors.run import run_once
from meekoppel_connectors.testing.broker import make_topics, read_inbox, read_topic
from meekoppel_connectors.testing.connector import ConnectorUnderTest, Records, demand, record_of
from meekoppel_connectors.testing.gate import Gate, gate_before
from meekoppel_connectors.testing.inbox_file import Received
from meekoppel_connectors.testing.log import Log
from meekoppel_contracts.codec import decode_connector_heartbeat
from meekoppel_contracts.codes import PlanEventType
from meekoppel_contracts.headers import CONNECTOR_HEARD, EventHeaders, organisation_source, plan_event_type
from meekoppel_contracts.ids import OrgCode, org_code
from meekoppel_contracts.numbering import EPOCH_PATTERN
from meekoppel_contracts.registry import PLAN_EVENT, packaged_registry
from meekoppel_contracts.topics import heartbeats

AWAY_SECONDS = 1.0
PATIENT = Patience(attempts=40, first_delay_seconds=0.05, longest_delay_seconds=0.2, answer_seconds=5.0)


class TestsOfKafka:
    """Publishing to a broker, and a broker that is away."""

    @pytest.fixture
    def on_kafka(
        self, connector: ConnectorUnderTest, conformance_broker: str, caplog: pytest.LogCaptureFixture
    ) -> ConnectorUnderTest:
        """The connector of an organisation that nobody else is, with topics on a real broker."""
        caplog.set_level(logging.CRITICAL, logger="aiokafka")  # it tells at length that a broker is away
        organisation = org_code(f"conf-{uuid.uuid4().hex[:12]}")
        make_topics(conformance_broker, organisation)
        return replace(connector, organisation=organisation, bootstrap=conformance_broker)

    @pytest.fixture
    def gate(self, conformance_broker: str) -> Iterator[Gate]:
        """What stands between the connector and the broker."""
        with gate_before(conformance_broker) as gate:
            yield gate

    def test_events_stand_in_the_inbox_as_the_contract_says(
        self, on_kafka: ConnectorUnderTest, records: Records
    ) -> None:
        records.put(records.several(12))
        summary = run_once(on_kafka.config(), patience=PATIENT)
        received = read_inbox(on_kafka.bootstrap, on_kafka.organisation)
        demand(
            summary.published == len(received) == 12,
            f"12 records gave {summary.published} published events, and {len(received)} in the inbox; "
            f"{summary.rejected} rows were rejected",
        )
        for each in received:
            _demand_right_headers(each, on_kafka.organisation)
        sequences = sorted(each.headers.sequence for each in received)
        demand(sequences == list(range(1, 13)), f"events are numbered {sequences} instead of 1 to 12")

    def test_a_heartbeat_is_sent_after_each_run_as_the_contract_says(
        self, on_kafka: ConnectorUnderTest, records: Records
    ) -> None:
        records.put(records.several(12))
        for _ in range(2):
            run_and_tell(on_kafka.config(), pytest.fail, patience=PATIENT)
        received = asyncio.run(read_topic(on_kafka.bootstrap, heartbeats(on_kafka.organisation)))
        told = [decode_connector_heartbeat(value) for _, value, _ in received]
        demand(
            [(each.organisation, each.live_plans, each.events_published) for each in told]
            == [(on_kafka.organisation, 12, 12), (on_kafka.organisation, 12, 0)],
            f"two runs told the hub {told}",
        )
        demand(
            all(EventHeaders.parse(headers).type == CONNECTOR_HEARD for _, _, headers in received),
            "a heartbeat carries other headers than the contract says",
        )

    def test_a_broker_that_is_away_for_a_while_loses_nothing(
        self, on_kafka: ConnectorUnderTest, records: Records, gate: Gate
    ) -> None:
        records.put(records.several(12))
        gate.close()
        opening = threading.Timer(AWAY_SECONDS, gate.open)
        opening.start()
        try:
            run_once(replace(on_kafka, bootstrap=gate.bootstrap).config(), patience=PATIENT)
        finally:
            opening.join()
        _demand_each_once(on_kafka)

    def test_a_broker_that_goes_away_before_it_answers_is_sent_the_same_again(
        self, on_kafka: ConnectorUnderTest, records: Records, gate: Gate
    ) -> None:
        records.put(records.several(12))
        gate.close_on_produce(AWAY_SECONDS)
        run_once(replace(on_kafka, bootstrap=gate.bootstrap).config(), patience=PATIENT)
        demand(gate.answers_kept, "the gate let every answer pass, so that nothing had to be sent again")
        _demand_each_once(on_kafka)


def _demand_each_once(connector: ConnectorUnderTest) -> None:
    log = Log(read_inbox(connector.bootstrap, connector.organisation))
    found = {record_of(plan): types for plan, types in log.types().items()}
    wanted = {f"{number:04d}": ["registered"] for number in range(1, 13)}
    demand(found == wanted, f"the broker went away and came back, and the log holds {found} instead of 12 plans")


def _demand_right_headers(received: Received, organisation: OrgCode) -> None:
    headers, event = received.headers, received.event
    about = f"the event of {received.key}"
    plan = event.plan.plan_id
    demand(received.key == headers.subject == headers.partition_key == plan, f"{about} has another key or subject")
    demand(headers.source == organisation_source(organisation), f"{about} has source {headers.source}")
    demand(headers.type == plan_event_type(PlanEventType.REGISTERED), f"{about} is a {headers.type}")
    demand(headers.dataschema == packaged_registry().newest(PLAN_EVENT).uri, f"{about} names {headers.dataschema}")
    demand(headers.epoch is not None and EPOCH_PATTERN.fullmatch(headers.epoch), f"{about} has epoch {headers.epoch!r}")
    demand(headers.id == f"{headers.epoch}/{headers.sequence}", f"{about} has id {headers.id}")
    demand(
        event.publisher == organisation and event.version == 0 and event.recorded_at is None,
        f"{about} says publisher {event.publisher}, version {event.version}, recorded {event.recorded_at}; a connector "
        "publishes for its own organisation and leaves numbering to the hub",
    )
