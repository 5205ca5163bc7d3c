from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import shapely
from sqlalchemy import insert, select, update

from meekoppel_contracts.codes import OrganisationKind, RejectionReason
from meekoppel_contracts.headers import INBOX_ID_HEADER, VISIBILITY_HEADER, EventHeaders
from meekoppel_contracts.ids import OrgCode
from meekoppel_hub.intake.consume import IntakeProcessor
from meekoppel_hub.platform.database.tables.intake import intake_counts, plan_state
from meekoppel_hub.platform.errors import TransientError
from meekoppel_hub.platform.organisations import register_organisation
from meekoppel_hub.platform.rejections import to_sender
from meekoppel_hub.platform.stream.records import LogRecord, PartitionId

OTHER_WORKERS_ROW = {
    "plan_id": "NL.gm0361.2026-0041",
    "version": 1,
    "epoch": "20261101T080000000000Z-00ff00",
    "sequence": 1,
    "content_sha256": "",
    "event": b"",
    "withdrawn": False,
    "topic": "plans",
    "recorded_at": datetime(2026, 11, 23, tzinfo=UTC),
    "revision": 1,
}


def counts(hub) -> dict[str, int]:
    with hub.database.read() as connection:
        return {row.outcome: row[3] for row in connection.execute(select(intake_counts))}


def test_the_first_batch_of_an_organisation_is_registered_in_order(hub, inbox, plan) -> None:
    events = hub.take(*(inbox.send(plan(f"{number}")) for number in range(5)))
    assert [(event.plan.plan_id, event.version) for event in events] == [(f"NL.gm0361.{n}", 1) for n in range(5)]
    assert counts(hub) == {"registered": 5}


def test_several_events_of_one_plan_in_one_batch_build_on_each_other(hub, inbox, plan) -> None:
    events = hub.take(
        inbox.send(plan()),
        inbox.send(plan(title="Twee")),
        inbox.send(plan(title="Twee")),
        inbox.withdraw(plan(title="Twee")),
        inbox.send(plan(title="Twee")),
    )
    assert [event.type.value for event in events] == ["registered", "changed", "withdrawn", "restored"]
    assert [event.version for event in events] == [1, 2, 3, 4]
    assert counts(hub) == {"registered": 1, "changed": 1, "unchanged": 1, "withdrawn": 1, "restored": 1}


def test_the_same_batch_again_after_a_crash_publishes_nothing_more(hub, inbox, plan) -> None:
    batch = [inbox.send(plan(f"{number}")) for number in range(3)]
    hub.take(*batch)
    assert hub.take(*batch) == []
    assert counts(hub) == {"registered": 3, "resent": 3}


def test_a_batch_whose_transaction_fails_leaves_nothing_behind(hub, inbox, plan) -> None:
    record = inbox.send(plan())
    hub.crash_before_commit = True
    with pytest.raises(hub.Crash):
        hub.take(record)
    hub.crash_before_commit = False
    assert counts(hub) == {}
    assert [event.version for event in hub.take(record)] == [1]


def test_an_empty_batch_still_commits(hub) -> None:
    assert hub.take() == []


def test_what_is_wrong_goes_back_whole_and_the_rest_goes_on(hub, inbox, plan) -> None:
    garbage = inbox.record(b"\xffgarbage", b"key", [("odd", b"\xff"), ("odd", None)])
    events = hub.take(inbox.send(plan("1")), garbage, inbox.send(plan("2")))
    assert [event.plan.plan_id for event in events] == ["NL.gm0361.1", "NL.gm0361.2"]
    (rejection,) = hub.rejections
    assert (rejection.topic, rejection.partition, rejection.offset) == ("plan-inbox.gm0361", 0, 0)
    assert (rejection.key, rejection.value) == (b"key", b"\xffgarbage")
    assert [(header.name, header.value) for header in rejection.headers] == [("odd", b"\xff"), ("odd", None)]
    assert counts(hub) == {"registered": 2, "rejected": 1}


def test_a_rejection_goes_to_the_organisations_own_topic_under_the_place_of_the_record(hub, inbox, plan, zone) -> None:
    hub.take(inbox.send(plan(zones=(zone(shapely.Point(4.7, 52.6), srid=4326),))))
    (message,) = hub.published
    assert (message.topic, message.event_id) == ("plan-rejections.gm0361", "rejected:plan-inbox.gm0361/0/0")
    assert EventHeaders.parse(tuple(message.headers)).type == "nl.meekoppel.plan.rejected.v1"
    assert hub.rejections[0].reason is RejectionReason.WRONG_CRS
    assert hub.rejections[0].plan_id == plan().plan_id


def test_an_original_that_no_broker_would_take_back_stays_in_the_inbox(hub, inbox) -> None:
    hub.take(inbox.record(b"x" * 1_000_000, b"key"))
    (rejection,) = hub.rejections
    assert (rejection.reason, rejection.value) == (RejectionReason.TOO_LARGE, None)
    assert "stays in the inbox" in rejection.message


def test_a_rejected_change_leaves_the_plan_and_its_numbering_as_they_were(hub, inbox, plan, zone) -> None:
    hub.take(inbox.send(plan()))
    hub.take(inbox.send(plan(zones=(zone(shapely.Point(0, 0)),))))
    (event,) = hub.take(inbox.send(plan(title="Beter")))
    assert event.version == 2
    assert [rejection.reason for rejection in hub.rejections] == [RejectionReason.OUTSIDE_AREA]


def test_an_unregistered_organisation_gets_its_records_back(hub, inbox, plan) -> None:
    stranger = replace(inbox, source=replace(inbox.source, topic="plan-inbox.stranger"))
    assert hub.take(stranger.send(plan())) == []
    assert hub.published[0].topic == "plan-rejections.stranger"
    assert hub.rejections[0].reason is RejectionReason.PUBLISHER_NOT_ALLOWED


def test_accepted_events_carry_headers_with_version_and_id(hub, inbox, plan) -> None:
    hub.take(inbox.send(plan()))
    (message,) = hub.published
    headers = EventHeaders.parse(tuple(message.headers))
    assert (headers.id, headers.sequence, headers.subject) == (f"{plan().plan_id}/1", 1, plan().plan_id)
    assert headers.source == "urn:nld:oin:" + "0" * 20
    assert (message.event_id, message.key) == (headers.id, plan().plan_id.encode())


def test_what_makes_the_view_again_without_decoding_stands_in_the_headers(hub, inbox, plan) -> None:
    hub.take(inbox.send(plan()))
    (message,) = hub.published
    headers = dict(message.headers)
    assert headers[VISIBILITY_HEADER] == plan().visibility.value.encode()
    assert headers[INBOX_ID_HEADER].rpartition(b"/")[2] == b"1"


def test_all_events_of_a_batch_are_recorded_at_one_moment(hub, inbox, plan) -> None:
    ticks = itertools.count()
    begin = datetime(2026, 11, 23, tzinfo=UTC)
    hub.processor = IntakeProcessor("NL", 28992, clock=lambda: begin + timedelta(seconds=next(ticks)))
    events = hub.take(*(inbox.send(plan(f"{number}")) for number in range(3)))
    assert len({event.recorded_at for event in events}) == 1


@pytest.mark.parametrize("known_before", [True, False])
def test_a_plan_that_another_worker_wrote_meanwhile_makes_the_batch_run_again(
    known_before: bool, hub, inbox, plan
) -> None:
    if known_before:
        hub.take(inbox.send(plan()))
    record = inbox.send(plan(title="Ander"))
    # The other worker's write, put between our reading and our writing.
    hub.meddle = lambda connection: (
        connection.execute(update(plan_state).values(revision=plan_state.c.revision + 1))
        if known_before
        else connection.execute(insert(plan_state), OTHER_WORKERS_ROW)
    )
    with pytest.raises(TransientError, match="another worker"):
        hub.take(record)
    hub.meddle = None
    assert [event.version for event in hub.take(record)] == [2 if known_before else 1]


def test_two_organisations_have_counts_of_their_own(hub, inbox, plan) -> None:
    register_organisation(hub.database, "pwn", "PWN", OrganisationKind.WATER_COMPANY)
    hub.take(inbox.send(plan()))
    other = replace(inbox, source=replace(inbox.source, topic="plan-inbox.pwn"))
    hub.take(other.record(b"garbage", b"key"))
    with hub.database.read() as connection:
        rows = connection.execute(select(intake_counts.c.organisation, intake_counts.c.outcome)).all()
    assert sorted(tuple(row) for row in rows) == [("gm0361", "registered"), ("pwn", "rejected")]


def test_a_key_of_megabytes_makes_no_answer_that_is_too_large_to_send() -> None:
    why = (RejectionReason.WRONG_KEY, "the key is wrong", None)
    for size in (800_000, 3_000_000):
        sent = LogRecord(PartitionId("plan-inbox.gm0361", 0), 7, 0, b"k" * size, b"value", ())
        answer = to_sender(sent, OrgCode("gm0361"), *why, datetime(2026, 11, 23, tzinfo=UTC))
        assert len(answer.key) + len(answer.value or b"") < 1_000_000
        assert answer.key == b"gm0361"
