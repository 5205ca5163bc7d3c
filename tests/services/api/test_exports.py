"""Exports over HTTP, on both stores: what is in them, that others can read them, and what never is."""

from __future__ import annotations

import csv
import io
import sqlite3
from datetime import UTC, date, datetime

import icalendar
import openpyxl
import pyogrio
import pytest
import shapely

from meekoppel_contracts.codes import Discipline, Phase, Status, Visibility, ZoneRole
from meekoppel_contracts.plan import Cooperation, Period, Zone
from tests.services.api.terms import fill_terms
from tests.services.api.view_filling import SPOT, plan

NORTH = shapely.Point(143_000, 459_000)
FORMATS = ("csv", "xlsx", "geojson", "gpkg")


def table(answer, delimiter=","):
    return list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff")), delimiter=delimiter))


def workbook(answer):
    return openpyxl.load_workbook(io.BytesIO(answer.content))


@pytest.fixture
def saved(tmp_path):
    """Writes an answer to a file, for readers that want one."""

    def save(answer, name):
        path = tmp_path / name
        path.write_bytes(answer.content)
        return path

    return save


async def test_a_table_has_the_names_and_labels_of_planners_in_their_language(api, view):
    view.put(plan("NL.gemeente.1", status=Status.IN_PROGRESS, disciplines=(Discipline.HEAT, Discipline.TELECOM)))

    (dutch,) = table(await api.get("/exports/plans", f="csv"))
    (english,) = table(await api.get("/exports/plans", f="csv", language="en"))

    assert (dutch["Plannummer"], dutch["Status"], dutch["Disciplines"]) == (
        "NL.gemeente.1",
        "In uitvoering",
        "Warmte, Telecom",
    )
    assert (english["Plan id"], english["Status"]) == ("NL.gemeente.1", "In progress")


async def test_codes_stand_in_a_table_when_they_are_asked_for(api, view):
    view.put(plan("NL.gemeente.1", status=Status.IN_PROGRESS))

    (row,) = table(await api.get("/exports/plans", f="csv", codes="true"))

    assert row["Status"] == "in_progress"


async def test_days_are_those_of_the_hubs_time_zone_and_an_end_at_midnight_is_the_day_before(api, view):
    start, end = datetime(2027, 2, 28, 23, tzinfo=UTC), datetime(2027, 3, 31, 22, tzinfo=UTC)  # midnight in Amsterdam
    view.put(plan("NL.gemeente.1", start=start, end=end))

    (row,) = table(await api.get("/exports/plans", f="csv"))

    assert (row["Vroegste start"], row["Laatste einde"]) == ("2027-03-01", "2027-03-31")


@pytest.mark.parametrize("title", ["=1+1", "+31", "-1", "@SUM(A1)", "\t=1", " =1", "＝1+1"])
async def test_no_cell_is_taken_for_a_formula(api, view, title):
    view.put(plan("NL.gemeente.1", title=title))

    (row,) = table(await api.get("/exports/plans", f="csv"))
    sheet = workbook(await api.get("/exports/plans", f="xlsx")).worksheets[0]

    assert row["Titel"] == f"'{title}"
    assert (sheet["B2"].value, sheet["B2"].data_type) == (title, "s")


async def test_a_dutch_excel_gets_semicolons_decimal_commas_and_a_mark(api, view):
    view.put(plan("NL.gemeente.1", at=shapely.Point(143_000.5, 457_500)))

    answer = await api.get("/exports/plans", f="csv", dutch_excel="true")

    assert answer.content.startswith(b"\xef\xbb\xbfPlannummer;Titel;")
    assert table(answer, ";")[0]["X"] == "143000,5"


async def test_a_workbook_has_dates_a_fixed_head_filters_and_says_what_it_is(api, view):
    view.put(plan("NL.gemeente.1"))
    view.put(plan("NL.gemeente.2", status=Status.CONCEPT))

    book = workbook(await api.get("/exports/plans", f="xlsx", status="planned"))
    sheet, about = book.worksheets

    heads = [cell.value for cell in sheet[1]]
    assert sheet.max_row == 2
    assert sheet.cell(2, heads.index("Vroegste start") + 1).value == datetime(2027, 3, 1)  # noqa: DTZ001 (as Excel has it)
    assert sheet.cell(2, heads.index("Vroegste start") + 1).is_date
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref.startswith("A1:")
    told = [(row[0].value, row[1].value) for row in about.iter_rows()]
    assert {("Status", "Gepland"), ("Coördinaten", "EPSG:28992")} <= set(told)


async def test_a_geopackage_has_a_layer_for_each_role_and_kind_of_shape(api, view, saved):
    area = Zone(zone_id="1", geometry=shapely.to_wkb(SPOT.buffer(20)), srid=28992)
    detour = Zone(
        zone_id="2", role=ZoneRole.DETOUR, srid=28992, geometry=shapely.to_wkb(shapely.LineString([(0, 0), (9, 9)]))
    )
    view.put(plan("NL.gemeente.1", zones=(area, detour), status=Status.PLANNED))

    path = saved(await api.get("/exports/plans", f="gpkg"), "plans.gpkg")

    layers = {str(name): kind for name, kind in pyogrio.list_layers(path) if kind}
    assert layers == {"werkzone_vlakken": "MultiPolygon", "omleiding_lijnen": "MultiLineString"}
    info = pyogrio.read_info(path, layer="werkzone_vlakken")
    assert (info["crs"], info["features"]) == ("EPSG:28992", 1)
    _, _, (wkb,), data = pyogrio.raw.read(path, layer="werkzone_vlakken")
    read = dict(zip(info["fields"], (column[0] for column in data), strict=True))
    assert shapely.from_wkb(wkb).equals(shapely.MultiPolygon([SPOT.buffer(20)]))
    assert (read["plan_id"], read["status"], read["zone_id"]) == ("NL.gemeente.1", "Gepland", "1")
    assert read["earliest_start"].astype("datetime64[D]").item() == date(2027, 3, 1)


async def test_a_geopackage_carries_aliases_and_styles_for_qgis(api, view, saved):
    view.put(plan("NL.gemeente.1"))

    with sqlite3.connect(saved(await api.get("/exports/plans", f="gpkg"), "plans.gpkg")) as file:
        aliases = dict(file.execute("SELECT column_name, title FROM gpkg_data_columns"))
        styles = file.execute("SELECT f_table_name, styleQML, useAsDefault FROM layer_styles").fetchall()

    assert aliases["earliest_start"] == "Vroegste start"
    ((layer, qml, default),) = styles
    assert (layer, default) == ("werkzone_punten", 1)
    assert "SimpleMarker" in qml


async def test_an_export_without_plans_is_a_file_that_opens(api, view, saved):
    assert table(await api.get("/exports/plans", f="csv")) == []
    assert (await api.get("/exports/plans", f="geojson")).json["features"] == []
    assert workbook(await api.get("/exports/plans", f="xlsx")).worksheets[0].max_row == 1
    path = saved(await api.get("/exports/plans", f="gpkg"), "plans.gpkg")
    assert pyogrio.read_info(path, layer="vlakken")["features"] == 0


async def test_geojson_in_degrees_is_as_the_standard_has_it(api, view):
    view.put(plan("NL.gemeente.1", at=shapely.Point(155_000, 463_000)))

    answer = await api.get("/exports/plans", f="geojson", crs=4326)

    assert "crs" not in answer.json
    longitude, latitude = answer.json["features"][0]["geometry"]["coordinates"]
    assert (round(longitude, 3), round(latitude, 3)) == (5.387, 52.155)  # the tower of Amersfoort


async def test_geojson_in_the_hubs_crs_names_it(api, view, saved):
    view.put(plan("NL.gemeente.1"))

    answer = await api.get("/exports/plans", f="geojson")

    assert pyogrio.read_info(saved(answer, "plans.geojson"))["crs"] == "EPSG:28992"
    assert answer.json["features"] == (await api.get("/plans")).json["features"]


async def test_the_format_may_be_asked_for_in_the_header(api, view):
    answer = await api.ask("GET", "/exports/plans", headers_given={"Accept": "text/csv, */*;q=0.1"})

    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="plans.csv"'


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"bbox": "142900,457400,143100,457600"}, ["1", "2"]),
        ({"area": "POLYGON((142900 458900, 143100 458900, 143000 459100, 142900 458900))"}, ["3"]),
        ({"organisation": "netbeheer"}, ["2"]),
        ({"status": "concept"}, ["2"]),
        ({"phase": "design"}, ["1"]),
        ({"certainty": "firm", "discipline": "heat"}, ["3"]),
        ({"from": "2028-01-01"}, ["3"]),
        ({"to": "2027-12-31"}, ["1", "2"]),
        ({"since": "2026-11-02"}, []),
    ],
)
async def test_a_filter_chooses_plans(api, view, asked, found):
    view.put(plan("NL.gemeente.1", phase=Phase.DESIGN))
    view.put(plan("NL.netbeheer.2", status=Status.CONCEPT))
    late = {"start": datetime(2028, 3, 1, tzinfo=UTC), "end": datetime(2028, 6, 1, tzinfo=UTC)}
    view.put(plan("NL.gemeente.3", at=NORTH, disciplines=(Discipline.HEAT, Discipline.ROAD), **late))

    rows = table(await api.get("/exports/plans", f="csv", **asked))

    assert [row["Plannummer"].rsplit(".")[-1] for row in rows] == found


@pytest.mark.parametrize("f", FORMATS)
async def test_no_format_tells_more_than_the_viewer_may_see(api, view, tokens, f):
    view.put(
        plan("NL.gemeente.secret", visibility=Visibility.RESTRICTED, title="Geheim werk", shared_with=["netbeheer"])
    )
    view.put(plan("NL.gemeente.shared", visibility=Visibility.PARTICIPANTS, title="Gedeeld werk"))

    anybody = await contents(api, "/exports/plans", f)
    other = await contents(api, "/exports/plans", f, tokens["telecom"])
    named = await contents(api, "/exports/plans", f, tokens["netbeheer"])

    assert ("Geheim" in anybody, "Gedeeld" in anybody) == (False, False)
    assert ("Geheim" in other, "Gedeeld" in other) == (False, True)
    assert ("Geheim" in named, "Gedeeld" in named) == (True, True)


@pytest.mark.parametrize("f", FORMATS)
async def test_a_blind_match_tells_nothing_of_the_other_side(api, view, tokens, f):
    view.put(plan("NL.gemeente.ours", title="Ons werk"))
    view.put(plan("NL.netbeheer.secret", visibility=Visibility.RESTRICTED, title="Geheim werk"))
    view.meet("NL.gemeente.ours", "NL.netbeheer.secret", restricted=True, explanation="Geheim werk ligt ernaast")

    told = await contents(api, "/exports/overlaps", f, tokens["gemeente"])

    assert "Geheim" not in told
    assert "NL.netbeheer.secret" not in told
    assert ("Ons werk" in told) is (f != "gpkg")  # which has no place for a pair without one


async def contents(api, path, f, token=None):
    """Give all texts of an export."""
    answer = await api.get(path, token, f=f)
    assert answer.status == 200
    if f == "xlsx":
        book = workbook(answer)
        return "\n".join(str(cell.value) for sheet in book.worksheets for row in sheet.iter_rows() for cell in row)
    return answer.content.decode("utf-8", "replace")


async def test_overlaps_stand_in_a_table_with_both_plans(api, view):
    view.put(plan("NL.gemeente.1", title="Riool"))
    view.put(plan("NL.netbeheer.2", title="Kabel"))
    view.meet("NL.gemeente.1", "NL.netbeheer.2", explanation="Beide graven in de Kerkstraat")

    (row,) = table(await api.get("/exports/overlaps", f="csv"))

    assert (row["Soort"], row["Plan 1: titel"], row["Plan 2: titel"]) == ("Zwaar conflict", "Riool", "Kabel")
    assert (row["Toelichting"], row["X"], row["Speelt nu"]) == ("Beide graven in de Kerkstraat", "143000", "ja")


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"kind": "opportunity"}, 0),
        ({"severity": "high"}, 1),
        ({"state": "resolved"}, 0),
        ({"bbox": "142900,457400,143100,457600"}, 1),
        ({"bbox": "142900,458900,143100,459100"}, 0),
        ({"from": "2027-06-02"}, 0),
        ({"to": "2027-02-01"}, 0),
        ({"from": "2027-05-01", "to": "2027-05-02"}, 1),
        ({"since": "2026-11-01T12:00:00Z"}, 1),
        ({"since": "2026-11-01T12:00:01Z"}, 0),
    ],
)
async def test_a_filter_chooses_overlaps(api, view, asked, count):
    view.put(plan("NL.gemeente.1"))
    view.put(plan("NL.netbeheer.2"))
    view.meet("NL.gemeente.1", "NL.netbeheer.2")

    assert len(table(await api.get("/exports/overlaps", f="csv", **asked))) == count


async def test_the_period_of_a_hidden_plan_cannot_be_found_out_by_asking(api, view, tokens):
    view.put(plan("NL.gemeente.1"))
    view.put(
        plan("NL.netbeheer.2", visibility=Visibility.RESTRICTED, start=datetime(2027, 5, 1, tzinfo=UTC),
             end=datetime(2027, 5, 9, tzinfo=UTC))
    )  # fmt: skip
    view.meet("NL.gemeente.1", "NL.netbeheer.2", restricted=True)

    for day in ("2027-05-05", "2027-05-20"):
        answer = await api.get("/exports/overlaps", tokens["gemeente"], f="csv", **{"from": day, "to": day})
        assert len(table(answer)) == 1


def entries(answer):
    calendar = icalendar.Calendar.from_ical(answer.content)
    return {str(event["UID"]): event for event in calendar.walk("VEVENT")}


async def test_a_calendar_has_the_days_of_a_plan_and_a_sequence_that_rises(api, view):
    view.put(plan("NL.gemeente.1", title="Riool, Kerkstraat; fase 1"))
    first = entries(await api.get("/exports/calendar.ics"))["NL.gemeente.1/period@meekoppel"]
    view.put(plan("NL.gemeente.1", title="Riool, Kerkstraat; fase 2"))
    second = entries(await api.get("/exports/calendar.ics"))["NL.gemeente.1/period@meekoppel"]

    assert (first["DTSTART"].dt, first["DTEND"].dt) == (date(2027, 3, 1), date(2027, 6, 2))
    assert (first["SEQUENCE"], second["SEQUENCE"]) == (1, 2)
    assert str(first["SUMMARY"]) == "Riool, Kerkstraat; fase 1 (Gemeente)"
    assert first["STATUS"] == "CONFIRMED"


async def test_what_is_cancelled_or_withdrawn_stays_in_a_calendar_as_cancelled(api, view):
    view.put(plan("NL.gemeente.1"))
    view.put(plan("NL.gemeente.1", status=Status.CANCELLED))
    view.put(plan("NL.gemeente.2", title="Nooit verteld"))
    view.withdraw(plan("NL.gemeente.2", title="Nooit verteld"), "by_mistake")

    answer = await api.get("/exports/calendar.ics")
    found = entries(answer)

    assert {str(event["STATUS"]) for event in found.values()} == {"CANCELLED"}
    assert found["NL.gemeente.2/period@meekoppel"]["SEQUENCE"] == 2
    assert "Nooit verteld" not in answer.text


async def test_a_plan_that_was_restricted_when_it_was_withdrawn_is_not_in_a_calendar(api, view, tokens):
    view.put(plan("NL.gemeente.1", visibility=Visibility.RESTRICTED))
    view.withdraw(plan("NL.gemeente.1", visibility=Visibility.RESTRICTED), "by_mistake")

    assert entries(await api.get("/exports/calendar.ics", tokens["telecom"])) == {}


async def test_the_deadline_to_answer_an_invitation_is_an_entry_of_its_own(api, view):
    answer_by = datetime(2027, 1, 15, 22, 59, 59, tzinfo=UTC)
    view.put(plan("NL.gemeente.1", cooperation=Cooperation(open=True, answer_by=answer_by)))

    found = entries(await api.get("/exports/calendar.ics"))

    assert found["NL.gemeente.1/answer-by@meekoppel"]["DTSTART"].dt == date(2027, 1, 15)


async def test_lines_of_a_calendar_are_no_longer_than_the_standard_allows(api, view):
    view.put(plan("NL.gemeente.1", description="ë" * 1500))

    answer = await api.get("/exports/calendar.ics")

    assert max(len(line) for line in answer.content.split(b"\r\n")) <= 75
    assert b"\n" not in answer.content.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"f": "pdf"}, 422),
        ({"crs": 999_999}, 400),
        ({"bbox": "1,2,3"}, 400),
        ({"area": "POINT(1 2)"}, 400),
        ({"area": "POLYGON((0 0, 1 0, 1 1, 0 0))", "bbox": "0,0,1,1"}, 400),
        ({"organisation": "a\x00b"}, 400),
        ({"language": "fr"}, 422),
    ],
)
async def test_what_cannot_be_exported_is_refused_before_it_begins(api, asked, status):
    assert (await api.get("/exports/plans", **asked)).status == status


async def test_only_so_many_exports_are_made_at_once(api, view):
    while api.context.exporting.acquire(blocking=False):
        pass

    answer = await api.get("/exports/plans", f="csv")

    assert (answer.status, answer.error) == (503, "busy")
    assert answer.headers["Retry-After"]


async def test_an_export_gives_its_turn_back(api, view):
    for _ in range(6):
        assert (await api.get("/exports/plans", f="csv")).status == 200


async def test_a_period_that_begins_and_ends_at_the_same_midnight_keeps_its_day(api, view):
    moment = datetime(2027, 2, 28, 23, tzinfo=UTC)
    view.put(plan("NL.gemeente.1", period=Period(earliest_start=moment, latest_end=moment)))

    event = entries(await api.get("/exports/calendar.ics"))["NL.gemeente.1/period@meekoppel"]

    assert (event["DTSTART"].dt, event["DTEND"].dt) == (date(2027, 3, 1), date(2027, 3, 2))


async def test_a_calendar_has_the_terms_of_its_reader_and_what_was_answered_leaves_it(api, view, tokens, database):
    view.put(plan("NL.gemeente.1", title="Riool"))
    view.put(plan("NL.netbeheer.1", title="Kabel"))
    met = view.meet("NL.gemeente.1", "NL.netbeheer.1")
    by = datetime(2026, 12, 1, 12, tzinfo=UTC)
    fill_terms(database, met, assess_by=by, answer_by=by, restricted=True)

    read = {
        name: entries(await api.get("/exports/calendar.ics", tokens[name] if name else None))
        for name in ("netbeheer", "gemeente", "telecom", "")
    }

    terms = {name: {uid for uid in found if "-by@" in uid} for name, found in read.items()}
    answer = "coop_samen1/answer-by@meekoppel"
    assert terms["netbeheer"] == {f"{met}/netbeheer/assess-by@meekoppel", answer}
    assert terms["gemeente"] == {f"{met}/gemeente/assess-by@meekoppel", answer}
    assert terms["telecom"] == terms[""] == set()
    asked = read["netbeheer"][f"{met}/netbeheer/assess-by@meekoppel"]
    assert (asked["SUMMARY"], asked["DTSTART"].dt, asked["STATUS"]) == (
        "Beoordeel samenloop: Kabel (netbeheer)", date(2026, 12, 1), "CONFIRMED",
    )  # fmt: skip
    assert read["netbeheer"][answer]["STATUS"] == "CONFIRMED"
    assert {read["gemeente"][uid]["STATUS"] for uid in terms["gemeente"]} == {"CANCELLED"}
