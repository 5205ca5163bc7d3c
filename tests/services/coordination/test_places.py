"""Topic `areas` folded into tables, on both stores."""

from dataclasses import replace
from datetime import timedelta

import pytest
import shapely
from shapely import box
from sqlalchemy import select

from meekoppel_contracts.codec import encode_overlap_event
from meekoppel_contracts.testing import example_overlap
from meekoppel_hub.coordination.places import decode_place, save_places
from meekoppel_hub.coordination.rules_change import next_chunk, note_progress, take_over
from meekoppel_hub.coordination.rules_state import Rules, read_state
from meekoppel_hub.platform.agreements import national_agreement
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.places import agreements, areas, moratoria, moratorium_versions
from meekoppel_hub.platform.errors import PoisonRecord
from meekoppel_hub.testing.place_events import agreement_event, area_event, moratorium_event, place_record
from meekoppel_hub.testing.plan_events import CRS, DAY_ZERO

PLACE = box(93_000, 463_000, 94_000, 464_000)
AREA, AGREEMENT, REST = "NL.gm0361.gemeente", "NL.gm0361.afspraken", "NL.gm0361.rust-1"
TRIAL = national_agreement().model_copy(update={"ruleset": "trial", "light_conflict_distance_m": 50.0})
DAY = timedelta(days=1)


def changes(*events):
    return [decode_place(place_record(event, offset=offset), CRS) for offset, event in enumerate(events)]


def save(database: Database, *events) -> None:
    with database.begin() as connection:
        save_places(connection, changes(*events))


def change(database: Database, *events, now=DAY_ZERO) -> bool:
    with database.begin() as connection:
        return take_over(connection, changes(*events), "a test", now)


def stored(database: Database, *columns):
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(*columns[:2]))]


def test_every_revision_of_areas_and_agreements_is_kept(database: Database):
    save(database, area_event(AREA, PLACE), agreement_event(AGREEMENT, areas=(AREA,)))
    save(
        database, area_event(AREA, PLACE, revision=2, active=False), agreement_event(AGREEMENT, revision=2, ended=True)
    )
    save(database, area_event(AREA, PLACE))
    assert stored(database, areas.c.revision, areas.c.active) == [(1, True), (2, False)]
    assert stored(database, agreements.c.revision, agreements.c.ended) == [(1, False), (2, True)]
    assert stored(database, areas.c.min_x, areas.c.max_y)[0] == (93_000.0, 464_000.0)


def test_of_a_moratorium_the_newest_revision_counts_in_whatever_order_they_come(database: Database):
    save(database, moratorium_event(REST, PLACE, revision=2, lifted=True), moratorium_event(REST, PLACE))
    save(database, moratorium_event(REST, PLACE))
    assert stored(database, moratoria.c.moratorium_id, moratoria.c.revision, moratoria.c.lifted) == [(REST, 2, True)]
    assert stored(database, moratorium_versions.c.revision) == [(1,), (2,)]


RECORD = place_record(area_event(AREA, PLACE))


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (replace(RECORD, value=None), "tombstone"),
        (replace(RECORD, value=b"\x00\x00\x00\x00\x08"), "undecodable"),
        (replace(RECORD, value=encode_overlap_event(example_overlap())), "undecodable"),
        (replace(RECORD, key=b"NL.gm0361.other"), "wrong_key"),
        (place_record(area_event(AREA, PLACE).model_copy(update={"srid": 4326})), "wrong_crs"),
        (place_record(area_event(AREA, shapely.Polygon())), "invalid_geometry"),
        (place_record(area_event(AREA, PLACE).model_copy(update={"geometry": b"x"})), "invalid_geometry"),
        (place_record(agreement_event(AGREEMENT).model_copy(update={"rules": '{"a": 1}'})), "invalid_rules"),
        (place_record(agreement_event(AGREEMENT, revision=0)), "missing_revision"),
    ],
)
def test_a_record_that_can_never_succeed_is_poison(record, reason):
    with pytest.raises(PoisonRecord) as poison:
        decode_place(record, CRS)
    assert poison.value.reason == reason


def test_rules_change_when_an_agreement_and_its_area_are_both_there(database: Database):
    assert change(database, agreement_event(AGREEMENT, TRIAL, (AREA,))) is False
    assert change(database, area_event(AREA, PLACE)) is True
    with database.read() as connection:
        assert read_state(connection).generation == 1
        assert [one.ruleset for one in Rules().current(connection).agreements] == ["trial", "national"]


def test_the_same_records_again_change_no_rules(database: Database):
    events = (area_event(AREA, PLACE), agreement_event(AGREEMENT, TRIAL, (AREA,)))
    assert change(database, *events) is True
    assert change(database, *events, now=DAY_ZERO + DAY) is False


def test_an_area_without_an_agreement_changes_no_rules(database: Database):
    assert change(database, area_event(AREA, PLACE)) is False


def test_rules_that_begin_by_the_course_of_time_are_due_then(database: Database):
    rules = Rules()
    change(database, area_event(AREA, PLACE), agreement_event(AGREEMENT, TRIAL, (AREA,), valid=(DAY_ZERO + DAY, None)))
    with database.read() as connection:
        assert [one.ruleset for one in rules.current(connection).agreements] == ["national"]
        assert not rules.due(connection, DAY_ZERO)
        assert rules.due(connection, DAY_ZERO + DAY)
    assert change(database, now=DAY_ZERO + DAY) is True
    with database.read() as connection:
        assert [one.ruleset for one in rules.current(connection).agreements] == ["trial", "national"]
        assert not rules.due(connection, DAY_ZERO + DAY)


def test_time_never_runs_back_for_the_rules(database: Database):
    later = agreement_event(AGREEMENT, TRIAL, (AREA,), valid=(DAY_ZERO + DAY, None))
    change(database, area_event(AREA, PLACE), later, now=DAY_ZERO + DAY)
    assert change(database, now=DAY_ZERO) is False


def test_a_change_that_concerns_no_plan_is_finished_with_its_first_chunk(database: Database):
    change(database, area_event(AREA, PLACE), agreement_event(AGREEMENT, TRIAL, (AREA,)))
    with database.begin() as connection:
        chunk = next_chunk(connection)
        assert chunk is not None
        assert (chunk.plan_ids, chunk.last) == ([], True)
        note_progress(connection, chunk, DAY_ZERO)
    with database.begin() as connection:
        assert next_chunk(connection) is None
