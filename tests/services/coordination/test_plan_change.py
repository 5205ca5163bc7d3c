"""What is read straight from the bytes of a plan event is what its model says."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from meekoppel_contracts.codec import decode_plan_event, encode_plan_event
from meekoppel_contracts.codes import PlanEventType, Status, ZoneRole
from meekoppel_contracts.events import PlanEvent
from meekoppel_hub.coordination.facts import PlanFacts, facts_of
from meekoppel_hub.coordination.plan_change import PlanChange, read_event
from meekoppel_hub.coordination.zone_periods import periods_of, to_text
from meekoppel_hub.platform.errors import PoisonRecord
from meekoppel_hub.platform.stream.records import PartitionId
from meekoppel_hub.testing.plan_events import plan_event, zone
from tests.contracts.strategies import plan_events

SOURCE = PartitionId("plans", 3)


def read(event: PlanEvent) -> PlanChange:
    return read_event(encode_plan_event(event), SOURCE, 17)


@settings(max_examples=40)
@given(plan_events)
def test_facts_and_zones_are_those_of_the_model(event: PlanEvent):
    if event.version < 1 or event.recorded_at is None:
        return
    event = decode_plan_event(encode_plan_event(event))
    change = read(event)
    assert PlanFacts(*change.facts) == facts_of(event)
    assert [tuple(row) for row in change.zones] == [
        (each.role.value, each.geometry, each.buffer_m, to_text(periods_of(each, event.plan)))
        for each in event.plan.zones
    ]
    assert change.srids == {each.srid for each in event.plan.zones}
    assert (change.event_type, change.publisher) == (event.type.value, event.publisher)
    assert (change.visibility, change.recorded_at) == (event.plan.visibility.value, event.recorded_at)


def test_a_withdrawn_plan_has_ended_whatever_its_status():
    assert read(plan_event("NL.gm0361.a", type=PlanEventType.WITHDRAWN)).facts[7] == "withdrawn"
    assert read(plan_event("NL.gm0361.a", status=Status.COMPLETED)).facts[7] == "completed"
    assert read(plan_event("NL.gm0361.a")).facts[7] is None


@pytest.mark.parametrize(
    "other",
    [
        {"zones": [zone(shapely.Point(1, 3))]},
        {"zones": [zone(shapely.Point(1, 2), ZoneRole.SITE)]},
        {"zones": [zone(shapely.Point(1, 2), buffer_m=0.5)]},
        {"zones": [zone(shapely.Point(1, 2)), zone(shapely.Point(1, 2))]},
    ],
)
def test_zones_that_differ_have_another_hash(other: dict[str, Any]):
    here = {"zones": [zone(shapely.Point(1, 2))]}
    plain = read(plan_event("NL.gm0361.a", **here)).zones_hash
    assert read(plan_event("NL.gm0361.a", version=2, title="Other words", days=(3, 4), **here)).zones_hash == plain
    assert read(plan_event("NL.gm0361.a", **other)).zones_hash != plain


@given(st.data())
def test_bytes_that_are_cut_or_changed_are_poison_or_read_and_nothing_else(data: st.DataObject):
    framed = bytearray(encode_plan_event(plan_event("NL.gm0361.a")))
    if data.draw(st.booleans()):
        framed = framed[: data.draw(st.integers(0, len(framed) - 1))]
    else:
        framed[data.draw(st.integers(0, len(framed) - 1))] = data.draw(st.integers(0, 255))
    with suppress(PoisonRecord):
        read_event(bytes(framed), SOURCE, 0)
