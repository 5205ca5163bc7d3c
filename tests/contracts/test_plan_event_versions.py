"""Version 1 and version 2 of plan-event read each other: with the schemas as published, not with made-up ones."""

from __future__ import annotations

import pytest

from meekoppel_contracts import Discipline, changed_fields, decode_plan_event, encode_plan_event
from meekoppel_contracts.testing import example_event, example_plan, example_zone
from tests.contracts import version_1
from tests.contracts.version_1 import SINCE_VERSION_2


def test_what_version_1_wrote_gets_the_defaults_of_the_new_fields() -> None:
    (zone,) = decode_plan_event(version_1.write(example_event())).plan.zones

    assert (zone.repaired, zone.position_error_m, zone.simplified_m) == (False, None, None)


def test_a_plan_that_version_1_wrote_equals_the_same_plan_written_by_version_2() -> None:
    old = decode_plan_event(version_1.write(example_event()))
    new = decode_plan_event(encode_plan_event(example_event()))

    assert changed_fields(old.plan, new.plan) == ()


def test_version_1_reads_what_version_2_wrote_without_the_new_fields() -> None:
    zone = example_zone(repaired=True, position_error_m=0.25, simplified_m=0.1)
    event = example_event(plan=example_plan(zones=(zone,)))

    (read,) = version_1.read(encode_plan_event(event))["plan"]["zones"]

    assert read == zone.model_dump(mode="python", exclude=set(SINCE_VERSION_2))


def test_version_1_takes_hydrogen_as_other() -> None:
    event = example_event(plan=example_plan(disciplines=(Discipline.HYDROGEN, Discipline.ROAD)))

    assert version_1.read(encode_plan_event(event))["plan"]["disciplines"] == ["other", "road"]


@pytest.mark.parametrize("field", SINCE_VERSION_2)
def test_each_new_field_comes_back_as_it_was(field: str) -> None:
    value = True if field == "repaired" else 0.018
    event = example_event(plan=example_plan(zones=(example_zone(**{field: value}),)))

    assert decode_plan_event(encode_plan_event(event)) == event
