from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import shapely

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.opening import open_source, source_class
from meekoppel_connectors.sources.places import gzipped
from meekoppel_contracts.codes import NuisanceEffect, Status
from tests.connectors.datex import POINT, line, publication, record, situation
from tests.connectors.real_sets import counted, read_with, real

RING = "<gmlLinearRing><posList>{}</posList></gmlLinearRing>"
OUTER = "51.58 4.77 51.58 4.79 51.60 4.79 51.58 4.77"
HOLE = "51.582 4.78 51.582 4.785 51.585 4.785 51.582 4.78"


def rows(path: Path, **options: Any) -> list[SourceRow]:
    settings = source_class("datex2").settings_type.model_validate({"format": "datex2", "path": path, **options})
    return list(open_source(settings).snapshot())


def wkt(row: SourceRow, decimals: int = 3) -> str:
    assert row.fault is None
    return shapely.to_wkt(row.geometry, rounding_precision=decimals)


def located(folder: Path, location: str) -> SourceRow:
    (row,) = rows(publication(folder, situation(record(location=location))))
    return row


# The real situation, and its twin


@pytest.mark.parametrize("name", ["werk_roadclosed.xml", "werk_roadclosed.wrapped.xml"])
def test_the_real_situation_is_one_plan_bare_and_wrapped(tmp_path: Path, name: str) -> None:
    found = read_with("ndw-datex2", tmp_path, real(f"ndw-datex/{name}"))
    assert counted(found) == (1, 1, {})
    plan = found[0].plan
    assert plan is not None
    assert plan.plan_id == "NL.ndw.AND01_293710191D884B30BE9E2F614BEB0B46"
    assert (plan.status, plan.nuisance[0].effect) == (Status.IN_PROGRESS, NuisanceEffect.CLOSED)
    west, south, east, north = shapely.from_wkb(plan.zones[0].geometry).bounds
    assert (112_000 < west < east < 113_000, 399_000 < south < north < 401_000) == (True, True)


def test_a_twin_gives_a_plan_with_the_line_of_its_second_record(tmp_path: Path) -> None:
    closed = record("R2", line("51.586246 4.777902 51.585735 4.778067"), "RoadOrCarriagewayOrLaneManagement")
    closed = closed.replace(
        "</situationRecord>",
        "<roadOrCarriagewayOrLaneManagementType>roadClosed</roadOrCarriagewayOrLaneManagementType></situationRecord>",
    )
    found = read_with("ndw-datex2", tmp_path, publication(tmp_path, situation(record(), closed)))
    assert counted(found) == (1, 1, {})
    plan = found[0].plan
    assert plan is not None
    assert plan.initiator.organisation == "gemeente-breda"
    assert plan.nuisance[0].effect is NuisanceEffect.CLOSED
    assert shapely.from_wkb(plan.zones[0].geometry).geom_type == "LineString"


# Rows and fields


def test_a_situation_keeps_one_row_whatever_records_it_has(tmp_path: Path) -> None:
    (row,) = rows(publication(tmp_path, situation(record("R1"), record("R2", kind="ReroutingManagement"))))
    assert row.values["situation.@id"] == "S1"
    assert row.values["records.@id"] == ["R1", "R2"]
    assert row.values["records.source.sourceName"] == "Gemeente Breda"


def test_the_main_record_is_that_of_the_works_wherever_it_stands(tmp_path: Path) -> None:
    (row,) = rows(publication(tmp_path, situation(record("R1", kind="SpeedManagement"), record("R2"))))
    assert (row.values["record.@id"], row.values["record.@type"]) == ("R2", "MaintenanceWorks")


def test_each_record_is_a_row_when_that_is_asked_for(tmp_path: Path) -> None:
    path = publication(tmp_path, situation(record("R1"), record("R2")), situation(record("R3"), id="S2"))
    found = [(row.number, row.values["situation.@id"], row.values["record.@id"]) for row in rows(path, row="record")]
    assert found == [(1, "S1", "R1"), (2, "S1", "R2"), (3, "S2", "R3")]


@pytest.mark.parametrize(
    ("languages", "name"), [(("nl",), "Gemeente Breda"), (("en", "nl"), "City of Breda"), (("fr",), "City of Breda")]
)
def test_of_several_languages_the_wanted_one_is_taken_and_else_the_first(
    tmp_path: Path, languages: tuple[str, ...], name: str
) -> None:
    (row,) = rows(publication(tmp_path, situation(record())), languages=languages)
    assert row.values["record.source.sourceName"] == name
    assert row.values["record.generalPublicComment.comment"] == "Kerkstraat"


def test_the_period_is_the_whole_one_of_all_records(tmp_path: Path) -> None:
    later = record("R2", start="2026-06-20T06:00:00Z", end="2026-08-01T02:00:00+02:00")
    (row,) = rows(publication(tmp_path, situation(record(), later)))
    assert (row.values["period.start"], row.values["period.end"]) == (
        "2026-06-12T06:00:00Z",
        "2026-08-01T02:00:00+02:00",
    )


def test_a_record_without_an_end_leaves_the_period_open(tmp_path: Path) -> None:
    (row,) = rows(publication(tmp_path, situation(record(), record("R2", end=""))))
    assert row.values["period.end"] is None


def test_a_time_that_does_not_exist_rejects_the_row_and_is_not_passed_over(tmp_path: Path) -> None:
    wrong = situation(record(), record("R2", end="2026-02-30T00:00:00Z"))
    found = read_with("ndw-datex2", tmp_path, publication(tmp_path, wrong, situation(record(), id="S2")))
    assert counted(found) == (2, 1, {"date_unreadable": 1})


def test_recurring_periods_stay_in_the_row(tmp_path: Path) -> None:
    periods = "".join(
        f"<validPeriod><recurringTimePeriodOfDay><startTimeOfPeriod>{hour}:00:00</startTimeOfPeriod>"
        "</recurringTimePeriodOfDay></validPeriod>"
        for hour in ("09", "20")
    )
    whole = record().replace("<overallStartTime>", f"{periods}<overallStartTime>")
    (row,) = rows(publication(tmp_path, situation(whole)))
    name = "record.validity.validityTimeSpecification.validPeriod.recurringTimePeriodOfDay.startTimeOfPeriod"
    assert row.values[name] == ["09:00:00", "20:00:00"]


def test_the_time_of_the_version_is_when_it_changed(tmp_path: Path) -> None:
    (row,) = rows(publication(tmp_path, situation(record())))
    assert row.occurred_at is not None
    assert row.occurred_at.isoformat() == "2026-06-12T12:37:52+00:00"


def test_a_test_is_no_plan(tmp_path: Path) -> None:
    first, second = rows(publication(tmp_path, situation(record(), status="test"), situation(record(), id="S2")))
    assert first.fault == "is no real situation but of status test"
    assert second.fault is None


# Places


def test_latitude_comes_first_in_the_file_and_longitude_in_the_row(tmp_path: Path) -> None:
    assert wkt(located(tmp_path, POINT)) == "POINT (4.77 51.58)"
    assert wkt(located(tmp_path, line("51.5 4.7 51.6 4.8"))) == "LINESTRING (4.7 51.5, 4.8 51.6)"


@pytest.mark.parametrize("system", ["ETRS89", "EPSG:4258", "urn:ogc:def:crs:EPSG::4326", "WGS84"])
def test_spellings_of_one_system_read_alike(tmp_path: Path, system: str) -> None:
    assert wkt(located(tmp_path, line("51.5 4.7 51.6 4.8", system))) == "LINESTRING (4.7 51.5, 4.8 51.6)"


def test_a_system_with_longitude_first_and_one_in_metres_are_respected(tmp_path: Path) -> None:
    assert wkt(located(tmp_path, line("4.7 51.5 4.8 51.6", "OGC:CRS84"))) == "LINESTRING (4.7 51.5, 4.8 51.6)"
    in_metres = line("112000 400000 112100 400000", "http://www.opengis.net/def/crs/EPSG/0/28992")
    assert wkt(located(tmp_path, in_metres)) == "LINESTRING (4.767 51.587, 4.768 51.587)"


def test_a_system_that_is_not_known_is_said(tmp_path: Path) -> None:
    assert located(tmp_path, line("1 2 3 4", "somewhere")).fault == "names a CRS that is not known: somewhere"


def test_heights_are_no_coordinates(tmp_path: Path) -> None:
    high = line("51.5 4.7 12 51.6 4.8 13", attributes=' srsDimension="3"')
    assert wkt(located(tmp_path, high)) == "LINESTRING (4.7 51.5, 4.8 51.6)"


def test_an_area_keeps_its_hole(tmp_path: Path) -> None:
    member = f"<exterior>{RING.format(OUTER)}</exterior><interior>{RING.format(HOLE)}</interior>"
    area = f"<gmlMultiPolygon><gmlPolygonMember>{member}</gmlPolygonMember></gmlMultiPolygon>"
    shape = located(tmp_path, area).geometry
    assert isinstance(shape, shapely.Polygon)
    assert (len(shape.interiors), shape.bounds) == (1, (4.77, 51.58, 4.79, 51.6))


def test_the_lines_of_an_itinerary_are_all_taken(tmp_path: Path) -> None:
    parts = "".join(
        f"<locationContainedInItinerary><location>{line(positions)}</location></locationContainedInItinerary>"
        for positions in ("51.5 4.7 51.6 4.8", "51.6 4.8 51.7 4.8")
    )
    assert wkt(located(tmp_path, parts)).count("LINESTRING") == 2


def test_reference_points_of_openlr_count_where_there_is_nothing_better(tmp_path: Path) -> None:
    points = "<openlrCoordinates><latitude>51.5</latitude><longitude>4.7</longitude></openlrCoordinates>"
    openlr = f"<openlrLinear><openlrLocationReferencePoint>{points}</openlrLocationReferencePoint></openlrLinear>"
    alone, beside = located(tmp_path, openlr), located(tmp_path, openlr + POINT)
    assert (wkt(alone), alone.values["location.method"]) == ("POINT (4.7 51.5)", "openlr")
    assert (wkt(beside), beside.values["location.method"]) == ("POINT (4.77 51.58)", "coordinates")


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("<alertCPoint><alertCLocation/></alertCPoint>", "has a location without coordinates (only alertC)"),
        ("<openlrBinary>CwOi</openlrBinary>", "has a location without coordinates (only openlr)"),
        ("", "has no location"),
        (line("51.5 4.7 51.6"), "has a posList of 3 numbers, which are no pairs"),
        (line("51.5 4.7 NB 4.8"), "has a coordinate 'NB', which is no number"),
        (line("51.5 4.7"), "has a linestring that is none"),
    ],
)
def test_a_place_that_cannot_be_drawn_rejects_its_own_situation_only(tmp_path: Path, location: str, said: str) -> None:
    path = publication(tmp_path, situation(record(location=location)), situation(record(), id="S2"))
    first, second = rows(path)
    assert said in str(first.fault)
    assert (first.values["situation.@id"], second.fault) == ("S1", None)


# Files


def test_a_packed_feed_is_read_under_any_name(tmp_path: Path) -> None:
    plain = publication(tmp_path, situation(record()))
    packed = tmp_path / "feed.dat"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert [row.values for row in rows(packed)] == [row.values for row in rows(plain)]


def test_a_packed_feed_that_is_cut_off_is_said(tmp_path: Path) -> None:
    packed = tmp_path / "feed.xml.gz"
    packed.write_bytes(gzip.compress(publication(tmp_path, situation(record())).read_bytes())[:-20])
    with pytest.raises(SourceError, match="cannot be unpacked, since it is damaged or cut off"):
        rows(packed)


def test_a_file_that_unpacks_to_more_than_the_limit_is_refused(tmp_path: Path) -> None:
    packed = tmp_path / "feed.gz"
    packed.write_bytes(gzip.compress(b" " * 2_000_000))
    with (
        pytest.raises(SourceError, match="unpacks to more than 1,000,000 bytes"),
        gzipped.opened(packed, 1_000_000) as file,
    ):
        file.read()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>', "</s:Body></s:Envelope>"),
        ("<ex:messageContainer>", "</ex:messageContainer>"),
        ("", ""),
    ],
)
def test_any_envelope_and_prefixes_bound_to_nothing_are_read(tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / "feed.xml"
    path.write_text(
        before
        + situation(record()).replace("<situation ", "<sit:situation ").replace("</situation>", "</sit:situation>")
        + after
    )
    assert rows(path)[0].values["situation.@id"] == "S1"


def test_a_publication_without_situations_has_no_rows(tmp_path: Path) -> None:
    assert rows(publication(tmp_path)) == []


def test_another_publication_and_what_is_none_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is a MeasuredDataPublication, and is no SituationPublication"):
        rows(publication(tmp_path, kind="MeasuredDataPublication"))
    page = tmp_path / "page.xml"
    page.write_text("<html><body/></html>")
    with pytest.raises(SourceError, match="begins with html"):
        rows(page)


def test_a_feed_that_is_cut_off_is_damaged(tmp_path: Path) -> None:
    path = publication(tmp_path, situation(record()))
    path.write_text(path.read_text()[:-30])
    with pytest.raises(SourceError, match="is no XML, or is damaged, in line 1"):
        rows(path)


def test_elements_within_elements_without_end_are_refused(tmp_path: Path) -> None:
    deep = "<a>" * 5000 + "</a>" * 5000
    path = publication(tmp_path, situation(record(more=deep)))
    with pytest.raises(SourceError, match="elements within elements, more than 200 deep"):
        rows(path)


def test_entities_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    path.write_text('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a><situation id="1">&x;</situation></a>')
    with pytest.raises(SourceError, match="declares entities"):
        rows(path)


def test_a_large_feed_does_not_grow_in_memory(tmp_path: Path) -> None:
    path = publication(tmp_path, *(situation(record(), id=f"S{number}") for number in range(2000)))
    settings = source_class("datex2").settings_type.model_validate({"format": "datex2", "path": path})
    tracemalloc.start()
    count = sum(1 for _ in open_source(settings).snapshot())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 2000
    assert peak < path.stat().st_size
