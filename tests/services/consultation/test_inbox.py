"""What comes through a coordination inbox: who may say it, what can be read, and what the sender hears."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from meekoppel_contracts.codec import encode_plan_event
from meekoppel_contracts.testing import example_event
from meekoppel_contracts.topics import MAX_EVENT_BYTES
from meekoppel_hub.platform.database.tables.consultation import requests
from meekoppel_hub.platform.database.tables.organisations import organisations
from meekoppel_hub.platform.errors import PoisonRecord
from tests.services.consultation.desk import assessment, overlap, reasons


def test_an_organisation_speaks_for_itself_alone(met):
    (refusal,) = met.take(met.request(assessment("org-b"), inbox="org-a"))
    assert refusal.reason.value == "publisher_not_allowed"
    assert refusal.field == "organisation"
    assert met.log[-1].topic == "plan-rejections.org-a"


def test_whoever_is_not_registered_or_not_active_is_not_heard(met):
    assert reasons(met.ask(assessment("stranger"))) == ["publisher_not_allowed"]
    with met.database.begin() as connection:
        connection.execute(update(organisations).where(organisations.c.code == "org-a").values(active=False))
    (refusal,) = met.ask(assessment())
    assert "is not active in this hub" in refusal.message


@pytest.mark.parametrize("value", [None, b"", b"garbage", b"\x00\x00\x00\x7f\xff"])
def test_what_cannot_be_read_is_refused_with_its_bytes_and_holds_up_nothing(met, value):
    bad = met.record("coordination-inbox.org-a", value, [("h", b"\xff")])
    refusal, event = met.take(bad, met.request(assessment()))
    assert (refusal.reason.value, refusal.value, refusal.headers[0].value) == ("undecodable", value, b"\xff")
    assert event.revision == 1


def test_a_contract_that_the_inbox_does_not_take_is_refused_by_name(met):
    (refusal,) = met.take(met.record("coordination-inbox.org-a", encode_plan_event(example_event())))
    assert "takes no plan-event; it takes agreement-event, area-event, assessment-event" in refusal.message


def test_what_is_too_large_is_refused(met):
    (refusal,) = met.take(met.record("coordination-inbox.org-a", b"\x00" * (MAX_EVENT_BYTES + 1)))
    assert refusal.reason.value == "too_large"


def test_a_request_without_an_id_is_refused(met):
    asked = met.request(assessment())
    without = replace(asked, headers=tuple(header for header in asked.headers if header[0] != "ce_id"))
    (refusal,) = met.take(without)
    assert (refusal.reason.value, refusal.field) == ("undecodable", "ce_id")


def test_a_character_that_no_database_keeps_is_refused(met):
    assert reasons(met.ask(assessment(note="a\x00b"))) == ["undecodable"]


def test_what_became_of_a_request_can_be_looked_up(met):
    met.ask(assessment(), id="mine")
    met.take(met.request(assessment("org-b"), inbox="org-a", id="not-mine"))
    with met.database.read() as connection:
        rows = {row.request_id: row for row in connection.execute(select(requests))}
    assert (rows["mine"].outcome, rows["mine"].event_id) == ("accepted", f"{assessment().overlap_id}/org-a/1")
    assert (rows["not-mine"].outcome, rows["not-mine"].reason) == ("refused", "publisher_not_allowed")


def test_two_organisations_may_use_the_same_id(met):
    assert len(met.ask(assessment("org-a"), id="1")) == 1
    assert len(met.ask(assessment("org-b"), id="1")) == 1


def test_what_was_refused_is_not_judged_again_when_it_is_sent_again(met):
    met.take(met.tell(overlap(2, (2, 1))))
    assert reasons(met.ask(assessment(seen=1), id="late")) == ["stale_revision"]
    assert met.ask(assessment(seen=2), id="late") == []


def test_a_log_that_cannot_be_read_is_poison_and_no_refusal(hub):
    for topic in ("coordination", "coordination-restricted", "plans"):
        with pytest.raises(PoisonRecord):
            hub.processor.decode(hub.record(topic, b"garbage"))
