"""A plan event is numbered around its plan: the bytes are those that writing the whole event gives."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings

from meekoppel_contracts import (
    PlanEvent,
    PlanEventType,
    SchemaMismatch,
    decode_plan_event,
    encode_around,
    encode_plan_event,
    plan_as_written,
)
from meekoppel_contracts.testing import example_event
from tests.contracts import version_1
from tests.contracts.strategies import plan_events

NUMBERED = {
    "type": PlanEventType.CHANGED,
    "version": 7,
    "recorded_at": datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
    "changed_fields": ("period", "zones"),
}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(event=plan_events)
def test_what_is_written_around_a_plan_is_what_writing_the_whole_event_gives(event: PlanEvent) -> None:
    numbered = event.model_copy(update=NUMBERED)
    assert encode_around(numbered, plan_as_written(event, encode_plan_event(event))) == encode_plan_event(numbered)


def test_a_plan_that_an_older_version_wrote_goes_on_in_the_newest() -> None:
    written = version_1.write(example_event())
    read = decode_plan_event(written)
    numbered = read.model_copy(update=NUMBERED)
    assert decode_plan_event(encode_around(numbered, plan_as_written(read, written))) == numbered


def test_a_time_without_a_zone_is_refused() -> None:
    event = example_event()
    naive = event.model_copy(update={"recorded_at": datetime(2026, 11, 23)})  # noqa: DTZ001 - that is what it is about
    with pytest.raises(SchemaMismatch, match="recorded_at has no time zone"):
        encode_around(naive, plan_as_written(event, encode_plan_event(event)))
